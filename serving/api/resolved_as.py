"""What a decision may say that a case was resolved as: the task's own words, nothing else."""

from __future__ import annotations

from data.contracts.invoice_outcomes import Resolution
from models.task import Task, TaskName
from serving.api.messages import DecisionMessage
from serving.api.problems import Problem

# Ways in which an invoice exception gets settled that a person may report beside its class.
# NONE_NEEDED and BLOCK_REMOVED are what sources say of lines nobody decided on.
SETTLED = (
    Resolution.RECEIPT_ARRIVES,
    Resolution.PO_AMENDED,
    Resolution.CREDIT_NOTE,
    Resolution.RELEASED_IN_TOLERANCE,
    Resolution.REVERSED,
    Resolution.DUPLICATE,
)


def choices(task: Task) -> tuple[str, ...]:
    """The task's classes, and for invoices the ways in which one is resolved."""
    settled = SETTLED if task.name is TaskName.INVOICE_MISMATCH else ()
    return tuple(dict.fromkeys([*task.classes, *map(str, settled)]))


def check(task: Task, decision: DecisionMessage) -> None:
    """Refuse an outcome that the task does not have: it could never become a label.

    Raises:
        Problem: 422, with the choices.
    """
    given, known = decision.resolved_as, choices(task)
    if given is None or given in known:
        return
    takes = f"one of {', '.join(known)}, or null"
    field = {"field": "resolved_as", "got": f'"{given}"', "takes": takes}
    raise Problem(422, "1 field cannot be read", [field])
