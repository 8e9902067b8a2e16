SELECT
    regexp_replace(MARM.MATNR, '^0+([0-9]+)$', '\1') AS item_id,
    MARM.MEINH AS unit,
    number(MARM.UMREZ) / nullif(number(MARM.UMREN), 0) AS base_units,
    coalesce(day(MARA.ERSDA), DATE '2000-01-01') AS happened_at,
    coalesce(day(MARA.ERSDA), DATE '2000-01-01') AS known_at
FROM MARM
LEFT JOIN MARA ON MARA.MATNR = MARM.MATNR
