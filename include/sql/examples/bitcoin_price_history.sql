-- Bitcoin's price in US dollars, last 30 days, with the change against the day before.
SELECT
    dt,
    current_price,
    low_24h,
    high_24h,
    total_volume,
    100 * (current_price / LAG(current_price) OVER (ORDER BY dt) - 1) AS change_pct
FROM gold_coins_market
WHERE
    coin_id = 'bitcoin'
    AND currency = 'usd'
    AND dt >= CURRENT_DATE - INTERVAL '30' DAY
ORDER BY dt
