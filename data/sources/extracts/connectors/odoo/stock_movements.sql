-- Every change of a warehouse's stock: plus in, minus out. A move between two warehouses is two,
-- one inside a warehouse none.
WITH legs AS (
    SELECT *, 'in' AS leg, to_site AS site_id, quantity AS change, from_kind AS beyond
    FROM moves
    WHERE to_kind IN ('inside', 'quality')
    UNION ALL
    SELECT *, 'out', from_site, -quantity, to_kind
    FROM moves
    WHERE from_kind IN ('inside', 'quality')
)

SELECT
    param('prefix') || regexp_replace(move, param('exported_id'), '\1') || '-' || leg AS movement_id,
    site_id,
    item_id,
    coalesce(unknown_state, CASE
        WHEN beyond IN ('vendor', 'production') AND leg = 'in' THEN 'receipt'
        WHEN beyond = 'vendor' THEN 'receipt' -- goes back
        WHEN beyond IN ('customer', 'production') THEN 'issue'
        WHEN beyond IN ('adjustment', 'scrap') THEN beyond
        ELSE 'transfer_' || leg
    END) AS movement_kind,
    change AS quantity_moved,
    CASE WHEN beyond IN ('adjustment', 'scrap') THEN reference END AS adjustment_reason,
    moved AS happened_at,
    moved AS known_at,
    _file,
    _line
FROM legs
WHERE beyond NOT IN ('inside', 'quality') OR from_site <> to_site
