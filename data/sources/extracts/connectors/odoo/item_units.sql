-- Units that a product was ordered, received or invoiced in, other than its own.
WITH used AS (
    SELECT product, uom FROM lines
    UNION
    SELECT coalesce(nullif("product_id/id", ''), product_id::VARCHAR), product_uom FROM "stock.move"
    UNION
    SELECT coalesce(nullif("product_id/id", ''), product_id::VARCHAR), product_uom_id FROM "account.move.line"
)

SELECT
    f.item_id,
    f.uom AS unit,
    f.factor AS base_units,
    p.created AS happened_at,
    p.created AS known_at
FROM used AS u
INNER JOIN factors AS f ON u.product = f.product AND u.uom = f.uom
INNER JOIN products AS p ON f.product = p.product
WHERE f.uom <> p.base_uom
