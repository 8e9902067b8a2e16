-- Demand of customers, and what of it was not delivered when it was due. Orders that were closed
-- or cancelled, and lines that the supplier delivers, ask nothing of the stock.
WITH deliveries AS (
    SELECT
        item.so_detail,
        day(doc.posting_date) AS delivered_on,
        number(item.qty) * coalesce(nullif(number(item.conversion_factor), 0), 1) AS quantity
    FROM "tabDelivery Note Item" AS item
    JOIN "tabDelivery Note" AS doc ON doc.name = item.parent
    WHERE doc.docstatus = '1' AND coalesce(doc.is_return, '0') = '0' AND item.so_detail <> ''
),
lines AS (
    SELECT
        item.name,
        item.parent,
        item.item_code,
        item.warehouse,
        coalesce(nullif(number(item.conversion_factor), 0), 1) AS base_units,
        number(item.qty) AS quantity,
        coalesce(number(item.net_rate), number(item.rate)) AS price,
        doc.currency,
        moment(doc.creation) AS entered_at,
        greatest(
            coalesce(day(item.delivery_date), day(doc.delivery_date), day(doc.transaction_date)),
            day(doc.transaction_date)
        ) AS due_on,
        item._file,
        item._line
    FROM "tabSales Order Item" AS item
    JOIN "tabSales Order" AS doc ON doc.name = item.parent
    WHERE doc.docstatus = '1'
        AND coalesce(doc.status, '') <> 'Closed'
        AND coalesce(doc.order_type, '') <> 'Maintenance'
        AND coalesce(item.delivered_by_supplier, '0') = '0'
),
served AS (
    SELECT lines.name, sum(deliveries.quantity) AS delivered
    FROM lines
    JOIN deliveries ON deliveries.so_detail = lines.name AND delivered_on <= due_on
    GROUP BY lines.name
),
seen AS (
    SELECT max(latest) AS until
    FROM (
        SELECT max(delivered_on) AS latest FROM deliveries
        UNION ALL
        SELECT max(entered_at)::DATE FROM lines
    )
)
SELECT
    lines.name AS order_line_id,
    parent AS order_id,
    coalesce(stores.site_id, lines.warehouse) AS site_id,
    item_code AS item_id,
    quantity * base_units AS quantity_demanded,
    greatest(quantity * base_units - coalesce(delivered, 0), 0) AS quantity_short,
    price / base_units AS sales_price,
    currency,
    due_on AS happened_at,
    -- What was short is known when the day is over.
    greatest(due_on + TIME '23:59:59', entered_at) AS known_at,
    _file,
    _line
FROM lines
LEFT JOIN stores ON stores.warehouse = lines.warehouse
LEFT JOIN served ON served.name = lines.name
CROSS JOIN seen
WHERE due_on <= until
