-- ERPNext says that an invoice was held, cancelled or credited, and not for what: such a line has
-- no class. One that nothing happened to is clean when the window is over.
WITH credits AS (
    SELECT return_against, min(booked_at) AS credited_at
    FROM bill_lines
    WHERE is_return AND NOT is_cancelled
    GROUP BY return_against
),
told AS (
    SELECT
        bill_lines.*,
        credited_at,
        max(booked_at) OVER () AS seen_until
    FROM bill_lines
    LEFT JOIN credits ON credits.return_against = bill_lines.parent
),
ended AS (
    SELECT
        *,
        NOT is_cancelled AND NOT is_on_hold AND credited_at IS NULL AS is_clean,
        booked_at + to_days(param('clean_after_days')::INTEGER) AS clean_at
    FROM told
    WHERE NOT is_return
)
SELECT
    name AS invoice_line_id,
    CASE WHEN is_clean THEN 'CLEAN' END AS exception_class,
    CASE
        WHEN is_clean THEN 'NONE_NEEDED'
        WHEN is_cancelled THEN 'REVERSED'
        WHEN credited_at IS NOT NULL THEN 'CREDIT_NOTE'
    END AS resolution,
    CASE
        WHEN is_clean THEN booked_at
        WHEN is_cancelled OR credited_at IS NULL THEN changed_at
        ELSE credited_at
    END AS happened_at,
    CASE
        WHEN is_clean THEN clean_at
        WHEN is_cancelled OR credited_at IS NULL THEN changed_at
        ELSE credited_at
    END AS known_at,
    _file,
    _line
FROM ended
WHERE NOT is_clean OR clean_at <= seen_until
