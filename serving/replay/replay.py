"""Replay: answers on record given again, and held against what was recorded, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from serving.audit.entry import Draft, Entry, EntryKind
from serving.replay.again import Question, again
from serving.replay.difference import Difference, difference
from serving.replay.reason import Lacking, NotReplayableError
from serving.replay.recorded import UNKNOWN, MadeFrom, Recorded
from serving.replay.sources import Sources

PARTS = ("kind", "input", "history", "features", "score", "recommendation")
UNSCORED_PARTS = ("kind", "input", "recommendation")
LATER = ("rung", "rung_reasons", "explained")
"""What answers of earlier versions did not say: then it is not held against them."""
FOUND_BY = ("kind", "about", "task", "site", "reference", "priority", "picked", "recorded_at")
"""What an envelope says of the answer itself."""

Made = TypeVar("Made")
Result = list[tuple[Entry, Made | Lacking]]


@dataclass(frozen=True)
class Outcome:
    """What came of one entry: given again as it was, with a difference, or not at all.

    code: version of the code that answered then.
    """

    entry: Entry
    code: str
    difference: Difference | None = None
    lacking: Lacking | None = None


def replay(entries: Sequence[Entry], sources: Sources) -> list[Outcome]:
    """Each answer given again from its entry alone, in order."""

    def made(made_from: MadeFrom, questions: Sequence[Question]) -> list[Outcome]:
        drafts = again(made_from, questions, sources)
        return [_held(question, draft) for question, draft in zip(questions, drafts, strict=True)]

    return [
        Outcome(entry, UNKNOWN, lacking=found) if isinstance(found, Lacking) else found
        for entry, found in in_batches(entries, sources, made)
    ]


def in_batches(
    entries: Iterable[Entry],
    sources: Sources,
    made: Callable[[MadeFrom, Sequence[Question]], Sequence[Made]],
) -> Result[Made]:
    """What is made of each entry, those made from the same together; in order.

    made: one result a question, or NotReplayableError for all of them.
    """
    found: dict[int, tuple[Entry, Made | Lacking]] = {}
    alike: dict[MadeFrom, list[tuple[int, Question]]] = {}
    for place, entry in enumerate(entries):
        try:
            recorded = Recorded.of(entry)
            question = Question.of(recorded, sources.tasks[recorded.advice.task])
            alike.setdefault(recorded.made_from, []).append((place, question))
        except NotReplayableError as error:
            found[place] = entry, error.lacking
    for made_from, members in alike.items():
        for place, entry, result in _each(made_from, members, made):
            found[place] = entry, result
    return [found[place] for place in sorted(found)]


def _each(
    made_from: MadeFrom,
    members: Sequence[tuple[int, Question]],
    made: Callable[[MadeFrom, Sequence[Question]], Sequence[Made]],
) -> Iterator[tuple[int, Entry, Made | Lacking]]:
    results: Sequence[Made | Lacking]
    try:
        results = made(made_from, [question for _, question in members])
    except NotReplayableError as error:
        results = [error.lacking] * len(members)
    for (place, question), result in zip(members, results, strict=True):
        yield place, question.recorded.entry, result


def _held(question: Question, draft: Draft) -> Outcome:
    recorded = question.recorded
    told, now = _told(recorded), _now(draft)
    if _with_words(told):
        steps = now["score"]["steps"]
        now["score"] = now["score"] | {"steps": steps and steps.told()}
    for name in LATER:
        if name not in told["recommendation"]:
            now["recommendation"] = {k: v for k, v in now["recommendation"].items() if k != name}
    found = difference(told, now)
    return Outcome(recorded.entry, recorded.code, found)


def _with_words(told: Mapping[str, Any]) -> bool:
    """Whether an entry holds its steps in words, as earlier versions recorded them."""
    steps = told.get("score", {}).get("steps")
    return bool(steps) and isinstance(steps[0], dict)


def _told(recorded: Recorded) -> dict[str, Any]:
    """What of an entry has to come out again."""
    envelope = {name: getattr(recorded.entry.envelope, name) for name in FOUND_BY}
    return {"envelope": envelope, **_parts(recorded.payload)}


def _now(draft: Draft) -> dict[str, Any]:
    envelope = {name: getattr(draft, name) for name in FOUND_BY}
    strings = {name: str(value) for name, value in envelope.items() if isinstance(value, str)}
    return {"envelope": envelope | strings, **_parts(draft.payload)}


def _parts(payload: Mapping[str, Any]) -> dict[str, Any]:
    if payload["kind"] == EntryKind.FALLBACK:
        return {name: payload[name] for name in UNSCORED_PARTS}
    schema = payload["provenance"]["feature_schema"]
    return {"provenance": {"feature_schema": schema}} | {name: payload[name] for name in PARTS}
