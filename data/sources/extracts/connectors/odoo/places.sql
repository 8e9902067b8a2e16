-- Locations by their full name: the warehouse is the code before the first slash, and what kind of
-- place it is says the exported usage or the name. What is nowhere else is inside a warehouse.
WITH named AS (
    SELECT location_id AS location, "location_id/usage" AS usage FROM "stock.move"
    UNION
    SELECT location_dest_id, "location_dest_id/usage" FROM "stock.move"
    UNION
    SELECT location_id, "location_id/usage" FROM "stock.quant"
),

known AS (
    SELECT location, coalesce(max(nullif(usage, '')), location) AS usage FROM named GROUP BY location
)

SELECT
    location,
    coalesce(nullif(param('site_id'), ''), split_part(location, '/', 1)) AS site_id,
    CASE
        WHEN regexp_full_match(location, param('scrap')) THEN 'scrap'
        WHEN regexp_full_match(usage, param('vendors')) THEN 'vendor'
        WHEN regexp_full_match(usage, param('customers')) THEN 'customer'
        WHEN regexp_full_match(usage, param('adjustments')) THEN 'adjustment'
        WHEN regexp_full_match(usage, param('production')) THEN 'production'
        WHEN regexp_full_match(usage, param('transit')) THEN 'transit'
        WHEN regexp_full_match(usage, param('views')) THEN 'outside'
        WHEN regexp_full_match(location, param('quality')) THEN 'quality'
        ELSE 'inside'
    END AS kind
FROM known
WHERE location IS NOT NULL
