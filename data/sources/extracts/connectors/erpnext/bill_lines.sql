-- Lines of submitted and cancelled invoices, with their share of the taxes and of the freight that
-- stand in a table of the document; category Valuation is charged by somebody else.
WITH charges AS (
    SELECT
        parent,
        contains(lower(account_head), lower(param('freight'))) AS is_freight,
        CASE add_deduct_tax WHEN 'Deduct' THEN -1 ELSE 1 END * number(tax_amount) AS amount
    FROM "tabPurchase Taxes and Charges"
    WHERE coalesce(parenttype, '') IN ('', 'Purchase Invoice')
        AND coalesce(category, '') <> 'Valuation'
),
documents AS (
    SELECT
        parent,
        sum(amount) FILTER (is_freight) AS freight,
        sum(amount) FILTER (NOT is_freight) AS tax
    FROM charges
    GROUP BY parent
),
lines AS (
    SELECT
        item.name,
        item.parent,
        item.po_detail,
        item.uom,
        number(item.idx) AS place,
        number(item.qty) AS quantity,
        coalesce(number(item.net_rate), number(item.rate)) AS price,
        coalesce(number(item.net_amount), number(item.amount)) AS amount,
        coalesce(
            nullif(item.warehouse, ''),
            nullif(doc.set_warehouse, ''),
            nullif(ordered.warehouse, ''),
            nullif(order_doc.set_warehouse, '')
        ) AS warehouse,
        doc.supplier,
        doc.currency,
        doc.bill_no,
        coalesce(doc.is_return, '0') = '1' AS is_return,
        nullif(doc.return_against, '') AS return_against,
        coalesce(doc.on_hold, '0') = '1' AS is_on_hold,
        doc.docstatus = '2' AS is_cancelled,
        coalesce(day(doc.bill_date), day(doc.posting_date)) AS dated_on,
        day(doc.due_date) AS due_on,
        moment(doc.creation) AS booked_at,
        moment(doc.modified) AS changed_at,
        documents.freight,
        coalesce(documents.tax, number(doc.total_taxes_and_charges) - coalesce(freight, 0)) AS tax,
        item._file,
        item._line
    FROM "tabPurchase Invoice Item" AS item
    JOIN "tabPurchase Invoice" AS doc ON doc.name = item.parent
    LEFT JOIN "tabPurchase Order Item" AS ordered ON ordered.name = item.po_detail
    LEFT JOIN "tabPurchase Order" AS order_doc ON order_doc.name = ordered.parent
    LEFT JOIN documents ON documents.parent = doc.name
    WHERE doc.docstatus IN ('1', '2')
),
parts AS (
    SELECT
        *,
        coalesce(
            sum(abs(amount)) OVER so_far / nullif(sum(abs(amount)) OVER whole, 0),
            row_number() OVER so_far / count(*) OVER whole
        ) AS part
    FROM lines
    WINDOW
        whole AS (PARTITION BY parent),
        so_far AS (PARTITION BY parent ORDER BY place, name ROWS UNBOUNDED PRECEDING)
),
shares AS (
    SELECT
        *,
        coalesce(lag(part) OVER (PARTITION BY parent ORDER BY place, name), 0) AS part_before
    FROM parts
)
SELECT
    shares.* EXCLUDE (part, part_before, freight, tax, warehouse),
    coalesce(stores.site_id, shares.warehouse, nullif(param('site'), '')) AS site_id,
    round(freight * part, 2) - round(freight * part_before, 2) AS freight,
    round(tax * part, 2) - round(tax * part_before, 2) AS tax
FROM shares
LEFT JOIN stores ON stores.warehouse = shares.warehouse
