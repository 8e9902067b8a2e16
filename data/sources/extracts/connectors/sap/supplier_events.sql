-- Confirmations and ship notices of EKES, and service entry sheets of EKBE (BEWTP D).
WITH units AS (
    SELECT MATNR, MEINH, number(UMREZ) / nullif(number(UMREN), 0) AS base_units FROM MARM
),
schedule AS (
    SELECT EBELN, EBELP, max(coalesce(day(SLFDT), day(EINDT))) AS wanted_on
    FROM EKET
    GROUP BY EBELN, EBELP
),
lines AS (
    SELECT
        EKPO.EBELN,
        EKPO.EBELP,
        number(EKPO.MENGE) AS ordered,
        wanted_on,
        coalesce(
            number(EKPO.UMREZ) / nullif(number(EKPO.UMREN), 0),
            units.base_units,
            CASE
                WHEN EKPO.MEINS = coalesce(nullif(EKPO.LMEIN, ''), nullif(MARA.MEINS, ''), EKPO.MEINS)
                    THEN 1.0
            END
        ) AS base_units
    FROM EKPO
    LEFT JOIN MARA ON MARA.MATNR = EKPO.MATNR
    LEFT JOIN units ON units.MATNR = EKPO.MATNR AND units.MEINH = EKPO.MEINS
    LEFT JOIN schedule ON schedule.EBELN = EKPO.EBELN AND schedule.EBELP = EKPO.EBELP
),
messages AS (
    SELECT
        EBELN,
        EBELP,
        concat_ws(
            '-',
            EBELN,
            regexp_replace(EBELP, '^0+([0-9]+)$', '\1'),
            regexp_replace(ETENS, '^0+([0-9]+)$', '\1'),
            coalesce(nullif(VBELN, ''), nullif(XBLNR, ''))
        ) AS event_id,
        EBTYP,
        EBTYP IN (SELECT unnest(string_split(param('confirmations'), ' '))) AS confirms,
        EBTYP IN (SELECT unnest(string_split(param('ship_notices'), ' '))) AS ships,
        coalesce(nullif(XBLNR, ''), nullif(VBELN, '')) AS message_number,
        day(EINDT) AS arrival,
        number(MENGE) AS quantity,
        coalesce(moment(ERDAT || ' ' || nullif(EZEIT, '')), day(ERDAT) + TIME '23:59:59') AS said_at,
        ETENS,
        _file,
        _line
    FROM EKES
    WHERE coalesce(LOEKZ, '') = ''
),
placed AS (
    SELECT
        *,
        sum(quantity) OVER earlier - quantity AS covered,
        first_value(arrival) OVER earlier AS first_arrival,
        row_number() OVER earlier AS place
    FROM messages
    WINDOW earlier AS (
        PARTITION BY EBELN, EBELP, confirms ORDER BY said_at, ETENS ROWS UNBOUNDED PRECEDING
    )
)
SELECT
    event_id,
    placed.EBELN || '-' || regexp_replace(placed.EBELP, '^0+([0-9]+)$', '\1') AS po_line_id,
    message_number,
    CASE
        -- A confirmation of what was confirmed in full before takes another day.
        WHEN confirms AND place > 1 AND covered >= ordered THEN 'revised_promise'
        WHEN confirms THEN 'acknowledgement'
        WHEN ships THEN 'asn'
        ELSE EBTYP
    END AS event_kind,
    CASE
        WHEN NOT confirms OR place > 1 AND covered >= ordered THEN NULL
        WHEN arrival > wanted_on THEN 'DR'
        WHEN quantity <> ordered THEN 'IQ'
        WHEN quantity = ordered THEN 'IA'
    END AS ack_status,
    EBTYP AS detail,
    arrival AS expected_at,
    quantity * base_units AS event_quantity,
    said_at AS happened_at,
    said_at AS known_at,
    _file,
    _line
FROM placed
LEFT JOIN lines ON lines.EBELN = placed.EBELN AND lines.EBELP = placed.EBELP
UNION ALL
SELECT
    concat_ws('-', 'entry', BELNR, GJAHR, BUZEI, nullif(ltrim(ZEKKN, '0'), '')),
    EKBE.EBELN || '-' || regexp_replace(EKBE.EBELP, '^0+([0-9]+)$', '\1'),
    NULL,
    'service_entry',
    NULL,
    BEWTP,
    NULL,
    CASE SHKZG WHEN 'H' THEN -1 ELSE 1 END * abs(number(MENGE)) * base_units,
    least(day(BUDAT), coalesce(day(CPUDT), day(BUDAT)))::TIMESTAMP,
    coalesce(
        moment(CPUDT || ' ' || nullif(CPUTM, '')), coalesce(day(CPUDT), day(BUDAT)) + TIME '23:59:59'
    ),
    EKBE._file,
    EKBE._line
FROM EKBE
LEFT JOIN lines ON lines.EBELN = EKBE.EBELN AND lines.EBELP = EKBE.EBELP
WHERE BEWTP = 'D'
