-- Purchase orders, each once: as it is, or the last archived version of one that is deleted.
-- Quotes, invoices, blanket and return orders are other types of the same table.
WITH versions AS (
    SELECT 1000000000 AS version, * FROM "Purchase Header"
    UNION ALL BY NAME
    SELECT number("Version No.") AS version, * FROM "Purchase Header Archive"
)

SELECT
    "No." AS po,
    "Buy-from Vendor No.",
    "Currency Code",
    "Location Code",
    "Shipment Method Code",
    "Transport Method",
    regexp_full_match(coalesce("Prices Including VAT"::VARCHAR, ''), param('yes')) AS includes_vat,
    day("Order Date") AS order_date,
    day("Requested Receipt Date") AS requested,
    coalesce(day("Promised Receipt Date"), day("Expected Receipt Date")) AS promised,
    moment("SystemCreatedAt") AS created
FROM versions
WHERE regexp_full_match("Document Type"::VARCHAR, param('order'))
QUALIFY row_number() OVER (PARTITION BY "No." ORDER BY version DESC) = 1
