-- Partners that are suppliers: Odoo counts orders and bills of a partner in supplier_rank.
SELECT
    supplier_id,
    name AS supplier_name,
    country_id AS country,
    vat AS vat_id,
    CASE
        WHEN regexp_full_match(term, param('immediate')) THEN 0
        ELSE nullif(regexp_extract(term, '^(\d+)', 1), '')::DOUBLE
    END AS payment_term,
    created AS happened_at,
    created AS known_at,
    _file,
    _line
FROM partners
WHERE coalesce(supplier_rank, 1) > 0
