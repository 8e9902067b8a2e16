-- Deliveries to customers, on the day that they were due: short is what had not left by the end of
-- that day. What falls due after the last move of the export is left out, because nobody knows yet.
WITH deliveries AS (
    SELECT
        m.id::VARCHAR AS move,
        m.origin,
        source.site_id,
        f.item_id,
        number(m.product_uom_qty) * f.factor AS demanded,
        regexp_full_match(m.state, param('done')) AS is_done,
        moment(m.date) AS moved,
        moment(m.date_deadline) AS due,
        (moment(m.date) AT TIME ZONE 'UTC' AT TIME ZONE param('time_zone'))::DATE AS moved_on,
        (moment(m.date_deadline) AT TIME ZONE 'UTC' AT TIME ZONE param('time_zone'))::DATE AS due_on,
        target.kind = 'customer' AND source.kind IN ('inside', 'quality') AS is_delivery,
        m._file,
        m._line
    FROM "stock.move" AS m
    INNER JOIN places AS source ON m.location_id = source.location
    INNER JOIN places AS target ON m.location_dest_id = target.location
    LEFT JOIN factors AS f
        ON coalesce(nullif(m."product_id/id", ''), m.product_id::VARCHAR) = f.product
        AND m.product_uom = f.uom
    WHERE NOT regexp_full_match(coalesce(m.state, ''), param('cancelled'))
),

judged AS (
    SELECT *, max(CASE WHEN is_done THEN moved_on END) OVER () AS seen_until
    FROM deliveries
)

SELECT
    param('prefix') || regexp_replace(move, param('exported_id'), '\1') AS order_line_id,
    param('prefix') || nullif(origin, '') AS order_id,
    site_id,
    item_id,
    demanded AS quantity_demanded,
    CASE WHEN is_done AND moved_on <= due_on THEN 0 ELSE demanded END AS quantity_short,
    due AS happened_at,
    (due_on + 1)::TIMESTAMP AT TIME ZONE param('time_zone') AT TIME ZONE 'UTC' AS known_at,
    _file,
    _line
FROM judged
WHERE is_delivery AND due_on < seen_until
