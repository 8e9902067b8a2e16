"""How recommended cases ended, found again by what the record says of them."""

import pandas as pd

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.spec.tables import cells, expect
from tests.spec.training.ask_tables import moment, store, task
from training.monitor.outcomes import matured_outcomes
from training.tasks.catalogue import training_task


def told(text: str) -> pd.DataFrame:
    frame = cells(text)
    return frame.assign(asked_at=pd.to_datetime(frame["asked_at"], utc=True))


def expect_outcomes(found: pd.DataFrame, text: str) -> None:
    expect(
        found.assign(label=found["label"].astype(str), matured_at=found["matured_at"].map(moment)),
        text,
    )


def test_an_order_line_ends_by_its_promise_and_its_receipt() -> None:
    lines = """
        po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at | known_at
        kept       | PO1   | north   | acme        | bolt    | 10               | 2026-02-10  | 2026-02-01
        late       | PO2   | north   | acme        | bolt    | 10               | 2026-02-10  | 2026-02-01
        running    | PO3   | north   | acme        | bolt    | 10               | 2026-06-10  | 2026-02-01 """
    receipts = """
        po_line_id | quantity_received | happened_at | known_at
        kept       | 10                | 2026-02-09  | 2026-02-09
        late       | 10                | 2026-02-14  | 2026-02-15 """
    asked = told("""
        id | case_id | site_id | asked_at
        r1 | kept    | north   | 2026-02-03
        r2 | late    | north   | 2026-02-03
        r3 | running | north   | 2026-02-03
        r4 | unknown | north   | 2026-02-03 """)
    found = matured_outcomes(
        store(purchase_orders=lines, receipts=receipts),
        training_task(task(SUPPLIER_DELAY.name)),
        asked,
    )
    expect_outcomes(
        found,
        """
        recommendation_id | case_id | label | target | matured_at
        r1                | kept    | 0     | -1     | 2026-02-11
        r2                | late    | 1     | 4      | 2026-02-15 """,
    )


def test_a_site_and_item_end_by_what_was_seen_within_the_horizon_of_each_ask() -> None:
    levels = """
        site_id | item_id | on_hand | happened_at | known_at
        north   | bo/lt   | 9       | 2026-02-01  | 2026-02-01
        north   | bo/lt   | 0       | 2026-02-20  | 2026-02-20
        north   | bo/lt   | 4       | 2026-03-15  | 2026-03-15 """
    asked = told("""
        id | case_id     | site_id | asked_at
        r1 | north/bo/lt | north   | 2026-02-02
        r2 | north/bo/lt | north   | 2026-02-12
        r3 | north/bo/lt | north   | 2026-03-10 """)
    found = matured_outcomes(
        store(stock_levels=levels), training_task(task(STOCK_RISK.name)), asked
    )
    expect_outcomes(
        found,
        """
        recommendation_id | case_id     | label | matured_at
        r2                | north/bo/lt | 1     | 2026-02-26 """,
    )


def test_an_invoice_line_ends_in_its_class_when_its_horizon_is_over() -> None:
    ends = """
        invoice_line_id | exception_class | resolution  | known_at
        a               | PRICE_VARIANCE  | PO_AMENDED  | 2026-02-09
        z               | CLEAN           | NONE_NEEDED | 2026-04-01 """
    asked = told("""
        id | case_id | site_id | asked_at
        r1 | a       | north   | 2026-02-03
        r2 | b       | north   | 2026-02-03 """)
    found = matured_outcomes(
        store(invoice_outcomes=ends),
        training_task(task(INVOICE_MISMATCH.name, horizon_days=30)),
        asked,
    )
    expect_outcomes(
        found,
        """
        recommendation_id | case_id | label | matured_at
        r1                | a       | 1     | 2026-03-05 """,
    )
