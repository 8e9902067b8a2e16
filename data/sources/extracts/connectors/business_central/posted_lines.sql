-- Lines of posted invoices (sign 1) and credit memos (sign -1), with their document's cells. An
-- invoice line names its order, or its receipt, or has the number of the order line it was posted
-- from; a credit memo line names its order or the item entry it takes back.
WITH documents AS (
    SELECT 1 AS sign, "No." AS document, "Vendor Invoice No." AS reference, * FROM "Purch. Inv. Header"
    UNION ALL BY NAME
    SELECT -1 AS sign, "No." AS document, "Vendor Cr. Memo No." AS reference, * FROM "Purch. Cr. Memo Hdr."
),

lines AS (
    SELECT 1 AS sign, * FROM "Purch. Inv. Line"
    UNION ALL BY NAME
    SELECT -1 AS sign, * FROM "Purch. Cr. Memo Line"
)

SELECT
    l.sign,
    l."Document No." AS document,
    l."Line No." AS line,
    l."Type" AS line_type,
    l."No." AS item,
    d.reference,
    d."Buy-from Vendor No." AS vendor,
    coalesce(nullif(l."Location Code", ''), d."Location Code") AS location,
    coalesce(nullif(d."Currency Code", ''), nullif(param('currency'), '')) AS currency,
    l."Unit of Measure Code" AS uom,
    number(l."Quantity") AS quantity,
    number(l."Direct Unit Cost") * (1 - coalesce(number(l."Line Discount %"), 0) / 100)
    / CASE
        WHEN regexp_full_match(coalesce(d."Prices Including VAT"::VARCHAR, ''), param('yes'))
            THEN 1 + coalesce(number(l."VAT %"), 0) / 100
        ELSE 1
    END AS price,
    number(l."Amount") AS amount,
    number(l."Amount Including VAT") - number(l."Amount") AS tax,
    coalesce(
        nullif(l."Order No."::VARCHAR, '') || '-' || nullif(l."Order Line No."::VARCHAR, '0'),
        r.order_no || '-' || r.order_line,
        e.order_no || '-' || e.order_line,
        CASE WHEN l.sign = 1 THEN nullif(d."Order No."::VARCHAR, '') || '-' || l."Line No." END
    ) AS po_line,
    coalesce(day(d."Document Date"), day(d."Posting Date")) AS dated,
    day(d."Due Date") AS due,
    coalesce(
        moment(l."SystemCreatedAt"),
        moment(d."SystemCreatedAt"),
        day(d."Posting Date")::TIMESTAMP AT TIME ZONE param('time_zone') AT TIME ZONE 'UTC'
    ) AS created,
    l._file,
    l._line
FROM lines AS l
LEFT JOIN documents AS d ON l.sign = d.sign AND l."Document No." = d.document
LEFT JOIN receipt_lines AS r ON l."Receipt No." = r.document AND l."Receipt Line No." = r.line
LEFT JOIN "Item Ledger Entry" AS i ON l."Appl.-to Item Entry" = i."Entry No."
LEFT JOIN receipt_lines AS e ON i."Document No." = e.document AND i."Document Line No." = e.line
WHERE NOT regexp_full_match(coalesce(l."Type"::VARCHAR, ''), param('text'))
