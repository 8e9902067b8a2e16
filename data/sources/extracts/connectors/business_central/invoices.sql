-- Posted invoices and credit memos, these below zero. A credit memo that cancels an invoice reverses
-- its lines of the same item and quantity, in order. Item charges are costs of delivery.
WITH numbered AS (
    SELECT
        *,
        row_number() OVER (
            PARTITION BY sign, document, line_type, item, quantity ORDER BY line::BIGINT
        ) AS occurrence
    FROM posted_lines
)

SELECT
    param('prefix') || l.document || '-' || l.line AS invoice_line_id,
    param('prefix') || l.document AS invoice_id,
    l.reference AS invoice_number,
    CASE
        WHEN l.sign = -1 THEN 'credit_note'
        WHEN regexp_full_match(l.line_type::VARCHAR, param('charge')) THEN 'delivery_cost'
        ELSE 'invoice'
    END AS document_type,
    param('prefix') || o.document || '-' || o.line AS reverses_line_id,
    l.vendor AS supplier_id,
    coalesce(nullif(param('site_id'), ''), l.location) AS site_id,
    param('prefix') || l.po_line AS po_line_id,
    l.sign * l.quantity + 0 AS quantity_invoiced,
    l.uom AS invoice_unit,
    l.price AS invoice_unit_price,
    l.sign * l.amount + 0 AS line_amount,
    l.sign * l.tax + 0 AS tax_amount,
    l.currency,
    l.due AS due_at,
    l.dated AS happened_at,
    l.created AS known_at,
    l._file,
    l._line
FROM numbered AS l
LEFT JOIN "Cancelled Document" AS c
    ON l.sign = -1 AND l.document = c."Cancelled By Doc. No." AND c."Source ID"::VARCHAR = '122'
LEFT JOIN numbered AS o
    ON o.sign = 1
    AND c."Cancelled Doc. No." = o.document
    AND l.line_type = o.line_type
    AND l.item = o.item
    AND l.quantity = o.quantity
    AND l.occurrence = o.occurrence
