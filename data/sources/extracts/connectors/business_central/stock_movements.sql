-- Every item ledger entry is a change of stock in base units, with its sign. Entries at an
-- in-transit location are on the way between two that hold stock.
SELECT
    param('prefix') || e."Entry No." AS movement_id,
    coalesce(nullif(param('site_id'), ''), e."Location Code") AS site_id,
    e."Item No." AS item_id,
    CASE
        WHEN regexp_full_match(e."Entry Type"::VARCHAR, param('purchase')) THEN 'receipt'
        WHEN regexp_full_match(e."Entry Type"::VARCHAR, param('output')) THEN 'receipt'
        WHEN regexp_full_match(e."Entry Type"::VARCHAR, param('sale')) THEN 'issue'
        WHEN regexp_full_match(e."Entry Type"::VARCHAR, param('consumption')) THEN 'issue'
        WHEN regexp_full_match(e."Entry Type"::VARCHAR, param('adjustment')) THEN 'adjustment'
        WHEN regexp_full_match(e."Entry Type"::VARCHAR, param('transfer')) AND number(e."Quantity") < 0 THEN 'transfer_out'
        WHEN regexp_full_match(e."Entry Type"::VARCHAR, param('transfer')) THEN 'transfer_in'
        ELSE e."Entry Type"::VARCHAR
    END AS movement_kind,
    number(e."Quantity") AS quantity_moved,
    CASE WHEN regexp_full_match(e."Entry Type"::VARCHAR, param('adjustment')) THEN nullif(e."Return Reason Code", '') END
        AS adjustment_reason,
    day(e."Posting Date")::TIMESTAMP AT TIME ZONE param('time_zone') AT TIME ZONE 'UTC' AS happened_at,
    greatest(
        day(e."Posting Date")::TIMESTAMP AT TIME ZONE param('time_zone') AT TIME ZONE 'UTC',
        moment(e."SystemCreatedAt")
    ) AS known_at,
    e._file,
    e._line
FROM "Item Ledger Entry" AS e
ANTI JOIN (
    SELECT "Code" FROM Location WHERE regexp_full_match(coalesce("Use As In-Transit"::VARCHAR, ''), param('yes'))
) AS t ON e."Location Code" = t."Code"
