-- Price and rank of a day's ten largest coins over the 90 days before it and on it, for the website: a row a
-- coin and day, at most 910. Reads 91 partitions of each table, whatever the age of the lake. A day on
-- which a flag disqualified the coin is left out: that price was no market's.
{% set days = 91 %}
WITH good_days AS ({% include 'good_days.sql' %}),

largest AS (
    SELECT coin_id
    FROM gold_coins_market
    WHERE
        dt = DATE '{{ run_date() }}'
        AND currency = '{{ currency() }}'
        AND rank <= 10
)

SELECT
    history.coin_id,
    history.dt,
    history.rank,
    history.current_price,
    good_days.source,
    history.currency
FROM gold_coins_market AS history
INNER JOIN largest ON history.coin_id = largest.coin_id
INNER JOIN good_days ON history.dt = good_days.dt AND history.currency = good_days.currency
WHERE
    history.dt > DATE_ADD('day', -{{ days }}, DATE '{{ run_date() }}')
    AND history.dt <= DATE '{{ run_date() }}'
    AND history.rank IS NOT NULL
ORDER BY history.coin_id, history.dt
