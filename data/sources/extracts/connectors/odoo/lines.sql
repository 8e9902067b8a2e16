-- Order lines of products, each once: from exported lines, else from orders exported with lines.
-- Sections and notes are no lines.
WITH headers AS (
    SELECT po, any_value(ordered) AS ordered, max(written) AS written
    FROM orders
    GROUP BY po
),

exported AS (
    SELECT
        l.id::VARCHAR AS line,
        l.order_id::VARCHAR AS po,
        nullif(l."partner_id/id", '') AS partner_key,
        nullif(l.partner_id::VARCHAR, '') AS partner,
        coalesce(nullif(l."product_id/id", ''), l.product_id::VARCHAR) AS product,
        l.product_id::VARCHAR AS product_name,
        l.display_type,
        l.product_qty AS quantity,
        l.product_uom AS uom,
        l.price_unit AS price,
        l.discount,
        l.price_subtotal AS subtotal,
        l.date_planned AS planned,
        l.currency_id AS currency,
        l.state,
        coalesce(h.ordered, moment(l.date_approve), moment(l.date_order)) AS ordered,
        moment(l.create_date) AS created,
        greatest(moment(l.write_date), h.written) AS written,
        l._file,
        l._line
    FROM "purchase.order.line" AS l
    LEFT JOIN headers AS h ON l.order_id::VARCHAR = h.po
    UNION ALL
    SELECT
        line, po, partner_key, partner, product, product_name, display_type, quantity, uom,
        price, discount, subtotal, planned, currency, state, ordered, created, written, _file, _line
    FROM orders
    ANTI JOIN "purchase.order.line" AS l ON orders.line = l.id::VARCHAR
    WHERE nullif(line, '') IS NOT NULL
),

destinations AS (
    SELECT
        coalesce(nullif(m."purchase_line_id/id", ''), m.purchase_line_id::VARCHAR) AS line,
        min(p.site_id) AS site_id
    FROM "stock.move" AS m
    INNER JOIN places AS p ON m.location_dest_id = p.location
    WHERE p.kind IN ('inside', 'quality')
    GROUP BY 1
)

SELECT
    exported.*,
    coalesce(
        f.item_id,
        nullif(regexp_extract(exported.product_name, '^\[([^\]]+)\]', 1), ''),
        regexp_replace(exported.product, param('exported_id'), '\1')
    ) AS item_id,
    coalesce(nullif(param('site_id'), ''), d.site_id) AS site_id,
    f.factor
FROM exported
LEFT JOIN factors AS f ON exported.product = f.product AND exported.uom = f.uom
LEFT JOIN destinations AS d ON exported.line = d.line
WHERE NOT regexp_full_match(coalesce(exported.display_type, ''), param('text_line'))
