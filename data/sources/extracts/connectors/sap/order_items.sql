-- Order lines with what one order unit and one price unit hold in base units.
WITH items AS (
    SELECT
        EKPO.EBELN,
        EKPO.EBELP,
        EKPO.MATNR,
        EKPO.WERKS,
        EKPO.BPRME,
        EKPO.MEINS,
        EKPO.ELIKZ,
        number(EKPO.MENGE) AS ordered,
        number(EKPO.BPUMZ) / nullif(number(EKPO.BPUMN), 0) AS price_units,
        day(EKPO.AEDAT) AS changed_on,
        coalesce(nullif(EKPO.LMEIN, ''), nullif(MARA.MEINS, ''), EKPO.MEINS) AS base_unit,
        number(EKPO.UMREZ) / nullif(number(EKPO.UMREN), 0) AS stated_base_units,
        ordered_in.base_units AS base_units_ordered,
        priced_in.base_units AS base_units_priced
    FROM EKPO
    LEFT JOIN MARA ON MARA.MATNR = EKPO.MATNR
    LEFT JOIN material_units AS ordered_in
        ON ordered_in.MATNR = EKPO.MATNR AND ordered_in.MEINH = EKPO.MEINS
    LEFT JOIN material_units AS priced_in
        ON priced_in.MATNR = EKPO.MATNR AND priced_in.MEINH = EKPO.BPRME
),
converted AS (
    SELECT
        *,
        coalesce(
            stated_base_units, base_units_ordered, CASE WHEN MEINS = base_unit THEN 1.0 END
        ) AS base_units
    FROM items
)
SELECT
    EBELN,
    EBELP,
    EBELN || '-' || regexp_replace(EBELP, '^0+([0-9]+)$', '\1') AS po_line_id,
    WERKS,
    ELIKZ = 'X' AS is_complete,
    ordered,
    changed_on,
    base_units,
    CASE
        WHEN price_units > 0 THEN base_units / price_units
        WHEN coalesce(BPRME, '') IN ('', MEINS) THEN base_units
        WHEN BPRME = base_unit THEN 1
        ELSE base_units_priced
    END AS base_units_priced
FROM converted
