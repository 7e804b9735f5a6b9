-- The market's daily totals up to a day, for the website: a row a day, at most 365, all from that day's
-- source (made-up demo days never stand beside real ones).
WITH today AS (
    SELECT MAX(source) AS source
    FROM gold_market_summary
    WHERE dt = DATE '{{ run_date() }}'
)

SELECT
    history.dt,
    history.coins,
    history.total_market_cap,
    history.total_volume,
    history.btc_dominance_pct,
    history.eth_dominance_pct,
    history.median_change_24h_pct,
    history.source
FROM gold_market_summary AS history
INNER JOIN today ON history.source = today.source
WHERE
    history.dt >= DATE_ADD('day', -364, DATE '{{ run_date() }}')
    AND history.dt <= DATE '{{ run_date() }}'
    -- What the gate refused on its own day does not come in later.
    AND history.ranked >= LEAST(50, {{ lake('coins') }})
    AND history.total_market_cap > 0
    AND history.quarantined * 10 <= history.coins
    AND DATE_DIFF('minute', history.last_updated, history.ingestion_timestamp) <= 720
ORDER BY history.dt
