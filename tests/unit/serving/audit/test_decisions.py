"""A decision says who, as a pseudonym, and what they were shown; and it is made once."""

import hashlib
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from serving.audit.erasure.execution import ErasureGround, erase_payloads, sequences_naming_person
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.recommendation.recommendation import Advice
from serving.review.decisions import (
    AlreadyDecidedError,
    DecisionMessage,
    DecisionRecorder,
    record_decision,
)
from tests.support.audit_drafts import CONTEXT, NOW, PSEUDONYMS, recommendation_recorded_at

pytestmark = pytest.mark.slow(5)

NAME = "ada.lovelace@example.org"
FOLLOWED = {"action": "followed", "role": "accounts payable"}


def said(**changes):
    return DecisionMessage.model_validate_json(json.dumps(FOLLOWED | changes))


def test_a_decision_holds_the_pseudonym_and_what_was_shown(service, tmp_path):
    page = service.get("/v1/recommendations/rec-1/report")
    made = service.decide("rec-1", person=NAME, shown_at="2026-03-20T11:58:00+01:00")
    assert made.status_code == 201
    answered, read, decided = service.audit.all()[0], *service.audit.all()[2:]
    told = decided.payload
    assert told["person"] == service.engine.pseudonyms.of(NAME)
    assert told["shown"] == {
        "sequence": 1,
        "hash": answered.hash,
        "answered_at": answered.payload["recommendation"]["answered_at"].replace("Z", "+00:00"),
        "reports": [
            {
                "sequence": 3,
                "at": read.recorded_at,
                "page_digest": hashlib.sha256(page.content).hexdigest(),
            }
        ],
        "shown_at": "2026-03-20T11:58:00+01:00",
    }
    assert (told["schema"], told["role"], told["action"]) == (2, "accounts payable", "followed")
    assert told["recommendation_id"] == decided.envelope.about == "rec-1"


def test_a_name_is_nowhere_on_record_nor_in_what_is_answered_or_logged(service, tmp_path, caplog):
    caplog.set_level("DEBUG")
    address = "/v1/recommendations/rec-1/decision"
    body = FOLLOWED | {"person": NAME}
    answers = [
        service.client.post(address, json=body, headers={"Idempotency-Key": "k"}),
        service.decide("rec-1", person=NAME),
        service.decide("rec-1", person=NAME, role="buyer"),
        service.decide("rec-2", person=NAME * 20),
        service.decide("rec-2", person=[NAME]),
        service.client.post(address, json=body | {"role": "x"}, headers={"Idempotency-Key": "k"}),
    ]
    assert [one.status_code for one in answers] == [201, 200, 409, 422, 422, 422]
    assert all(NAME not in one.text for one in answers)
    assert NAME not in caplog.text
    assert NAME not in repr(said(person=NAME))
    with service.audit.reading() as connection:
        for table in ("entries", "payloads", "requests", "head"):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            assert NAME not in str(rows)
            assert hashlib.sha256(json.dumps(body).encode()).hexdigest() not in str(rows)


def test_the_same_decision_again_is_the_one_on_record_also_with_a_person(service):
    first = service.decide("rec-1", person=NAME)
    again = service.decide("rec-1", person=f" {NAME} ", shown_at="2026-03-20T11:58:00Z")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["audit_sequence"] == again.json()["audit_sequence"]
    assert service.kinds().count("decision") == 1


@pytest.mark.parametrize("other", [{"person": "bo"}, {"person": None}, {"role": "buyer"}])
def test_another_person_hears_what_was_decided_but_not_by_whom(service, other):
    service.decide("rec-1", person=NAME)
    refused = service.decide("rec-1", **({"person": NAME} | other))
    assert refused.status_code == 409
    assert "followed by accounts payable" in refused.json()["detail"]
    assert "person-" not in refused.text
    assert service.kinds().count("decision") == 1


def test_an_erased_decision_was_still_made_and_no_other_takes_its_place(service):
    service.decide("rec-1", person=NAME, reason="the clerk was ill")
    mine = sequences_naming_person(service.audit, service.engine.pseudonyms.of(NAME))
    by, context = PSEUDONYMS.of("carol"), CONTEXT.recorded()
    erase_payloads(service.audit, ErasureGround.PERSON, mine, "asked to", by, context, now=NOW)
    refused = service.decide("rec-1", person=NAME)
    assert refused.status_code == 409
    assert "what was decided has been erased since" in refused.json()["detail"]
    assert (
        "by whom and what was erased since" in service.get("/v1/recommendations/rec-1/report").text
    )


def deciding(store):
    return DecisionRecorder(store, PSEUDONYMS, NOW, CONTEXT)


def advice(store):
    return Advice.model_validate(store.read("rec-1").payload["recommendation"])


def test_one_of_two_replicas_deciding_at_once_wins_and_the_other_learns_the_decision(
    audit_url,
):
    stores = [AuditStore.open(audit_url), AuditStore.open(audit_url)]
    stores[0].append([recommendation_recorded_at(1)])
    both = Barrier(2)

    class Together(DecisionRecorder):
        def shown(self, advice, shown_at):  # both have found that nothing was decided yet
            told = super().shown(advice, shown_at)
            both.wait(timeout=30)
            return told

    def attempt(store, name):
        try:
            return record_decision(
                Together(store, PSEUDONYMS, NOW, CONTEXT), advice(store), said(person=name)
            )
        except AlreadyDecidedError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(attempt, stores, ["ada", "bo"]))
    (refused,) = [one for one in ended if isinstance(one, str)]
    ((_, new),) = [one for one in ended if not isinstance(one, str)]
    assert new
    assert "followed by accounts payable" in refused
    assert len(stores[1].decisions("rec-1")) == 1
    for store in stores:
        store.close()


PROCESS = """
import json, sys
from datetime import UTC, datetime
from serving.review.decisions import DecisionMessage
from serving.audit.pseudonym import Pseudonyms
from serving.audit.log.store import AuditStore
from serving.runtime.context import RequestContext
from serving.review.decisions import AlreadyDecidedError, DecisionRecorder, record_decision
from serving.recommendation.recommendation import Advice
_, url, person = sys.argv
store = AuditStore.open(url)
given = Advice.model_validate(store.read("rec-1").payload["recommendation"])
said = {"action": "followed", "role": "accounts payable", "person": person}
message = DecisionMessage.model_validate_json(json.dumps(said))
class Together(DecisionRecorder):
    def shown(self, advice, shown_at):
        told = super().shown(advice, shown_at)
        print("ready", flush=True)
        sys.stdin.readline()
        return told
now, context = datetime(2026, 3, 20, tzinfo=UTC), RequestContext("ab" * 16, "local", None, "0", 1)
try:
    print(record_decision(Together(store, Pseudonyms(b"k" * 32), now, context), given, message)[1])
except AlreadyDecidedError:
    print("refused")
"""


def test_one_of_two_processes_deciding_at_once_wins(audit_url, root):
    store = AuditStore.open(audit_url)
    store.append([recommendation_recorded_at(1)])
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROCESS, audit_url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root)},
        )
        for name in ("ada", "bo")
    ]
    assert [process.stdout.readline() for process in running] == ["ready\n"] * 2
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    ended = sorted(process.communicate(timeout=60)[0].strip() for process in running)
    assert ended == ["True", "refused"]
    assert len(store.of_kind(EntryKind.DECISION)) == 1
    store.close()


def test_the_documentation_says_that_a_person_is_never_recorded(service):
    schema = service.get("/openapi.json").json()["components"]["schemas"]["DecisionMessage"]
    assert "Never recorded" in schema["properties"]["person"]["description"]
    assert schema["properties"]["person"]["anyOf"][0]["maxLength"] == 200
    assert "shown_at" not in schema["required"]
