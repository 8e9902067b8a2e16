-- Order lines, and those that were deleted with their order and never archived: what came for them
-- is what was ordered, because an order is deleted when it is complete.
WITH deleted AS (
    SELECT
        order_no AS po,
        order_line AS line,
        any_value(r.line_type) AS line_type,
        any_value(r.item) AS item,
        any_value(r.vendor) AS vendor,
        any_value(r.location) AS location,
        any_value(r.currency) AS currency,
        any_value(r.category) AS category,
        any_value(r.uom) AS uom,
        any_value(r.price) AS price,
        sum(r.quantity) AS quantity,
        min(r.order_date) AS order_date,
        min(r.requested) AS requested,
        min(r.promised) AS promised,
        min(r._file) AS _file,
        min(r._line) AS _line
    FROM receipt_lines AS r
    ANTI JOIN ordered_lines AS o ON r.order_no = o.po AND r.order_line = o.line
    GROUP BY order_no, order_line
    HAVING sum(r.quantity) > 0
)

SELECT
    param('prefix') || po || '-' || line AS po_line_id,
    param('prefix') || po AS po_id,
    coalesce(nullif(param('site_id'), ''), location) AS site_id,
    vendor AS supplier_id,
    item AS item_id,
    category,
    quantity AS quantity_ordered,
    uom AS order_unit,
    price AS po_unit_price,
    line_amount AS line_value,
    currency,
    line_type,
    CASE regexp_full_match(drop_shipment::VARCHAR, param('yes')) WHEN TRUE THEN 'direct' WHEN FALSE THEN 'warehouse' END
        AS channel,
    incoterm,
    transport_mode,
    requested AS requested_at,
    promised AS promised_at,
    order_date::TIMESTAMP AT TIME ZONE param('time_zone') AT TIME ZONE 'UTC' AS happened_at,
    greatest(order_date::TIMESTAMP AT TIME ZONE param('time_zone') AT TIME ZONE 'UTC', created) AS known_at,
    _file,
    _line
FROM (SELECT * FROM ordered_lines UNION ALL BY NAME SELECT * FROM deleted)
