WITH packs AS (
    SELECT
        units.parent,
        coalesce(
            min(number(units.conversion_factor)) FILTER (units.uom = tabItem.purchase_uom),
            min(number(units.conversion_factor))
        ) AS pack_size
    FROM "tabUOM Conversion Detail" AS units
    JOIN tabItem ON tabItem.name = units.parent
    WHERE units.uom <> tabItem.stock_uom AND number(units.conversion_factor) > 1
    GROUP BY units.parent
),
bins AS (
    SELECT item_code, max(nullif(number(valuation_rate), 0)) AS valuation_rate
    FROM tabBin
    GROUP BY item_code
),
currencies AS (
    -- Costs are in the currency of the company: with several of them, say which.
    SELECT CASE WHEN count(DISTINCT default_currency) = 1 THEN min(default_currency) END AS currency
    FROM tabCompany
)
SELECT
    tabItem.name AS item_id,
    coalesce(nullif(item_name, ''), tabItem.name) AS item_name,
    nullif(item_group, '') AS category,
    stock_uom AS base_unit,
    packs.pack_size,
    coalesce(
        bins.valuation_rate,
        nullif(number(tabItem.valuation_rate), 0),
        nullif(number(last_purchase_rate), 0)
    ) AS unit_cost,
    coalesce(nullif(param('currency'), ''), currencies.currency) AS currency,
    coalesce(moment(creation), TIMESTAMP '2000-01-01 00:00:00') AS happened_at,
    coalesce(moment(creation), TIMESTAMP '2000-01-01 00:00:00') AS known_at
FROM tabItem
LEFT JOIN packs ON packs.parent = tabItem.name
LEFT JOIN bins ON bins.item_code = tabItem.name
CROSS JOIN currencies
