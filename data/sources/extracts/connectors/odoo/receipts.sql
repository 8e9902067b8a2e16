-- What came from a vendor's location for an order line is a receipt, what goes back a return.
SELECT
    param('prefix') || regexp_replace(move, param('exported_id'), '\1') AS receipt_id,
    param('prefix') || regexp_replace(line, param('exported_id'), '\1') AS po_line_id,
    CASE WHEN from_kind = 'vendor' THEN quantity ELSE -quantity END AS quantity_received,
    coalesce(unknown_state, CASE WHEN from_kind = 'vendor' THEN 'receipt' ELSE 'return' END) AS posting_kind,
    moved AS happened_at,
    moved AS known_at,
    _file,
    _line
FROM moves
WHERE line IS NOT NULL
  AND (from_kind = 'vendor') <> (to_kind = 'vendor')
