"""BentoML's own client against a real service: one method a task, the same answers and callers."""

import json
from contextlib import closing

import bentoml
import pytest
from bentoml.exceptions import BentoMLException

from models.catalogue import TASKS
from serving.audit.factory import open_audit
from serving.auth.caller import ALL_SCOPES
from serving.server.supervisor import run_service
from tests.support.authenticated_service import AuthenticatedService, record_api_key
from tests.support.ports import free_port
from tests.support.synthetic_lake import example_case, make_lake


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service of every task that asks everybody who they are."""
    lake = make_lake(tmp_path_factory.mktemp("lake"))
    _, key = record_api_key(lake, ALL_SCOPES, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIAGE_AUTH_MODE", "required")
        with run_service(lake, port=free_port(), log=lake.home / "service.log") as running:
            made = AuthenticatedService(lake, running.address)
            made.key = key
            yield made


@pytest.fixture
def client(service):
    with closing(bentoml.SyncHTTPClient(service.address, token=service.key)) as made:
        yield made


@pytest.mark.parametrize("task", TASKS)
def test_a_task_is_a_method_that_gives_the_recorded_answer(service, client, task):
    answer = getattr(client, task)(
        cases=[example_case(task, 1), example_case(task, 2)], explain="all"
    )
    assert len(answer["recommendations"]) == 2
    for given in answer["recommendations"]:
        path = f"/v1/recommendations/{given['id']}"
        assert json.loads(service.ask("GET", path, service.key)[2]) == given
        with closing(open_audit(service.lake)) as store:
            assert store.read(given["id"]).hash == given["audit_hash"]


def test_cases_of_several_tasks_are_a_method_too(client):
    cases = [{"task": task, "case": example_case(task, 3)} for task in TASKS]
    answer = client.triage(cases=cases)
    ids = [one["id"] for one in answer["recommendations"]]
    assert sorted(answer["ranking"]) == sorted(ids)


def test_unreadable_fields_are_named_to_the_client(client):
    with pytest.raises(BentoMLException, match=r"cases\[0\]\.colour"):
        client.stock_risk(cases=[example_case("stock_risk", 1, colour="red")])
    with pytest.raises(TypeError, match="Missing required arguments"):
        client.stock_risk()


def test_unauthenticated_clients_cannot_read_the_schema(service):
    assert service.ask("GET", "/schema.json")[0] == 401
    with pytest.raises(BentoMLException, match="Failed to fetch schema"):
        bentoml.SyncHTTPClient(service.address, token="tk_no_key")
