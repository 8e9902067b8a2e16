SELECT
    "No." AS item_id,
    "Description" AS item_name,
    "Item Category Code" AS category,
    "Base Unit of Measure" AS base_unit,
    number("Unit Cost") AS unit_cost,
    nullif(param('currency'), '') AS currency,
    coalesce(moment("SystemCreatedAt"), TIMESTAMP '2000-01-01') AS happened_at,
    coalesce(moment("SystemCreatedAt"), TIMESTAMP '2000-01-01') AS known_at,
    _file,
    _line
FROM Item
