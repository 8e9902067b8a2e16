"""Engine: score the cases of requests, record all recommendations in one commit, answer."""

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
from serving.pipeline.policy_in_force import PolicyHolder, policy_in_force
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
from serving.tasks.served_task import ServedTask
from serving.telemetry.observer import NULL_OBSERVER, Observer, Stage

Clock = Callable[[], datetime]
NO_PROFILES = "the snapshot is missing or damaged; run `triage profiles`"
UNREAD_PROFILES = "the snapshot could not be read; see whether its file is still there"


@dataclass(frozen=True)
class Engine:
    """Everything an answer needs.

    Attributes:
        tasks: the served tasks, by name.
        models: holds the models and profiles that answer now.
        policies: holds the policy in force: thresholds, tolerances, roles and words.
        audit: the log that every recommendation is recorded in.
        pseudonyms: makes keyed pseudonyms and digests.
        clock: returns the time of day, with its time zone.
        pauses: the pauses in force, projected from the audit log.
        address: start of the links in answers.
        time_limit: seconds from the receipt of a request until its scoring has to end.
        monotonic: the clock of `time_limit` and of `RequestContext.monotonic_ns`.
        profiles: circuit breaker around the profiles.
        code: version of the running code.
        on_commit: called with the number of entries after each commit.
        observer: told of stages and recorded recommendations.
        idempotency: answers a repeated request from the log.
    """

    tasks: Mapping[TaskName, ServedTask]
    models: ActiveModelsHolder
    policies: PolicyHolder
    audit: AuditStore
    pseudonyms: Pseudonyms
    clock: Clock
    pauses: CachedProjection[ActivePauses]
    address: str = ""
    time_limit: float = math.inf
    monotonic: Monotonic = time.monotonic
    profiles: CircuitBreaker = field(default_factory=lambda: CircuitBreaker("the profiles"))
    code: str = field(default_factory=code_version)
    on_commit: Callable[[int], None] = lambda _: None
    observer: Observer = NULL_OBSERVER
    idempotency: IdempotencyGuard = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "idempotency", IdempotencyGuard(self.audit))

    @property
    def policy(self) -> Policy:
        """The policy in force now."""
        return self.policies.current

    def answer(
        self,
        name: TaskName,
        cases: Sequence[CaseMessage],
        context: RequestContext | None = None,
        key: IdempotencyKey | None = None,
        explain: Explain = Explain.ALL,
    ) -> Answer:
        """Answer cases of one task; see `answer_request`."""
        named = [(name, case) for case in cases]
        return self.answer_request(
            ScoringRequest(named, context or service_context(self.code), key, explain)
        )

    def answer_request(self, request: ScoringRequest) -> Answer:
        """Answer one request; its recommendations are in the order of its cases.

        Raises:
            Exception: the error that `answer_requests` returns in place of an answer.
        """
        (result,) = self.answer_requests([request])
        if isinstance(result, BaseException):
            raise result
        return result

    def answer_requests(self, requests: Sequence[ScoringRequest]) -> list[Answer | Exception]:
        """Answer several requests as one batch, recorded in one commit.

        A case that no model can score is answered lower down the fallback ladder. The
        recommendations of a request are recorded together or not at all, before any is returned.

        Returns:
            For each request its answer, in order, or the error it is refused with:
            FromTheFutureError (nothing of that request was recorded), AuditUnavailableError
            (nothing was recorded, so nothing is answered), IdempotencyKeyUsedError (nothing was
            recorded), or what scoring its cases raised.
        """
        now, results = self.clock(), dict[int, Answer | Exception]()
        with self.observer.stage(Stage.READ):
            batches = self._read(requests, now, results)
        pipeline = self._pipeline()
        drafts = {
            task: _drafts_by_request(pipeline, by_request, results)
            for task, by_request in batches.items()
        }
        ready = [place for place in range(len(requests)) if place not in results]
        drafted = [
            [next(drafts[task][place]) for task, _ in requests[place].cases] for place in ready
        ]
        with self.observer.stage(Stage.AUDIT):
            keyed = [(own, requests[p].key) for p, own in zip(ready, drafted, strict=True)]
            commits = self.audit.commit_together(keyed)
        for place, own, committed in zip(ready, drafted, commits, strict=True):
            results[place] = (
                committed
                if isinstance(committed, Exception)
                else self._answer_committed(own, committed)
            )
        return [results[place] for place in range(len(requests))]

    def _read(
        self,
        requests: Sequence[ScoringRequest],
        now: datetime,
        results: dict[int, Answer | Exception],
    ) -> dict[TaskName, dict[int, CaseBatch]]:
        """Return the cases by task and place of their request; refuse what cannot be asked."""
        batches, ahead = dict[TaskName, dict[int, CaseBatch]](), self.policy.clocks.sender_ahead
        for place, request in enumerate(requests):
            names = dict.fromkeys(task for task, _ in request.cases)
            try:
                by_task = {
                    name: CaseBatch.from_request(self.tasks[name], request, now, ahead)
                    for name in names
                }
            except FromTheFutureError as error:
                results[place] = error
                continue
            for name, batch in by_task.items():
                batches.setdefault(name, {})[place] = batch
        return batches

    def _pipeline(self) -> ScoringPipeline:
        """Take the models, pauses and policy of now; later ones are for later requests."""
        return ScoringPipeline(
            self.models.current,
            self.pauses.now,
            self.policy,
            self.time_limit,
            self.monotonic,
            self.profiles,
            self.observer,
        )

    def _answer_committed(self, drafts: Sequence[Draft], committed: CommitResult) -> Answer:
        """Build the answer of a recorded request, and notify listeners and observer."""
        self.on_commit(len(committed.entries))
        self.models.notify(drafts)
        answer = build_answer(committed, [draft.said for draft in drafts], self.address)
        self.observer.answered(observations_of(answer))
        return answer

    def recorded_answer(self, committed: CommitResult) -> Answer:
        """Read an answer back from its entries; see `serving.pipeline.response`."""
        return answer_from_entries(committed, self.tasks, self.address)

    def read(self, identifier: str) -> tuple[Entry, Advice] | None:
        """Read a recommendation from the audit log; None where there is none of that id.

        Raises:
            PayloadErasedError: it was erased.
        """
        entry = self.audit.read(identifier)
        if entry is None or not entry.answers:
            return None
        return entry, advice_from_entry(entry, self.tasks)

    def open_case(self, task: TaskName, case: str) -> str | None:
        """Return an open case of the lake as JSON, by its id; None where there is none."""
        profiles = self.models.current.profiles
        return None if profiles is None else profiles.open_case(task, case)

    def degraded(self, sees: Callable[[str], bool] = lambda _: True) -> dict[str, str]:
        """Say what is answered lower down the ladder than it should be, and how to mend it.

        Args:
            sees: whether the reader may see a site; pauses of other sites are left out.

        Returns:
            A sentence by the name of the task, slot or part it is about.
        """
        active = self.models.current
        reasons = {str(name): f"{m.why}; {m.mend}" for name, m in active.missing.items()}
        if active.profiles is None:
            reasons["profiles"] = NO_PROFILES
        elif self.profiles.state is not CircuitState.CLOSED:
            reasons["profiles"] = f"{UNREAD_PROFILES} ({self.profiles.state})"
        visible = [p for p in self.pauses.now.all() if not p.site or sees(p.site)]
        paused = {f"{p.task} {p.where}": p.sentence for p in visible}
        refused = {what: f"refused: {why}" for what, why in active.refused.items()}
        return reasons | paused | refused


def _drafts_by_request(
    pipeline: ScoringPipeline,
    batches: Mapping[int, CaseBatch],
    results: dict[int, Answer | Exception],
) -> dict[int, Iterator[Draft]]:
    """Draft the entries of each request's cases of one task, by place of the request.

    Where the batch fails, each request is tried by itself, so that one bad case fails only its
    own request.
    """
    try:
        drafts = iter(pipeline.drafts(CaseBatch.concatenate(list(batches.values()))))
    except Exception as error:  # noqa: BLE001 - it is the result of the request whose case it is
        if len(batches) == 1:
            results.update(dict.fromkeys(batches, error))
            return {}
        apart = [
            _drafts_by_request(pipeline, {place: one}, results) for place, one in batches.items()
        ]
        return {place: drafts for found in apart for place, drafts in found.items()}
    return {place: iter(list(islice(drafts, len(one)))) for place, one in batches.items()}


def load_engine(settings: ServiceSettings, clock: Clock) -> Engine:
    """Load everything an answer needs; a model that cannot be loaded is named, not raised.

    Raises:
        AuditUnavailableError: without a record there is no service.
        ValueError: a policy that cannot be read.
    """
    tasks = SERVED_TASKS
    lake = settings.lake
    active = load_active_models(lake, tasks)
    audit = replace(open_audit(lake), breaker=CircuitBreaker("the record"))
    policy = policy_in_force(audit, settings.policy)
    return Engine(
        tasks=tasks,
        models=ActiveModelsHolder(active),
        policies=PolicyHolder(policy),
        audit=audit,
        pseudonyms=open_pseudonyms(lake),
        clock=clock,
        pauses=CachedProjection(audit, PAUSE_ENTRY_KINDS, ActivePauses.from_entries),
        address=settings.address,
        time_limit=settings.answer_within_seconds,
    )
