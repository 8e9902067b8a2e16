-- Suppliers by all that an export may name a partner with: Odoo's id, or a name that only one has.
SELECT partner AS key, supplier_id
FROM partners
UNION
SELECT name, min(supplier_id)
FROM partners
WHERE name NOT IN (SELECT partner FROM partners)
GROUP BY name
HAVING count(*) = 1
