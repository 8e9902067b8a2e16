-- Products by Odoo's id, with the number people know them by: the internal reference where only
-- one product has it, else Odoo's own.
SELECT
    id::VARCHAR AS product,
    CASE
        WHEN nullif(default_code::VARCHAR, '') IS NULL OR count(*) OVER (PARTITION BY default_code) > 1
            THEN regexp_replace(id::VARCHAR, param('exported_id'), '\1')
        ELSE default_code::VARCHAR
    END AS item_id,
    name AS item_name,
    string_split(
        regexp_replace(categ_id, '^(All( / |$))?((Saleable|Expenses)( / |$))?', ''), ' / '
    ) AS categories,
    uom_id AS base_uom,
    standard_price,
    moment(create_date) AS created,
    _file,
    _line
FROM "product.product"
