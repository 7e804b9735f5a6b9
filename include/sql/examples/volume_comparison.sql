-- Volume comparison in the dropped files: each coin's newest trading volume against its mean of 30 days.
SELECT
    coin_id,
    MAX(price_date) AS price_date,
    MAX_BY(total_volume, price_date) AS total_volume,
    AVG(total_volume) AS average_30d,
    MAX_BY(total_volume, price_date) / NULLIF(AVG(total_volume), 0) AS times_average,
    COUNT(*) AS days
FROM processed_crypto
WHERE
    year || '-' || month || '-' || day >= CAST(CURRENT_DATE - INTERVAL '30' DAY AS VARCHAR)
    AND total_volume IS NOT NULL
GROUP BY coin_id
ORDER BY times_average DESC
LIMIT 20
