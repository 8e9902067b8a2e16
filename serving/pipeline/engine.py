"""Engine.

Score the cases of one or several requests, commit them to the audit log together, and return the
answers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from models.task import TaskName
from serving.audit.factory import open_audit
from serving.audit.log.cached_projection import CachedProjection
from serving.audit.log.entry import Draft, Entry
from serving.audit.log.group_commit import CommitResult, IdempotencyKey
from serving.audit.log.store import AuditStore
from serving.audit.pseudonym import Pseudonyms, open_pseudonyms
from serving.model_registry.active_models import ActiveModelsHolder, load_active_models
from serving.pipeline.batch import CaseBatch, FromTheFutureError, ScoringRequest
from serving.pipeline.deadline import Monotonic
from serving.pipeline.idempotency import IdempotencyGuard
from serving.pipeline.pauses import PAUSE_ENTRY_KINDS, ActivePauses
from serving.pipeline.response import (
    advice_from_entry,
    answer_from_entries,
    build_answer,
    observations_of,
)
from serving.pipeline.scoring_pipeline import ScoringPipeline
from serving.policy.policy import Policy
from serving.recommendation.recommendation import Advice, Answer
from serving.runtime.circuit_breaker import CircuitBreaker, CircuitState
from serving.runtime.context import RequestContext, code_version, service_context
from serving.runtime.settings import ServiceSettings
from serving.tasks.catalogue import SERVED_TASKS
from serving.tasks.messages import CaseMessage, Explain
from serving.tasks.policy_file import load_policy
from serving.tasks.served_task import ServedTask
from serving.telemetry.observer import NULL_OBSERVER, Observer, Stage

Clock = Callable[[], datetime]
NO_PROFILES = "the snapshot is missing or damaged; run `triage profiles`"
UNREAD_PROFILES = "the snapshot could not be read; see whether its file is still there"


@dataclass(frozen=True)
class Engine:
    """Everything an answer needs. live: the models and the past that answer now.

    pauses: in force, as the record says. within: seconds from when a request was read, however
    long it waited then, until scoring has to end; by `monotonic`, as of `RequestContext`. wrote:
    told how
    many entries an answer took. observe: told of stages and answers. profiles: the breaker
    around them.
    """

    tasks: Mapping[TaskName, ServedTask]
    live: ActiveModelsHolder
    policy: Policy
    audit: AuditStore
    pseudonyms: Pseudonyms
    clock: Clock
    pauses: CachedProjection[ActivePauses]
    address: str = ""
    within: float = math.inf
    monotonic: Monotonic = time.monotonic
    profiles: CircuitBreaker = field(default_factory=lambda: CircuitBreaker("the profiles"))
    code: str = field(default_factory=code_version)
    on_commit: Callable[[int], None] = lambda _: None
    observe: Observer = NULL_OBSERVER
    idempotency: IdempotencyGuard = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "idempotency", IdempotencyGuard(self.audit))

    def answer(
        self,
        name: TaskName,
        cases: Sequence[CaseMessage],
        context: RequestContext | None = None,
        key: IdempotencyKey | None = None,
        explain: Explain = Explain.ALL,
    ) -> Answer:
        """Recommendations for cases of one task; see `triage`."""
        given = [(name, case) for case in cases]
        return self.triage(
            ScoringRequest(given, context or service_context(self.code), key, explain)
        )

    def triage(self, ask: ScoringRequest) -> Answer:
        """Recommendations for the cases of one request, in their order.

        Raises:
            what `together` gives in place of an answer.
        """
        (made,) = self.together([ask])
        if isinstance(made, BaseException):
            raise made
        return made

    def together(self, asks: Sequence[ScoringRequest]) -> list[Answer | Exception]:
        """What each request is answered with, in their order; worked on as one.

        What no model can answer is answered lower down the ladder. Every recommendation of a
        request is recorded, in one piece, before any is returned; all requests in one commit.
        In place of an answer there is:

            FromTheFutureError: as `CaseBatch.of` says; nothing of that request was recorded.
            AuditUnavailableError: nothing was recorded, so nothing is answered.
            KeyTakenError: the key was used before; nothing was recorded.
        """
        now, settled = self.clock(), dict[int, Answer | Exception]()
        with self.observe.stage(Stage.READ):
            batches = self._read(asks, now, settled)
        answering = self._answering()
        made = {task: _drafts_by_request(answering, its, settled) for task, its in batches.items()}
        ready = [place for place in range(len(asks)) if place not in settled]
        drafted = [[next(made[task][place]) for task, _ in asks[place].cases] for place in ready]
        with self.observe.stage(Stage.AUDIT):
            wanted = [(drafts, asks[p].key) for p, drafts in zip(ready, drafted, strict=True)]
            committed = self.audit.commit_together(wanted)
        for place, drafts, written in zip(ready, drafted, committed, strict=True):
            settled[place] = (
                written if isinstance(written, Exception) else self._told(drafts, written)
            )
        return [settled[place] for place in range(len(asks))]

    def _read(
        self, asks: Sequence[ScoringRequest], now: datetime, settled: dict[int, Answer | Exception]
    ) -> dict[TaskName, dict[int, CaseBatch]]:
        """By task and place of the request its cases; what cannot be asked is settled."""
        batches = dict[TaskName, dict[int, CaseBatch]]()
        for place, ask in enumerate(asks):
            names = dict.fromkeys(task for task, _ in ask.cases)
            try:
                own = {name: CaseBatch.of(self.tasks[name], ask, now) for name in names}
            except FromTheFutureError as error:
                settled[place] = error
                continue
            for name, batch in own.items():
                batches.setdefault(name, {})[place] = batch
        return batches

    def _answering(self) -> ScoringPipeline:
        """Those requests, from now on: what answers them stays whatever is loaded meanwhile."""
        return ScoringPipeline(
            self.live.now,
            self.pauses.now,
            self.policy,
            self.within,
            self.monotonic,
            self.profiles,
            self.observe,
        )

    def _told(self, drafts: Sequence[Draft], committed: CommitResult) -> Answer:
        """The answer to one request, once it is on record; whoever listens is told of it."""
        self.on_commit(len(committed.entries))
        self.live.tell(drafts)
        answer = build_answer(committed, [draft.said for draft in drafts], self.address)
        self.observe.answered(observations_of(answer))
        return answer

    def recorded_answer(self, committed: CommitResult) -> Answer:
        """Read an answer back from its entries; see `serving.pipeline.response`."""
        return answer_from_entries(committed, self.tasks, self.address)

    def read(self, identifier: str) -> tuple[Entry, Advice] | None:
        """A recommendation as it was recorded.

        Raises:
            ErasedError: it was erased.
        """
        entry = self.audit.read(identifier)
        if entry is None or not entry.answers:
            return None
        return entry, advice_from_entry(entry, self.tasks)

    def degraded(self, sees: Callable[[str], bool] = lambda _: True) -> dict[str, str]:
        """What is answered lower down the ladder than it should, with how to mend it.

        sees: whether a site may be told of; a pause of another one is left out.
        """
        lineup = self.live.now
        reasons = {str(name): f"{m.why}; {m.mend}" for name, m in lineup.missing.items()}
        if lineup.profiles is None:
            reasons["profiles"] = NO_PROFILES
        elif self.profiles.state is not CircuitState.CLOSED:
            reasons["profiles"] = f"{UNREAD_PROFILES} ({self.profiles.state})"
        told = [p for p in self.pauses.now.all() if not p.site or sees(p.site)]
        paused = {f"{p.task} {p.where}": p.sentence for p in told}
        refused = {what: f"refused: {why}" for what, why in lineup.refused.items()}
        return reasons | paused | refused


def _drafts_by_request(
    answering: ScoringPipeline,
    batches: Mapping[int, CaseBatch],
    settled: dict[int, Answer | Exception],
) -> dict[int, Iterator[Draft]]:
    """What is to be recorded of each request's cases of a task; by the request's place.

    Where one cannot be worked on, nobody else is refused for it: each is tried by itself.
    """
    try:
        drafts = iter(answering.drafts(CaseBatch.concatenate(list(batches.values()))))
    except Exception as error:  # noqa: BLE001 - whose case it is gets it
        if len(batches) == 1:
            settled.update(dict.fromkeys(batches, error))
            return {}
        alone = [
            _drafts_by_request(answering, {place: one}, settled) for place, one in batches.items()
        ]
        return {place: drafts for found in alone for place, drafts in found.items()}
    return {place: iter(list(islice(drafts, len(one)))) for place, one in batches.items()}


def load_engine(settings: ServiceSettings, clock: Clock) -> Engine:
    """Load everything an answer needs; what cannot be loaded is named, not raised.

    Raises:
        AuditUnavailableError: without a record there is no service.
        ValueError: a policy that cannot be read.
    """
    tasks = SERVED_TASKS
    lake = settings.lake
    lineup = load_active_models(lake, tasks)
    policy = load_policy(settings.policy)
    audit = replace(open_audit(lake), breaker=CircuitBreaker("the record"))
    return Engine(
        tasks=tasks,
        live=ActiveModelsHolder(lineup),
        policy=policy,
        audit=audit,
        pseudonyms=open_pseudonyms(lake),
        clock=clock,
        pauses=CachedProjection(audit, PAUSE_ENTRY_KINDS, ActivePauses.told_by),
        address=settings.address,
        within=settings.answer_within_seconds,
    )
