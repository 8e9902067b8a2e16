-- Vendors. A payment term of days ("30D", "<30D>") is read; one by the calendar ("CM+10D") is not.
SELECT
    v."No." AS supplier_id,
    v."Name" AS supplier_name,
    v."Country/Region Code" AS country,
    v."VAT Registration No." AS vat_id,
    CASE
        WHEN nullif(t."Due Date Calculation", '') IS NULL THEN NULL
        ELSE nullif(regexp_extract(t."Due Date Calculation", '^<?(\d+)[A-Z]>?$', 1), '')::DOUBLE
    END AS payment_term,
    coalesce(moment(v."SystemCreatedAt"), TIMESTAMP '2000-01-01') AS happened_at,
    coalesce(moment(v."SystemCreatedAt"), TIMESTAMP '2000-01-01') AS known_at,
    v._file,
    v._line
FROM Vendor AS v
LEFT JOIN "Payment Terms" AS t ON v."Payment Terms Code" = t."Code"
