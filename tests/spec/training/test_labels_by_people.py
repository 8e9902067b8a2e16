"""What people settled on becomes a label: where no system knows better, when it was known."""

from datetime import UTC, datetime

import pytest

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.spec.training.ask_tables import expect_labels, store, task
from training.dataset.builder import AsOfStore
from training.dataset.decision_labels import add_decision_labels
from training.tasks.catalogue import TRAINING_TASKS, training_task
from training.tasks.invoice_mismatch.asks import query_asks as invoice_asks
from training.tasks.stock_risk.asks import query_asks as stock_asks
from training.tasks.supplier_delay.asks import query_asks as delay_asks

pytestmark = pytest.mark.slow(8)

INVOICES = """
    invoice_line_id | invoice_id | supplier_id | site_id | quantity_invoiced | line_amount | happened_at | known_at
    ----------------+------------+-------------+---------+-------------------+-------------+-------------+-----------
    seen            | I1         | acme        | north   | 5                 | 100         | 2026-02-01  | 2026-02-01
    told            | I2         | acme        | north   | 5                 | 100         | 2026-02-02  | 2026-02-02
    drawn           | I3         | acme        | north   | 5                 | 100         | 2026-02-03  | 2026-02-03
    neither         | I4         | acme        | north   | 5                 | 100         | 2026-02-04  | 2026-02-04
    later           | I5         | acme        | north   | 5                 | 100         | 2026-03-20  | 2026-03-20 """
OUTCOMES = """
    invoice_line_id | exception_class | resolution | happened_at | known_at
    seen            | PRICE_VARIANCE  | PO_AMENDED | 2026-02-20  | 2026-02-20 """
DECISIONS = """
    decision_id | recommendation_id | action   | resolved_as    | role | task             | case_id | flagged | audit_sample | audit_share | happened_at | known_at
    1           | r1                | followed | NO_RECEIPT     | ap   | invoice_mismatch | seen    | yes     | no           | 0.1         | 2026-02-05  | 2026-02-05
    2           | r2                | followed | PRICE_VARIANCE | ap   | invoice_mismatch | told    | yes     | yes          | 0.1         | 2026-02-06  | 2026-02-07
    3           | r3                | ignored  | CLEAN          | ap   | invoice_mismatch | drawn   | no      | yes          | 0.1         | 2026-02-08  | 2026-02-08
    4           | r4                | ignored  | NO_RECEIPT     | ap   | invoice_mismatch | neither | no      | no           | 0.1         | 2026-02-09  | 2026-02-09 """


def invoices(decisions: str = DECISIONS, known_before: datetime | None = None):
    """The asks, their observed labels, and those with what people said."""
    name = INVOICE_MISMATCH.name
    tables = store(invoices=INVOICES, invoice_outcomes=OUTCOMES, decisions=decisions)
    if known_before:
        tables = AsOfStore(tables, known_before)
    asks = invoice_asks(tables, task(name, horizon_days=30))
    observed = TRAINING_TASKS[name].label_asks(tables, asks, task(name, horizon_days=30))
    return asks, observed, add_decision_labels(tables, asks, training_task(task(name)), observed)


def test_an_outcome_beats_a_persons_word_and_a_word_beats_nothing() -> None:
    asks, _, labels = invoices()
    expect_labels(
        asks,
        labels,
        """
        ask_id  | label | matured_at
        --------+-------+-----------
        seen    | 1     | 2026-03-03
        told    | 1     | 2026-02-07
        drawn   | 0     | 2026-02-08
        neither | -1    |
        later   | -1    | """,
    )
    assert labels.told_by is not None
    assert labels.weight is not None
    assert labels.told_by[:3].tolist() == ["system", "person, flagged", "person, sampled"]
    assert labels.weight[:3].tolist() == [1.0, 1.0, 10.0]


def test_a_decision_teaches_nothing_before_it_was_known() -> None:
    asks, _, labels = invoices(known_before=datetime(2026, 2, 8, tzinfo=UTC))
    expect_labels(
        asks,
        labels,
        """
        ask_id  | label | matured_at
        seen    | 2     | 2026-02-05
        told    | 1     | 2026-02-07
        drawn   | -1    |
        neither | -1    | """,
    )


def test_without_decisions_the_labels_are_untouched() -> None:
    _, observed, labels = invoices(DECISIONS.split("\n    1 ", maxsplit=1)[0])
    assert labels is observed
    assert labels.weight is None


@pytest.mark.parametrize(
    ("resolved_as", "label"),
    [("NO_RECEIPT", 2), ("NONE_NEEDED", 0), ("CREDIT_NOTE", -1), ("RECEIPT_ARRIVES", -1), ("", -1)],
)
def test_a_resolution_is_a_label_only_where_one_class_can_have_it(resolved_as, label) -> None:
    asks, _, labels = invoices(DECISIONS.replace("PRICE_VARIANCE", resolved_as))
    assert labels.label[asks.text("ask_id").tolist().index("told")] == label


def test_the_last_of_several_decisions_counts_and_one_flag_marks_the_case_as_sampled() -> None:
    again = """
    5           | r5                | ignored  | CLEAN          | ap   | invoice_mismatch | told    | no      | yes          | 0.1         | 2026-02-10  | 2026-02-10 """
    asks, _, labels = invoices(DECISIONS.rstrip() + again)
    told = asks.text("ask_id").tolist().index("told")
    assert labels.label[told] == 0
    assert labels.weight is not None
    assert labels.weight[told] == 1.0


def test_a_share_too_small_to_trust_is_cut() -> None:
    asks, _, labels = invoices(DECISIONS.replace("0.1 ", "0.001"))
    assert labels.weight is not None
    assert labels.weight[asks.text("ask_id").tolist().index("drawn")] == 50.0


def test_a_delay_is_told_of_the_line_whenever_it_is_asked_about() -> None:
    name = SUPPLIER_DELAY.name
    tables = store(
        purchase_orders="""
        po_line_id | po_id | site_id | supplier_id | item_id | quantity_ordered | promised_at | happened_at | known_at
        L1         | PO1   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01  | 2026-02-01
        L2         | PO2   | north   | acme        | bolt    | 10               | 2026-02-20  | 2026-02-01  | 2026-02-01 """,
        decisions="""
        decision_id | recommendation_id | action   | resolved_as | role  | task           | case_id | flagged | happened_at | known_at
        1           | r1                | followed | LATE        | buyer | supplier_delay | L1      | yes     | 2026-02-15  | 2026-02-15
        2           | r2                | followed |             | buyer | supplier_delay | L2      | yes     | 2026-02-15  | 2026-02-15 """,
    )
    asks = delay_asks(tables, task(name))
    observed = TRAINING_TASKS[name].label_asks(tables, asks, task(name))
    expect_labels(
        asks,
        add_decision_labels(tables, asks, training_task(task(name)), observed),
        """
        ask_id        | label | target | matured_at
        L1@2026-02-02 | 1     |        | 2026-02-15
        L2@2026-02-02 | -1    |        |
        L1@2026-02-13 | 1     |        | 2026-02-15
        L2@2026-02-13 | -1    |        |
        L1@2026-02-18 | 1     |        | 2026-02-18
        L2@2026-02-18 | -1    |        | """,
    )


def test_stock_is_told_of_the_day_that_was_asked_about() -> None:
    name = STOCK_RISK.name
    tables = store(
        stock_levels="""
        site_id | item_id | on_hand | happened_at | known_at
        north   | bolt    | 5       | 2026-02-01  | 2026-02-01 06:00
        north   | bolt    | 4       | 2026-02-02  | 2026-02-02 06:00 """,
        decisions="""
        decision_id | recommendation_id | action   | resolved_as | role    | task       | case_id    | flagged | asked_at         | happened_at | known_at
        1           | r1                | followed | STOCK_OUT   | planner | stock_risk | north/bolt | yes     | 2026-02-03 09:30 | 2026-02-15  | 2026-02-15 """,
    )
    asks = stock_asks(tables, task(name))
    observed = TRAINING_TASKS[name].label_asks(tables, asks, task(name))
    expect_labels(
        asks,
        add_decision_labels(tables, asks, training_task(task(name)), observed),
        """
        ask_id                | label | matured_at
        north/bolt@2026-02-02 | -1    |
        north/bolt@2026-02-03 | 1     | 2026-02-15 """,
    )
