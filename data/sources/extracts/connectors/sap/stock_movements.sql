-- Material documents of ECC (MSEG, with MKPF where MSEG has no dates of its own) and of S/4HANA
-- (MATDOC), signed by SHKZG. Only movements of a plant's own unrestricted stock change LABST:
-- special stock (SOBKZ), stock in inspection or blocked (INSMK), and receipts that go straight
-- into consumption are left out.
WITH documents AS (
    SELECT
        MSEG.MBLNR,
        MSEG.MJAHR,
        ZEILE,
        BWART,
        MATNR,
        WERKS,
        SHKZG,
        MENGE,
        coalesce(nullif(BUDAT_MKPF, ''), MKPF.BUDAT) AS posted,
        coalesce(nullif(CPUDT_MKPF, ''), MKPF.CPUDT) AS entered,
        coalesce(nullif(CPUTM_MKPF, ''), MKPF.CPUTM) AS entered_time,
        INSMK,
        SOBKZ,
        KZBEW,
        KZVBR,
        GRUND,
        MSEG._file,
        MSEG._line
    FROM MSEG
    LEFT JOIN MKPF ON MKPF.MBLNR = MSEG.MBLNR AND MKPF.MJAHR = MSEG.MJAHR
    UNION ALL
    SELECT
        MBLNR, MJAHR, ZEILE, BWART, MATNR, WERKS, SHKZG, MENGE, BUDAT, CPUDT, CPUTM,
        INSMK, SOBKZ, KZBEW, KZVBR, GRUND, _file, _line
    FROM MATDOC
    WHERE coalesce(RECORD_TYPE, '') IN ('', 'MDOC')
),
movements AS (
    SELECT
        *,
        CASE SHKZG WHEN 'S' THEN 1 WHEN 'H' THEN -1 END * abs(number(MENGE)) AS quantity,
        coalesce(day(entered), day(posted)) AS entered_on,
        TRY_CAST(BWART AS INTEGER) AS type
    FROM documents
    WHERE MATNR <> ''
        AND coalesce(SOBKZ, '') = ''
        AND coalesce(INSMK, '') IN ('', 'F', 'U')
        AND NOT (coalesce(KZBEW, '') = 'B' AND coalesce(KZVBR, '') <> '')
        AND BWART NOT IN ('103', '104', '107', '108', '124', '125')
)
SELECT
    concat_ws('-', MBLNR, MJAHR, ZEILE) AS movement_id,
    WERKS AS site_id,
    regexp_replace(MATNR, '^0+([0-9]+)$', '\1') AS item_id,
    CASE
        WHEN type BETWEEN 201 AND 299 OR type BETWEEN 601 AND 640 OR type IN (543, 544) THEN 'issue'
        -- Returns to the supplier take receipts back; those of customers (651 to 658) come in.
        WHEN type BETWEEN 101 AND 168 OR type BETWEEN 501 AND 532 OR type BETWEEN 571 AND 576
            OR type BETWEEN 651 AND 658 THEN 'receipt'
        WHEN type BETWEEN 551 AND 558 THEN 'scrap'
        WHEN type BETWEEN 301 AND 320 OR type IN (351, 352) OR type BETWEEN 641 AND 650
            THEN CASE WHEN quantity > 0 THEN 'transfer_in' ELSE 'transfer_out' END
        ELSE 'adjustment'
    END AS movement_kind,
    quantity AS quantity_moved,
    CASE
        WHEN type BETWEEN 701 AND 718 THEN 'stock count'
        WHEN type BETWEEN 561 AND 568 THEN 'opening stock'
        WHEN type BETWEEN 321 AND 350 THEN 'released or blocked'
        WHEN type BETWEEN 551 AND 558 THEN 'scrapped'
        WHEN type BETWEEN 101 AND 320 OR type IN (351, 352, 543, 544)
            OR type BETWEEN 501 AND 532 OR type BETWEEN 571 AND 658 THEN NULL
        ELSE 'movement type ' || BWART
    END || coalesce(', reason ' || nullif(ltrim(GRUND, '0'), ''), '') AS adjustment_reason,
    least(day(posted), entered_on) AS happened_at,
    coalesce(moment(entered || ' ' || nullif(entered_time, '')), entered_on + TIME '23:59:59') AS known_at,
    _file,
    _line
FROM movements
