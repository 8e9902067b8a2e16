"""Rows that a changed mapping adds, removes or changes: matched by key, missing equals missing."""

import pandas as pd

from data.contracts.receipts import RECEIPTS
from data.sources.extracts.checks.table_changes import table_changes


def receipts(**rows: tuple[float, bool | None]) -> pd.DataFrame:
    frame = pd.DataFrame(
        [(name, "L1", quantity, final) for name, (quantity, final) in rows.items()],
        columns=["receipt_id", "po_line_id", "quantity_received", "final"],
    )
    at = pd.Timestamp("2026-07-01T10:00Z")
    return RECEIPTS.conform(frame.assign(happened_at=at, known_at=at))


def test_rows_are_added_removed_and_changed_by_key():
    before = receipts(a=(1, None), b=(12, None), c=(3, True))
    after = receipts(b=(144, None), d=(4, None), c=(3, None))
    changes = table_changes(RECEIPTS, before, after)
    assert str(changes) == (
        "receipts: 3 rows become 3; 1 added, 1 removed, 2 changed\n"
        "  columns: quantity_received in 1 rows, final in 1 rows\n"
        "  b: quantity_received 12 -> 144\n"
        "  c: final True -> missing"
    )


def test_the_same_rows_in_another_order_are_no_change():
    rows = receipts(a=(1, None), b=(12, False))
    assert not table_changes(RECEIPTS, rows, rows.iloc[::-1].reset_index(drop=True)).any
    assert not table_changes(RECEIPTS, RECEIPTS.empty(), RECEIPTS.empty()).any
