"""Decisions on record become a canonical table: validated, the same each time."""

import hashlib
from datetime import datetime, timedelta

import pandas as pd
import pytest

from data.canonical_tables import end_of_data
from data.ingest import ingest, replace_table
from data.lake import Lake
from data.source_batch import batches_from_frames
from data.store import Store
from models.tasks.stock_risk import STOCK_RISK
from serving.audit.dataframes import canonical_decisions_batch
from serving.audit.log.entry import Draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from tests.support.synthetic_lake import past_orders
from tests.support.synthetic_recommendations import ASKED_AT, make_score, recommendation_draft

pytestmark = pytest.mark.slow(3)

TASK = STOCK_RISK.name
LATER = ASKED_AT + timedelta(days=300)  # long after the history in the lake ends
FLAGGED = recommendation_draft(TASK, 1, make_score(TASK, 0.9))
CALM = recommendation_draft(TASK, 2, make_score(TASK, 0.01, base=0.0, steps=[]), average_demand=4.0)


def decision(answers: Draft, **said) -> Draft:
    name = f"on {answers.id}"
    payload = {
        "kind": "decision",
        "decision_id": name,
        "recommendation_id": answers.id,
        "action": "followed",
        "role": "planner",
        "resolved_as": "STOCK_OUT",
        "reason": None,
        "happened_at": LATER.isoformat(),
        "known_at": LATER.isoformat(),
        **said,
    }
    task, site = answers.task, answers.site
    at = LATER.isoformat()
    return Draft(name, EntryKind.DECISION, answers.id, task, site, "", 0.0, at, payload)


@pytest.fixture
def lake(tmp_path):
    made = Lake(tmp_path).make()
    ingest(batches_from_frames(past_orders(), "here"), made.canonical, made.quarantine)
    return made


@pytest.fixture
def audit(lake):
    opened = AuditStore.open(lake.audit)
    yield opened
    opened.close()


def export(audit, lake):
    return replace_table(canonical_decisions_batch(audit), lake.canonical, lake.quarantine)


def exported(lake) -> pd.DataFrame:
    with Store.from_folder(lake.canonical) as store:
        return store.frame("decisions")


def test_a_decision_goes_with_what_was_recommended_and_why_it_was_looked_at(audit, lake):
    audit.append([FLAGGED, CALM, decision(FLAGGED), decision(CALM, action="ignored")])
    report = export(audit, lake)
    rows = exported(lake)
    assert (report.accepted, report.quarantined) == (2, 0)
    assert rows["task"].tolist() == [TASK, TASK]
    assert rows["case_id"].tolist() == ["site_03/item_0042"] * 2
    assert rows["site_id"].tolist() == ["site_03"] * 2
    assert rows["recommended_class"].tolist() == ["STOCK_OUT"] * 2
    assert rows["exception_probability"].tolist() == [0.9, 0.01]
    assert rows["flagged"].tolist() == [True, False]
    assert rows["audit_sample"].tolist() == [False, False]
    assert rows["model_version"].tolist() == ["3", "3"]
    assert (rows["asked_at"] == ASKED_AT).all()
    assert (rows["known_at"] == LATER).all()


def test_exporting_again_writes_the_same_table_and_touches_no_other(audit, lake):
    audit.append([FLAGGED, decision(FLAGGED)])
    export(audit, lake)
    before = digests(lake)
    export(audit, lake)
    assert digests(lake) == before
    assert len(before) > 5


def digests(lake):
    files = [path for path in sorted(lake.canonical.rglob("*")) if path.is_file()]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_decisions_that_break_the_contract_are_set_aside_with_the_reason(audit, lake):
    good, bad = decision(FLAGGED), decision(CALM, action="undone")
    early = decision(recommendation_draft(TASK, 3), known_at=ASKED_AT.isoformat())
    audit.append([FLAGGED, CALM, recommendation_draft(TASK, 3), good, bad, early])
    report = export(audit, lake)
    assert exported(lake)["decision_id"].tolist() == [good.id]
    assert report.quarantined == 2
    assert report.messages[0] == (
        "decisions row 2: action 'undone' is not one of followed, overridden, ignored "
        "(source: audit)"
    )
    assert "decisions row 3: known_at" in report.messages[1]


def test_decisions_do_not_move_the_end_of_the_history(audit, lake):
    before = end_of_data(lake.canonical)
    audit.append([FLAGGED, decision(FLAGGED)])
    export(audit, lake)
    assert end_of_data(lake.canonical) == before < datetime.fromisoformat(LATER.isoformat())


def test_decisions_outlast_the_next_ingest_of_a_source(audit, lake):
    audit.append([FLAGGED, decision(FLAGGED)])
    export(audit, lake)
    ingest(batches_from_frames(past_orders(), "here"), lake.canonical, lake.quarantine)
    assert len(exported(lake)) == 1


def test_without_canonical_tables_there_is_nothing_to_write_into(audit, lake, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="run `triage ingest --source NAME` first"):
        replace_table(canonical_decisions_batch(audit), empty, lake.quarantine)


def test_a_record_without_decisions_makes_an_empty_table(audit, lake):
    audit.append([FLAGGED])
    assert export(audit, lake).accepted == 0
    assert exported(lake).empty
