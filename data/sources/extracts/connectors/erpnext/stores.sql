-- The site of a warehouse is the highest group above it but the root: all warehouses of Hamburg
-- are Hamburg; a warehouse right below the root is a site itself.
WITH RECURSIVE steps AS (
    SELECT name AS warehouse, name AS site, parent_warehouse AS above, 0 AS height
    FROM tabWarehouse
    UNION ALL
    SELECT steps.warehouse, parent.name, parent.parent_warehouse, height + 1
    FROM steps
    JOIN tabWarehouse AS parent ON parent.name = steps.above
    WHERE parent.parent_warehouse <> '' AND height < 20
),
highest AS (
    SELECT warehouse, arg_max(site, height) AS site FROM steps GROUP BY warehouse
),
stated AS (
    SELECT trim(split_part(pair, '=', 1)) AS warehouse, trim(split_part(pair, '=', 2)) AS site
    FROM (SELECT unnest(string_split(param('warehouses'), ';')) AS pair)
    WHERE pair LIKE '%=%'
)
SELECT
    tabWarehouse.name AS warehouse,
    coalesce(stated.site, highest.site) AS site_id,
    coalesce(is_rejected_warehouse, '0') = '1' AS is_rejected,
    coalesce(warehouse_type, '') = 'Transit' AS is_transit
FROM tabWarehouse
JOIN highest ON highest.warehouse = tabWarehouse.name
LEFT JOIN stated ON stated.warehouse = tabWarehouse.name
