-- Receipts of order lines; the line that undoes one is a reversal, as if the receipt never was.
-- Return shipments find their order line by the item entry that they were applied to.
SELECT
    param('prefix') || document || '-' || line AS receipt_id,
    param('prefix') || order_no || '-' || order_line AS po_line_id,
    quantity AS quantity_received,
    CASE WHEN quantity < 0 THEN 'reversal' ELSE 'receipt' END AS posting_kind,
    posted AS happened_at,
    greatest(posted, created) AS known_at,
    _file,
    _line
FROM receipt_lines
WHERE quantity <> 0
UNION ALL
SELECT
    param('prefix') || s."Document No." || '-' || s."Line No.",
    param('prefix') || r.order_no || '-' || r.order_line,
    -coalesce(
        number(s."Quantity (Base)"),
        number(s."Quantity") * coalesce(nullif(number(s."Qty. per Unit of Measure"), 0), 1)
    ),
    CASE WHEN number(s."Quantity") < 0 THEN 'reversal' ELSE 'return' END,
    day(s."Posting Date")::TIMESTAMP AT TIME ZONE param('time_zone') AT TIME ZONE 'UTC',
    greatest(
        day(s."Posting Date")::TIMESTAMP AT TIME ZONE param('time_zone') AT TIME ZONE 'UTC',
        moment(s."SystemCreatedAt")
    ),
    s._file,
    s._line
FROM "Return Shipment Line" AS s
INNER JOIN "Item Ledger Entry" AS e ON s."Appl.-to Item Entry" = e."Entry No."
INNER JOIN receipt_lines AS r ON e."Document No." = r.document AND e."Document Line No." = r.line
