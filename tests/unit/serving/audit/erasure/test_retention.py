"""Entries older than the policy's retention are erased, whole months at a time."""

from datetime import UTC, datetime

import pytest

from serving.audit.erasure.retention import erase_expired, find_expired, oldest_retained_month
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.policy.sections import RetentionPolicy
from tests.support.audit_drafts import (
    CONTEXT,
    NOW,
    PSEUDONYMS,
    decision_draft,
    draft_of_kind,
    recommendation_recorded_at,
)

BY = PSEUDONYMS.of("carol")


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def audit(audit_url):
    store = AuditStore.open(audit_url)
    for number, day in enumerate(("2025-07-31", "2025-08-01", "2025-09-01", "2026-03-20")):
        moment = at(day)
        store.append(
            [
                recommendation_recorded_at(number, moment),
                decision_draft(number, at=moment),
                draft_of_kind(EntryKind.POLICY_CHANGED, moment, policy={}),
                draft_of_kind(EntryKind.SERVICE_STOPPED, moment),
            ]
        )
    yield store
    store.close()


@pytest.mark.parametrize(
    ("now", "kept", "first"),
    [
        ("2026-11-23", 84, "2019-11"),
        ("2026-12-31", 6, "2026-06"),
        ("2027-01-01", 6, "2026-07"),
        ("2026-01-31", 12, "2025-01"),
        ("2026-01-31", 13, "2024-12"),
    ],
)
def test_a_month_goes_when_its_last_day_is_older_than_what_is_kept(now, kept, first):
    assert oldest_retained_month(at(now), kept) == first


def test_whole_months_go_and_what_is_never_erased_stays(audit):
    found = find_expired(audit, RetentionPolicy(answers=7, decisions=7, other=7), NOW)
    assert found.months == ("2025-07",)
    assert found.sequences == (1, 2, 4)
    found = find_expired(audit, RetentionPolicy(answers=6, decisions=6, other=6), NOW)
    assert found.months == ("2025-07", "2025-08")
    entry = erase_expired(audit, found, "seven months are over", BY, CONTEXT.recorded(), NOW)
    assert entry.payload["ground"] == "retention"
    assert entry.payload["ranges"] == [[1, 2], [4, 6], [8, 8]]
    assert entry.payload["count"] == 6
    held = [e.sequence for e in audit.all() if e.body is not None]
    assert held == [3, 7, *range(9, 18)]
    assert audit.between(3, 3)[0].payload["policy"] == {}
    assert (
        find_expired(audit, RetentionPolicy(answers=6, decisions=6, other=6), NOW).sequences == ()
    )


def test_groups_are_kept_as_long_as_each_says(audit):
    found = find_expired(audit, RetentionPolicy(answers=84, decisions=6, other=7), NOW)
    assert found.months == ()
    assert found.sequences == (2, 4, 6)
    erase_expired(audit, found, "over", BY, CONTEXT.recorded(), NOW)
    assert [e.sequence for e in audit.all() if e.body is None] == [2, 4, 6]


def test_entries_kept_of_a_dropped_month_are_unchanged_to_the_bit(audit):
    before = {e.sequence: e for e in audit.all()}
    found = find_expired(audit, RetentionPolicy(answers=6, decisions=6, other=6), NOW)
    erase_expired(audit, found, "over", BY, CONTEXT.recorded(), NOW)
    for sequence in (3, 7, 9):
        assert audit.between(sequence, sequence) == [before[sequence]]


def test_a_dropped_month_can_be_written_to_again(audit):
    found = find_expired(audit, RetentionPolicy(answers=6, decisions=6, other=6), NOW)
    erase_expired(audit, found, "over", BY, CONTEXT.recorded(), NOW)
    audit.append([recommendation_recorded_at(50, at("2025-07-02"))])  # a clock that stepped back
    assert audit.read("rec-50").body


def test_entries_erased_before_are_not_counted_again(audit):
    from serving.audit.erasure.execution import ErasureGround, erase_payloads

    erase_payloads(audit, ErasureGround.REQUEST, [1], "asked to", BY, CONTEXT.recorded(), now=NOW)
    found = find_expired(audit, RetentionPolicy(answers=7, decisions=7, other=7), NOW)
    assert (found.sequences, found.months) == ((2, 4), ("2025-07",))
    entry = erase_expired(audit, found, "over", BY, CONTEXT.recorded(), NOW)
    assert entry.payload["ranges"] == [[2, 2], [4, 4]]


def test_nothing_old_is_nothing_due(audit):
    assert (
        find_expired(audit, RetentionPolicy(answers=84, decisions=84, other=84), NOW).sequences
        == ()
    )
