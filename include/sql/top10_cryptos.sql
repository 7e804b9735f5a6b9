-- The ten largest coins of a day, for the website. Reads one partition.
SELECT
    rank,
    coin_id,
    symbol,
    name,
    image,
    current_price,
    price_change_percentage_24h,
    market_cap,
    market_share_pct,
    total_volume,
    high_24h,
    low_24h,
    circulating_supply,
    total_supply,
    max_supply,
    ath,
    ath_change_percentage,
    ath_date,
    last_updated,
    REPLACE(source, '-history', '') AS source,
    currency
FROM gold_coins_market
WHERE
    dt = DATE '{{ run_date() }}'
    AND currency = '{{ currency() }}'
    AND rank <= 10
ORDER BY rank
