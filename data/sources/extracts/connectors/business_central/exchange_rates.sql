-- Rates as kept: so many units of the currency are worth so many of the local currency, or of the
-- relational currency that is named.
SELECT
    "Currency Code" AS currency,
    coalesce(nullif("Relational Currency Code", ''), param('currency')) AS reporting_currency,
    number("Relational Exch. Rate Amount") / number("Exchange Rate Amount") AS exchange_rate,
    day("Starting Date") AS happened_at,
    day("Starting Date")::TIMESTAMP AS known_at,
    _file,
    _line
FROM "Currency Exchange Rate"
