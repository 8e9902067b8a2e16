"""Whatever the contract takes is answered: 200, on the record, and never a failure.

    TRIAGE_VALID_CASES=10000 pytest tests/contract/test_valid.py

makes up so many of each instead of a few.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from starlette.testclient import TestClient

from models.catalogue import TASKS
from tests.contract.valid import cases, mixed

CASES = int(os.environ.get("TRIAGE_VALID_CASES", "15"))
QUIET = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("task", TASKS)
def test_every_case_that_the_contract_takes_is_answered(app, task):
    client = TestClient(app, raise_server_exceptions=False)

    @seed(1)
    @QUIET
    @given(case=cases(task))
    def answered(case):
        answer = client.post(f"/v1/{task}", json={"cases": [case]})
        assert answer.status_code == 200, answer.text
        (given,) = answer.json()["recommendations"]
        at = f"/v1/recommendations/{given['id']}"
        assert client.get(at).json() == given
        assert client.get(f"{at}/report").status_code == 200
        assert client.get(f"{at}/counterfactuals").status_code in {200, 409}

    answered()


def test_every_mixed_request_that_the_contract_takes_is_answered(app):
    client = TestClient(app, raise_server_exceptions=False)

    @seed(1)
    @QUIET
    @given(asked=mixed())
    def answered(asked):
        answer = client.post("/v1/triage", json={"cases": asked})
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["ranking"]) == len(asked)

    answered()
