SELECT MATNR, MEINH, number(UMREZ) / nullif(number(UMREN), 0) AS base_units
FROM MARM
