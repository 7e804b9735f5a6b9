-- Market capitalisation in the dropped files: the newest day of the last week, largest coins first.
WITH days AS (
    SELECT
        coin_id,
        name,
        price_date,
        market_cap,
        MAX(price_date) OVER () AS newest
    FROM processed_crypto
    WHERE
        year || '-' || month || '-' || day >= CAST(CURRENT_DATE - INTERVAL '7' DAY AS VARCHAR)
        AND market_cap IS NOT NULL
)

SELECT
    price_date,
    coin_id,
    name,
    market_cap,
    100 * market_cap / SUM(market_cap) OVER () AS share_pct,
    RANK() OVER (ORDER BY market_cap DESC) AS position
FROM days
WHERE price_date = newest
ORDER BY position
LIMIT 20
