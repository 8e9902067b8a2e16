"""Which goods receipts are asked about, and which of them stayed without an invoice."""

from models.tasks.uninvoiced_receipt import UNINVOICED_RECEIPT
from tests.spec.training.ask_tables import expect_labels, store
from training.tasks.uninvoiced_receipt.asks import query_asks
from training.tasks.uninvoiced_receipt.labels import label_asks

RECEIPTS = """
    receipt_id | po_line_id | happened_at | known_at
    prompt     | a          | 2026-02-01  | 2026-02-01 12:00
    late       | b          | 2026-02-01  | 2026-02-01 12:00
    never      | c          | 2026-02-01  | 2026-02-01 12:00
    before     | d          | 2026-02-01  | 2026-02-01 12:00
    young      | e          | 2026-02-08  | 2026-02-08 12:00 """
INVOICES = """
    invoice_line_id | po_line_id | known_at
    1               | a          | 2026-02-04 12:00
    2               | b          | 2026-02-06 12:00
    3               | d          | 2026-02-01 20:00
    4               |            | 2026-02-10 00:00 """


def test_a_receipt_without_an_invoice_at_the_horizon_is_labelled_once_that_is_over() -> None:
    tables = store(receipts=RECEIPTS, invoices=INVOICES)
    asks = query_asks(tables, UNINVOICED_RECEIPT)
    expect_labels(
        asks,
        label_asks(tables, asks, UNINVOICED_RECEIPT),
        """
        ask_id            | label | matured_at
        late@2026-02-02   | 1     | 2026-02-05
        never@2026-02-02  | 1     | 2026-02-05
        prompt@2026-02-02 | 0     | 2026-02-05
        young@2026-02-09  | -1    | """,
    )
