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
    UNKNOWN_CODE_VERSION,
    AnswerBasis,
    NotReplayableError,
    RecordedAnswer,
    ReplayObstacle,
)
from serving.replay.sources import ReplaySources

ABSENT_VALUE = "nothing"


@dataclass(frozen=True)
class Difference:
    """path: as `recommendation.reasons[2].sentence`. Both values as canonical JSON."""

    path: str
    recorded: str
    recomputed: str


def first_difference(recorded: Any, recomputed: Any) -> Difference | None:
    """The first difference of two JSON values, names in order; None if their texts are one.

    recorded: read back from canonical JSON with every number as a float.
    """
    text, again = canonicalize(recorded), canonicalize(recomputed)
    if text == again:
        return None
    return next(_differences(recorded, json.loads(again, parse_int=float), ""))


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
        told = [canonicalize(side[name]) if name in side else ABSENT_VALUE for side in (one, other)]
        yield Difference(path, *told)


SCORED_PARTS = ("kind", "input", "history", "features", "score", "recommendation")
UNSCORED_PARTS = ("kind", "input", "recommendation")
FIELDS_ADDED_LATER = ("rung", "rung_reasons", "explained")
"""What answers of earlier versions did not say: then it is not held against them."""
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
"""What an envelope says of the answer itself."""

Computed = TypeVar("Computed")
BatchResults = list[tuple[Entry, Computed | ReplayObstacle]]


@dataclass(frozen=True)
class ReplayOutcome:
    """What came of one entry: given again as it was, with a difference, or not at all.

    code: version of the code that answered then.
    """

    entry: Entry
    code: str
    difference: Difference | None = None
    lacking: ReplayObstacle | None = None


def replay_entries(entries: Sequence[Entry], sources: ReplaySources) -> list[ReplayOutcome]:
    """Each answer given again from its entry alone, in order."""

    def made(made_from: AnswerBasis, questions: Sequence[RecordedQuestion]) -> list[ReplayOutcome]:
        drafts = recompute_drafts(made_from, questions, sources)
        return [
            _compare_with_record(question, draft)
            for question, draft in zip(questions, drafts, strict=True)
        ]

    return [
        ReplayOutcome(entry, UNKNOWN_CODE_VERSION, lacking=found)
        if isinstance(found, ReplayObstacle)
        else found
        for entry, found in compute_in_batches(entries, sources, made)
    ]


def compute_in_batches(
    entries: Iterable[Entry],
    sources: ReplaySources,
    made: Callable[[AnswerBasis, Sequence[RecordedQuestion]], Sequence[Computed]],
) -> BatchResults[Computed]:
    """What is made of each entry, those made from the same together; in order.

    made: one result a question, or NotReplayableError for all of them.
    """
    found: dict[int, tuple[Entry, Computed | ReplayObstacle]] = {}
    alike: dict[AnswerBasis, list[tuple[int, RecordedQuestion]]] = {}
    for place, entry in enumerate(entries):
        try:
            recorded = RecordedAnswer.of(entry)
            question = RecordedQuestion.of(recorded, sources.tasks[recorded.advice.task])
            alike.setdefault(recorded.made_from, []).append((place, question))
        except NotReplayableError as error:
            found[place] = entry, error.lacking
    for made_from, members in alike.items():
        for place, entry, result in _compute_batch(made_from, members, made):
            found[place] = entry, result
    return [found[place] for place in sorted(found)]


def _compute_batch(
    made_from: AnswerBasis,
    members: Sequence[tuple[int, RecordedQuestion]],
    made: Callable[[AnswerBasis, Sequence[RecordedQuestion]], Sequence[Computed]],
) -> Iterator[tuple[int, Entry, Computed | ReplayObstacle]]:
    results: Sequence[Computed | ReplayObstacle]
    try:
        results = made(made_from, [question for _, question in members])
    except NotReplayableError as error:
        results = [error.lacking] * len(members)
    for (place, question), result in zip(members, results, strict=True):
        yield place, question.recorded.entry, result


def _compare_with_record(question: RecordedQuestion, draft: Draft) -> ReplayOutcome:
    recorded = question.recorded
    told, now = _recorded_parts(recorded), _recomputed_parts(draft)
    if _has_worded_steps(told):
        steps = now["score"]["steps"]
        now["score"] = now["score"] | {"steps": steps and steps.as_dicts()}
    for name in FIELDS_ADDED_LATER:
        if name not in told["recommendation"]:
            now["recommendation"] = {k: v for k, v in now["recommendation"].items() if k != name}
    found = first_difference(told, now)
    return ReplayOutcome(recorded.entry, recorded.code, found)


def _has_worded_steps(told: Mapping[str, Any]) -> bool:
    """Whether an entry holds its steps in words, as earlier versions recorded them."""
    steps = told.get("score", {}).get("steps")
    return bool(steps) and isinstance(steps[0], dict)


def _recorded_parts(recorded: RecordedAnswer) -> dict[str, Any]:
    """What of an entry has to come out again."""
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
