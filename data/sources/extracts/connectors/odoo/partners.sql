-- Partners: suppliers, customers and their contacts.
SELECT
    id::VARCHAR AS partner,
    regexp_replace(id::VARCHAR, param('exported_id'), '\1') AS supplier_id,
    name,
    country_id,
    vat,
    number(supplier_rank) AS supplier_rank,
    property_supplier_payment_term_id AS term,
    moment(create_date) AS created,
    _file,
    _line
FROM "res.partner"
