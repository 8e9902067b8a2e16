"""`triage pause` and `resume` against a service that runs: who is answered by rules meanwhile."""

import pytest
import typer
from typer.testing import CliRunner

from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from serving.audit.log.store import AuditStore
from serving.commands.review import pause, pauses, resume
from serving.pipeline.pauses import PAUSE_ENTRY_KINDS
from serving.server.supervisor import run_service
from tests.support.polling import poll_until
from tests.support.ports import free_port
from tests.support.synthetic_lake import example_case, make_lake

INVOICE, STOCK = INVOICE_MISMATCH.name, STOCK_RISK.name
WHO = "Zaphod Beeblebrox"
LOWER = ("rules", "no_score")
APP = typer.Typer()
for command in (pause, resume, pauses):
    APP.command()(command)


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("lake"), (INVOICE, STOCK))


@pytest.fixture(scope="module")
def running(lake):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIAGE_WORKERS", "1")
        with run_service(lake, port=free_port(), log=lake.home / "service.log") as started:
            yield started


@pytest.fixture
def run(lake, monkeypatch):
    """A command of the operator on the lake: what it says."""
    monkeypatch.setenv("TRIAGE_HOME", str(lake.home))

    def said(*arguments):
        result = CliRunner().invoke(APP, arguments)
        assert result.exit_code == 0, result.output
        return result.output

    return said


def ask(running, task, site):
    (given,) = running.recommend(task, [example_case(task, 3, site_id=site)])
    return given


def paused(given):
    return "PAUSED" in [one["code"] for one in given["rung_reasons"]]


def test_a_pause_holds_for_its_task_and_site_alone_until_it_is_resumed(running, lake, run):
    assert ask(running, INVOICE, "site_03")["model"] is not None
    where = (INVOICE, "--site", "site_03", "--by", WHO, "--reason", "prices are wrong")
    run("pause", *where)
    poll_until(lambda: paused(ask(running, INVOICE, "site_03")))
    given = ask(running, INVOICE, "site_03")
    assert (given["rung"] in LOWER, given["model"], given["probability"]) == (True, None, None)
    assert "prices are wrong" in given["sentence"]
    for task, site in ((INVOICE, "site_09"), (STOCK, "site_03")):
        other = ask(running, task, site)
        assert not paused(other)
        assert other["model"] is not None
    assert "invoice_mismatch at site_03" in run("pauses")

    run("resume", *where)
    poll_until(lambda: not paused(ask(running, INVOICE, "site_03")))
    assert ask(running, INVOICE, "site_03")["model"] is not None
    assert "Nothing is paused." in run("pauses")
    assert_only_pseudonyms(lake)


def assert_only_pseudonyms(lake):
    store = AuditStore.open(lake.audit)
    entries, told = store.all(), store.of_kind(*PAUSE_ENTRY_KINDS)
    store.close()
    assert [entry.kind for entry in told] == list(PAUSE_ENTRY_KINDS)
    assert len({entry.payload["by"] for entry in told}) == 1, "the same person"
    bodies = "".join(entry.body for entry in entries)
    assert not [part for part in WHO.split() if part in bodies]
