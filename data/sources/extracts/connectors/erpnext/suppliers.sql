WITH terms AS (
    SELECT parent, max(number(credit_days)) AS days
    FROM "tabPayment Terms Template Detail"
    GROUP BY parent
)
SELECT
    tabSupplier.name AS supplier_id,
    coalesce(nullif(supplier_name, ''), tabSupplier.name) AS supplier_name,
    nullif(country, '') AS country,
    terms.days AS payment_term,
    nullif(tax_id, '') AS vat_id,
    coalesce(moment(creation), TIMESTAMP '2000-01-01 00:00:00') AS happened_at,
    coalesce(moment(creation), TIMESTAMP '2000-01-01 00:00:00') AS known_at
FROM tabSupplier
LEFT JOIN terms ON terms.parent = tabSupplier.payment_terms
