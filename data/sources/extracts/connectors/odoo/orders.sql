-- Rows of exported purchase orders with their order's cells on each of them: an export with lines
-- has those on the order's first row only, so a row belongs to the last order named above it.
WITH numbered AS (
    SELECT *, count(nullif(name, '')) OVER (PARTITION BY _file ORDER BY _line) AS order_number
    FROM "purchase.order"
)

SELECT
    first_value(name) OVER whole AS po,
    first_value(nullif("partner_id/id", '')) OVER whole AS partner_key,
    first_value(nullif(partner_id, '')) OVER whole AS partner,
    first_value(nullif(currency_id, '')) OVER whole AS currency,
    first_value(nullif(state, '')) OVER whole AS state,
    first_value(coalesce(moment(date_approve), moment(date_order))) OVER whole AS ordered,
    first_value(moment(create_date)) OVER whole AS created,
    first_value(moment(write_date)) OVER whole AS written,
    "order_line/id" AS line,
    coalesce(nullif("order_line/product_id/id", ''), "order_line/product_id") AS product,
    "order_line/product_id" AS product_name,
    "order_line/display_type" AS display_type,
    "order_line/product_qty" AS quantity,
    "order_line/product_uom" AS uom,
    "order_line/price_unit" AS price,
    "order_line/discount" AS discount,
    "order_line/price_subtotal" AS subtotal,
    "order_line/date_planned" AS planned,
    _file,
    _line
FROM numbered
WINDOW whole AS (PARTITION BY _file, order_number ORDER BY _line)
