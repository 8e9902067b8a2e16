-- Confirmations and ship notices of EKES, and service entry sheets of EKBE (BEWTP D).
WITH messages AS (
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
        coalesce(
            moment(ERDAT || ' ' || nullif(EZEIT, '')), day(ERDAT) + TIME '23:59:59'
        ) AS said_at,
        ETENS,
        _file,
        _line
    FROM EKES
    WHERE coalesce(LOEKZ, '') = ''
),
told AS (
    SELECT
        messages.*,
        -- A confirmation of what was confirmed in full before takes another day.
        confirms AND row_number() OVER earlier > 1
            AND sum(quantity) OVER earlier - quantity >= ordered AS revises,
        ordered,
        base_units,
        wanted_on
    FROM messages
    LEFT JOIN order_items
        ON order_items.EBELN = messages.EBELN AND order_items.EBELP = messages.EBELP
    LEFT JOIN requested_days
        ON requested_days.EBELN = messages.EBELN AND requested_days.EBELP = messages.EBELP
    WINDOW earlier AS (
        PARTITION BY messages.EBELN, messages.EBELP, confirms
        ORDER BY said_at, ETENS
        ROWS UNBOUNDED PRECEDING
    )
)
SELECT
    event_id,
    EBELN || '-' || regexp_replace(EBELP, '^0+([0-9]+)$', '\1') AS po_line_id,
    message_number,
    CASE
        WHEN revises THEN 'revised_promise'
        WHEN confirms THEN 'acknowledgement'
        WHEN ships THEN 'asn'
        ELSE EBTYP
    END AS event_kind,
    CASE
        WHEN NOT confirms OR revises THEN NULL
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
FROM told
UNION ALL
SELECT
    'entry-' || posting_id,
    postings.EBELN || '-' || regexp_replace(postings.EBELP, '^0+([0-9]+)$', '\1'),
    NULL,
    'service_entry',
    NULL,
    BEWTP,
    NULL,
    quantity * base_units,
    CAST(came_on AS TIMESTAMP),
    entered_at,
    _file,
    _line
FROM postings
LEFT JOIN order_items
    ON order_items.EBELN = postings.EBELN AND order_items.EBELP = postings.EBELP
WHERE BEWTP = 'D'
