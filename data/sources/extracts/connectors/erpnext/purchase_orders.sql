-- Submitted orders (docstatus 1) and cancelled ones (2); a draft orders nothing. An amended order
-- is a new one, and the one it amends is cancelled.
WITH lines AS (
    SELECT
        item.name,
        item.parent,
        item.item_code,
        item.item_group,
        item.uom,
        coalesce(nullif(item.warehouse, ''), nullif(doc.set_warehouse, '')) AS warehouse,
        coalesce(nullif(number(item.conversion_factor), 0), 1) AS base_units,
        number(item.qty) AS quantity,
        number(item.stock_qty) AS stock_quantity,
        coalesce(number(item.net_rate), number(item.rate)) AS price,
        coalesce(number(item.net_amount), number(item.amount)) AS value,
        day(item.schedule_date) AS wanted_on,
        day(item.expected_delivery_date) AS expected_on,
        coalesce(item.delivered_by_supplier, '0') = '1' AS is_direct,
        day(doc.order_confirmation_date) AS confirmed_on,
        doc.supplier,
        doc.currency,
        doc.incoterm,
        coalesce(doc.is_subcontracted, '0') = '1' AS is_subcontracted,
        doc.docstatus = '2' AS is_cancelled,
        coalesce(doc.status, '') = 'Closed' AS is_closed,
        day(doc.transaction_date) AS ordered_on,
        moment(doc.creation) AS entered_at,
        moment(doc.modified) AS changed_at,
        tabItem.is_stock_item,
        item._file,
        item._line
    FROM "tabPurchase Order Item" AS item
    JOIN "tabPurchase Order" AS doc ON doc.name = item.parent
    LEFT JOIN tabItem ON tabItem.name = item.item_code
    WHERE doc.docstatus IN ('1', '2')
)
SELECT
    name AS po_line_id,
    parent AS po_id,
    coalesce(stores.site_id, lines.warehouse, nullif(param('site'), '')) AS site_id,
    supplier AS supplier_id,
    item_code AS item_id,
    nullif(item_group, '') AS category,
    coalesce(stock_quantity, quantity * base_units) AS quantity_ordered,
    uom AS order_unit,
    price / base_units AS po_unit_price,
    value AS line_value,
    currency,
    CASE WHEN is_subcontracted THEN 'subcontracting' ELSE 'standard' END AS order_type,
    -- What is not kept in stock needs no receipt.
    CASE WHEN is_stock_item = '0' THEN 'service' ELSE 'stock' END AS line_type,
    CASE WHEN is_direct THEN 'direct' ELSE 'warehouse' END AS channel,
    nullif(incoterm, '') AS incoterm,
    wanted_on AS requested_at,
    -- Only a confirmed order has a promise of the supplier's; the day may be typed in later.
    CASE WHEN confirmed_on IS NOT NULL THEN coalesce(expected_on, wanted_on) ELSE wanted_on END
        AS promised_at,
    CASE WHEN is_cancelled THEN 'cancelled' WHEN is_closed THEN 'closed_short' ELSE 'open' END
        AS line_state,
    CASE WHEN is_cancelled OR is_closed THEN changed_at END AS state_known_at,
    ordered_on AS happened_at,
    greatest(entered_at, confirmed_on + TIME '23:59:59') AS known_at,
    _file,
    _line
FROM lines
LEFT JOIN stores ON stores.warehouse = lines.warehouse
