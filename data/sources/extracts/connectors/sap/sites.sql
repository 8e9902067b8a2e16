-- Plants that are ordered for or hold stock; a system may know hundreds of others.
WITH used AS (
    SELECT WERKS FROM EKPO UNION SELECT WERKS FROM MARD
)
SELECT
    used.WERKS AS site_id,
    coalesce(nullif(T001W.NAME1, ''), used.WERKS) AS site_name,
    nullif(T001W.LAND1, '') AS country,
    nullif(concat_ws('-', nullif(T001W.LAND1, ''), nullif(T001W.REGIO, '')), '') AS region,
    CASE
        WHEN T001W.LAND1 IN ('US', 'CA') AND T001W.REGIO <> '' THEN T001W.LAND1 || '-' || T001W.REGIO
        ELSE nullif(T001W.LAND1, '')
    END AS tax_jurisdiction,
    param('time_zone') AS time_zone,
    DATE '2000-01-01' AS happened_at,
    DATE '2000-01-01' AS known_at
FROM used
LEFT JOIN T001W ON T001W.WERKS = used.WERKS
WHERE used.WERKS <> ''
