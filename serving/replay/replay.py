"""Replay recorded answers and compare them with the record bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import Draft, Entry
from serving.audit.log.entry_kind import EntryKind
from serving.replay.recomputation import RecordedQuestion, recompute_drafts
from serving.replay.recorded_answer import (
    AnswerBasis,
    NotReplayableError,
    RecordedAnswer,
    ReplayObstacle,
)
from serving.replay.sources import ReplaySources

ABSENT_VALUE = "nothing"


@dataclass(frozen=True)
class Difference:
    """Where two answers differ, such as `recommendation.reasons[2].sentence`.

    Both values are canonical JSON.
    """

    path: str
    recorded: str
    recomputed: str


def first_difference(recorded: Any, recomputed: Any) -> Difference | None:
    """Find the first difference of two JSON values, names in order; None if they are identical.

    recorded: read back from canonical JSON with every number as a float.
    """
    text, text_now = canonicalize(recorded), canonicalize(recomputed)
    if text == text_now:
        return None
    return next(_differences(recorded, json.loads(text_now, parse_int=float), ""))


def _differences(one: Any, other: Any, path: str) -> Iterator[Difference]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            yield from _member_differences(one, other, name, f"{path}.{name}" if path else name)
    elif isinstance(one, list) and isinstance(other, list):
        ours, theirs = dict(enumerate(one)), dict(enumerate(other))
        for place in range(max(len(one), len(other))):
            yield from _member_differences(ours, theirs, place, f"{path}[{place}]")
    elif canonicalize(one) != canonicalize(other):
        yield Difference(path, canonicalize(one), canonicalize(other))


def _member_differences(one: Any, other: Any, name: Any, path: str) -> Iterator[Difference]:
    if name in one and name in other:
        yield from _differences(one[name], other[name], path)
    else:
        sides = [
            canonicalize(side[name]) if name in side else ABSENT_VALUE for side in (one, other)
        ]
        yield Difference(path, *sides)


SCORED_PARTS = ("kind", "input", "history", "features", "score", "recommendation")
UNSCORED_PARTS = ("kind", "input", "recommendation")
ENVELOPE_FIELDS = (
    "kind",
    "about",
    "task",
    "site",
    "reference",
    "priority",
    "picked",
    "recorded_at",
)
"""Fields of an envelope that follow from the answer."""

Computed = TypeVar("Computed")
BatchResults = list[tuple[Entry, Computed | ReplayObstacle]]


@dataclass(frozen=True)
class ReplayOutcome:
    """Result of replaying one entry: identical, different, or not replayable.

    code: version of the code that gave the answer.
    """

    entry: Entry
    code: str
    difference: Difference | None = None
    obstacle: ReplayObstacle | None = None


def replay_entries(entries: Sequence[Entry], sources: ReplaySources) -> list[ReplayOutcome]:
    """Replay each answer from its entry alone, in order."""

    def compare(basis: AnswerBasis, questions: Sequence[RecordedQuestion]) -> list[ReplayOutcome]:
        drafts = recompute_drafts(basis, questions, sources)
        return [
            _compare_with_record(question, draft)
            for question, draft in zip(questions, drafts, strict=True)
        ]

    return [
        ReplayOutcome(entry, result.code, obstacle=result)
        if isinstance(result, ReplayObstacle)
        else result
        for entry, result in compute_in_batches(entries, sources, compare)
    ]


def compute_in_batches(
    entries: Iterable[Entry],
    sources: ReplaySources,
    compute: Callable[[AnswerBasis, Sequence[RecordedQuestion]], Sequence[Computed]],
) -> BatchResults[Computed]:
    """Compute a result for each entry, for entries of the same basis together.

    Args:
        entries: recorded answers.
        sources: where models and policies are found.
        compute: returns one result for each question, or raises NotReplayableError for all.

    Returns:
        Each entry with its result, or the obstacle to it; in the order of the entries.
    """
    results: dict[int, tuple[Entry, Computed | ReplayObstacle]] = {}
    groups: dict[AnswerBasis, list[tuple[int, RecordedQuestion]]] = {}
    for place, entry in enumerate(entries):
        try:
            recorded = RecordedAnswer.of(entry)
            question = RecordedQuestion.of(recorded, sources.tasks[recorded.advice.task])
            groups.setdefault(recorded.basis, []).append((place, question))
        except NotReplayableError as error:
            results[place] = entry, error.obstacle
    for basis, members in groups.items():
        for place, entry, result in _compute_batch(basis, members, compute):
            results[place] = entry, result
    return [results[place] for place in sorted(results)]


def _compute_batch(
    basis: AnswerBasis,
    members: Sequence[tuple[int, RecordedQuestion]],
    compute: Callable[[AnswerBasis, Sequence[RecordedQuestion]], Sequence[Computed]],
) -> Iterator[tuple[int, Entry, Computed | ReplayObstacle]]:
    results: Sequence[Computed | ReplayObstacle]
    try:
        results = compute(basis, [question for _, question in members])
    except NotReplayableError as error:
        results = [error.obstacle] * len(members)
    for (place, question), result in zip(members, results, strict=True):
        yield place, question.recorded.entry, result


def _compare_with_record(question: RecordedQuestion, draft: Draft) -> ReplayOutcome:
    recorded = question.recorded
    difference = first_difference(_recorded_parts(recorded), _recomputed_parts(draft))
    return ReplayOutcome(recorded.entry, recorded.code, difference)


def _recorded_parts(recorded: RecordedAnswer) -> dict[str, Any]:
    """Return the parts of an entry that a replay has to reproduce."""
    envelope = {name: getattr(recorded.entry.envelope, name) for name in ENVELOPE_FIELDS}
    return {"envelope": envelope, **_comparable_parts(recorded.payload)}


def _recomputed_parts(draft: Draft) -> dict[str, Any]:
    envelope = {name: getattr(draft, name) for name in ENVELOPE_FIELDS}
    strings = {name: str(value) for name, value in envelope.items() if isinstance(value, str)}
    return {"envelope": envelope | strings, **_comparable_parts(draft.payload)}


def _comparable_parts(payload: Mapping[str, Any]) -> dict[str, Any]:
    if payload["kind"] == EntryKind.FALLBACK:
        return {name: payload[name] for name in UNSCORED_PARTS}
    schema = payload["provenance"]["feature_schema"]
    return {"provenance": {"feature_schema": schema}} | {
        name: payload[name] for name in SCORED_PARTS
    }
