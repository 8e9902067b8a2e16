-- Lines of purchase orders, each once. Business Central deletes an order when all of it is received
-- and invoiced: such a line is read from its last archived version.
WITH versions AS (
    SELECT 1000000000 AS version, * FROM "Purchase Line"
    UNION ALL BY NAME
    SELECT number("Version No.") AS version, * FROM "Purchase Line Archive"
)

SELECT
    l."Document No." AS po,
    l."Line No." AS line,
    l."Type" AS line_type,
    l."No." AS item,
    l."Unit of Measure Code" AS uom,
    l."Item Category Code" AS category,
    l."Drop Shipment" AS drop_shipment,
    h."Shipment Method Code" AS incoterm,
    h."Transport Method" AS transport_mode,
    coalesce(nullif(l."Buy-from Vendor No.", ''), h."Buy-from Vendor No.") AS vendor,
    coalesce(nullif(l."Location Code", ''), h."Location Code") AS location,
    coalesce(nullif(l."Currency Code", ''), nullif(h."Currency Code", ''), nullif(param('currency'), ''))
        AS currency,
    coalesce(
        number(l."Quantity (Base)"),
        number(l."Quantity") * coalesce(nullif(number(l."Qty. per Unit of Measure"), 0), 1)
    ) AS quantity,
    number(l."Direct Unit Cost") * (1 - coalesce(number(l."Line Discount %"), 0) / 100)
    / coalesce(nullif(number(l."Qty. per Unit of Measure"), 0), 1)
    / CASE WHEN h.includes_vat THEN 1 + coalesce(number(l."VAT %"), 0) / 100 ELSE 1 END AS price,
    number(l."Line Amount")
    / CASE WHEN h.includes_vat THEN 1 + coalesce(number(l."VAT %"), 0) / 100 ELSE 1 END AS line_amount,
    coalesce(day(l."Order Date"), h.order_date) AS order_date,
    coalesce(day(l."Requested Receipt Date"), h.requested) AS requested,
    coalesce(day(l."Promised Receipt Date"), day(l."Expected Receipt Date"), h.promised) AS promised,
    coalesce(moment(l."SystemCreatedAt"), h.created) AS created,
    l._file,
    l._line
FROM versions AS l
LEFT JOIN order_headers AS h ON l."Document No." = h.po
WHERE regexp_full_match(l."Document Type"::VARCHAR, param('order'))
  AND NOT regexp_full_match(coalesce(l."Type"::VARCHAR, ''), param('text'))
QUALIFY row_number() OVER (PARTITION BY l."Document No.", l."Line No." ORDER BY l.version DESC) = 1
