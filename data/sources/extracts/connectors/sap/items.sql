WITH names AS (
    SELECT MATNR, MAKTX
    FROM MAKT
    WHERE MAKTX <> ''
    QUALIFY row_number() OVER (
        PARTITION BY MATNR
        ORDER BY SPRAS <> param('language'), SPRAS NOT IN ('E', 'EN'), SPRAS
    ) = 1
),
packs AS (
    -- The pack it is ordered in, else its smallest.
    SELECT
        packed.MATNR,
        coalesce(
            min(base_units) FILTER (packed.MEINH = MARA.BSTME), min(base_units)
        ) AS pack_size
    FROM material_units AS packed
    JOIN MARA ON MARA.MATNR = packed.MATNR
    WHERE packed.MEINH <> MARA.MEINS AND base_units > 1
    GROUP BY packed.MATNR
),
currencies AS (
    SELECT T001K.BWKEY, min(T001.WAERS) AS WAERS
    FROM T001K
    JOIN T001 ON T001.BUKRS = T001K.BUKRS
    GROUP BY T001K.BWKEY
),
costs AS (
    -- Valued by plant; the item has the price of the first plant that has one.
    SELECT
        MBEW.MATNR,
        coalesce(currencies.WAERS, nullif(param('currency'), '')) AS currency,
        CASE WHEN VPRSV = 'V' THEN number(VERPR) ELSE number(STPRS) END
            / coalesce(nullif(number(PEINH), 0), 1) AS unit_cost
    FROM MBEW
    LEFT JOIN currencies ON currencies.BWKEY = MBEW.BWKEY
    WHERE CASE WHEN VPRSV = 'V' THEN number(VERPR) ELSE number(STPRS) END > 0
    QUALIFY row_number() OVER (
        PARTITION BY MBEW.MATNR ORDER BY coalesce(BWTAR, ''), MBEW.BWKEY
    ) = 1
)
SELECT
    regexp_replace(MARA.MATNR, '^0+([0-9]+)$', '\1') AS item_id,
    names.MAKTX AS item_name,
    nullif(MARA.MATKL, '') AS category,
    nullif(MARA.PRDHA, '') AS subcategory,
    MARA.MEINS AS base_unit,
    packs.pack_size,
    costs.unit_cost,
    costs.currency,
    coalesce(day(MARA.ERSDA), DATE '2000-01-01') AS happened_at,
    coalesce(day(MARA.ERSDA), DATE '2000-01-01') AS known_at
FROM MARA
LEFT JOIN names ON names.MATNR = MARA.MATNR
LEFT JOIN packs ON packs.MATNR = MARA.MATNR
LEFT JOIN costs ON costs.MATNR = MARA.MATNR
