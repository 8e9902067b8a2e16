-- Locations that hold stock; goods between two of them are booked at an in-transit location.
SELECT
    "Code" AS site_id,
    coalesce(nullif("Name", ''), "Code") AS site_name,
    'warehouse' AS site_kind,
    "Country/Region Code" AS country,
    param('time_zone') AS time_zone,
    TIMESTAMP '2000-01-01' AS happened_at,
    TIMESTAMP '2000-01-01' AS known_at,
    _file,
    _line
FROM Location
WHERE NOT regexp_full_match(coalesce("Use As In-Transit"::VARCHAR, ''), param('yes'))
  AND (param('site_id') = '' OR "Code" = param('site_id'))
