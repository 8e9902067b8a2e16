"""A recommendation is decided once, in the task's own words."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from data.contracts.invoice_outcomes import ExceptionClass
from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.log.store import AuditStore
from serving.audit.pseudonym import Pseudonyms
from serving.http.problems import Problem
from serving.http.review_routes import check_resolution
from serving.review.decisions import (
    AlreadyDecidedError,
    DecisionMessage,
    DecisionRecorder,
    record_decision,
)
from serving.runtime.context import RequestContext
from tests.support.synthetic_recommendations import (
    ASKED_AT,
    CATALOGUE,
    recommend_example,
    recommendation_draft,
)

CONTEXT = RequestContext("0af7651916cd43dd8448eb211c80319c", "local", None, "0.1.0+0123456789ab", 7)
PEOPLE = Pseudonyms(bytes(range(32)))
FOLLOWED = {"action": "followed", "role": "accounts payable", "resolved_as": "DUPLICATE"}
OTHERWISE = {"action": "overridden", "role": "planner", "reason": "a transfer is on its way"}


@pytest.fixture
def audit(tmp_path):
    store = AuditStore.open(tmp_path / "audit.db")
    store.append([recommendation_draft(INVOICE_MISMATCH.name)])
    yield store
    store.close()


def said(body):
    return DecisionMessage.model_validate_json(json.dumps(body))


def decided(audit, body):
    advice = recommend_example(INVOICE_MISMATCH.name)
    committed, new = record_decision(
        DecisionRecorder(audit, PEOPLE, ASKED_AT, CONTEXT), advice, said(body)
    )
    (entry,) = committed.entries
    return entry, new


def test_the_same_decision_sent_again_is_the_one_on_record(audit):
    first, new = decided(audit, FOLLOWED)
    again, newer = decided(audit, FOLLOWED)
    assert (new, newer) == (True, False)
    assert again == first
    assert len(audit.decisions("rec-1")) == 1


def test_another_decision_is_refused_with_what_was_decided(audit):
    decided(audit, OTHERWISE)
    with pytest.raises(AlreadyDecidedError) as refused:
        decided(audit, FOLLOWED)
    assert str(refused.value) == (
        f"recommendation rec-1 was decided at {ASKED_AT.isoformat()}: overridden by planner "
        '("a transfer is on its way")'
    )
    assert [e.payload["action"] for e in audit.decisions("rec-1")] == ["overridden"]


class Together(AuditStore):
    """A store whose first two readers both find that nothing was decided yet."""

    def __init__(self, store):
        super().__init__(store.engine, store.tenant, store.signer)
        object.__setattr__(self, "both", Barrier(2))
        object.__setattr__(self, "readers", [1, 2])

    def decisions(self, recommendation):
        found = super().decisions(recommendation)
        if self.readers:
            self.readers.pop()
            self.both.wait(timeout=30)
        return found


def test_one_of_two_concurrent_decisions_is_recorded_and_the_other_learns_of_it(audit):
    store = Together(audit)

    def attempt(body):
        try:
            return decided(store, body)[1]
        except AlreadyDecidedError:
            return "refused"

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(attempt, [FOLLOWED, OTHERWISE]))
    assert sorted(map(str, ended)) == ["True", "refused"]
    assert len(audit.decisions("rec-1")) == 1


def test_an_invoice_may_be_resolved_as_a_class_or_in_a_way_of_settling():
    known = CATALOGUE[INVOICE_MISMATCH.name].resolution_choices
    assert set(ExceptionClass) < set(known)
    assert set(known) - set(ExceptionClass) == {
        "RECEIPT_ARRIVES",
        "PO_AMENDED",
        "CREDIT_NOTE",
        "RELEASED_IN_TOLERANCE",
        "REVERSED",
    }
    assert len(set(known)) == len(known)  # DUPLICATE is both a class and a way


@pytest.mark.parametrize("task", TASKS)
def test_every_class_of_a_task_and_nothing_at_all_are_taken(task):
    entry = CATALOGUE[task]
    for word in (*entry.task.classes, None):
        check_resolution(entry, said(FOLLOWED | {"resolved_as": word}))


@pytest.mark.parametrize(
    ("task", "word", "takes"),
    [
        (STOCK_RISK.name, "DUPLICATE", "one of IN_STOCK, STOCK_OUT, or null"),
        (SUPPLIER_DELAY.name, "late", "one of ON_TIME, LATE, or null"),
    ],
)
def test_another_word_is_refused_with_the_choices(task, word, takes):
    with pytest.raises(Problem) as refused:
        check_resolution(CATALOGUE[task], said(FOLLOWED | {"resolved_as": word}))
    assert refused.value.status == 422
    (field,) = refused.value.errors
    assert field == {"field": "resolved_as", "got": f'"{word}"', "takes": takes}
