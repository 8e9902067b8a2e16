-- The only message that ERPNext keeps is the confirmation of a whole order.
SELECT
    item.name || '-confirmed' AS event_id,
    item.name AS po_line_id,
    nullif(doc.order_confirmation_no, '') AS message_number,
    'acknowledgement' AS event_kind,
    CASE WHEN day(item.expected_delivery_date) > day(item.schedule_date) THEN 'DR' ELSE 'IA' END
        AS ack_status,
    'order confirmation' AS detail,
    coalesce(day(item.expected_delivery_date), day(item.schedule_date)) AS expected_at,
    number(item.qty) * coalesce(nullif(number(item.conversion_factor), 0), 1) AS event_quantity,
    day(doc.order_confirmation_date) AS happened_at,
    greatest(
        moment(doc.creation), day(doc.order_confirmation_date) + TIME '23:59:59'
    ) AS known_at,
    item._file,
    item._line
FROM "tabPurchase Order Item" AS item
JOIN "tabPurchase Order" AS doc ON doc.name = item.parent
WHERE doc.docstatus IN ('1', '2') AND day(doc.order_confirmation_date) IS NOT NULL
