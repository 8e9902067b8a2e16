-- Lines of vendor bills and refunds, refunds below zero. Drafts count, as they do in Odoo's own
-- billed quantity; cancelled bills are void. Tax, payment terms and texts are no lines: the tax is
-- the line's own where it was exported (price_total), or the bill's where that has one line.
WITH entries AS (
    SELECT
        *,
        move_id::VARCHAR AS bill,
        coalesce(nullif("purchase_line_id/id", ''), nullif(purchase_line_id::VARCHAR, '')) AS line,
        CASE
            WHEN NOT regexp_full_match(coalesce(parent_state, ''), param('booked')) THEN parent_state
            WHEN NOT regexp_full_match(coalesce(display_type, ''), param('product_line')) THEN display_type
            WHEN regexp_full_match(move_type, param('bill')) THEN 'invoice'
            WHEN regexp_full_match(move_type, param('refund')) THEN 'credit_note'
            ELSE move_type
        END AS document_type
    FROM "account.move.line"
    WHERE NOT regexp_full_match(coalesce(move_type, ''), param('not_a_bill'))
      AND NOT regexp_full_match(coalesce(parent_state, ''), param('cancelled'))
),

bills AS (
    SELECT
        bill,
        count(*) FILTER (document_type IN ('invoice', 'credit_note')) AS lines,
        sum(number(amount_currency)) FILTER (regexp_full_match(display_type, param('tax_line'))) AS tax,
        max(moment(date_maturity)::DATE) FILTER (regexp_full_match(display_type, param('term_line'))) AS due
    FROM entries
    GROUP BY bill
),

signed AS (
    SELECT *, CASE WHEN document_type = 'credit_note' THEN -1 ELSE 1 END AS sign
    FROM entries
    WHERE NOT regexp_full_match(coalesce(display_type, ''), param('not_product_line'))
)

SELECT
    param('prefix') || regexp_replace(e.id::VARCHAR, param('exported_id'), '\1') AS invoice_line_id,
    param('prefix') || coalesce(nullif(e.bill, '/'), regexp_replace(e.id::VARCHAR, param('exported_id'), '\1'))
        AS invoice_id,
    coalesce(nullif(e."move_id/ref", ''), e.ref) AS invoice_number,
    e.document_type,
    coalesce(s.supplier_id, regexp_replace(e."partner_id/id", param('exported_id'), '\1'), e.partner_id::VARCHAR)
        AS supplier_id,
    coalesce(nullif(param('site_id'), ''), l.site_id) AS site_id,
    param('prefix') || regexp_replace(e.line, param('exported_id'), '\1') AS po_line_id,
    e.sign * number(e.quantity) + 0 AS quantity_invoiced,
    e.product_uom_id AS invoice_unit,
    number(e.price_unit) * (1 - coalesce(number(e.discount), 0) / 100) AS invoice_unit_price,
    e.sign * number(e.price_subtotal) + 0 AS line_amount,
    coalesce(
        e.sign * (number(e.price_total) - number(e.price_subtotal)) + 0,
        CASE WHEN b.lines = 1 THEN b.tax END
    ) AS tax_amount,
    e.currency_id AS currency,
    b.due AS due_at,
    moment(e.invoice_date)::DATE AS happened_at,
    moment(e.create_date) AS known_at,
    e._file,
    e._line
FROM signed AS e
LEFT JOIN bills AS b ON e.bill = b.bill
LEFT JOIN lines AS l ON e.line = l.line
LEFT JOIN partner_names AS s ON coalesce(nullif(e."partner_id/id", ''), e.partner_id::VARCHAR) = s.key
