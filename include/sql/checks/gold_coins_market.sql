-- The gate between gold and the website: one row a check, all of one day in the run's currency. A NULL in
-- passed has not passed.
{% import 'thresholds.sql' as limits %}
WITH gold AS (
    SELECT
        COUNT(*) AS coins,
        COUNT(rank) AS ranked,
        COUNT(DISTINCT coin_id) AS distinct_coins,
        COUNT_IF(current_price > 0 AND NOT IS_NAN(current_price)) AS positive_prices,
        COUNT_IF(rank <= 10) AS top_ten,
        MAX(rank) AS last_rank,
        COUNT(DISTINCT rank) AS distinct_ranks,
        SUM(market_share_pct) AS market_share_pct,
        DATE_DIFF('second', MAX(last_updated), MAX(ingestion_timestamp)) AS seconds_old,
        MAX(source) LIKE '%-history' AND MIN(last_updated) >= DATE '{{ run_date() }}' AS is_the_days_history
    FROM gold_coins_market
    WHERE
        dt = DATE '{{ run_date() }}'
        AND currency = '{{ currency() }}'
),

summary AS (
    SELECT
        COUNT(*) AS days,
        MAX(coins) AS coins,
        MAX(quarantined) AS quarantined
    FROM gold_market_summary
    WHERE
        dt = DATE '{{ run_date() }}'
        AND currency = '{{ currency() }}'
),

silver AS (
    SELECT COUNT(*) AS coins
    FROM silver_coins_market
    WHERE
        dt = DATE '{{ run_date() }}'
        AND currency = '{{ currency() }}'
)

SELECT
    'partition_present' AS check_name,
    gold.coins > 0 AND summary.days = 1 AS passed,
    FORMAT('%d rows, %d summary rows', gold.coins, summary.days) AS observed,
    'coins and 1 summary row in gold, dt={{ run_date() }}, currency={{ currency() }}' AS expected
FROM gold CROSS JOIN summary

UNION ALL

SELECT
    'keys_unique',
    gold.coins = gold.distinct_coins AND gold.ranked = gold.distinct_ranks,
    FORMAT(
        '%d rows with %d coin ids, %d ranks of which %d differ',
        gold.coins, gold.distinct_coins, gold.ranked, gold.distinct_ranks
    ),
    'every coin once, every rank once'
FROM gold

UNION ALL

SELECT
    'prices_positive',
    gold.positive_prices = gold.coins,
    FORMAT('%d of %d prices', gold.positive_prices, gold.coins),
    'every current_price above zero and finite'
FROM gold

UNION ALL

SELECT
    'enough_coins',
    gold.ranked >= LEAST({{ limits.ranked_coins }}, {{ requested_coins() }}),
    FORMAT('%d ranked coins', gold.ranked),
    'at least ' || CAST(LEAST({{ limits.ranked_coins }}, {{ requested_coins() }}) AS VARCHAR)
FROM gold

UNION ALL

-- A history lacks the coins that had no price on its day, however many were requested.
SELECT
    'request_complete',
    gold.ranked * 100 >= {{ requested_coins() }} * (100 - {{ limits.lost_pct }}) OR gold.is_the_days_history,
    FORMAT('%d ranked coins of %d requested', gold.ranked, {{ requested_coins() }}),
    'at least {{ 100 - limits.lost_pct }} %, or the day''s own history'
FROM gold

UNION ALL

SELECT
    'top_ten_complete',
    gold.top_ten = 10 AND gold.last_rank = gold.ranked,
    FORMAT('%d rows of rank 1 to 10', gold.top_ten),
    '10, and ranks without a gap'
FROM gold

UNION ALL

SELECT
    'shares_add_up',
    ABS(gold.market_share_pct - 100) < 0.001,
    FORMAT('%.6f %%', gold.market_share_pct),
    'market shares of 100 % in all'
FROM gold

UNION ALL

-- A history is fetched long after its day, and has to be of that day.
SELECT
    'fresh',
    gold.seconds_old <= {{ limits.minutes_old }} * 60 OR gold.is_the_days_history,
    FORMAT('newest price %d minutes old at ingestion', gold.seconds_old / 60),
    'at most {{ limits.minutes_old }}, or the day''s own history'
FROM gold

UNION ALL

SELECT
    'no_coins_lost_since_silver',
    silver.coins > 0 AND gold.coins = silver.coins AND summary.coins = gold.coins,
    FORMAT('%d in silver, %d in gold, %d in the summary', silver.coins, gold.coins, summary.coins),
    'the same number, above zero'
FROM gold CROSS JOIN silver CROSS JOIN summary

UNION ALL

-- Bronze that is mostly refused is an incident, however good the rest is.
SELECT
    'few_quarantined',
    summary.quarantined * 100 <= summary.coins * {{ limits.lost_pct }},
    FORMAT('%d quarantined beside %d accepted', summary.quarantined, summary.coins),
    'at most {{ limits.lost_pct }} % of the accepted'
FROM summary
