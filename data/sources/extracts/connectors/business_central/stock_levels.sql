-- Stock by item and location: what is left of the entries, as of the day in the file's name or of
-- the newest entry. The export has to have all open entries, however old.
WITH counted AS (
    SELECT
        coalesce(nullif(param('site_id'), ''), e."Location Code") AS site_id,
        e."Item No." AS item_id,
        e."Location Code" AS location,
        number(e."Remaining Quantity") AS remaining,
        max(greatest(
            day(e."Posting Date")::TIMESTAMP AT TIME ZONE param('time_zone') AT TIME ZONE 'UTC',
            moment(e."SystemCreatedAt"),
            file_day(e._file)::TIMESTAMP
        )) OVER () AS counted_at
    FROM "Item Ledger Entry" AS e
    ANTI JOIN (
        SELECT "Code" FROM Location WHERE regexp_full_match(coalesce("Use As In-Transit"::VARCHAR, ''), param('yes'))
    ) AS t ON e."Location Code" = t."Code"
)

SELECT
    c.site_id,
    c.item_id,
    sum(c.remaining) AS on_hand,
    coalesce(max(number(s."Reorder Point")), nullif(max(number(i."Reorder Point")), 0)) AS reorder_point,
    coalesce(max(number(s."Safety Stock Quantity")), nullif(max(number(i."Safety Stock Quantity")), 0)) AS safety_stock,
    c.counted_at AS happened_at,
    c.counted_at AS known_at
FROM counted AS c
LEFT JOIN "Stockkeeping Unit" AS s ON c.item_id = s."Item No." AND c.location = s."Location Code"
LEFT JOIN Item AS i ON c.item_id = i."No."
WHERE c.remaining IS NOT NULL
GROUP BY c.site_id, c.item_id, c.counted_at
