-- RSEG with its RBKP.
WITH lines AS (
    SELECT
        RSEG.BELNR,
        RSEG.GJAHR,
        RSEG.BUZEI,
        regexp_replace(RSEG.BUZEI, '^0+([0-9]+)$', '\1') AS place,
        RSEG.EBELN,
        RSEG.EBELP,
        coalesce(nullif(RSEG.WERKS, ''), EKPO.WERKS) AS WERKS,
        RSEG.BSTME,
        coalesce(RSEG.TBTKZ, '') = 'X' AS is_subsequent,
        coalesce(RSEG.KSCHL, '') <> '' AS is_delivery_cost,
        CASE RSEG.SHKZG WHEN 'S' THEN 1 WHEN 'H' THEN -1 END AS sign,
        abs(number(RSEG.WRBTR)) AS amount,
        abs(number(RSEG.MENGE)) AS quantity,
        -- Part of the document's amount up to this line, of which each line has its share.
        coalesce(
            sum(abs(number(RSEG.WRBTR))) OVER so_far
                / nullif(sum(abs(number(RSEG.WRBTR))) OVER document, 0),
            row_number() OVER so_far / count(*) OVER document
        ) AS part,
        EKPO.MWSKZ AS tax_code,
        RSEG._file,
        RSEG._line
    FROM RSEG
    LEFT JOIN EKPO ON EKPO.EBELN = RSEG.EBELN AND EKPO.EBELP = RSEG.EBELP
    WINDOW
        document AS (PARTITION BY RSEG.BELNR, RSEG.GJAHR),
        so_far AS (
            PARTITION BY RSEG.BELNR, RSEG.GJAHR ORDER BY RSEG.BUZEI ROWS UNBOUNDED PRECEDING
        )
),
shares AS (
    -- Taxes and unplanned delivery costs stand in the header; their shares add up to them.
    SELECT
        lines.*,
        lag(part, 1, 0) OVER (
            PARTITION BY lines.BELNR, lines.GJAHR ORDER BY lines.BUZEI
        ) AS part_before
    FROM lines
),
tax_rates AS (
    SELECT
        split_part(rate, '=', 1) AS tax_code, split_part(rate, '=', 2)::DOUBLE / 100 AS tax_rate
    FROM (SELECT unnest(string_split_regex(trim(param('tax_rates')), '\s+')) AS rate)
    WHERE rate LIKE '%=%'
)
SELECT
    concat_ws('-', shares.BELNR, shares.GJAHR, place) AS invoice_line_id,
    concat_ws('-', shares.BELNR, shares.GJAHR) AS invoice_id,
    nullif(XBLNR, '') AS invoice_number,
    CASE
        WHEN NOT is_invoice OR is_subsequent AND sign < 0 THEN 'credit_note'
        WHEN is_subsequent THEN 'subsequent_debit'
        WHEN is_delivery_cost THEN 'delivery_cost'
        ELSE 'invoice'
    END AS document_type,
    CASE WHEN reverses THEN concat_ws('-', other_number, other_year, place) END AS reverses_line_id,
    regexp_replace(LIFNR, '^0+([0-9]+)$', '\1') AS supplier_id,
    WERKS AS site_id,
    CASE
        WHEN EBELN <> '' THEN EBELN || '-' || regexp_replace(EBELP, '^0+([0-9]+)$', '\1')
    END AS po_line_id,
    sign * quantity + 0 AS quantity_invoiced,
    nullif(BSTME, '') AS invoice_unit,
    CASE
        WHEN NOT is_subsequent AND NOT is_delivery_cost AND quantity > 0 THEN amount / quantity
    END AS invoice_unit_price,
    sign * amount + 0 AS line_amount,
    sign * (round(freight * part, 2) - round(freight * part_before, 2)) + 0 AS freight_amount,
    sign * (round(tax * part, 2) - round(tax * part_before, 2)) + 0 AS tax_amount,
    tax_rate AS tax_rate_expected,
    WAERS AS currency,
    -- IVTYP is empty where somebody typed the invoice in, and 5 where it was parked before.
    CASE
        WHEN bool_or(IVTYP <> '') OVER () IS NOT TRUE THEN NULL
        WHEN coalesce(IVTYP, '') IN ('', '5') THEN 'manual'
        ELSE 'automatic'
    END AS entry_channel,
    due_on AS due_at,
    dated_on AS happened_at,
    booked_at AS known_at,
    _file,
    _line
FROM shares
JOIN invoice_documents AS documents
    ON documents.BELNR = shares.BELNR AND documents.GJAHR = shares.GJAHR
LEFT JOIN tax_rates ON tax_rates.tax_code = shares.tax_code
