"""The lake's assets: what a finished task has made, by name, for lineage and for DAGs that wait for it.

Where the data lies is configuration (the bucket is in the Variable), so the assets are named, not located.
"""

from airflow.sdk import Asset

GROUP = "crypto_lake"

# Bronze: CoinGecko's responses, byte for byte.
BRONZE_COINS_MARKET = Asset("bronze_coins_market", group=GROUP)

# Silver: typed and deduplicated; what could not be is in quarantine.
SILVER_COINS_MARKET = Asset("silver_coins_market", group=GROUP)

# Gold: ranked coins and the day's summary, ready for SQL once the crawler has added the partition.
GOLD_COINS_MARKET = Asset("gold_coins_market", group=GROUP)
GOLD_MARKET_SUMMARY = Asset("gold_market_summary", group=GROUP)

# The website's data.
WEBSITE_TOP10_CRYPTOS = Asset("website_top10_cryptos", group=GROUP)
WEBSITE_MARKET_HISTORY = Asset("website_market_history", group=GROUP)
WEBSITE_COIN_HISTORY = Asset("website_coin_history", group=GROUP)

# Dropped files, cleaned: queryable once the crawler has been there.
PROCESSED_CRYPTO = Asset("processed_crypto", group=GROUP)
