"""A BPMN engine that nobody here wrote runs its processes with the service, and without it.

A real server; SpiffWorkflow runs the diagrams and tables of `serving/examples/`.
"""

import threading
from contextlib import ExitStack, closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from json import dumps

import httpx
import pytest
from lxml import etree
from SpiffWorkflow.spiff.parser.process import VALIDATOR

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from serving.audit.factory import open_audit
from serving.audit.log.entry_kind import EntryKind
from serving.auth.caller import AccessScope, scoring_scope
from serving.examples.client import TriageClient
from serving.examples.orchestrator import PROCESS_FOLDER, Orchestrator, Process, TriageScriptEngine
from serving.examples.outbox import DeliveryState, Outbox
from serving.server.supervisor import run_service
from tests.support.authenticated_service import record_api_key
from tests.support.ports import free_port
from tests.support.synthetic_lake import example_case, make_lake

pytestmark = pytest.mark.slow(16)

TASKS = {
    Process.BLOCKED_INVOICE: INVOICE_MISMATCH.name,
    Process.REPLENISHMENT_REQUEST: STOCK_RISK.name,
}
PATIENT = httpx.Timeout(30.0)  # a slow machine is not what is tested
numbers = count(5000)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("lake"), tuple(TASKS.values()))


@pytest.fixture(scope="module")
def service(lake):
    """The address of a service that runs."""
    with run_service(lake, port=free_port(), log=lake.home / "service.log") as running:
        yield running.address


@pytest.fixture
def outbox(tmp_path):
    return Outbox.at(tmp_path / "outbox.db")


@pytest.fixture
def triage():
    """Makes clients that are closed afterwards."""
    with ExitStack() as opened:

        def at(address, timeout=PATIENT):
            return opened.enter_context(closing(TriageClient.at(address, timeout=timeout)))

        yield at


@pytest.fixture
def orchestrator(triage, outbox):
    """Makes orchestrators that ask the service at an address."""
    return lambda address, timeout=PATIENT: Orchestrator(
        TriageScriptEngine(triage(address, timeout), outbox)
    )


@pytest.fixture
def guarded(lake):
    """The address of a service on that record that takes a key, and a key to it."""
    _, shown = record_api_key(
        lake, [scoring_scope(INVOICE_MISMATCH.name), AccessScope.DECIDE], ["site_03"]
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIAGE_AUTH_MODE", "required")
        with run_service(lake, port=free_port(), log=lake.home / "guarded.log") as running:
            yield running.address, shown


def known(process, amount=4200.0, site="site_03", **changes):
    return {
        "case": example_case(TASKS[process], next(numbers), **changes),
        "amount": amount,
        "site": site,
    }


def decided(lake, recommendation):
    with closing(open_audit(lake)) as store:
        return [
            entry.payload
            for entry in store.all()
            if entry.kind is EntryKind.DECISION
            and entry.payload["recommendation_id"] == recommendation
        ]


# What the tables say for a case of known outcome. Written here by hand, not read from them.
BY_EXPECTED = {
    ("NO_RECEIPT", "receiving"),
    ("PRICE_VARIANCE", "procurement"),
    ("CLEAN", "accounts payable"),
}
AS_USUAL = [
    (Process.BLOCKED_INVOICE, "site_03", 999, "accounts payable"),
    (Process.BLOCKED_INVOICE, "site_03", 1000, "site manager"),
    (Process.BLOCKED_INVOICE, "site_01", 9999, "accounts payable lead"),
    (Process.BLOCKED_INVOICE, "site_03", 10000, "controller"),
    (Process.REPLENISHMENT_REQUEST, "site_03", 1999, "planner"),
    (Process.REPLENISHMENT_REQUEST, "site_03", 2000, "site manager"),
    (Process.REPLENISHMENT_REQUEST, "site_01", 19999, "purchasing lead"),
    (Process.REPLENISHMENT_REQUEST, "site_01", 20000, "operations director"),
]


@pytest.mark.parametrize("process", Process)
def test_the_engine_asks_routes_waits_for_a_person_and_reports_back(
    process, service, lake, orchestrator, outbox
):
    engine = orchestrator(service)
    instance = engine.start(process, **known(process))
    (work,) = engine.waiting(instance)
    assert work.known["advice"]["why"] == ""
    assert work.known["rung"] == "champion"
    assert work.known["advice"]["sentence"]

    engine.complete(instance, work, approved=True, action="followed", person="u-4711")
    assert engine.ended(instance) in {"Released for payment", "Ordered"}
    (decision,) = decided(lake, work.known["recommendation"])
    assert (decision["action"], decision["role"]) == ("followed", work.approver)
    assert decision["person"] not in {None, "u-4711"}, "a pseudonym is on record, and no name"
    assert outbox.reports(DeliveryState.WAITING) == outbox.reports(DeliveryState.REFUSED) == []


def test_the_approver_follows_from_the_expectation_and_the_decision_table_of_the_process(
    service, orchestrator
):
    engine, seen = orchestrator(service), set()
    for _ in range(30):
        given = known(Process.BLOCKED_INVOICE)
        (work,) = engine.waiting(engine.start(Process.BLOCKED_INVOICE, **given))
        if work.known["abstained"]:
            assert work.approver == "site manager", "advice that is none is not followed"
        else:
            seen.add((work.known["expected"], work.approver))
    assert seen <= BY_EXPECTED
    assert len(seen) > 1, "cases of several classes, or nothing is told of the table"
    large = known(Process.BLOCKED_INVOICE, amount=50000.0, receipts=[])
    (work,) = engine.waiting(engine.start(Process.BLOCKED_INVOICE, **large))
    assert work.approver == "controller", "the amount decides, whatever the service says"


@pytest.mark.parametrize("process", Process)
def test_without_a_model_the_engine_queues_as_usual_and_learns_from_the_decision(
    process, service, lake, orchestrator
):
    engine = orchestrator(service)
    instance = engine.start(process, **known(process, asked_at="2026-07-10T08:00:00Z"))
    (work,) = engine.waiting(instance)
    assert work.known["rung"] in {"rules", "no_score"}, "what is known of the past is too old"
    assert work.known["advice"]["why"]
    assert work.approver == "site manager"
    engine.complete(instance, work, approved=True, action="ignored", person="u-1")
    assert len(decided(lake, work.known["recommendation"])) == 1


def test_a_person_may_decide_against_the_recommendation_with_a_reason(service, lake, orchestrator):
    process, engine = Process.BLOCKED_INVOICE, orchestrator(service)
    instance = engine.start(process, **known(process))
    (work,) = engine.waiting(instance)
    against = {"approved": False, "action": "overridden", "person": "u-1"}
    with pytest.raises(ValueError, match="takes a reason"):
        engine.complete(instance, work, **against)
    why = {"reason": "the supplier has confirmed a credit note", "resolved_as": "CREDIT_NOTE"}
    engine.complete(instance, work, **against, **why)
    assert engine.ended(instance) == "Stays blocked"
    (decision,) = decided(lake, work.known["recommendation"])
    assert (decision["resolved_as"], decision["reason"]) == (why["resolved_as"], why["reason"])


def test_an_engine_killed_after_it_asked_asks_again_and_gets_the_same_answer(service, orchestrator):
    process, engine = Process.REPLENISHMENT_REQUEST, orchestrator(service)
    instance = engine.start(process, **known(process))
    (first,) = engine.waiting(instance)
    asked = instance.get_next_task(spec_name="ask")
    before = engine.load(engine.save(instance))
    before.reset_from_task_id(asked.id)
    before.do_engine_steps()
    (again,) = engine.waiting(before)
    assert again.known["recommendation"] == first.known["recommendation"]


def test_a_process_is_kept_as_text_while_a_person_takes_their_time(service, lake, orchestrator):
    process, engine = Process.BLOCKED_INVOICE, orchestrator(service)
    saved = engine.save(engine.start(process, **known(process)))
    later = orchestrator(service)
    instance = later.load(saved)
    (work,) = later.waiting(instance)
    later.complete(instance, work, approved=True, action="followed", person="u-1")
    assert later.ended(instance) == "Released for payment"
    assert len(decided(lake, work.known["recommendation"])) == 1


@pytest.mark.parametrize(("process", "site", "amount", "approver"), AS_USUAL)
def test_with_the_service_switched_off_the_process_finishes_by_its_own_rules(
    process, site, amount, approver, orchestrator, outbox
):
    engine = orchestrator(f"http://127.0.0.1:{free_port()}")
    instance = engine.start(process, **known(process, amount, site))
    (work,) = engine.waiting(instance)
    assert work.approver == approver
    assert work.known["advice"]["why"] == "away: not reached (ConnectError)"
    engine.complete(instance, work, approved=False, action="ignored", person="u-1")
    assert engine.ended(instance) in {"Stays blocked", "Not ordered"}
    assert outbox.reports(DeliveryState.WAITING) == [], (
        "nothing was recommended, so nothing is reported"
    )


def test_switched_off_in_the_middle_the_decision_is_kept_and_reported_when_it_is_back(
    service, lake, triage, orchestrator, outbox
):
    process = Process.BLOCKED_INVOICE
    with run_service(lake, port=free_port(), log=lake.home / "first.log") as running:
        engine = orchestrator(running.address)
        instance = engine.start(process, **known(process))
        (work,) = engine.waiting(instance)
        assert work.known["rung"] == "champion"
    engine.complete(instance, work, approved=True, action="followed", person="u-4711")
    assert engine.ended(instance) == "Released for payment"
    (waiting,) = outbox.reports(DeliveryState.WAITING)
    assert decided(lake, work.known["recommendation"]) == []

    # A replica on the same record stands for the service that is back. Its answer is lost once:
    # the process cannot know, and reports the same again.
    back = triage(service)
    back.decide(waiting.recommendation, waiting.decision, waiting.step)
    outbox.deliver(back)
    assert outbox.reports(DeliveryState.WAITING) == []
    assert len(decided(lake, work.known["recommendation"])) == 1


def test_a_request_that_is_refused_does_not_hold_up_the_process_and_is_told(service, orchestrator):
    process, engine = Process.REPLENISHMENT_REQUEST, orchestrator(service)
    instance = engine.start(process, **known(process, on_hand="many"))
    (work,) = engine.waiting(instance)
    assert work.approver == "site manager"
    assert work.known["advice"]["why"].startswith("refused: 422: 1 field")


@contextmanager
def stand_in(status, body=None, headers=()):
    """An address where every request is answered so; kept open without a word if status is 0."""
    asked, done = [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            if not status:
                done.wait(60)
                return
            content = dumps(body or {"detail": "not now"}).encode()
            self.send_response(status)
            for name, value in {"Content-Length": len(content), **dict(headers)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        done.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [0, 429, 500, 503, 504])
def test_a_service_in_trouble_is_as_good_as_switched_off(status, orchestrator):
    process = Process.BLOCKED_INVOICE
    with stand_in(status, headers={"Retry-After": 60}) as (address, _):
        engine = orchestrator(address, httpx.Timeout(0.3))
        instance = engine.start(process, **known(process))
        (work,) = engine.waiting(instance)
        assert (work.approver, work.known["rung"]) == ("site manager", "none")
        engine.complete(instance, work, approved=True, action="ignored", person="u-1")
        assert engine.ended(instance) == "Released for payment"


@pytest.mark.parametrize("rung", ["rules", "no_score"])
def test_an_answer_without_a_score_is_queued_as_usual_and_the_decision_still_reported(
    rung, orchestrator
):
    given = {"id": "r-1", "rung": rung, "rung_reasons": [{"sentence": "paused"}], "level": None}
    process = Process.REPLENISHMENT_REQUEST
    with stand_in(200, {"recommendations": [given]}) as (address, asked):
        engine = orchestrator(address)
        instance = engine.start(process, **known(process))
        (work,) = engine.waiting(instance)
        assert (work.approver, work.known["advice"]["why"]) == ("site manager", "paused")
        engine.complete(instance, work, approved=True, action="ignored", person="u-1")
    assert engine.ended(instance) == "Ordered"
    assert asked[-1] == "/v1/recommendations/r-1/decision"


@pytest.mark.parametrize("file", sorted(PROCESS_FOLDER.glob("*.bpmn")), ids=lambda path: path.name)
def test_a_diagram_is_valid_and_draws_everything_it_has(file):
    tree = etree.parse(str(file))
    VALIDATOR.validate(tree)
    process = tree.find("{*}process")
    drawn = {shape.get("bpmnElement") for shape in tree.iterfind(".//{*}BPMNPlane/*")}
    nodes = [e.get("id") for e in process if e.get("id")]
    assert len(nodes) > 20
    assert set(nodes) == drawn


def test_with_a_key_from_its_environment_the_engine_is_let_in_and_without_it_goes_on_alone(
    guarded, lake, outbox
):
    process, (address, key) = Process.BLOCKED_INVOICE, guarded
    for shown, rung in ((key, "champion"), ("", "none")):
        environment = {"TRIAGE_URL": address, "TRIAGE_API_KEY": shown}
        with closing(TriageClient.from_environment(environment)) as client:
            client.http.timeout = PATIENT
            engine = Orchestrator(TriageScriptEngine(client, outbox))
            instance = engine.start(process, **known(process))
            (work,) = engine.waiting(instance)
            assert work.known["rung"] == rung
            engine.complete(instance, work, approved=True, action="followed", person="u-1")
            assert engine.ended(instance) == "Released for payment"
            if shown:
                (entry,) = decided(lake, work.known["recommendation"])
                assert entry["role"] == work.approver
            else:
                assert work.known["advice"]["why"] == "refused: 401: who asks is not known"
    assert outbox.reports(DeliveryState.WAITING) == outbox.reports(DeliveryState.REFUSED) == []
