"""A record of which some was erased still verifies, and says how much."""

import sqlalchemy as sa

from serving.audit.dataframes import (
    canonical_decisions_batch,
    decisions_frame,
    recommendations_frame,
)
from serving.audit.erasure.execution import ErasureGround, erase_payloads, sequences_naming_person
from serving.audit.erasure.retention import erase_expired, find_expired
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.log.tables import PAYLOADS
from serving.audit.transparency.note import Verifier
from serving.audit.transparency.signing_key import SigningKey
from serving.audit.verify.verification import verify_log
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
YEAR = NOW.replace(year=2025, month=1)


def verified(store):
    key = Verifier.parse(store.signer.verifier(store.head().origin))
    return verify_log(store, keys=[key], workers=1)


def test_verification_passes_over_what_was_erased_and_counts_it(audit_url, tmp_path):
    store = AuditStore.open(audit_url, signer=SigningKey.load_or_make(tmp_path / "audit.key"))
    store.append(
        [
            recommendation_recorded_at(1, YEAR),
            draft_of_kind(EntryKind.POLICY_CHANGED, YEAR, policy={}),
        ]
    )
    store.append([recommendation_recorded_at(2), decision_draft(1, "ada"), decision_draft(2, "bo")])
    assert verified(store).ok
    mine = sequences_naming_person(store, PSEUDONYMS.of("ada"))
    erase_payloads(store, ErasureGround.PERSON, mine, "asked to", BY, CONTEXT.recorded(), now=NOW)
    erase_payloads(store, ErasureGround.REQUEST, [3], "asked to", BY, CONTEXT.recorded(), now=NOW)
    old = find_expired(store, RetentionPolicy(answers=6, decisions=6, other=6), NOW)
    assert old.months == ("2025-01",)
    erase_expired(store, old, "older than kept", BY, CONTEXT.recorded(), NOW)
    found = verified(store)
    assert (found.ok, found.entries, found.erased) == (True, 8, 3)
    with store.engine.begin() as connection:  # gone without an entry that says so
        connection.execute(sa.delete(PAYLOADS).where(PAYLOADS.c.sequence == 5))
    assert not verified(store).ok
    store.close()


def test_training_reads_nothing_that_was_erased(tmp_path):
    store = AuditStore.open(tmp_path / "audit.db")
    store.append(
        [
            recommendation_recorded_at(1),
            recommendation_recorded_at(2),
            decision_draft(1, "ada", reason="ill"),
            decision_draft(2, "bo"),
        ]
    )
    erase_payloads(
        store, ErasureGround.REQUEST, [3, 2], "asked to", BY, CONTEXT.recorded(), now=NOW
    )
    assert recommendations_frame(store)["id"].tolist() == ["rec-1"]
    assert decisions_frame(store)["recommendation_id"].tolist() == ["rec-2"]
    (row,) = canonical_decisions_batch(store).frame.to_dict("records")
    assert row["recommendation_id"] == "rec-2"
    assert row["case_id"] is None or row["case_id"] != row["case_id"]
    store.close()
