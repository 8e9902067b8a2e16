-- Lines of receipts, and of invoices that are receipts too (update_stock).
SELECT
    item.name,
    item.purchase_order_item AS po_line_id,
    (number(item.qty) + coalesce(number(item.rejected_qty), 0))
        * coalesce(nullif(number(item.conversion_factor), 0), 1) AS quantity,
    coalesce(number(item.rejected_qty), 0)
        * coalesce(nullif(number(item.conversion_factor), 0), 1) AS rejected,
    coalesce(doc.is_return, '0') = '1' AS is_return,
    doc.docstatus = '2' AS is_cancelled,
    coalesce(
        moment(doc.posting_date || ' ' || nullif(CAST(doc.posting_time AS VARCHAR), '')),
        day(doc.posting_date) + TIME '00:00:00'
    ) AS came_at,
    moment(doc.creation) AS entered_at,
    moment(doc.modified) AS changed_at,
    item._file,
    item._line
FROM "tabPurchase Receipt Item" AS item
JOIN "tabPurchase Receipt" AS doc ON doc.name = item.parent
WHERE doc.docstatus IN ('1', '2')
UNION ALL
SELECT
    item.name,
    item.po_detail,
    (number(item.qty) + coalesce(number(item.rejected_qty), 0))
        * coalesce(nullif(number(item.conversion_factor), 0), 1),
    coalesce(number(item.rejected_qty), 0)
        * coalesce(nullif(number(item.conversion_factor), 0), 1),
    coalesce(doc.is_return, '0') = '1',
    doc.docstatus = '2',
    coalesce(
        moment(doc.posting_date || ' ' || nullif(CAST(doc.posting_time AS VARCHAR), '')),
        day(doc.posting_date) + TIME '00:00:00'
    ),
    moment(doc.creation),
    moment(doc.modified),
    item._file,
    item._line
FROM "tabPurchase Invoice Item" AS item
JOIN "tabPurchase Invoice" AS doc ON doc.name = item.parent
WHERE doc.docstatus IN ('1', '2') AND doc.update_stock = '1'
