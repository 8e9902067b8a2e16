-- The history of order lines, signed, with since when each posting was known.
SELECT
    EBELN,
    EBELP,
    concat_ws('-', BELNR, GJAHR, BUZEI, nullif(ltrim(ZEKKN, '0'), '')) AS posting_id,
    BEWTP,
    BWART,
    -- Goods in blocked receiving (103, 107) come in with their release (105, 109).
    BEWTP = 'E' AND BWART NOT IN ('103', '104', '107', '108', '124', '125') AS is_receipt,
    ELIKZ = 'X' AS is_final,
    CASE SHKZG WHEN 'S' THEN 1 WHEN 'H' THEN -1 END * abs(number(MENGE)) AS quantity,
    least(day(BUDAT), coalesce(day(CPUDT), day(BUDAT))) AS came_on,
    coalesce(day(CPUDT), day(BUDAT)) AS entered_on,
    coalesce(
        moment(CPUDT || ' ' || nullif(CPUTM, '')),
        coalesce(day(CPUDT), day(BUDAT)) + TIME '23:59:59'
    ) AS entered_at,
    _file,
    _line
FROM EKBE
