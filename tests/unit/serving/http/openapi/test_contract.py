"""The contract is written down, valid, and breaks nobody."""

import json
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from openapi_spec_validator import validate
from starlette.testclient import TestClient

from serving.http.app import create_app
from serving.http.openapi.contract import (
    CURRENT_FILE,
    ContractError,
    breaking_changes,
    check_contract,
    contract_json,
    current_contract,
)
from serving.http.operations_routes import problem_router
from serving.http.problems import PROBLEM_EXPLANATIONS, ProblemKind
from serving.http.response_headers import Deprecation
from serving.runtime.context import RELEASE
from serving.tasks.catalogue import SERVED_TASKS
from tests.support.open_access import ALLOW_EVERY_CALLER

pytestmark = pytest.mark.slow(4)


def test_the_file_is_what_the_service_serves_and_breaks_nothing():
    assert check_contract().startswith("openapi.json is what the service serves")


def test_the_contract_is_openapi_3_1_that_validates():
    contract = json.loads(CURRENT_FILE.read_text())
    assert contract["openapi"].startswith("3.1")
    validate(contract)


def test_a_file_that_differs_is_refused_with_the_command_that_writes_it(tmp_path):
    other = tmp_path / "openapi.json"
    other.write_text(contract_json(current_contract() | {"info": {"title": "x", "version": "0"}}))
    with pytest.raises(ContractError, match="triage openapi --write"):
        check_contract(other)


def test_a_break_is_named(tmp_path):
    before = json.loads(contract_json(current_contract()))
    before["paths"]["/v1/gone"] = {"get": {"responses": {}}}
    released = tmp_path / "released.json"
    released.write_text(json.dumps(before))
    with pytest.raises(ContractError, match=r"/v1/gone: is gone"):
        check_contract(released=released)


def test_every_operation_says_what_holds_for_all():
    for path, methods in current_contract()["paths"].items():
        for operation in methods.values():
            answers, named = operation["responses"], {p["name"] for p in operation["parameters"]}
            assert "traceparent" in named, path
            assert {"500", "503", "504"} <= set(answers), path
            assert "Retry-After" in answers["503"]["headers"], path
            if not operation["security"]:
                assert path in {"/livez", "/readyz"}
                continue
            assert {"401", "403", "429"} <= set(answers), path
            for answer in answers.values():
                assert {"RateLimit", "RateLimit-Policy"} <= set(answer["headers"]), path


@pytest.mark.parametrize("kind", ProblemKind)
def test_the_type_of_every_problem_leads_to_what_it_means(kind):
    app = FastAPI()
    app.include_router(problem_router)
    client, meaning = TestClient(app), PROBLEM_EXPLANATIONS[kind]
    told = client.get(kind.type).json()
    assert (told["title"], told["means"], told["mend"]) == (
        meaning.title,
        meaning.means,
        meaning.mend,
    )
    page = client.get(kind.type, headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert f"<h1>{meaning.title}</h1>" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_an_address_that_will_go_says_so_and_no_other_does():
    day = Deprecation(
        datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC), "/docs#new"
    )
    app = create_app(SERVED_TASKS, deprecated={"/problems/{kind}": day})
    app.state.authenticator = ALLOW_EVERY_CALLER
    client = TestClient(app)
    gone = client.get("/problems/busy").headers
    assert gone["deprecation"] == "@1798761600"
    assert gone["sunset"] == "Thu, 01 Jul 2027 00:00:00 GMT"
    assert gone["link"] == '</docs#new>; rel="deprecation"'
    assert "deprecation" not in client.get("/problems").headers


NEW_TASK = "late_payment"


def with_new_task():
    """The contract of a service with one more task, in the shape of an existing one."""
    contract = json.loads(contract_json(current_contract()).replace("stock_risk", NEW_TASK))
    more = json.loads(contract_json(current_contract()))
    more["paths"][f"/v1/{NEW_TASK}"] = contract["paths"][f"/v1/{NEW_TASK}"]
    schemas = more["components"]["schemas"]
    for name, schema in contract["components"]["schemas"].items():
        schemas.setdefault(name, schema)
    schemas["TaskName"]["x-extensible-enum"].append(NEW_TASK)
    cases = schemas["triage_request"]["properties"]["cases"]["items"]
    cases["oneOf"].insert(0, {"$ref": f"#/components/schemas/triage_{NEW_TASK}"})
    return more


def released(folder, contract):
    file = folder / "released.json"
    file.write_text(json.dumps(contract))
    return file


def test_a_new_task_breaks_nobody(tmp_path):
    assert breaking_changes(released(tmp_path, current_contract()), with_new_task()) == []


def test_a_task_that_goes_is_a_break_at_its_own_address_and_in_triage(tmp_path):
    assert breaking_changes(released(tmp_path, with_new_task()), current_contract()) == [
        f"POST /v1/triage body.cases[]: no longer takes task={NEW_TASK}",
        f"/v1/{NEW_TASK}: is gone",
    ]


def test_enumerations_of_answers_are_open_and_those_of_requests_closed():
    schemas = current_contract()["components"]["schemas"]
    for name in ("TaskName", "Level", "Rung", "Trigger"):
        assert "enum" not in schemas[name]
        assert schemas[name]["x-extensible-enum"]
        assert "may come" in schemas[name]["description"]
    assert "enum" in schemas["Explain"]


def test_the_contract_has_the_version_of_the_release():
    assert current_contract()["info"]["version"] == RELEASE
