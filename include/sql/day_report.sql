-- The day's report, for whoever has to judge a day: every row that was refused, with the reasons, and every
-- row that has a quality flag, with the numbers that led to it. Currency by currency, what weighs most comes
-- first: refused rows, then flagged rows that lost their rank, then flagged rows that kept it, each by market
-- cap; last what was refused of the day's other ingestions. Reads one partition of each table.
WITH day_rows AS (
    SELECT
        'quarantine' AS layer,
        coin_id,
        ARRAY_JOIN(reasons, ', ') AS findings,
        NULL AS rank,
        NULL AS market_cap_rank,
        NULL AS current_price,
        NULL AS market_cap,
        NULL AS total_volume,
        NULL AS volume_to_market_cap,
        NULL AS price_change_percentage_24h,
        NULL AS last_updated,
        ingestion_timestamp,
        source,
        raw,
        bronze_key,
        row_number,
        currency
    FROM quarantine_coins_market
    WHERE dt = DATE '{{ run_date() }}'

    UNION ALL

    SELECT
        'gold',
        coin_id,
        ARRAY_JOIN(quality_flags, ', '),
        rank,
        market_cap_rank,
        current_price,
        market_cap,
        total_volume,
        volume_to_market_cap,
        price_change_percentage_24h,
        last_updated,
        ingestion_timestamp,
        source,
        NULL,
        NULL,
        NULL,
        currency
    FROM gold_coins_market
    WHERE dt = DATE '{{ run_date() }}'
),

measured AS (
    SELECT
        *,
        SUM(IF(total_volume > 0, total_volume, 0)) OVER (PARTITION BY currency) AS day_volume,
        -- Of an ingestion that was cut off, silver takes nothing.
        MAX(IF(STRPOS(findings, 'incomplete_ingestion') = 0, ingestion_timestamp))
            OVER (PARTITION BY currency)
            AS latest_ingestion
    FROM day_rows
)

SELECT
    layer,
    CASE
        WHEN layer = 'quarantine' AND ingestion_timestamp = latest_ingestion THEN 'refused'
        WHEN layer = 'quarantine' THEN 'superseded'
        WHEN rank IS NULL THEN 'not ranked'
        ELSE 'ranked'
    END AS consequence,
    coin_id,
    findings,
    rank,
    market_cap_rank,
    current_price,
    price_change_percentage_24h,
    market_cap,
    total_volume,
    volume_to_market_cap,
    market_cap / NULLIF(day_volume, 0) AS market_cap_to_day_volume,
    last_updated,
    ROUND(DATE_DIFF('second', last_updated, ingestion_timestamp) / 3600E0, 1) AS hours_old,
    ingestion_timestamp,
    source,
    IF(LENGTH(raw) > 2000, SUBSTR(raw, 1, 2000) || ' …', raw) AS raw,
    bronze_key,
    row_number,
    currency
FROM measured
WHERE findings != ''
ORDER BY
    currency ASC,
    CASE
        WHEN layer = 'quarantine' AND ingestion_timestamp = latest_ingestion THEN 1
        WHEN layer = 'gold' AND rank IS NULL THEN 2
        WHEN layer = 'gold' THEN 3
        ELSE 4
    END ASC,
    market_cap DESC NULLS LAST,
    coin_id ASC,
    bronze_key ASC,
    row_number ASC
