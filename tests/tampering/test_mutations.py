"""Random mutations: all seen, at the right place. The long run is `python -m tests.tampering`."""

import pytest

from tests.tampering.attacks import ATTACKS
from tests.tampering.log import Log
from tests.tampering.mutation_counts import MutationCounts, ResultJournal
from tests.tampering.mutations import Result, base, mutations
from tests.tampering.tampered_copy import TamperedCopy, write_log

pytestmark = pytest.mark.slow(8)

SHORT = 342
"""Three of each attack."""


def test_every_mutation_is_found_where_it_is():
    tally = MutationCounts()
    for outcome in mutations(seed=7, numbers=range(SHORT)):
        tally.add(outcome)
    assert not tally.failed, "\n".join(tally.lines(7))
    assert set(tally.counts) == set(ATTACKS)


def test_the_log_itself_is_whole(tmp_path):
    write_log(base(), tmp_path)
    for trusted in (False, True):
        verdict = TamperedCopy(base(), tmp_path).verify(trusted=trusted)
        assert verdict.ok, verdict.findings
        assert (verdict.size, verdict.erased) == (base().size, len(base().erased))


def test_a_verification_that_sees_nothing_fails(monkeypatch):
    clean = type("Verdict", (), {"findings": ()})()
    monkeypatch.setattr(TamperedCopy, "verify", lambda self, trusted: clean)
    (outcome,) = mutations(seed=7, numbers=[0])
    assert outcome.result is Result.MISSED


def test_a_finding_that_names_another_entry_is_misplaced(monkeypatch):
    def elsewhere(self, trusted):
        verdict = verify(self, trusted=trusted)
        moved = [type("Finding", (), {"fault": f.fault, "sequence": 999}) for f in verdict.findings]
        return type("Verdict", (), {"findings": moved})()

    verify = TamperedCopy.verify
    monkeypatch.setattr(TamperedCopy, "verify", elsewhere)
    (outcome,) = mutations(seed=7, numbers=[0])
    assert outcome.result is Result.MISPLACED


def test_a_run_goes_on_where_it_was_stopped(tmp_path):
    journal = ResultJournal(tmp_path / "run.jsonl")
    assert journal.read(seed=7) == []
    first = list(mutations(7, range(3)))
    journal.write(first)
    assert journal.read(seed=7) == first
    assert list(mutations(7, [2])) == first[2:]


def test_the_log_holds_what_there_is_to_attack():
    log: Log = base()
    kinds = {row["kind"] for row in log.tables["entries"]}
    assert kinds >= {"checkpoint", "erasure", "decision", "recommendation", "policy_changed"}
    assert len(log.tables["nodes"]) == 2
    assert log.covered < log.size
