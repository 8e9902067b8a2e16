"""`triage audit erase` says first what would go, asks, and never says a person's name."""

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

import triage
from data.lake import Lake
from serving.audit.factory import open_audit
from serving.audit.log.entry_kind import EntryKind
from serving.audit.pseudonym import open_pseudonyms
from tests.support.audit_drafts import NOW, decision_draft, recommendation_recorded_at

NAME = "ada.lovelace"
OLD = NOW.replace(year=2015)


@pytest.fixture
def lake(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_HOME", str(tmp_path))
    monkeypatch.setenv("TRIAGE_USER", "carol")
    made = Lake(tmp_path).make()
    by = open_pseudonyms(made).of(NAME)
    store = open_audit(made)
    store.append(
        [
            recommendation_recorded_at(1, OLD),
            recommendation_recorded_at(2, datetime.now(UTC)),
            decision_draft(1, None, OLD),
            decision_draft(2, person=None),
        ]
    )
    store.append([decision_draft(3, None, at=NOW) for _ in range(2)])
    store.append([_of(decision_draft(2), by)])
    store.close()
    return made


def _of(draft, pseudonym):
    draft.payload["person"] = pseudonym
    return draft


def run(*arguments, answer=None):
    return CliRunner().invoke(
        triage.app, ["audit", "erase", "--reason", "asked by letter", *arguments], input=answer
    )


def gone(lake):
    store = open_audit(lake)
    found = [entry.sequence for entry in store.all() if entry.body is None]
    told = [json.loads(entry.body) for entry in store.of_kind(EntryKind.ERASURE)]
    store.close()
    return found, told


def test_a_person_is_erased_and_never_named(lake):
    done = run("--person", NAME, "--yes")
    assert done.exit_code == 0, done.output
    assert NAME not in done.output
    found, (told,) = gone(lake)
    assert found == [7]
    assert (told["ground"], told["by"]) == ("person", open_pseudonyms(lake).of("carol"))
    assert NAME not in str(told)
    assert "carol" not in str(told)


def test_it_says_what_would_go_and_asks(lake):
    done = run("--id", "rec-2", answer="n\n")
    assert "Erases what 1 entry holds (1 recommendation): 2." in done.output
    assert "Some are younger than 6 months" in done.output
    assert done.exit_code == 1
    assert gone(lake) == ([], [])
    done = run("--id", "rec-2", answer="y\n")
    assert done.exit_code == 0, done.output
    assert gone(lake)[0] == [2]


def test_a_name_that_is_asked_for_is_not_shown(lake):
    done = run("--person", "-", "--yes", answer=f"{NAME}\n")
    assert done.exit_code == 0, done.output
    assert NAME not in done.output
    assert gone(lake)[0] == [7]


def test_entries_beyond_retention_are_erased_by_month(lake):
    done = run("--retention", "--yes")
    assert "Whole months that go: 2015-03." in done.output
    found, (told,) = gone(lake)
    assert found == [1, 3]
    assert told["ground"] == "retention"
    assert "Nothing is left to erase." in run("--retention", "--yes").output


def test_before_a_day(lake):
    run("--before", "2016-01-01", "--yes")
    assert gone(lake)[0] == [1, 3]


@pytest.mark.parametrize(
    "arguments", [(), ("--retention", "--id", "rec-1"), ("--id", "rec-1", "--person", NAME)]
)
def test_nothing_and_two_ways_at_once_are_refused(lake, arguments):
    done = run(*arguments, "--yes")
    assert isinstance(done.exception, ValueError)
    assert "exactly one way" in str(done.exception)
    assert gone(lake) == ([], [])
