"""Requests made up from the contract, valid ones and others, held against what it promises."""

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
KNOWN = {kind.type for kind in ProblemKind}
PROBLEM = "application/problem+json"


@dataclass
class Found:
    """What was seen of one operation."""

    label: str
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def cases(self) -> int:
        """How many requests were made."""
        return sum(self.statuses.values())

    def line(self) -> str:
        """One line of a table."""
        told = ", ".join(f"{count} x {status}" for status, count in sorted(self.statuses.items()))
        return f"| {self.label} | {self.cases} | {told} |"


def strict(document: dict[str, Any]) -> dict[str, Any]:
    """The contract where an answer's undocumented field is an error; callers ignore such."""
    for schema in document["components"]["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return document


def operations(app: ASGIApp) -> Iterator[Any]:
    """Every operation of the contract, in its order."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    strict(schema.raw_schema)
    for result in schema.get_all_operations():
        yield result.ok()


def fuzz(operation: Any, cases: int, seed: int, known: Sequence[str] = ()) -> Found:
    """Make up so many requests of an operation, half of them valid, and check each answer.

    known: ids of recommendations, put into every other request that takes one.

    Raises:
        an error of a check: a 5xx, or an answer that the contract does not have.
    """
    found = Found(operation.label)
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    for number, mode in enumerate(modes):
        share = cases // 2 if number else cases - cases // 2
        _run(operation, mode, share, seed + number, found, known)
    return found


def _run(
    operation: Any,
    mode: GenerationMode,
    cases: int,
    seed: int,
    found: Found,
    known: Sequence[str],
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
        if known and found.cases % 2 and "identifier" in case.path_parameters:
            case.path_parameters["identifier"] = known[found.cases % len(known)]
        if "kind" in case.path_parameters and found.cases % 2:
            case.path_parameters["kind"] = KINDS[found.cases % len(KINDS)]
        answer = case.call()
        found.statuses[answer.status_code] += 1
        case.validate_response(answer, checks=list(CHECKS))
        if answer.headers.get("content-type", [""])[0] == PROBLEM:
            told = answer.json()
            assert told["type"] in KNOWN, told
            assert told["status"] == answer.status_code, told

    try:
        one()
    except hypothesis.errors.Unsatisfiable:
        return  # an operation that takes nothing cannot be given anything invalid
