-- Demand of customers, and what of it was not delivered when it was due. A line that is not due
-- yet within what the extract has seen, was rejected (ABGRU) or is a return has no answer yet or
-- asks for nothing.
WITH requested AS (
    SELECT VBELN, POSNR, max(day(EDATU)) AS due_on
    FROM VBEP
    WHERE number(WMENG) > 0
    GROUP BY VBELN, POSNR
),
deliveries AS (
    SELECT
        VGBEL,
        VGPOS,
        number(LFIMG) AS quantity,
        coalesce(day(LIPS.WADAT_IST), day(LIKP.WADAT_IST)) AS issued_on
    FROM LIPS
    LEFT JOIN LIKP ON LIKP.VBELN = LIPS.VBELN
),
seen AS (
    SELECT max(latest) AS until
    FROM (
        SELECT max(issued_on) AS latest FROM deliveries
        UNION ALL
        SELECT max(day(ERDAT)) FROM VBAK
        UNION ALL
        SELECT max(day(ERDAT)) FROM VBAP
    )
),
lines AS (
    SELECT
        VBAP.VBELN,
        VBAP.POSNR,
        VBAP.WERKS,
        VBAP.MATNR,
        number(KWMENG) AS demanded,
        -- Base units in one sales unit. Nothing stated: the quantity is in base units already.
        coalesce(
            number(VBAP.UMVKZ) / nullif(number(VBAP.UMVKN), 0), sold_in.base_units, 1
        ) AS base_units,
        VRKME,
        KMEIN,
        MARA.MEINS,
        priced_in.base_units AS base_units_priced,
        number(NETPR) / coalesce(nullif(number(KPEIN), 0), 1) AS price,
        WAERK,
        coalesce(
            moment(VBAP.ERDAT || ' ' || nullif(VBAP.ERZET, '')),
            moment(VBAK.ERDAT || ' ' || nullif(VBAK.ERZET, '')),
            coalesce(day(VBAP.ERDAT), day(VBAK.ERDAT)) + TIME '23:59:59'
        ) AS entered_at,
        coalesce(due_on, day(VDATU), day(VBAP.ERDAT), day(VBAK.ERDAT)) AS due_on,
        VBAP._file,
        VBAP._line
    FROM VBAP
    JOIN VBAK ON VBAK.VBELN = VBAP.VBELN
    LEFT JOIN MARA ON MARA.MATNR = VBAP.MATNR
    LEFT JOIN material_units AS sold_in
        ON sold_in.MATNR = VBAP.MATNR AND sold_in.MEINH = VRKME
    LEFT JOIN material_units AS priced_in
        ON priced_in.MATNR = VBAP.MATNR AND priced_in.MEINH = KMEIN
    LEFT JOIN requested ON requested.VBELN = VBAP.VBELN AND requested.POSNR = VBAP.POSNR
    WHERE coalesce(VBTYP, '') IN ('', 'C')
        AND coalesce(ABGRU, '') = ''
        AND coalesce(SHKZG, '') <> 'X'
        AND VBAP.MATNR <> ''
),
served AS (
    SELECT lines.VBELN, lines.POSNR, sum(quantity) AS delivered
    FROM lines
    JOIN deliveries
        ON VGBEL = lines.VBELN AND VGPOS = lines.POSNR AND issued_on <= greatest(due_on, entered_at::DATE)
    GROUP BY lines.VBELN, lines.POSNR
)
SELECT
    regexp_replace(lines.VBELN, '^0+([0-9]+)$', '\1') || '-'
        || regexp_replace(lines.POSNR, '^0+([0-9]+)$', '\1') AS order_line_id,
    regexp_replace(lines.VBELN, '^0+([0-9]+)$', '\1') AS order_id,
    WERKS AS site_id,
    regexp_replace(MATNR, '^0+([0-9]+)$', '\1') AS item_id,
    demanded * base_units AS quantity_demanded,
    greatest(demanded - coalesce(delivered, 0), 0) * base_units AS quantity_short,
    price / CASE
        WHEN coalesce(KMEIN, '') IN ('', VRKME) THEN base_units
        WHEN KMEIN = MEINS THEN 1
        ELSE base_units_priced
    END AS sales_price,
    WAERK AS currency,
    greatest(due_on, entered_at::DATE) AS happened_at,
    -- What was short is known when the day is over.
    greatest(due_on, entered_at::DATE) + TIME '23:59:59' AS known_at,
    _file,
    _line
FROM lines
LEFT JOIN served ON served.VBELN = lines.VBELN AND served.POSNR = lines.POSNR
CROSS JOIN seen
WHERE greatest(due_on, entered_at::DATE) <= until
