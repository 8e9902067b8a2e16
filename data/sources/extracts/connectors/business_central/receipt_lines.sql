-- Posted receipts of order lines, in base units. Undoing a receipt posts a second line of the same
-- receipt, below zero.
SELECT
    l."Document No." AS document,
    l."Line No." AS line,
    l."Order No." AS order_no,
    l."Order Line No." AS order_line,
    l."Type" AS line_type,
    l."No." AS item,
    l."Buy-from Vendor No." AS vendor,
    l."Location Code" AS location,
    coalesce(nullif(h."Currency Code", ''), nullif(param('currency'), '')) AS currency,
    l."Item Category Code" AS category,
    l."Unit of Measure Code" AS uom,
    coalesce(
        number(l."Quantity (Base)"),
        number(l."Quantity") * coalesce(nullif(number(l."Qty. per Unit of Measure"), 0), 1)
    ) AS quantity,
    number(l."Direct Unit Cost") * (1 - coalesce(number(l."Line Discount %"), 0) / 100)
    / coalesce(nullif(number(l."Qty. per Unit of Measure"), 0), 1)
    / CASE
        WHEN regexp_full_match(coalesce(h."Prices Including VAT"::VARCHAR, ''), param('yes'))
            THEN 1 + coalesce(number(l."VAT %"), 0) / 100
        ELSE 1
    END AS price,
    coalesce(day(l."Order Date"), day(h."Order Date")) AS order_date,
    day(l."Requested Receipt Date") AS requested,
    coalesce(day(l."Promised Receipt Date"), day(l."Expected Receipt Date")) AS promised,
    day(l."Posting Date")::TIMESTAMP AT TIME ZONE param('time_zone') AT TIME ZONE 'UTC' AS posted,
    coalesce(moment(l."SystemCreatedAt"), moment(h."SystemCreatedAt")) AS created,
    l._file,
    l._line
FROM "Purch. Rcpt. Line" AS l
LEFT JOIN "Purch. Rcpt. Header" AS h ON l."Document No." = h."No."
WHERE nullif(l."Order No."::VARCHAR, '') IS NOT NULL
  AND NOT regexp_full_match(coalesce(l."Type"::VARCHAR, ''), param('text'))
