-- Goods received are BEWTP E; invoices (Q), subsequent debits (N) and delivery costs (C) are not.
-- Goods in blocked receiving (103 and 107) are received with their release (105 and 109).
WITH units AS (
    SELECT MATNR, MEINH, number(UMREZ) / nullif(number(UMREN), 0) AS base_units FROM MARM
),
lines AS (
    SELECT
        EKPO.EBELN,
        EKPO.EBELP,
        coalesce(
            number(EKPO.UMREZ) / nullif(number(EKPO.UMREN), 0),
            units.base_units,
            CASE
                WHEN EKPO.MEINS = coalesce(nullif(EKPO.LMEIN, ''), nullif(MARA.MEINS, ''), EKPO.MEINS)
                    THEN 1.0
            END
        ) AS base_units,
        number(EKPO.MENGE) AS ordered,
        EKPO.ELIKZ = 'X' AS is_complete,
        day(EKPO.AEDAT) AS changed_on
    FROM EKPO
    LEFT JOIN MARA ON MARA.MATNR = EKPO.MATNR
    LEFT JOIN units ON units.MATNR = EKPO.MATNR AND units.MEINH = EKPO.MEINS
),
postings AS (
    SELECT
        EBELN,
        EBELP,
        concat_ws('-', BELNR, GJAHR, BUZEI, nullif(ltrim(ZEKKN, '0'), '')) AS receipt_id,
        CASE SHKZG WHEN 'S' THEN 1 WHEN 'H' THEN -1 END * abs(number(MENGE)) AS quantity,
        CASE
            WHEN BWART IN ('101', '105', '109') THEN 'receipt'
            WHEN BWART IN ('102', '106', '110') THEN 'reversal'
            WHEN BWART IN ('122', '161') THEN 'return'
        END AS posting_kind,
        ELIKZ = 'X' AS is_final,
        least(day(BUDAT), coalesce(day(CPUDT), day(BUDAT))) AS came_on,
        coalesce(
            moment(CPUDT || ' ' || nullif(CPUTM, '')),
            coalesce(day(CPUDT), day(BUDAT)) + TIME '23:59:59'
        ) AS entered_at,
        _file,
        _line
    FROM EKBE
    WHERE BEWTP = 'E' AND BWART NOT IN ('103', '104', '107', '108', '124', '125')
),
ranked AS (
    SELECT
        *,
        bool_or(is_final) OVER (PARTITION BY EBELN, EBELP) AS history_says,
        sum(quantity) OVER (PARTITION BY EBELN, EBELP) AS received,
        posting_kind = 'receipt' AND entered_at = max(entered_at) FILTER (posting_kind = 'receipt')
            OVER (PARTITION BY EBELN, EBELP) AS is_last,
        max(came_on) OVER (PARTITION BY EBELN, EBELP) AS last_came_on
    FROM postings
)
SELECT
    receipt_id,
    ranked.EBELN || '-' || regexp_replace(ranked.EBELP, '^0+([0-9]+)$', '\1') AS po_line_id,
    quantity * base_units AS quantity_received,
    posting_kind,
    -- The last receipt closed a line that is complete, unless its item was changed later.
    coalesce(
        CASE
            WHEN history_says THEN is_final
            ELSE is_last AND is_complete
                AND NOT coalesce(received < ordered AND changed_on > last_came_on, FALSE)
        END,
        FALSE
    ) AS final,
    came_on AS happened_at,
    entered_at AS known_at,
    _file,
    _line
FROM ranked
LEFT JOIN lines ON lines.EBELN = ranked.EBELN AND lines.EBELP = ranked.EBELP
