-- Units of an item, other than its own.
SELECT
    u."Item No." AS item_id,
    u."Code" AS unit,
    number(u."Qty. per Unit of Measure") AS base_units,
    coalesce(moment(u."SystemCreatedAt"), TIMESTAMP '2000-01-01') AS happened_at,
    coalesce(moment(u."SystemCreatedAt"), TIMESTAMP '2000-01-01') AS known_at,
    u._file,
    u._line
FROM "Item Unit of Measure" AS u
INNER JOIN Item AS i ON u."Item No." = i."No."
WHERE u."Code" <> i."Base Unit of Measure"
