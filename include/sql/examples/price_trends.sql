-- Price trends in the dropped files, last 30 days: each coin's price beside the mean of its last seven days.
SELECT
    price_date,
    coin_id,
    current_price,
    AVG(current_price) OVER (
        PARTITION BY coin_id ORDER BY price_date ROWS BETWEEN 6 PRECEDING AND CURRENT ROW
    ) AS average_7d,
    100 * (
        current_price / LAG(current_price) OVER (PARTITION BY coin_id ORDER BY price_date) - 1
    ) AS change_pct
FROM processed_crypto
WHERE year || '-' || month || '-' || day >= CAST(CURRENT_DATE - INTERVAL '30' DAY AS VARCHAR)
ORDER BY coin_id, price_date
