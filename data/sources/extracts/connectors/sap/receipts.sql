-- Goods received are BEWTP E; invoices (Q), subsequent debits (N) and delivery costs (C) are not.
WITH receipts AS (
    SELECT
        *,
        CASE
            WHEN BWART IN ('101', '105', '109') THEN 'receipt'
            WHEN BWART IN ('102', '106', '110') THEN 'reversal'
            WHEN BWART IN ('122', '161') THEN 'return'
        END AS posting_kind
    FROM postings
    WHERE is_receipt
),
ranked AS (
    SELECT
        *,
        bool_or(is_final) OVER line AS history_says,
        sum(quantity) OVER line AS received,
        max(came_on) OVER line AS last_came_on,
        posting_kind = 'receipt'
            AND entered_at = max(entered_at) FILTER (posting_kind = 'receipt') OVER line AS is_last
    FROM receipts
    WINDOW line AS (PARTITION BY EBELN, EBELP)
)
SELECT
    posting_id AS receipt_id,
    ranked.EBELN || '-' || regexp_replace(ranked.EBELP, '^0+([0-9]+)$', '\1') AS po_line_id,
    quantity * base_units AS quantity_received,
    posting_kind,
    -- The last receipt closed a line that is complete, unless its item was changed later.
    coalesce(
        CASE
            WHEN history_says THEN is_final
            ELSE is_last AND is_complete
                AND NOT coalesce(received < ordered AND changed_on > last_came_on, FALSE)
        END,
        FALSE
    ) AS final,
    came_on AS happened_at,
    entered_at AS known_at,
    _file,
    _line
FROM ranked
LEFT JOIN order_items ON order_items.EBELN = ranked.EBELN AND order_items.EBELP = ranked.EBELP
