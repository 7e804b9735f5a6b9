-- The market's daily totals up to a day, for the website: a row a day, at most 365. Rounded to what a page
-- can show, because every visitor carries the file.
{% set days = 365 %}
WITH good_days AS ({% include 'good_days.sql' %})

SELECT
    dt,
    coins,
    ranked,
    ROUND(total_market_cap) AS total_market_cap,
    ROUND(total_volume) AS total_volume,
    ROUND(btc_dominance_pct, 3) AS btc_dominance_pct,
    ROUND(eth_dominance_pct, 3) AS eth_dominance_pct,
    ROUND(median_change_24h_pct, 3) AS median_change_24h_pct,
    gainers,
    losers,
    source,
    currency
FROM good_days
ORDER BY dt
