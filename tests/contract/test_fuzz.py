"""Every answer to a request generated from the contract conforms to the contract."""

import pytest

from tests.contract.bodies import ask, of_operation
from tests.contract.fuzz import fuzz, operations
from tests.contract.service import recommended

pytestmark = pytest.mark.slow(12)

CASES = 4
BODIES = 60


def test_no_operation_fails_or_answers_what_is_not_documented(app):
    known = recommended(app)
    found = [fuzz(operation, CASES, 1, known) for operation in operations(app)]
    seen = {one.label: one for one in found}
    assert all(one.cases for one in found)
    assert seen["POST /v1/stock_risk"].statuses[200]
    assert seen["POST /v1/triage"].statuses[422]
    assert seen["GET /v1/recommendations/{identifier}"].statuses[200]


def test_whole_bodies_are_taken_and_spoiled_ones_refused_as_documented(app):
    known = {one.label: of_operation(one.label) for one in operations(app)}
    found = [
        ask(operation, known[operation.label], BODIES, 1)
        for operation in operations(app)
        if known[operation.label] is not None
    ]
    assert len(found) == 5
    for one in found:
        assert one.statuses[200] + one.statuses[202], one.line()
        assert one.statuses[422], one.line()
