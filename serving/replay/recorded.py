"""An answer as its entry tells it: what it was made from, and what was said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from pydantic import ValidationError

from models.task import TaskName
from serving.audit.entry import Entry, commitment
from serving.recommendation import Advice, ModelVersion
from serving.replay.reason import NotReplayableError, Reason

UNKNOWN = "not recorded"


class MadeFrom(NamedTuple):
    """What answers share that can be given again together.

    model, version: digest and number of the model. policy: digest. as_of, snapshot: of the
    profiles. measures: names of what was looked up in them; none in older entries.
    """

    task: TaskName
    model: str
    version: str
    policy: str
    as_of: date
    snapshot: str
    measures: tuple[str, ...]


@dataclass(frozen=True)
class Recorded:
    """An entry with its payload read back; every number as a float, as canonical JSON has it.

    advice: the recommendation in it. code: version of the code that answered.
    """

    entry: Entry
    payload: dict[str, Any]
    advice: Advice
    code: str

    @classmethod
    def of(cls, entry: Entry) -> Recorded:
        """The answer in that entry.

        Raises:
            NotReplayableError: it was erased or edited, or is not one this version can read.
        """
        if entry.body is None:
            raise NotReplayableError(Reason.ERASED, "what the entry held has been erased")
        if not intact(entry):
            raise NotReplayableError(
                Reason.EDITED, "the entry is not what was recorded; run `triage audit verify`"
            )
        try:
            payload = json.loads(entry.body, parse_int=float)
            advice = Advice.model_validate(payload["recommendation"])
        except (ValidationError, KeyError, ValueError) as error:
            raise unreadable("recommendation", error) from error
        code = payload.get("context", {}).get("code_version", UNKNOWN)
        return cls(entry, payload, advice, code)

    @property
    def made_from(self) -> MadeFrom:
        """What it was made from."""
        advice, policy = self.advice, self.advice.policy
        if not self.scored:
            return MadeFrom(advice.task, "", "", policy.digest, date.min, "", ())
        return MadeFrom(
            advice.task,
            self.model.digest,
            self.model.version,
            policy.digest,
            date.fromisoformat(advice.features_as_of or ""),
            advice.snapshot_id or "",
            tuple(self.payload.get("history", ())),
        )

    @property
    def scored(self) -> bool:
        """Whether a model scored the case."""
        return self.advice.model is not None

    @property
    def model(self) -> ModelVersion:
        """The model that scored it.

        Raises:
            NotReplayableError: none did.
        """
        if self.advice.model is None:
            raise NotReplayableError(Reason.NO_MODEL, "no model scored the case")
        return self.advice.model

    @property
    def history(self) -> dict[str, float | None]:
        """The measures that were looked up for it.

        Raises:
            NotReplayableError: an older entry, which does not hold them.
        """
        if "history" not in self.payload:
            raise NotReplayableError(
                Reason.OLDER_ENTRY,
                "it was recorded by an older version, which did not keep the past it was made of",
            )
        past: dict[str, float | None] = self.payload["history"]
        return past


def intact(entry: Entry) -> bool:
    """Whether payload and envelope are what the entry's own hashes say."""
    if entry.body is None or entry.salt is None:
        return False
    same = commitment(entry.salt, entry.body) == entry.envelope.commitment
    return same and entry.envelope.leaf() == entry.hash


def unreadable(what: str, error: Exception) -> NotReplayableError:
    """An error that names the part of an entry which this version cannot read."""
    told = error.errors()[0]["msg"] if isinstance(error, ValidationError) else repr(error)
    return NotReplayableError(
        Reason.UNREADABLE, f"its {what} is not one that this version can read: {told}"
    )
