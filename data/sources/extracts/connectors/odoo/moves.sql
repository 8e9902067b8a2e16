-- Moves of stock that were done, in base units, with the places they went between. Planned and
-- cancelled moves are left out; a state that no parameter names stays for quarantine to show.
SELECT
    m.id::VARCHAR AS move,
    coalesce(nullif(m."purchase_line_id/id", ''), nullif(m.purchase_line_id::VARCHAR, '')) AS line,
    f.item_id,
    coalesce(number(m.quantity), number(m.quantity_done)) * f.factor AS quantity,
    source.kind AS from_kind,
    source.site_id AS from_site,
    target.kind AS to_kind,
    target.site_id AS to_site,
    CASE WHEN regexp_full_match(m.state, param('done')) THEN NULL ELSE m.state END AS unknown_state,
    moment(m.date) AS moved,
    m.reference,
    m._file,
    m._line
FROM "stock.move" AS m
LEFT JOIN places AS source ON m.location_id = source.location
LEFT JOIN places AS target ON m.location_dest_id = target.location
LEFT JOIN factors AS f
    ON coalesce(nullif(m."product_id/id", ''), m.product_id::VARCHAR) = f.product
    AND m.product_uom = f.uom
WHERE NOT regexp_full_match(coalesce(m.state, ''), param('not_done') || '|' || param('cancelled'))
