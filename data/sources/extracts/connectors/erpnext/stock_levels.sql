-- tabBin is what there is on the day of the export. What there was at the ends of the months
-- before is that without what the ledger entered since.
WITH bins AS (
    SELECT
        coalesce(stores.site_id, tabBin.warehouse) AS site_id,
        item_code,
        sum(number(actual_qty)) FILTER (
            NOT coalesce(is_rejected, FALSE) AND NOT coalesce(is_transit, FALSE)
        ) AS on_hand,
        sum(number(actual_qty)) FILTER (is_rejected AND NOT is_transit) AS blocked,
        sum(number(actual_qty)) FILTER (is_transit) AS in_transit,
        sum(
            coalesce(number(reserved_qty), 0)
            + coalesce(number(reserved_qty_for_production), 0)
            + coalesce(number(reserved_qty_for_sub_contract), 0)
        ) AS reserved,
        sum(number(ordered_qty)) AS on_order,
        min(file_day(tabBin._file)) AS file_day,
        min(tabBin._file) AS _file,
        min(tabBin._line) AS _line
    FROM tabBin
    LEFT JOIN stores ON stores.warehouse = tabBin.warehouse
    GROUP BY coalesce(stores.site_id, tabBin.warehouse), item_code
),
ledger AS (
    SELECT
        coalesce(stores.site_id, entry.warehouse) AS site_id,
        item_code,
        moment(creation) AS entered_at,
        number(actual_qty) AS quantity
    FROM "tabStock Ledger Entry" AS entry
    LEFT JOIN stores ON stores.warehouse = entry.warehouse
    WHERE NOT coalesce(is_rejected, FALSE) AND NOT coalesce(is_transit, FALSE)
),
seen AS (
    SELECT
        min(entered_at)::DATE AS first_day,
        coalesce(
            (SELECT max(file_day) FROM bins),
            TRY_CAST(param('stock_day') AS DATE),
            max(entered_at)::DATE
        ) AS last_day
    FROM ledger
),
days AS (
    SELECT last_day AS counted_on, TRUE AS is_latest FROM seen
    UNION
    SELECT last_day(month_start::DATE), FALSE
    FROM (
        SELECT unnest(generate_series(date_trunc('month', first_day), last_day, INTERVAL 1 MONTH))
            AS month_start, seen.last_day AS last_day
        FROM seen
    ) AS months
    WHERE last_day(month_start::DATE) < months.last_day
),
moved AS (
    SELECT
        days.counted_on,
        ledger.site_id,
        ledger.item_code,
        min(ledger.entered_at) AS first_entered_at,
        sum(quantity) FILTER (entered_at > counted_on + TIME '23:59:59') AS since
    FROM days
    JOIN ledger ON TRUE
    GROUP BY ALL
),
reorder_points AS (
    SELECT
        coalesce(stores.site_id, reorder.warehouse) AS site_id,
        reorder.parent AS item_code,
        sum(number(warehouse_reorder_level)) AS reorder_point
    FROM "tabItem Reorder" AS reorder
    LEFT JOIN stores ON stores.warehouse = reorder.warehouse
    GROUP BY ALL
)
SELECT
    bins.site_id,
    bins.item_code AS item_id,
    coalesce(on_hand, 0) - coalesce(CASE WHEN NOT is_latest THEN since END, 0) AS on_hand,
    CASE WHEN is_latest THEN blocked END AS quantity_blocked,
    CASE WHEN is_latest THEN in_transit END AS quantity_in_transit,
    CASE WHEN is_latest THEN reserved END AS quantity_reserved,
    CASE WHEN is_latest THEN greatest(on_order, 0) END AS on_order,
    nullif(reorder_points.reorder_point, 0) AS reorder_point,
    nullif(number(tabItem.safety_stock), 0) AS safety_stock,
    days.counted_on + TIME '23:59:59' AS happened_at,
    days.counted_on + TIME '23:59:59' AS known_at,
    bins._file,
    bins._line
FROM bins
CROSS JOIN days
LEFT JOIN moved
    ON moved.counted_on = days.counted_on
    AND moved.site_id = bins.site_id
    AND moved.item_code = bins.item_code
LEFT JOIN reorder_points
    ON reorder_points.site_id = bins.site_id AND reorder_points.item_code = bins.item_code
LEFT JOIN tabItem ON tabItem.name = bins.item_code
WHERE is_latest OR first_entered_at <= days.counted_on + TIME '23:59:59'
