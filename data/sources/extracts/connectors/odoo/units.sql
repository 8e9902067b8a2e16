-- Units of measure by name: how many of their category's smallest common unit one holds.
-- Odoo's own come first from an export of uom.uom, where there is one.
WITH exported AS (
    SELECT
        name,
        category_id,
        coalesce(number(factor_inv), 1 / nullif(number(factor), 0)) AS ratio
    FROM "uom.uom"
    WHERE nullif(name, '') IS NOT NULL
),

shipped (name, category_id, ratio) AS (
    VALUES
    ('Units', 'Unit', 1.0), ('Dozens', 'Unit', 12.0),
    ('g', 'Weight', 0.001), ('kg', 'Weight', 1.0), ('t', 'Weight', 1000.0),
    ('lb', 'Weight', 0.45359237), ('oz', 'Weight', 0.028349523125),
    ('mm', 'Length', 0.001), ('cm', 'Length', 0.01), ('m', 'Length', 1.0), ('km', 'Length', 1000.0),
    ('in', 'Length', 0.0254), ('ft', 'Length', 0.3048), ('yd', 'Length', 0.9144),
    ('mi', 'Length', 1609.344),
    ('m²', 'Surface', 1.0), ('ft²', 'Surface', 0.09290304),
    ('L', 'Volume', 1.0), ('m³', 'Volume', 1000.0), ('in³', 'Volume', 0.016387064),
    ('ft³', 'Volume', 28.316846592), ('fl oz (US)', 'Volume', 0.0295735295625),
    ('qt (US)', 'Volume', 0.946352946), ('gal (US)', 'Volume', 3.785411784),
    ('Hours', 'Working Time', 0.125), ('Days', 'Working Time', 1.0)
)

SELECT exported.name, exported.category_id, exported.ratio
FROM exported
UNION ALL
SELECT shipped.name, shipped.category_id, shipped.ratio
FROM shipped
WHERE NOT EXISTS (SELECT 1 FROM exported)
