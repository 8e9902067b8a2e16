WITH schedule AS (
    SELECT
        EBELN,
        EBELP,
        max(coalesce(day(SLFDT), day(EINDT))) AS wanted_on,
        sum(number(MENGE)) AS scheduled
    FROM EKET
    GROUP BY EBELN, EBELP
),
history AS (
    SELECT
        EBELN,
        EBELP,
        min(coalesce(day(CPUDT), day(BUDAT))) FILTER (BEWTP = 'E') AS first_receipt,
        max(coalesce(day(CPUDT), day(BUDAT))) FILTER (BEWTP = 'E') AS last_receipt,
        max(coalesce(day(CPUDT), day(BUDAT))) AS last_posting,
        sum(number(MENGE) * CASE SHKZG WHEN 'H' THEN -1 ELSE 1 END) FILTER (BEWTP = 'E') AS received
    FROM EKBE
    GROUP BY EBELN, EBELP
),
confirmed AS (
    -- What was first confirmed: messages until the ordered quantity is covered, the latest day.
    SELECT EBELN, EBELP, max(arrival) AS promised_on, max(entered) AS confirmed_at
    FROM (
        SELECT
            EKES.EBELN,
            EKES.EBELP,
            day(EKES.EINDT) AS arrival,
            coalesce(
                moment(EKES.ERDAT || ' ' || nullif(EKES.EZEIT, '')),
                day(EKES.ERDAT) + TIME '23:59:59'
            ) AS entered,
            sum(number(EKES.MENGE)) OVER earlier - number(EKES.MENGE) AS covered,
            number(EKPO.MENGE) AS ordered,
            first_receipt
        FROM EKES
        JOIN EKPO ON EKPO.EBELN = EKES.EBELN AND EKPO.EBELP = EKES.EBELP
        LEFT JOIN history ON history.EBELN = EKES.EBELN AND history.EBELP = EKES.EBELP
        WHERE EKES.EBTYP IN (SELECT unnest(string_split(param('confirmations'), ' ')))
            AND coalesce(EKES.LOEKZ, '') = ''
        WINDOW earlier AS (
            PARTITION BY EKES.EBELN, EKES.EBELP
            ORDER BY EKES.ERDAT, EKES.EZEIT, EKES.ETENS
            ROWS UNBOUNDED PRECEDING
        )
    )
    WHERE covered < ordered AND (first_receipt IS NULL OR entered::DATE <= first_receipt)
    GROUP BY EBELN, EBELP
),
deleted AS (
    -- Change documents say when a line was deleted, where the extract has them.
    SELECT
        CDPOS.OBJECTID AS EBELN,
        right(CDPOS.TABKEY, 5) AS EBELP,
        max(coalesce(
            moment(CDHDR.UDATE || ' ' || nullif(CDHDR.UTIME, '')),
            day(CDHDR.UDATE) + TIME '23:59:59'
        )) AS deleted_at
    FROM CDPOS
    JOIN CDHDR ON CDHDR.CHANGENR = CDPOS.CHANGENR AND CDHDR.OBJECTID = CDPOS.OBJECTID
    WHERE CDPOS.TABNAME = 'EKPO' AND CDPOS.FNAME = 'LOEKZ' AND CDPOS.VALUE_NEW = 'L'
    GROUP BY CDPOS.OBJECTID, right(CDPOS.TABKEY, 5)
),
units AS (
    SELECT MATNR, MEINH, number(UMREZ) / nullif(number(UMREN), 0) AS base_units FROM MARM
),
lines AS (
    SELECT
        EKPO.EBELN,
        EKPO.EBELP,
        EKPO.MATNR,
        EKPO.WERKS,
        EKPO.MATKL,
        EKPO.MEINS,
        EKPO.BPRME,
        EKPO.BPUMZ,
        EKPO.BPUMN,
        EKPO.NETPR,
        EKPO.PEINH,
        EKPO.NETWR,
        EKPO.PSTYP,
        EKPO.WEPOS,
        EKPO.ELIKZ,
        EKPO.RETPO,
        EKPO.AEDAT,
        EKPO.CREATIONDATE,
        EKPO.CREATIONTIME,
        EKPO._file,
        EKPO._line,
        EKKO.BSART,
        EKKO.EKGRP,
        EKKO.WAERS,
        EKKO.LIFNR,
        EKKO.RESWK,
        EKKO.AEDAT AS entered_on,
        EKKO.BEDAT,
        coalesce(nullif(EKPO.INCO1, ''), nullif(EKKO.INCO1, '')) AS incoterm,
        coalesce(EKPO.LOEKZ, '') = 'L' OR coalesce(EKKO.LOEKZ, '') IN ('L', 'X') AS is_deleted,
        coalesce(nullif(EKPO.LMEIN, ''), nullif(MARA.MEINS, ''), EKPO.MEINS) AS base_unit,
        coalesce(number(EKPO.UMREZ) / nullif(number(EKPO.UMREN), 0), ordered_in.base_units)
            AS stated_base_units,
        priced_in.base_units AS base_units_priced,
        CASE WHEN EKKO.BSTYP = 'L' THEN scheduled ELSE number(EKPO.MENGE) END AS ordered,
        bool_or(EKPO.WEPOS = 'X') OVER () AS receipts_are_stated,
        wanted_on,
        promised_on,
        confirmed_at,
        deleted_at,
        last_receipt,
        last_posting,
        received
    FROM EKPO
    JOIN EKKO ON EKKO.EBELN = EKPO.EBELN
    LEFT JOIN MARA ON MARA.MATNR = EKPO.MATNR
    LEFT JOIN units AS ordered_in
        ON ordered_in.MATNR = EKPO.MATNR AND ordered_in.MEINH = EKPO.MEINS
    LEFT JOIN units AS priced_in ON priced_in.MATNR = EKPO.MATNR AND priced_in.MEINH = EKPO.BPRME
    LEFT JOIN schedule ON schedule.EBELN = EKPO.EBELN AND schedule.EBELP = EKPO.EBELP
    LEFT JOIN history ON history.EBELN = EKPO.EBELN AND history.EBELP = EKPO.EBELP
    LEFT JOIN confirmed ON confirmed.EBELN = EKPO.EBELN AND confirmed.EBELP = EKPO.EBELP
    LEFT JOIN deleted ON deleted.EBELN = EKPO.EBELN AND deleted.EBELP = EKPO.EBELP
    -- Orders and scheduling agreements; a contract or a request for quotation orders nothing.
    WHERE coalesce(EKKO.BSTYP, '') IN ('', 'F', 'L')
        AND param('company_code') IN ('', coalesce(EKKO.BUKRS, ''))
),
measured AS (
    SELECT
        *,
        coalesce(stated_base_units, CASE WHEN MEINS = base_unit THEN 1.0 END) AS base_units,
        coalesce(
            moment(CREATIONDATE || ' ' || nullif(CREATIONTIME, '')),
            coalesce(day(entered_on), day(BEDAT)) + TIME '23:59:59'
        ) AS entered_at,
        day(AEDAT) + TIME '23:59:59' AS changed_at,
        CASE
            WHEN is_deleted THEN 'cancelled'
            -- Nothing comes on a line that sends goods back.
            WHEN RETPO = 'X' THEN 'closed_short'
            WHEN ELIKZ = 'X' AND (
                received IS NULL OR received < ordered AND day(AEDAT) > last_receipt
            ) THEN 'closed_short'
            ELSE 'open'
        END AS state
    FROM lines
)
SELECT
    EBELN || '-' || regexp_replace(EBELP, '^0+([0-9]+)$', '\1') AS po_line_id,
    EBELN AS po_id,
    WERKS AS site_id,
    coalesce(
        nullif(regexp_replace(LIFNR, '^0+([0-9]+)$', '\1'), ''), 'plant ' || nullif(RESWK, '')
    ) AS supplier_id,
    -- A line without a material is known by its material group.
    coalesce(
        nullif(regexp_replace(MATNR, '^0+([0-9]+)$', '\1'), ''),
        'material group ' || nullif(MATKL, ''),
        'no material'
    ) AS item_id,
    nullif(MATKL, '') AS category,
    ordered * base_units AS quantity_ordered,
    MEINS AS order_unit,
    number(NETPR) / coalesce(nullif(number(PEINH), 0), 1) / CASE
        WHEN number(BPUMZ) > 0 AND number(BPUMN) > 0
            THEN base_units * number(BPUMN) / number(BPUMZ)
        WHEN coalesce(BPRME, '') IN ('', MEINS) THEN base_units
        WHEN BPRME = base_unit THEN 1
        ELSE base_units_priced
    END AS po_unit_price,
    number(NETWR) AS line_value,
    WAERS AS currency,
    nullif(BSART, '') AS order_type,
    CASE
        WHEN RETPO = 'X' THEN 'return'
        WHEN PSTYP IN ('1', 'B') THEN 'limit'
        WHEN PSTYP IN ('2', 'K') THEN 'consignment'
        WHEN PSTYP IN ('3', 'L') THEN 'subcontracting'
        WHEN PSTYP IN ('5', 'S') THEN 'third-party'
        WHEN PSTYP IN ('7', 'U') THEN 'stock transfer'
        WHEN PSTYP IN ('9', 'D') THEN 'service'
        WHEN receipts_are_stated AND coalesce(WEPOS, '') = '' THEN 'two-way'
        ELSE 'standard'
    END AS line_type,
    CASE WHEN PSTYP IN ('5', 'S') THEN 'direct' ELSE 'warehouse' END AS channel,
    incoterm,
    'purchasing group ' || nullif(EKGRP, '') AS managed_by,
    wanted_on AS requested_at,
    coalesce(promised_on, wanted_on) AS promised_at,
    state AS line_state,
    CASE
        WHEN state = 'open' THEN NULL
        WHEN state = 'cancelled' THEN coalesce(
            deleted_at,
            -- SAP takes no posting on a deleted line, so it was deleted after the last one.
            greatest(changed_at, last_posting + TIME '23:59:59', entered_at)
        )
        WHEN RETPO = 'X' THEN entered_at
        ELSE greatest(changed_at, entered_at)
    END AS state_known_at,
    day(BEDAT) AS happened_at,
    greatest(entered_at, confirmed_at) AS known_at,
    _file,
    _line
FROM measured
