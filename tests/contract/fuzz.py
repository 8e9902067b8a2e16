"""Fuzzing with valid and invalid requests generated from the contract."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp

from serving.http.problems import ProblemKind

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
KINDS = tuple(map(str, ProblemKind))
PROBLEM_TYPES = {kind.type for kind in ProblemKind}
PROBLEM = "application/problem+json"


@dataclass
class Found:
    """Statuses observed for one operation."""

    label: str
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def cases(self) -> int:
        """Number of requests sent."""
        return sum(self.statuses.values())

    def line(self) -> str:
        """Return the counts as a line of a Markdown table."""
        counts = ", ".join(f"{count} x {status}" for status, count in sorted(self.statuses.items()))
        return f"| {self.label} | {self.cases} | {counts} |"


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """Make an undocumented field of an answer an error, although callers ignore such fields."""
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return document


def operations(app: ASGIApp) -> Iterator[Any]:
    """Yield every operation of the contract, in order."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    strict(schema.raw_schema)
    for result in schema.get_all_operations():
        yield result.ok()


def fuzz(operation: Any, cases: int, seed: int, identifiers: Sequence[str] = ()) -> Found:
    """Generate requests of an operation, half of them valid, and check each answer.

    Args:
        operation: Operation of the contract.
        cases: Number of requests.
        seed: Seed of the generation.
        identifiers: Ids of recommendations, put into every other request that takes one.

    Raises:
        AssertionError: An answer is a server error or contradicts the contract.
    """
    observed = Found(operation.label)
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    for number, mode in enumerate(modes):
        share = cases // 2 if number else cases - cases // 2
        _run(operation, mode, share, seed + number, observed, identifiers)
    return observed


def _run(
    operation: Any,
    mode: GenerationMode,
    cases: int,
    seed: int,
    observed: Found,
    identifiers: Sequence[str],
) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        if identifiers and observed.cases % 2 and "identifier" in case.path_parameters:
            case.path_parameters["identifier"] = identifiers[observed.cases % len(identifiers)]
        if "kind" in case.path_parameters and observed.cases % 2:
            case.path_parameters["kind"] = KINDS[observed.cases % len(KINDS)]
        answer = case.call()
        observed.statuses[answer.status_code] += 1
        case.validate_response(answer, checks=list(CHECKS))
        if answer.headers.get("content-type", [""])[0] == PROBLEM:
            problem = answer.json()
            assert problem["type"] in PROBLEM_TYPES, problem
            assert problem["status"] == answer.status_code, problem

    try:
        one()
    except hypothesis.errors.Unsatisfiable:
        return  # an operation that takes nothing cannot be given anything invalid
