-- sqlfluff:templater:jinja:context:days:365
-- Included by the website's histories, which set how many `days` they need: the market's days up to the run
-- date and the run date itself, which the gate has let pass. All are in the run's currency and from the same
-- maker, be it from its snapshots or its history: made-up demo days never stand beside real ones. An earlier
-- day is left out if its summary shows that the gate refused it: too few ranked coins, nothing to sum up, too
-- many refusals, old prices. What only its coins would show is not looked at again.
{% import 'thresholds.sql' as limits %}
SELECT
    history.dt,
    history.coins,
    history.ranked,
    history.total_market_cap,
    history.total_volume,
    history.btc_dominance_pct,
    history.eth_dominance_pct,
    history.median_change_24h_pct,
    history.gainers,
    history.losers,
    REPLACE(today.source, '-history', '') AS source,
    today.currency
FROM gold_market_summary AS history
INNER JOIN gold_market_summary AS today
    ON
        REPLACE(history.source, '-history', '') = REPLACE(today.source, '-history', '')
        AND history.currency = today.currency
WHERE
    today.dt = DATE '{{ run_date() }}'
    AND today.currency = '{{ currency() }}'
    AND history.dt > DATE_ADD('day', -{{ days }}, DATE '{{ run_date() }}')
    AND history.dt <= DATE '{{ run_date() }}'
    AND (
        history.dt = today.dt
        OR (
            history.ranked >= LEAST({{ limits.ranked_coins }}, {{ lake('coins') }})
            AND history.total_market_cap > 0
            AND history.quarantined * 100 <= history.coins * {{ limits.lost_pct }}
            AND (
                history.source LIKE '%-history' -- fetched long after the day
                OR DATE_DIFF('second', history.last_updated, history.ingestion_timestamp)
                <= {{ limits.minutes_old }} * 60
            )
        )
    )
