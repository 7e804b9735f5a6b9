"""The columns of silver, and the rules by which bronze_to_silver refuses or flags a row.

This module travels beside the scripts by `--extra-py-files`, on AWS Glue and on the laptop. The conditions
are Spark SQL on the columns that bronze_to_silver computes.
"""

from __future__ import annotations

from typing import NamedTuple

HISTORY = "-history"  # ends the name of a source whose rows were made of histories


class SilverColumn(NamedTuple):
    """A column of silver: its name, its field in a coin's JSON, its type, and its comment in the catalog.

    What the job adds has no field.
    """

    name: str
    field: str | None
    type: str
    description: str


# Types are declared: a field is 84055 in one row and 0.432979 in the next, and a market cap beyond int64 was
# served. A column more is a line at the end here, and one at the end of the table in catalog.yaml.
_COLUMNS = (
    ("coin_id", "id", "string", "CoinGecko's id, unique per day and currency"),
    ("symbol", "symbol", "string", "Ticker; symbols repeat between coins"),
    ("name", "name", "string", "The coin's name"),
    ("image", "image", "string", "Address of the coin's logo"),
    ("current_price", "current_price", "double", "Price of one coin; above 0"),
    ("market_cap", "market_cap", "double", "Price times circulating supply; not negative"),
    ("market_cap_rank", "market_cap_rank", "int", "CoinGecko's own rank"),
    ("fully_diluted_valuation", "fully_diluted_valuation", "double", "Market cap if every coin circulated"),
    ("total_volume", "total_volume", "double", "Traded in 24 hours"),
    ("high_24h", "high_24h", "double", "Highest price in 24 hours"),
    ("low_24h", "low_24h", "double", "Lowest price in 24 hours"),
    ("price_change_24h", "price_change_24h", "double", "Price change in 24 hours"),
    ("price_change_percentage_24h", "price_change_percentage_24h", "double", "Price change in 24 hours"),
    ("market_cap_change_24h", "market_cap_change_24h", "double", "Market cap change in 24 hours"),
    ("market_cap_change_percentage_24h", "market_cap_change_percentage_24h", "double", "Change in 24 hours"),
    ("circulating_supply", "circulating_supply", "double", "Coins in circulation"),
    ("total_supply", "total_supply", "double", "Coins that exist"),
    ("max_supply", "max_supply", "double", "Coins that can ever exist"),
    ("ath", "ath", "double", "All-time high price"),
    ("ath_change_percentage", "ath_change_percentage", "double", "Price change since its all-time high"),
    ("ath_date", "ath_date", "timestamp", "When the price was at its all-time high"),
    ("atl", "atl", "double", "All-time low price"),
    ("atl_change_percentage", "atl_change_percentage", "double", "Price change since its all-time low"),
    ("atl_date", "atl_date", "timestamp", "When the price was at its all-time low"),
    ("roi_times", "roi.times", "double", "Return on investment since the first sale, as a multiple"),
    ("roi_currency", "roi.currency", "string", "Currency of that return"),
    ("roi_percentage", "roi.percentage", "double", "Return on investment since the first sale"),
    (
        "last_updated",
        "last_updated",
        "timestamp",
        "When the source updated the coin; in histories, of its price",
    ),
    ("ingestion_timestamp", None, "timestamp", "When the row's response was received"),
    ("source", None, "string", "coingecko, or synthetic for demo data; ends in -history if fetched later"),
    ("quality_flags", None, "array<string>", "Findings that leave the row in silver"),
    ("extra", None, "string", "Fields of the source that no column has"),
    ("currency", None, "string", "Of every amount in the row, as CoinGecko names it"),
)
COLUMNS = tuple(SilverColumn(*column) for column in _COLUMNS)
FIELDS = tuple(column for column in COLUMNS if column.field)
SILVER_COLUMNS = tuple(column.name for column in COLUMNS)

NUMBER = "'^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$'"
_NOT_FINITE = "'^([+-]?Infinity|NaN)$'"
# A date first: Spark would read "12:30" as half past twelve on the day the job runs.
_MOMENT = "'^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]([T ]|$)'"

# How a field's text is read in each type, and which of these values the type keeps; SQL. What is not read or
# not kept is null, with a flag.
READ = {
    "string": "if(to_json(try_variant_get(coin, '$.{field}', 'variant')) LIKE '\"%', {text}, NULL)",
    "double": f"if({{text}} RLIKE {NUMBER}, try_cast({{text}} AS double), NULL)",
    "int": f"if({{text}} RLIKE {NUMBER}, try_cast({{text}} AS double), NULL)",
    "timestamp": f"if({{text}} RLIKE {_MOMENT}, try_cast({{text}} AS timestamp), NULL)",
}
KEEP = {
    "string": "{value}",
    "double": "if(abs({value}) < double('Infinity'), {value} + 0D, NULL)",  # no -0.0
    "int": "if({value} = floor({value}), try_cast({value} AS int), NULL)",
    # 0001-01-01T00:00:00Z is how some programs write that there is no time.
    "timestamp": "if({value} >= timestamp'1970-01-01' "
    "AND {value} < date_trunc('DAY', ingestion_timestamp) + INTERVAL '2' DAY, {value}, NULL)",
}

# Why a row is refused: reason, condition.
REFUSALS = (
    ("unparseable_page", "NOT is_array"),
    ("not_an_object", "is_array AND NOT is_object"),
    ("no_id", "is_object AND coalesce(trim(coin_id), '') = ''"),
    ("no_price", "is_object AND texts.current_price IS NULL AND NOT is_outdated"),
    (
        "price_not_a_number",
        f"NOT (texts.current_price RLIKE {NUMBER} OR texts.current_price RLIKE {_NOT_FINITE})",
    ),
    (
        "price_not_finite",
        f"(texts.current_price RLIKE {NUMBER} OR texts.current_price RLIKE {_NOT_FINITE}) "
        "AND current_price IS NULL",
    ),
    ("price_not_positive", "current_price <= 0"),
    ("negative_market_cap", "market_cap < 0"),
    ("incomplete_ingestion", "NOT is_whole"),
    ("superseded_source", "source != day_source"),
    ("outdated_history", "is_outdated"),
)

# When a row is flagged. Every measure is a ratio or an age, so that none depends on the row's currency. A
# flag that hides a real coin is worse than one that is missing: each threshold stands away from what real
# markets did, on the side of the bad data. "Seen" is what came nearest to it in the 4,700 rows of 43 captures
# of CoinGecko from 2023 to 2026, "rows" how many of them have the flag.
#
#   flag                    threshold                       seen on real markets     seen on bad data  rows
#   stale                   updated 24 h before ingestion   23 h, figure-heloc       26 h, frozen        24
#   implausible_change      over +10,000 % a day            +200 %, flex-coin        +88,217 %            1
#                           under -100 % a day              -18 %, zcash             none                 0
#   implausible_market_cap  over 1,000 × day's whole volume 28 ×, bitcoin            1.4e11 ×, 4.1e22     1
#   illiquid                volume under 1e-8 × market cap  3.4e-8, compound-ether   3.5e-20; or 0       57
#   unranked                CoinGecko gives no rank         polygon-ecosystem-token  none                 1
#   malformed_field         not of its type, stored as null none                     none                 0
#   implausible_date        before 1970 or after tomorrow   none                     none                 0
#
# A past day that was fetched later has no rank to miss, and its rows are not stale if they are of that day.
#
# stale: a row's high, low, volume and changes are those of 24 hours; if it is older, they are another day's.
#   CoinGecko gives no change for exactly the 24 rows. A whole response from nine hours before was good data.
# implausible_change: outside these captures +808 % in a day was real, and +1,017,009 % was not.
# illiquid: wrapped and staked coins are hardly traded and rightly priced. At 1e-6, 28 more rows had the flag:
#   ignition-fbtc (7.2e-8) at bitcoin's price and a bridged wstETH (1.7e-7) at 1.22 times ether's lost their
#   rank on some days and had it on others; hash-2 (1.6e-6) was next. Left are coins that nobody traded,
#   tokenized funds above all, and a market cap that is arithmetic.
# implausible_date: stored as null. Tomorrow is the day after the row's ingestion, whenever the job runs.
#
# A null is no finding: a row without last_updated is not called stale, one without volume not illiquid, one
# without a change not implausible. Nor is a current_price outside [low_24h, high_24h]: 1.8 % of the rows have
# one.
# Flag, condition, threshold.
FLAGS = (
    (
        "stale",
        "last_updated < least(ingestion_timestamp, CAST(dt AS timestamp) + INTERVAL '1' DAY) "
        "- INTERVAL '{threshold}' HOUR",
        24,
    ),
    ("implausible_change", "price_change_percentage_24h NOT BETWEEN -100 AND {threshold}", 10_000),
    ("implausible_market_cap", "day_volume > 0 AND market_cap > day_volume * {threshold}", 1_000),
    ("illiquid", "market_cap > 0 AND total_volume < market_cap * {threshold}", 1e-8),
    ("unranked", f"market_cap_rank IS NULL AND source NOT LIKE '%{HISTORY}'", None),
    ("malformed_field", "is_malformed", None),
    ("implausible_date", "has_implausible_date", None),
)
THRESHOLDS = {flag: threshold for flag, _, threshold in FLAGS}
