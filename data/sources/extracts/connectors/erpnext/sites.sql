SELECT
    used.site_id,
    coalesce(nullif(tabWarehouse.warehouse_name, ''), used.site_id) AS site_name,
    nullif(tabCompany.country, '') AS country,
    param('time_zone') AS time_zone,
    DATE '2000-01-01' AS happened_at,
    DATE '2000-01-01' AS known_at
FROM (
    SELECT DISTINCT stores.site_id
    FROM stores
    JOIN tabWarehouse ON tabWarehouse.name = stores.warehouse
    -- The root group holds nothing itself.
    WHERE coalesce(tabWarehouse.parent_warehouse, '') <> '' OR tabWarehouse.name IN (
        SELECT warehouse FROM tabBin
    )
    UNION
    SELECT param('site') WHERE param('site') <> ''
) AS used
LEFT JOIN tabWarehouse ON tabWarehouse.name = used.site_id
LEFT JOIN tabCompany ON tabCompany.name = tabWarehouse.company
