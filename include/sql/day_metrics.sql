-- The run date in numbers, for CloudWatch: one row, of which each column is a metric of that name. Reads one
-- partition of each table.
WITH silver AS (
    SELECT COUNT(*) AS total_rows
    FROM silver_coins_market
    WHERE dt = DATE '{{ run_date() }}'
),

gold AS (
    SELECT
        SUM(coins) AS total_rows,
        SUM(ranked) AS ranked,
        SUM(flagged) AS flagged,
        SUM(quarantined) AS quarantined,
        MAX(last_updated) AS last_updated
    FROM gold_market_summary
    WHERE dt = DATE '{{ run_date() }}'
)

SELECT
    silver.total_rows AS silver_rows,
    gold.total_rows AS gold_rows,
    gold.ranked AS ranked_rows,
    gold.flagged AS flagged_rows,
    gold.quarantined AS quarantined_rows,
    -- Of a past day that is built again, the age says nothing.
    CASE
        WHEN DATE '{{ run_date() }}' = CURRENT_DATE
            THEN DATE_DIFF('second', gold.last_updated, CAST(CURRENT_TIMESTAMP AS TIMESTAMP)) / 60
    END AS data_age_minutes
FROM silver CROSS JOIN gold
