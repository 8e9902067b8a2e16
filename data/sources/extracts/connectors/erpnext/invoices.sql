-- Returns (is_return) are below zero already. A cancelled invoice was booked until it was
-- cancelled: it is an invoice and the line that reverses it.
SELECT
    name AS invoice_line_id,
    parent AS invoice_id,
    nullif(bill_no, '') AS invoice_number,
    CASE WHEN is_return THEN 'credit_note' ELSE 'invoice' END AS document_type,
    NULL AS reverses_line_id,
    supplier AS supplier_id,
    site_id,
    nullif(po_detail, '') AS po_line_id,
    quantity AS quantity_invoiced,
    uom AS invoice_unit,
    price AS invoice_unit_price,
    amount AS line_amount,
    freight AS freight_amount,
    tax AS tax_amount,
    currency,
    due_on AS due_at,
    dated_on AS happened_at,
    booked_at AS known_at,
    _file,
    _line
FROM bill_lines
UNION ALL
SELECT
    name || '-cancelled',
    parent || '-cancelled',
    nullif(bill_no, ''),
    CASE WHEN is_return THEN 'invoice' ELSE 'credit_note' END,
    name,
    supplier,
    site_id,
    nullif(po_detail, ''),
    -quantity,
    uom,
    price,
    -amount,
    -freight,
    -tax,
    currency,
    NULL,
    CAST(changed_at AS DATE),
    changed_at,
    _file,
    _line
FROM bill_lines
WHERE is_cancelled
