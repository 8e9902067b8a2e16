SELECT
    from_currency AS currency,
    to_currency AS reporting_currency,
    number(exchange_rate) AS exchange_rate,
    day("date") AS happened_at,
    day("date") AS known_at
FROM "tabCurrency Exchange"
-- There may be one rate for buying and one for selling.
QUALIFY row_number() OVER (
    PARTITION BY from_currency, to_currency, "date" ORDER BY coalesce(for_buying, '1') <> '1'
) = 1
