-- Average rates. GDATU is the day counted down from 99999999; a rate below zero is quoted the
-- other way round.
WITH rates AS (
    SELECT
        FCURR,
        TCURR.TCURR AS into_currency,
        number(UKURS) AS rate,
        coalesce(nullif(number(FFACT), 0), 1) AS from_units,
        coalesce(nullif(number(TFACT), 0), 1) AS into_units,
        CASE
            WHEN regexp_full_match(GDATU, '[5-9][0-9]{7}')
                THEN strptime((99999999 - GDATU::BIGINT)::VARCHAR, '%Y%m%d')::DATE
            ELSE day(GDATU)
        END AS valid_from
    FROM TCURR
    WHERE KURST = 'M'
)
SELECT
    FCURR AS currency,
    into_currency AS reporting_currency,
    CASE WHEN rate < 0 THEN -1 / rate ELSE rate END * into_units / from_units AS exchange_rate,
    valid_from AS happened_at,
    valid_from AS known_at
FROM rates
WHERE rate <> 0
