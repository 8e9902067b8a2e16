-- One row a plant, material and day, over its storage locations. MARD is what there was when it
-- was read: the day is in the file's name, and the count stands for the end of that day.
WITH counted AS (
    SELECT
        MATNR,
        WERKS,
        coalesce(file_day(_file), TRY_CAST(param('stock_day') AS DATE)) AS counted_on,
        sum(number(LABST)) AS on_hand,
        sum(number(INSME)) AS in_inspection,
        sum(coalesce(number(SPEME), 0) + coalesce(number(RETME), 0)) AS blocked,
        sum(number(UMLME)) AS between_locations,
        sum(number(LMINB)) AS reorder_point,
        min(_file) AS _file,
        min(_line) AS _line
    FROM MARD
    GROUP BY MATNR, WERKS, counted_on
),
reserved AS (
    -- Open reservations are those of the day of the export: they go with the latest count.
    SELECT MATNR, WERKS, sum(greatest(number(BDMNG) - coalesce(number(ENMNG), 0), 0)) AS quantity
    FROM RESB
    WHERE coalesce(XLOEK, '') = '' AND coalesce(KZEAR, '') = '' AND coalesce(SHKZG, 'H') <> 'S'
    GROUP BY MATNR, WERKS
),
plants AS (
    SELECT
        MATNR,
        WERKS,
        max(number(MINBE)) AS reorder_point,
        max(number(EISBE)) AS safety_stock,
        max(number(TRAME)) AS in_transit,
        max(number(UMLMC)) AS between_plants
    FROM MARC
    GROUP BY MATNR, WERKS
),
latest AS (
    SELECT *, counted_on = max(counted_on) OVER () AS is_latest FROM counted
)
SELECT
    latest.WERKS AS site_id,
    regexp_replace(latest.MATNR, '^0+([0-9]+)$', '\1') AS item_id,
    on_hand,
    in_inspection AS quantity_in_inspection,
    blocked AS quantity_blocked,
    CASE WHEN is_latest THEN reserved.quantity END AS quantity_reserved,
    CASE
        WHEN is_latest
            THEN coalesce(between_locations + in_transit + between_plants,
                between_locations, in_transit, between_plants)
    END AS quantity_in_transit,
    coalesce(nullif(plants.reorder_point, 0), nullif(latest.reorder_point, 0)) AS reorder_point,
    nullif(plants.safety_stock, 0) AS safety_stock,
    counted_on + TIME '23:59:59' AS happened_at,
    counted_on + TIME '23:59:59' AS known_at,
    _file,
    _line
FROM latest
LEFT JOIN reserved ON reserved.MATNR = latest.MATNR AND reserved.WERKS = latest.WERKS
LEFT JOIN plants ON plants.MATNR = latest.MATNR AND plants.WERKS = latest.WERKS
