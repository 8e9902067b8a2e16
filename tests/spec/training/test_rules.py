"""What a person would sort the cases by, from what each already shows."""

import pandas as pd

from models.task import TaskName
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.spec.tables import cells, expect
from training.tasks.catalogue import TRAINING_TASKS


def expect_rules(name: TaskName, given: str, wanted: str) -> None:
    """Scores of the rules; an empty cell is missing."""
    inputs = cells(given).astype("float64")
    expect(pd.DataFrame(TRAINING_TASKS[name].baseline_scores(inputs)), wanted)


def test_stock_that_lasts_few_days_is_at_risk_and_none_at_all_the_most() -> None:
    expect_rules(
        STOCK_RISK.name,
        """
        days_of_supply_84d | is_out | projected_cover_days
        40                 | 0      | 26
        3                  | 0      | -11
                           | 1      |
                           | 0      | """,
        """
        stock_cover | projected_cover
        -40         | -26
        -3          | 11
        0           |
                    | """,
    )


def test_a_line_is_at_risk_by_its_suppliers_late_share_and_by_the_days_it_is_overdue() -> None:
    expect_rules(
        SUPPLIER_DELAY.name,
        """
        supplier_late_share_364d | days_to_promise
        0.25                     | 14
                                 | -3 """,
        """
        supplier_late_share | days_overdue
        0.25                | -14
                            | 3 """,
    )


def test_an_invoice_is_at_risk_by_its_largest_variance_of_any_kind() -> None:
    expect_rules(
        INVOICE_MISMATCH.name,
        """
        price_variance | uncovered_share | tax_rate_gap | supplier_exceptions_share_364d
        -0.1           | 0               | 0            | 0.2
        0.02           | 1               | 0            |
                       | -0.5            | 0.05         | 0
                       |                 | 0.05         | 0 """,
        """
        largest_variance | supplier_exception_share
        0.1              | 0.2
        1                |
        0.05             | 0
                         | 0 """,
    )


def test_a_rule_cannot_tell_where_its_feature_is_not_among_the_inputs() -> None:
    expect_rules(
        SUPPLIER_DELAY.name,
        """
        days_to_promise
        2 """,
        """
        supplier_late_share | days_overdue
                            | -2 """,
    )


def test_every_feature_that_a_rule_reads_is_one_of_its_tasks() -> None:
    from models.catalogue import TASKS

    for task in TASKS.values():
        told = pd.DataFrame({feature.name: [1.0] for feature in task.features})
        assert all(
            pd.notna(score).all()
            for score in TRAINING_TASKS[task.name].baseline_scores(told).values()
        )
