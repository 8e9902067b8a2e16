-- A cancelled document was posted until it was cancelled: it is a posting and its reversal.
SELECT
    name AS receipt_id,
    po_line_id,
    quantity AS quantity_received,
    greatest(rejected, 0) AS quantity_damaged,
    CASE WHEN is_return THEN 'return' ELSE 'receipt' END AS posting_kind,
    FALSE AS final,
    came_at AS happened_at,
    greatest(entered_at, came_at) AS known_at,
    _file,
    _line
FROM goods_received
WHERE po_line_id <> ''
UNION ALL
SELECT
    name || '-cancelled',
    po_line_id,
    -quantity,
    0,
    -- What undoes a return brings goods in.
    CASE WHEN is_return THEN 'receipt' ELSE 'reversal' END,
    FALSE,
    greatest(changed_at, came_at),
    greatest(changed_at, came_at),
    _file,
    _line
FROM goods_received
WHERE po_line_id <> '' AND is_cancelled
