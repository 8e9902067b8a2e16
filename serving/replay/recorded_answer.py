"""A recorded answer read back from its audit entry, and the reasons why one cannot be replayed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from features.cases import Floats
from features.history.stream import Stream
from models.task import TaskName
from serving.audit.log.entry import Entry, payload_commitment
from serving.recommendation.recommendation import Advice, ModelVersion
from serving.runtime.context import RELEASE, release_of

UNKNOWN_CODE_VERSION = "not recorded"


class ReplayObstacleKind(StrEnum):
    """Why an answer cannot be replayed."""

    ERASED = "erased"
    EDITED = "edited"
    UNREADABLE = "unreadable"
    MODEL_GONE = "model gone"
    MODEL_REFUSED = "model refused"
    POLICY_UNKNOWN = "policy unknown"
    OTHER_MEASURES = "other measures"
    NO_MODEL = "no model"
    OTHER_RELEASE = "other release"

    @property
    def permanent(self) -> bool:
        """Whether the obstacle is a fact of the record, which cannot and need not be mended."""
        return self in {
            ReplayObstacleKind.ERASED,
            ReplayObstacleKind.NO_MODEL,
            ReplayObstacleKind.OTHER_RELEASE,
        }


class NotReplayableError(LookupError):
    """An answer cannot be replayed; says why in a sentence."""

    def __init__(
        self, reason: ReplayObstacleKind, why: str, code: str = UNKNOWN_CODE_VERSION
    ) -> None:
        super().__init__(why)
        self.obstacle = ReplayObstacle(reason, why, code)


@dataclass(frozen=True)
class ReplayObstacle:
    """The kind of an obstacle, a sentence that states it, and the code that gave the answer."""

    reason: ReplayObstacleKind
    why: str
    code: str = UNKNOWN_CODE_VERSION


def require_this_release(code: str) -> None:
    """Check that this release gave an answer: another one says other things of the same case.

    Raises:
        NotReplayableError: another release did; it says which one replays the answer.
    """
    release = release_of(code)
    if code != UNKNOWN_CODE_VERSION and release != RELEASE:
        raise NotReplayableError(
            ReplayObstacleKind.OTHER_RELEASE,
            f"release {release} gave the answer, this is {RELEASE}; install that release beside "
            "this one and run its `triage audit replay` on this lake (docs/audit.md)",
            code,
        )


RecordedMeasures = Mapping[str, float | None]


@dataclass(frozen=True)
class RecordedPast:
    """Recorded measures of n cases, in place of profiles; one row is used for any number of cases.

    as_of, snapshot_id: of the profiles that they were looked up in.
    """

    as_of: date
    snapshot_id: str
    rows: Sequence[RecordedMeasures]

    def lookup(
        self,
        streams: Sequence[Stream],
        columns: Mapping[str, NDArray[Any]],  # noqa: ARG002 - whose past it is was settled then
        n: int,
    ) -> dict[str, Floats]:
        """Return every measure of every stream for n cases, NaN where it was missing.

        Raises:
            NotReplayableError: a measure was not recorded.
        """
        rows = [self.rows[0]] * n if len(self.rows) == 1 else self.rows
        names = [name for stream in streams for name in stream.names]
        if absent := sorted({name for row in self.rows for name in names if name not in row}):
            raise NotReplayableError(
                ReplayObstacleKind.OTHER_MEASURES,
                f"the past that was recorded has no {_shorten_names(absent)}",
            )
        if len(rows) != n:
            raise ValueError(f"the past of {len(rows)} cases was recorded, {n} are asked about")
        return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in names}


def _shorten_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


class AnswerBasis(NamedTuple):
    """What answers were made from; answers of the same basis are recomputed together.

    model, version: digest and number of the model; "" without one. policy: digest. as_of,
    snapshot: of the profiles. measures: names of the recorded measures; empty without a model.
    """

    task: TaskName
    model: str
    version: str
    policy: str
    as_of: date
    snapshot: str
    measures: tuple[str, ...]


@dataclass(frozen=True)
class RecordedAnswer:
    """An entry with its payload read back, every number as a float.

    advice: the recommendation. code: version of the code that gave the answer.
    history: the measures that were looked up for the case; empty where no model scored it.
    """

    entry: Entry
    payload: dict[str, Any]
    advice: Advice
    code: str
    history: RecordedMeasures

    @classmethod
    def of(cls, entry: Entry) -> RecordedAnswer:
        """Read the answer of an entry.

        Raises:
            NotReplayableError: it was erased or edited, another release answered it, or this one
                cannot read it.
        """
        if entry.body is None:
            raise NotReplayableError(
                ReplayObstacleKind.ERASED, "what the entry held has been erased"
            )
        if not is_intact(entry):
            raise NotReplayableError(
                ReplayObstacleKind.EDITED,
                "the entry is not what was recorded; run `triage audit verify`",
            )
        try:
            payload = json.loads(entry.body, parse_int=float)
            code = payload["context"]["code_version"]
            require_this_release(code)
            advice = Advice.model_validate(payload["recommendation"])
        except (ValidationError, KeyError, ValueError) as error:
            raise unreadable_error("recommendation", error) from error
        try:
            history = payload["history"] if advice.model is not None else {}
        except KeyError as error:
            raise unreadable_error("history", error) from error
        return cls(entry, payload, advice, code, history)

    @property
    def basis(self) -> AnswerBasis:
        """Model, policy and history that the answer was made from."""
        advice, policy = self.advice, self.advice.policy
        if not self.scored:
            return AnswerBasis(advice.task, "", "", policy.digest, date.min, "", ())
        return AnswerBasis(
            advice.task,
            self.model.digest,
            self.model.version,
            policy.digest,
            date.fromisoformat(advice.features_as_of or ""),
            advice.snapshot_id or "",
            tuple(self.history),
        )

    @property
    def scored(self) -> bool:
        """Whether a model scored the case."""
        return self.advice.model is not None

    @property
    def model(self) -> ModelVersion:
        """The model that scored the case.

        Raises:
            NotReplayableError: no model scored it.
        """
        if self.advice.model is None:
            raise NotReplayableError(ReplayObstacleKind.NO_MODEL, "no model scored the case")
        return self.advice.model


def is_intact(entry: Entry) -> bool:
    """Whether payload and envelope match the entry's own hashes."""
    if entry.body is None or entry.salt is None:
        return False
    same = payload_commitment(entry.salt, entry.body) == entry.envelope.commitment
    return same and entry.envelope.leaf() == entry.hash


def unreadable_error(part: str, error: Exception) -> NotReplayableError:
    """Return the error for a part of an entry that this version cannot read."""
    reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else repr(error)
    return NotReplayableError(
        ReplayObstacleKind.UNREADABLE, f"its {part} is not one that this version can read: {reason}"
    )
