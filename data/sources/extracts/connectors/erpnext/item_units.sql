SELECT
    units.parent AS item_id,
    units.uom AS unit,
    number(units.conversion_factor) AS base_units,
    coalesce(moment(tabItem.creation), TIMESTAMP '2000-01-01 00:00:00') AS happened_at,
    coalesce(moment(tabItem.creation), TIMESTAMP '2000-01-01 00:00:00') AS known_at
FROM "tabUOM Conversion Detail" AS units
LEFT JOIN tabItem ON tabItem.name = units.parent
WHERE coalesce(units.parenttype, 'Item') = 'Item'
