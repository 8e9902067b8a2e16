-- Stock inside a warehouse, one row an item: lots, packages and locations are summed. On hand is
-- what is not reserved and not in quality control. An export is of the day in its file's name, or
-- of its newest quant where that is later.
SELECT
    p.site_id,
    i.item_id,
    sum(CASE WHEN p.kind = 'inside' THEN number(q.quantity) - coalesce(number(q.reserved_quantity), 0) ELSE 0 END)
        AS on_hand,
    sum(CASE WHEN p.kind = 'inside' THEN coalesce(number(q.reserved_quantity), 0) ELSE 0 END) AS quantity_reserved,
    sum(CASE WHEN p.kind = 'quality' THEN number(q.quantity) ELSE 0 END) AS quantity_in_inspection,
    greatest(file_day(q._file)::TIMESTAMP, max(max(moment(q.in_date))) OVER (PARTITION BY q._file)) AS happened_at,
    greatest(file_day(q._file)::TIMESTAMP, max(max(moment(q.in_date))) OVER (PARTITION BY q._file)) AS known_at,
    q._file,
    min(q._line) AS _line
FROM "stock.quant" AS q
INNER JOIN places AS p ON q.location_id = p.location AND p.kind IN ('inside', 'quality')
LEFT JOIN products AS i ON coalesce(nullif(q."product_id/id", ''), q.product_id::VARCHAR) = i.product
GROUP BY p.site_id, i.item_id, q._file
