-- Why a line was blocked is in its SPGR fields; a release clears them. A line that nothing
-- blocked is clean when the window is over within what the extract has seen. A reversal and what
-- it reverses are as if never posted: neither is clean.
WITH lines AS (
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
        other_number,
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
    JOIN invoice_documents AS documents
        ON documents.BELNR = RSEG.BELNR AND documents.GJAHR = RSEG.GJAHR
),
with_receipts AS (
    SELECT
        lines.BELNR,
        lines.GJAHR,
        lines.place,
        coalesce(sum(postings.quantity), 0) AS received
    FROM lines
    LEFT JOIN postings
        ON is_receipt
        AND postings.EBELN = lines.EBELN
        AND postings.EBELP = lines.EBELP
        AND postings.entered_at <= lines.booked_at
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
            WHEN quantity AND invoiced > ordered THEN 'QTY_OVER_ORDERED'
            WHEN quantity THEN 'QTY_OVER_RECEIVED'
            WHEN delivery_date THEN 'DATE_VARIANCE'
            WHEN amount THEN 'AMOUNT_LIMIT'
        END AS blocked_for
    FROM lines
    LEFT JOIN with_receipts
        ON with_receipts.BELNR = lines.BELNR
        AND with_receipts.GJAHR = lines.GJAHR
        AND with_receipts.place = lines.place
    LEFT JOIN order_items
        ON order_items.EBELN = lines.EBELN AND order_items.EBELP = lines.EBELP
),
ended AS (
    SELECT
        *,
        blocked_for IS NULL AND NOT other_reason AND other_booked_at IS NULL AS is_clean,
        max(booked_at) OVER () AS seen_until
    FROM told
    -- Of a reversal that is not in the extract nobody can say when it was known.
    WHERE is_invoice AND NOT reverses AND (other_number IS NULL OR other_booked_at IS NOT NULL)
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
