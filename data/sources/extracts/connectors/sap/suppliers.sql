WITH days AS (
    -- Days until the net amount is due; T052 has a row for each day limit of a term.
    SELECT
        ZTERM,
        max(coalesce(nullif(number(ZTAG3), 0), nullif(number(ZTAG2), 0), number(ZTAG1))) AS days
    FROM T052
    GROUP BY ZTERM
),
stated AS (
    SELECT split_part(term, '=', 1) AS ZTERM, split_part(term, '=', 2)::DOUBLE AS days
    FROM (SELECT unnest(string_split_regex(trim(param('payment_terms')), '\s+')) AS term)
    WHERE term LIKE '%=%'
),
terms AS (
    SELECT LFB1.LIFNR, min(coalesce(days.days, stated.days)) AS payment_term
    FROM LFB1
    LEFT JOIN days ON days.ZTERM = LFB1.ZTERM
    LEFT JOIN stated ON stated.ZTERM = LFB1.ZTERM
    WHERE param('company_code') IN ('', LFB1.BUKRS)
    GROUP BY LFB1.LIFNR
),
accounts AS (
    SELECT LIFNR, sha256(min(concat_ws('-', BANKS, BANKL, BANKN))) AS bank_account
    FROM LFBK
    WHERE BANKN <> ''
    GROUP BY LIFNR
),
plants AS (
    -- Stock transport orders have a plant of one's own for a supplier.
    SELECT DISTINCT RESWK FROM EKKO WHERE RESWK <> '' AND coalesce(LIFNR, '') = ''
)
SELECT
    regexp_replace(LFA1.LIFNR, '^0+([0-9]+)$', '\1') AS supplier_id,
    nullif(LFA1.NAME1, '') AS supplier_name,
    nullif(LFA1.LAND1, '') AS country,
    terms.payment_term,
    coalesce(nullif(LFA1.STCEG, ''), nullif(LFA1.STCD1, '')) AS vat_id,
    accounts.bank_account,
    coalesce(day(LFA1.ERDAT), DATE '2000-01-01') AS happened_at,
    coalesce(day(LFA1.ERDAT), DATE '2000-01-01') AS known_at
FROM LFA1
LEFT JOIN terms ON terms.LIFNR = LFA1.LIFNR
LEFT JOIN accounts ON accounts.LIFNR = LFA1.LIFNR
UNION ALL
SELECT
    'plant ' || RESWK,
    coalesce(nullif(T001W.NAME1, ''), RESWK),
    nullif(T001W.LAND1, ''),
    NULL,
    NULL,
    NULL,
    DATE '2000-01-01',
    DATE '2000-01-01'
FROM plants
LEFT JOIN T001W ON T001W.WERKS = RESWK
