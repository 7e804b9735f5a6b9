-- Market volatility by coin in US dollars, last 30 days: how far a coin's daily changes spread, and its
-- widest day.
SELECT
    coin_id,
    MAX_BY(name, dt) AS name,
    COUNT(*) AS days,
    AVG(current_price) AS average_price,
    STDDEV(price_change_percentage_24h) AS volatility_pct,
    MAX(price_range_24h_pct) AS widest_day_pct,
    MIN(price_change_percentage_24h) AS worst_day_pct,
    MAX(price_change_percentage_24h) AS best_day_pct
FROM gold_coins_market
WHERE
    dt >= CURRENT_DATE - INTERVAL '30' DAY
    AND currency = 'usd'
    AND rank <= 100
GROUP BY coin_id
HAVING COUNT(*) >= 2
ORDER BY volatility_pct DESC
LIMIT 20
