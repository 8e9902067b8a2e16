-- Lines of confirmed, locked and cancelled orders. Requests for quotation are no orders yet.
-- A state that no parameter names goes to quarantine as it is written.
SELECT
    param('prefix') || regexp_replace(l.line, param('exported_id'), '\1') AS po_line_id,
    param('prefix') || l.po AS po_id,
    l.site_id,
    coalesce(s.supplier_id, regexp_replace(l.partner_key, param('exported_id'), '\1'), l.partner) AS supplier_id,
    l.item_id,
    number(l.quantity) * l.factor AS quantity_ordered,
    l.uom AS order_unit,
    number(l.price) * (1 - coalesce(number(l.discount), 0) / 100) / l.factor AS po_unit_price,
    number(l.subtotal) AS line_value,
    l.currency,
    CASE
        WHEN moment(l.planned)::TIME = TIME '00:00:00' THEN moment(l.planned)::DATE
        ELSE (moment(l.planned) AT TIME ZONE 'UTC' AT TIME ZONE param('time_zone'))::DATE
    END AS promised_at,
    CASE
        WHEN regexp_full_match(l.state, param('ordered')) THEN 'open'
        WHEN regexp_full_match(l.state, param('cancelled')) THEN 'cancelled'
        ELSE coalesce(l.state, 'no state')
    END AS line_state,
    CASE WHEN regexp_full_match(l.state, param('cancelled')) THEN coalesce(l.written, l.created) END AS state_known_at,
    coalesce(l.ordered, l.created) AS happened_at,
    greatest(l.ordered, l.created) AS known_at,
    l._file,
    l._line
FROM lines AS l
LEFT JOIN partner_names AS s ON coalesce(l.partner_key, l.partner) = s.key
WHERE NOT regexp_full_match(coalesce(l.state, ''), param('not_ordered'))
