"""The engine: gather, decide, record, answer. Knows nothing of HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from data.contracts.table import KNOWN_AT
from features.profiles import Profiles, ProfilesError
from models.task import TaskName
from serving.advise import advise
from serving.answered import advice_of, answer_of
from serving.api.messages import CaseMessage, DecisionMessage
from serving.audit.entry import ANSWERS, Entry
from serving.audit.group import Committed, Key
from serving.audit.opened import open_audit
from serving.audit.pseudonym import Pseudonyms, open_pseudonyms
from serving.audit.signing_key import SigningKey
from serving.audit.store import AuditStore
from serving.catalogue import Served, served
from serving.champions import Champion, Missing, champions
from serving.context import Context, code_version, of_service
from serving.counterfactual.answer import Counterfactuals, counterfactuals
from serving.decide import Deciding, decide
from serving.fallback import fallback
from serving.idempotency import Once
from serving.policy.policy import Policy, load_policy
from serving.recommend import Asked, Provenance
from serving.recommendation import Advice, Answer
from serving.record import draft_of
from serving.replay.sources import Sources, sources_of
from serving.score import Scored, score
from serving.settings import Settings

Clock = Callable[[], datetime]
Record = Mapping[str, Any]
NO_PROFILES = Missing(
    "the profile snapshot is missing or damaged",
    "run `triage profiles`, then start the service again",
)


@dataclass(frozen=True)
class Batch:
    """Cases of one task that are asked together."""

    entry: Served
    records: list[Record]
    asked_at: list[datetime]
    now: datetime

    @classmethod
    def of(cls, entry: Served, cases: Sequence[CaseMessage], now: datetime) -> Batch:
        """The cases as plain values; a case that names no moment is asked now.

        Raises:
            FromTheFutureError: a case that is asked now and holds what is known later.
        """
        records = [entry.request.plain(case) for case in cases]
        _refuse_the_future(entry, records, now)
        return cls(entry, records, [record["asked_at"] or now for record in records], now)

    def asked(self) -> Iterator[Asked]:
        """Each case with a name of its own."""
        for record, at in zip(self.records, self.asked_at, strict=True):
            yield Asked(
                str(uuid.uuid4()), self.entry.task, record, self.entry.reference, at, self.now
            )


class FromTheFutureError(ValueError):
    """A case that is asked now holds what became known later; `field` is its path."""

    def __init__(self, field: str, known: datetime, now: datetime) -> None:
        super().__init__(f"{field} is after now")
        self.field, self.known, self.now = field, known, now


class NotServedError(RuntimeError):
    """A task that cannot be answered now; `missing` says why and how to mend it.

    audit_sequence: of the entry that records what was asked; 0 if none does.
    """

    def __init__(self, missing: Missing, audit_sequence: int = 0) -> None:
        super().__init__(missing.why)
        self.missing, self.audit_sequence = missing, audit_sequence


@dataclass(frozen=True)
class Engine:
    """Everything an answer needs, loaded once. wrote: told how many entries an answer took."""

    tasks: Mapping[TaskName, Served]
    champions: Mapping[TaskName, Champion]
    missing: Mapping[TaskName, Missing]
    profiles: Profiles | None
    policy: Policy
    audit: AuditStore
    pseudonyms: Pseudonyms
    clock: Clock
    sources: Sources
    address: str = ""
    code: str = field(default_factory=code_version)
    wrote: Callable[[int], None] = lambda _: None
    once: Once = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "once", Once(self.audit))

    def answer(
        self,
        name: TaskName,
        cases: Sequence[CaseMessage],
        context: Context | None = None,
        key: Key | None = None,
    ) -> Answer:
        """Recommendations for the cases, every one recorded before it is returned.

        context: of who asks; the service itself by default. key: recorded with the answer, so
        that the same request sent again gets the same.

        Raises:
            NotServedError: no champion or no profiles; that it was asked is recorded.
            FromTheFutureError: as `Batch.of` says; nothing was recorded.
            AuditUnavailableError: nothing was recorded, so nothing is answered.
            KeyTakenError: the key was used before; nothing was recorded.
        """
        asking = context or of_service(self.code)
        champion, profiles = self._ready_or_fallen_back(name, cases, asking)
        batch = Batch.of(self.tasks[name], cases, self.clock())
        scored = score(champion, profiles, batch.records, batch.asked_at)
        advices = self._advise(batch, scored, _provenance(champion, profiles))
        told = asking.recorded()
        drafts = [
            draft_of(advice, case, scored, row, champion, told)
            for row, (advice, case) in enumerate(zip(advices, cases, strict=True))
        ]
        committed = self.audit.commit(drafts, key)
        self.wrote(len(committed.entries))
        return self.again(committed)

    def again(self, committed: Committed) -> Answer:
        """The answer whose entries these are; see `serving.answered`."""
        return answer_of(committed, self.tasks, self.address)

    def read(self, identifier: str) -> tuple[Entry, Advice] | None:
        """A recommendation as it was recorded.

        Raises:
            ErasedError: it was erased.
        """
        entry = self.audit.read(identifier)
        if entry is None or entry.kind not in ANSWERS:
            return None
        return entry, advice_of(entry, self.tasks)

    def decide(
        self,
        advice: Advice,
        decision: DecisionMessage,
        context: Context | None = None,
        key: Key | None = None,
    ) -> tuple[Committed, bool]:
        """The one decision on a recommendation, and whether it was recorded just now.

        Raises:
            as `serving.decide.decide`.
        """
        asking = context or of_service(self.code)
        deciding = Deciding(self.audit, self.pseudonyms, self.clock(), asking)
        committed, new = decide(deciding, advice, decision, key)
        return (committed if new else replace(committed, checkpoint=self.checkpoint())), new

    def checkpoint(self) -> str:
        """The state of the record now, signed; empty where nothing is signed.

        Raises:
            AuditUnavailableError: the record cannot be read.
        """
        end, signer = self.audit.head(), self.audit.signer
        return signer.note(end.origin, end.frontier.size, end.frontier.root()) if signer else ""

    def verifier(self) -> str:
        """The key that verifies checkpoints (C2SP verifier key); empty where nothing is signed.

        Raises:
            AuditUnavailableError: the record cannot be read.
        """
        signer = self.audit.signer
        return signer.verifier(self.audit.head().origin) if isinstance(signer, SigningKey) else ""

    def counterfactuals(self, entry: Entry, advice: Advice) -> Counterfactuals:
        """What would bring a recorded case under the threshold, computed now.

        Raises:
            CannotRecomputeError: what answered cannot be found again.
        """
        return counterfactuals(self.sources, self.profiles, entry, advice)

    def not_ready(self) -> dict[str, str]:
        """What is missing of the service, with how to mend it; empty if nothing is."""
        reasons = {str(name): f"{m.why}; {m.mend}" for name, m in self.missing.items()}
        if self.profiles is None:
            reasons["profiles"] = f"{NO_PROFILES.why}; {NO_PROFILES.mend}"
        return reasons

    def _ready_or_fallen_back(
        self, name: TaskName, cases: Sequence[CaseMessage], asking: Context
    ) -> tuple[Champion, Profiles]:
        try:
            return self._ready(name)
        except NotServedError as error:
            draft = fallback(name, cases, error.missing.why, asking, self.clock())
            (entry,) = self.audit.append([draft])
            raise NotServedError(error.missing, entry.sequence) from error

    def _ready(self, name: TaskName) -> tuple[Champion, Profiles]:
        if name in self.missing:
            raise NotServedError(self.missing[name])
        if self.profiles is None:
            raise NotServedError(NO_PROFILES)
        return self.champions[name], self.profiles

    def _advise(self, batch: Batch, scored: Scored, made_from: Provenance) -> list[Advice]:
        return [
            advise(batch.entry, asked, scored, i, self.policy, made_from)
            for i, asked in enumerate(batch.asked())
        ]


def start(settings: Settings, clock: Clock) -> Engine:
    """Load everything an answer needs; what cannot be loaded is named, not raised.

    Raises:
        AuditUnavailableError: without a record there is no service.
        ValueError: a policy that cannot be read.
    """
    tasks = served()
    lake = settings.lake
    ready, missing = champions(lake, tasks)
    policy, audit = load_policy(settings.policy), open_audit(lake)
    return Engine(
        tasks=tasks,
        champions=ready,
        missing=missing,
        profiles=_profiles(lake.profiles),
        policy=policy,
        audit=audit,
        pseudonyms=open_pseudonyms(lake),
        clock=clock,
        sources=sources_of(lake, audit, policy, ready.values()),
        address=settings.address,
    )


def _profiles(path: Path) -> Profiles | None:
    try:
        return Profiles.open(path)
    except ProfilesError:
        return None


def _provenance(champion: Champion, profiles: Profiles) -> Provenance:
    return Provenance(champion.version, champion.model.digest, profiles.as_of, profiles.snapshot_id)


def _refuse_the_future(entry: Served, records: Sequence[Record], now: datetime) -> None:
    """A message checks a case that names its moment; here those that are asked now."""
    for i, record in enumerate(records):
        for child in entry.request.shape.children if record["asked_at"] is None else ():
            for j, row in enumerate(record[child]):
                if row[KNOWN_AT] > now:
                    field = f"cases[{i}].{child}[{j}].{KNOWN_AT}"
                    raise FromTheFutureError(field, row[KNOWN_AT], now)
