-- Total market metrics in US dollars, last 7 days.
SELECT
    dt,
    total_market_cap,
    100 * (total_market_cap / LAG(total_market_cap) OVER (ORDER BY dt) - 1) AS market_cap_change_pct,
    total_volume,
    btc_dominance_pct,
    eth_dominance_pct,
    average_change_24h_pct,
    median_change_24h_pct,
    gainers,
    losers
FROM gold_market_summary
WHERE
    dt >= CURRENT_DATE - INTERVAL '7' DAY
    AND currency = 'usd'
ORDER BY dt
