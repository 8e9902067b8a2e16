WITH history AS (
    SELECT
        EBELN,
        EBELP,
        min(entered_on) FILTER (is_receipt) AS first_receipt,
        max(entered_on) FILTER (is_receipt) AS last_receipt,
        max(entered_on) AS last_posting,
        sum(quantity) FILTER (is_receipt) AS received
    FROM postings
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
            ordered,
            first_receipt
        FROM EKES
        JOIN order_items ON order_items.EBELN = EKES.EBELN AND order_items.EBELP = EKES.EBELP
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
lines AS (
    SELECT
        EKPO.EBELN,
        EKPO.EBELP,
        EKPO.MATNR,
        EKPO.WERKS,
        EKPO.MATKL,
        EKPO.MEINS,
        EKPO.NETPR,
        EKPO.PEINH,
        EKPO.NETWR,
        EKPO.PSTYP,
        EKPO.WEPOS,
        EKPO.RETPO,
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
        po_line_id,
        is_complete,
        changed_on,
        base_units,
        base_units_priced,
        CASE WHEN EKKO.BSTYP = 'L' THEN scheduled ELSE ordered END AS ordered,
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
    JOIN order_items ON order_items.EBELN = EKPO.EBELN AND order_items.EBELP = EKPO.EBELP
    LEFT JOIN requested_days
        ON requested_days.EBELN = EKPO.EBELN AND requested_days.EBELP = EKPO.EBELP
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
        coalesce(
            moment(CREATIONDATE || ' ' || nullif(CREATIONTIME, '')),
            coalesce(day(entered_on), day(BEDAT)) + TIME '23:59:59'
        ) AS entered_at,
        changed_on + TIME '23:59:59' AS changed_at,
        CASE
            WHEN is_deleted THEN 'cancelled'
            -- Nothing comes on a line that sends goods back.
            WHEN RETPO = 'X' THEN 'closed_short'
            WHEN is_complete AND (
                received IS NULL OR received < ordered AND changed_on > last_receipt
            ) THEN 'closed_short'
            ELSE 'open'
        END AS state
    FROM lines
)
SELECT
    po_line_id,
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
    number(NETPR) / coalesce(nullif(number(PEINH), 0), 1) / base_units_priced AS po_unit_price,
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
