-- Products, in the categories below Odoo's own (All, Saleable, Expenses).
SELECT
    item_id,
    item_name,
    categories[1] AS category,
    categories[2] AS subcategory,
    base_uom AS base_unit,
    number(standard_price) AS unit_cost,
    nullif(param('currency'), '') AS currency,
    created AS happened_at,
    created AS known_at,
    _file,
    _line
FROM products
