-- Why a line was blocked is in its SPGR fields; a release clears them. A line that nothing
-- blocked is clean when the window is over within what the extract has seen. A reversal and what
-- it reverses are as if never posted: neither is clean.
WITH documents AS (
    SELECT
        BELNR,
        GJAHR,
        XRECH = 'X' AS is_invoice,
        nullif(STBLG, '') AS other_number,
        coalesce(nullif(ltrim(STJAH, '0'), ''), GJAHR) AS other_year,
        coalesce(moment(CPUDT || ' ' || nullif(CPUTM, '')), day(CPUDT) + TIME '23:59:59') AS booked_at
    FROM RBKP
    WHERE coalesce(RBSTAT, '') IN ('', '5')
        AND param('company_code') IN ('', coalesce(BUKRS, ''))
),
paired AS (
    SELECT
        documents.*,
        coalesce(other.booked_at, named.booked_at) AS other_booked_at,
        documents.other_number IS NOT NULL AND CASE
            WHEN other.booked_at IS NULL THEN NOT documents.is_invoice
            WHEN other.booked_at = documents.booked_at THEN documents.BELNR > other.BELNR
            ELSE documents.booked_at > other.booked_at
        END AS reverses
    FROM documents
    LEFT JOIN documents AS other
        ON other.BELNR = documents.other_number AND other.GJAHR = documents.other_year
    -- Where only the reversal names the other document.
    LEFT JOIN documents AS named
        ON named.other_number = documents.BELNR AND named.other_year = documents.GJAHR
),
receipts AS (
    SELECT
        EBELN,
        EBELP,
        CASE SHKZG WHEN 'H' THEN -1 ELSE 1 END * abs(number(MENGE)) AS quantity,
        coalesce(
            moment(CPUDT || ' ' || nullif(CPUTM, '')),
            coalesce(day(CPUDT), day(BUDAT)) + TIME '23:59:59'
        ) AS entered_at
    FROM EKBE
    WHERE BEWTP = 'E' AND BWART NOT IN ('103', '104', '107', '108', '124', '125')
),
lines AS (
    SELECT
        RSEG.BELNR,
        RSEG.GJAHR,
        regexp_replace(RSEG.BUZEI, '^0+([0-9]+)$', '\1') AS place,
        RSEG.EBELN,
        RSEG.EBELP,
        coalesce(RSEG.KSCHL, '') <> '' AS is_delivery_cost,
        SPGRP = 'X' AS price,
        SPGRM = 'X' AS quantity,
        SPGRT = 'X' AS delivery_date,
        SPGRG = 'X' AS price_quantity,
        SPGRS = 'X' AS amount,
        SPGRC = 'X' AS quality,
        coalesce(SPGRQ, '') <> '' OR coalesce(SPGRV, '') <> '' AS other_reason,
        booked_at,
        other_booked_at,
        -- Orders and their history are in one unit, and so are invoices that refer to them.
        sum(
            CASE
                WHEN coalesce(RSEG.TBTKZ, '') = '' AND coalesce(RSEG.KSCHL, '') = ''
                    THEN CASE RSEG.SHKZG WHEN 'H' THEN -1 ELSE 1 END * abs(number(RSEG.MENGE))
            END
        ) OVER (
            PARTITION BY RSEG.EBELN, RSEG.EBELP ORDER BY booked_at, RSEG.BELNR, RSEG.BUZEI
        ) AS invoiced,
        reverses,
        is_invoice,
        RSEG._file,
        RSEG._line
    FROM RSEG
    JOIN paired ON paired.BELNR = RSEG.BELNR AND paired.GJAHR = RSEG.GJAHR
),
with_receipts AS (
    SELECT
        lines.BELNR,
        lines.GJAHR,
        lines.place,
        coalesce(sum(receipts.quantity), 0) AS received
    FROM lines
    LEFT JOIN receipts
        ON receipts.EBELN = lines.EBELN
        AND receipts.EBELP = lines.EBELP
        AND receipts.entered_at <= lines.booked_at
    WHERE lines.quantity
    GROUP BY lines.BELNR, lines.GJAHR, lines.place
),
told AS (
    SELECT
        lines.*,
        CASE
            WHEN quality THEN 'QUALITY_HOLD'
            WHEN price AND is_delivery_cost THEN 'FREIGHT_CHARGES'
            WHEN price THEN 'PRICE_VARIANCE'
            WHEN price_quantity THEN 'UNIT_OF_MEASURE'
            WHEN quantity AND received <= 0 THEN 'NO_RECEIPT'
            WHEN quantity AND invoiced > number(EKPO.MENGE) THEN 'QTY_OVER_ORDERED'
            WHEN quantity THEN 'QTY_OVER_RECEIVED'
            WHEN delivery_date THEN 'DATE_VARIANCE'
            WHEN amount THEN 'AMOUNT_LIMIT'
        END AS blocked_for
    FROM lines
    LEFT JOIN with_receipts
        ON with_receipts.BELNR = lines.BELNR
        AND with_receipts.GJAHR = lines.GJAHR
        AND with_receipts.place = lines.place
    LEFT JOIN EKPO ON EKPO.EBELN = lines.EBELN AND EKPO.EBELP = lines.EBELP
),
ended AS (
    SELECT
        *,
        blocked_for IS NULL AND NOT other_reason AND other_booked_at IS NULL AS is_clean,
        max(booked_at) OVER () AS seen_until
    FROM told
    WHERE is_invoice AND NOT reverses
)
SELECT
    concat_ws('-', BELNR, GJAHR, place) AS invoice_line_id,
    CASE WHEN is_clean THEN 'CLEAN' ELSE blocked_for END AS exception_class,
    CASE
        WHEN is_clean THEN 'NONE_NEEDED'
        WHEN other_booked_at IS NOT NULL THEN 'REVERSED'
    END AS resolution,
    coalesce(other_booked_at, booked_at) AS happened_at,
    CASE
        WHEN is_clean THEN booked_at + to_days(param('clean_after_days')::INTEGER)
        ELSE coalesce(other_booked_at, booked_at)
    END AS known_at,
    _file,
    _line
FROM ended
WHERE NOT is_clean OR booked_at + to_days(param('clean_after_days')::INTEGER) <= seen_until
