-- Included by the website's histories: the market's days up to the run date, a year at most, all from that
-- day's source (made-up demo days never stand beside real ones), without those that the gate refused: what
-- it kept off the website on its own day does not come in later.
SELECT
    history.dt,
    history.coins,
    history.total_market_cap,
    history.total_volume,
    history.btc_dominance_pct,
    history.eth_dominance_pct,
    history.median_change_24h_pct,
    history.gainers,
    history.losers,
    history.source
FROM gold_market_summary AS history
INNER JOIN gold_market_summary AS today ON history.source = today.source
WHERE
    today.dt = DATE '{{ run_date() }}'
    AND history.dt >= DATE_ADD('day', -364, DATE '{{ run_date() }}')
    AND history.dt <= DATE '{{ run_date() }}'
    AND history.ranked >= LEAST(50, {{ lake('coins') }})
    AND history.total_market_cap > 0
    AND history.quarantined * 10 <= history.coins
    AND DATE_DIFF('minute', history.last_updated, history.ingestion_timestamp) <= 720
