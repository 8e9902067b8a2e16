-- The ledger of usable warehouses. Cancelling a voucher adds entries that undo it: all are kept,
-- each known since it was made.
SELECT
    ledger.name AS movement_id,
    coalesce(stores.site_id, ledger.warehouse) AS site_id,
    ledger.item_code AS item_id,
    CASE
        WHEN voucher_type IN ('Purchase Receipt', 'Purchase Invoice', 'Subcontracting Receipt')
            THEN 'receipt'
        WHEN voucher_type IN ('Delivery Note', 'Sales Invoice', 'POS Invoice') THEN 'issue'
        WHEN purpose IN (
            'Material Issue', 'Manufacture', 'Repack', 'Material Consumption for Manufacture',
            'Disassemble'
        ) AND number(actual_qty) < 0 THEN 'issue'
        WHEN purpose IN ('Material Receipt', 'Manufacture', 'Repack', 'Disassemble') THEN 'receipt'
        WHEN voucher_type = 'Stock Entry' AND number(actual_qty) < 0 THEN 'transfer_out'
        WHEN voucher_type = 'Stock Entry' THEN 'transfer_in'
        ELSE 'adjustment'
    END AS movement_kind,
    number(actual_qty) AS quantity_moved,
    CASE
        WHEN voucher_type = 'Stock Reconciliation' THEN 'stock count'
        WHEN voucher_type NOT IN (
            'Purchase Receipt', 'Purchase Invoice', 'Subcontracting Receipt', 'Delivery Note',
            'Sales Invoice', 'POS Invoice', 'Stock Entry'
        ) THEN voucher_type
    END AS adjustment_reason,
    least(
        moment(posting_date || ' ' || CAST(posting_time AS VARCHAR)), moment(ledger.creation)
    ) AS happened_at,
    moment(ledger.creation) AS known_at,
    ledger._file,
    ledger._line
FROM "tabStock Ledger Entry" AS ledger
LEFT JOIN stores ON stores.warehouse = ledger.warehouse
LEFT JOIN "tabStock Entry" AS entry
    ON entry.name = ledger.voucher_no AND ledger.voucher_type = 'Stock Entry'
WHERE number(actual_qty) <> 0
    AND NOT coalesce(is_rejected, FALSE)
    AND NOT coalesce(is_transit, FALSE)
