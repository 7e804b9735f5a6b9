-- Historical performance in the dropped files, last 365 days: what each coin gained or lost, and its range.
SELECT
    coin_id,
    MIN(price_date) AS first_day,
    MAX(price_date) AS last_day,
    MIN_BY(current_price, price_date) AS first_price,
    MAX_BY(current_price, price_date) AS last_price,
    100 * (MAX_BY(current_price, price_date) / MIN_BY(current_price, price_date) - 1) AS change_pct,
    MIN(current_price) AS lowest_price,
    MAX(current_price) AS highest_price
FROM processed_crypto
WHERE year || '-' || month || '-' || day >= CAST(CURRENT_DATE - INTERVAL '365' DAY AS VARCHAR)
GROUP BY coin_id
HAVING COUNT(*) >= 2
ORDER BY change_pct DESC
LIMIT 50
