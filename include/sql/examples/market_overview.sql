-- Current market overview in US dollars: the twenty largest coins of the newest day of the last week.
WITH newest AS (
    SELECT MAX(dt) AS dt
    FROM gold_market_summary
    WHERE
        dt >= CURRENT_DATE - INTERVAL '7' DAY
        AND currency = 'usd'
)

SELECT
    coins.dt,
    coins.rank,
    coins.name,
    coins.symbol,
    coins.current_price,
    coins.price_change_percentage_24h,
    coins.market_cap,
    coins.market_share_pct,
    coins.total_volume
FROM gold_coins_market AS coins
INNER JOIN newest ON coins.dt = newest.dt
WHERE
    coins.dt >= CURRENT_DATE - INTERVAL '7' DAY
    AND coins.currency = 'usd'
    AND coins.rank <= 20
ORDER BY coins.rank
