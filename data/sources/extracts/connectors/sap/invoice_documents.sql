-- Posted documents only: what is parked or held is not booked yet. STBLG stands in both documents
-- of a reversal, or in one; the one entered later is what reverses the other.
WITH documents AS (
    SELECT
        BELNR,
        GJAHR,
        XBLNR,
        LIFNR,
        WAERS,
        XRECH = 'X' AS is_invoice,
        IVTYP,
        nullif(STBLG, '') AS other_number,
        coalesce(nullif(ltrim(STJAH, '0'), ''), GJAHR) AS other_year,
        abs(number(WMWST1)) AS tax,
        abs(number(BEZNK)) AS freight,
        day(BLDAT) AS dated_on,
        CAST(day(ZFBDT) + to_days(CAST(coalesce(
            nullif(number(ZBD3T), 0), nullif(number(ZBD2T), 0), number(ZBD1T), 0
        ) AS INTEGER)) AS DATE) AS due_on,
        coalesce(
            moment(CPUDT || ' ' || nullif(CPUTM, '')), day(CPUDT) + TIME '23:59:59'
        ) AS booked_at
    FROM RBKP
    WHERE coalesce(RBSTAT, '') IN ('', '5')
        AND param('company_code') IN ('', coalesce(BUKRS, ''))
)
SELECT
    documents.*,
    coalesce(other.booked_at, named.booked_at) AS other_booked_at,
    documents.other_number IS NOT NULL AND CASE
        WHEN other.booked_at IS NULL THEN NOT documents.is_invoice
        WHEN other.booked_at = documents.booked_at THEN documents.BELNR > other.BELNR
        ELSE documents.booked_at > other.booked_at
    END AS reverses
FROM documents
LEFT JOIN documents AS other
    ON other.BELNR = documents.other_number AND other.GJAHR = documents.other_year
LEFT JOIN documents AS named
    ON named.other_number = documents.BELNR AND named.other_year = documents.GJAHR
