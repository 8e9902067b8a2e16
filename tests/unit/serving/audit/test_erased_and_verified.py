"""A record of which some was erased still verifies, and says how much."""

import sqlalchemy as sa

from serving.audit.canonical_decisions import canonical_decisions
from serving.audit.entry import EntryKind
from serving.audit.erasure import Ground, erase, of_person
from serving.audit.frames import decisions, recommendations
from serving.audit.note import Verifier
from serving.audit.retention import due, erase_due
from serving.audit.signing_key import SigningKey
from serving.audit.store import AuditStore
from serving.audit.tables import PAYLOADS
from serving.audit.verify.verification import verify
from serving.policy.policy import Retention
from tests.synthetic_record import CONTEXT, NOW, PEOPLE, answer, decision, of_kind

BY = PEOPLE.of("carol")
YEAR = NOW.replace(year=2025, month=1)


def verified(store):
    key = Verifier.parse(store.signer.verifier(store.head().origin))
    return verify(store, keys=[key], workers=1)


def test_verification_passes_over_what_was_erased_and_counts_it(audit_url, tmp_path):
    store = AuditStore.open(audit_url, signer=SigningKey.load_or_make(tmp_path / "audit.key"))
    store.append([answer(1, YEAR), of_kind(EntryKind.POLICY_CHANGED, YEAR, policy={})])
    store.append([answer(2), decision(1, "ada"), decision(2, "bo")])
    assert verified(store).ok
    mine = of_person(store, PEOPLE.of("ada"))
    erase(store, Ground.PERSON, mine, "asked to", BY, CONTEXT.recorded(), now=NOW)
    erase(store, Ground.REQUEST, [3], "asked to", BY, CONTEXT.recorded(), now=NOW)
    old = due(store, Retention(answers=6, decisions=6, other=6), NOW)
    assert old.months == ("2025-01",)
    erase_due(store, old, "older than kept", BY, CONTEXT.recorded(), NOW)
    found = verified(store)
    assert (found.ok, found.entries, found.erased) == (True, 8, 3)
    with store.engine.begin() as connection:  # gone without an entry that says so
        connection.execute(sa.delete(PAYLOADS).where(PAYLOADS.c.sequence == 5))
    assert not verified(store).ok
    store.close()


def test_what_training_reads_holds_nothing_that_was_erased(tmp_path):
    store = AuditStore.open(tmp_path / "audit.db")
    store.append([answer(1), answer(2), decision(1, "ada", reason="ill"), decision(2, "bo")])
    erase(store, Ground.REQUEST, [3, 2], "asked to", BY, CONTEXT.recorded(), now=NOW)
    assert recommendations(store)["id"].tolist() == ["rec-1"]
    assert decisions(store)["recommendation_id"].tolist() == ["rec-2"]
    (row,) = canonical_decisions(store).frame.to_dict("records")
    assert row["recommendation_id"] == "rec-2"
    assert row["case_id"] is None or row["case_id"] != row["case_id"]
    store.close()
