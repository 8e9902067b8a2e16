-- How many of a product's base units one of each unit of measure is: Dozens of a product counted in
-- Units are 12. A unit of another category has no row, so that its quantities are missing.
SELECT
    p.product,
    p.item_id,
    u.name AS uom,
    u.ratio / b.ratio AS factor
FROM products AS p
INNER JOIN units AS b ON b.name = p.base_uom
INNER JOIN units AS u ON u.category_id = b.category_id
UNION ALL
SELECT p.product, p.item_id, p.base_uom, 1.0
FROM products AS p
WHERE p.base_uom NOT IN (SELECT name FROM units)
