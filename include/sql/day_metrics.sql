-- The run date in numbers, for CloudWatch: one row, of which each column is a metric of that name. All are of
-- the run's currency. Reads one partition of each table, and of the summaries also the day before.
{% import 'thresholds.sql' as limits %}
WITH silver AS (
    SELECT COUNT(*) AS total_rows
    FROM silver_coins_market
    WHERE
        dt = DATE '{{ run_date() }}'
        AND currency = '{{ currency() }}'
),

gold AS (
    SELECT
        SUM(coins) AS total_rows,
        SUM(ranked) AS ranked,
        SUM(flagged) AS flagged,
        SUM(quarantined) AS quarantined,
        MAX(last_updated) AS last_updated,
        MAX(REPLACE(source, '-history', '')) AS maker
    FROM gold_market_summary
    WHERE
        dt = DATE '{{ run_date() }}'
        AND currency = '{{ currency() }}'
),

day_before AS (
    SELECT
        ranked,
        REPLACE(source, '-history', '') AS maker
    FROM gold_market_summary
    WHERE
        dt = DATE_ADD('day', -1, DATE '{{ run_date() }}')
        AND currency = '{{ currency() }}'
)

SELECT
    silver.total_rows AS silver_rows,
    gold.total_rows AS gold_rows,
    gold.ranked AS ranked_rows,
    day_before.ranked AS ranked_rows_day_before,
    IF(gold.ranked * 100 < day_before.ranked * (100 - {{ limits.lost_pct }}), 1, 0) AS ranked_rows_dropped,
    gold.flagged AS flagged_rows,
    gold.quarantined AS quarantined_rows,
    -- Of a past day that is built again, the age says nothing.
    CASE
        WHEN DATE '{{ run_date() }}' = CURRENT_DATE
            THEN DATE_DIFF('second', gold.last_updated, CAST(CURRENT_TIMESTAMP AS TIMESTAMP)) / 60
    END AS data_age_minutes
FROM silver
CROSS JOIN gold
LEFT JOIN day_before ON gold.maker = day_before.maker
