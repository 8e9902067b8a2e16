"""The engine: gather, decide, record, answer. Knows nothing of HTTP."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from models.task import TaskName
from serving.answered import advice_of, answer_of
from serving.answering import Answering
from serving.api.messages import CaseMessage, DecisionMessage
from serving.audit.entry import Draft, Entry
from serving.audit.followed import Followed
from serving.audit.group import Committed, Key
from serving.audit.opened import open_audit
from serving.audit.pseudonym import Pseudonyms, open_pseudonyms
from serving.audit.signing_key import SigningKey
from serving.audit.store import AuditStore
from serving.batch import Batch, FromTheFutureError
from serving.breaker import Breaker, State
from serving.budget import Budget, Monotonic
from serving.catalogue import Served, served
from serving.context import Context, code_version, of_service
from serving.counterfactual.answer import Counterfactuals, counterfactuals
from serving.decide import Deciding, decide
from serving.idempotency import Once
from serving.lineup import Live, assembled
from serving.observe.observer import SILENT, Observer, Stage
from serving.observe.told import told_of
from serving.pause import KINDS, Pauses
from serving.policy.policy import Policy, load_policy
from serving.recommendation import Advice, Answer
from serving.replay.sources import Sources, sources_of
from serving.settings import Settings

__all__ = ["Batch", "Engine", "FromTheFutureError", "start"]

Clock = Callable[[], datetime]
NANO = 1e9
NO_PROFILES = "the snapshot is missing or damaged; run `triage profiles`"
UNREAD_PROFILES = "the snapshot could not be read; see whether its file is still there"


@dataclass(frozen=True)
class Engine:
    """Everything an answer needs. live: the models and the past that answer now.

    pauses: in force, as the record says. within: seconds from when a request was read, however
    long it waited then, until scoring has to end; by `monotonic`, as of `Context`. wrote: told how
    many entries an answer took. observe: told of stages and answers. profiles: the breaker
    around them.
    """

    tasks: Mapping[TaskName, Served]
    live: Live
    policy: Policy
    audit: AuditStore
    pseudonyms: Pseudonyms
    clock: Clock
    sources: Sources
    pauses: Followed[Pauses]
    address: str = ""
    within: float = math.inf
    monotonic: Monotonic = time.monotonic
    profiles: Breaker = field(default_factory=lambda: Breaker("the profiles"))
    code: str = field(default_factory=code_version)
    wrote: Callable[[int], None] = lambda _: None
    observe: Observer = SILENT
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
        """Recommendations for cases of one task; see `triage`."""
        return self.triage([(name, case) for case in cases], context, key)

    def triage(
        self,
        asked: Sequence[tuple[TaskName, CaseMessage]],
        context: Context | None = None,
        key: Key | None = None,
    ) -> Answer:
        """Recommendations for cases of any tasks, in their order.

        What no model can answer is answered lower down the ladder. Every one is recorded
        before any is returned, all in one commit. context: of who asks; the service itself by
        default. key: recorded with the answer, so that the same request
        sent again gets the same.

        Raises:
            FromTheFutureError: as `Batch.of` says; nothing was recorded.
            AuditUnavailableError: nothing was recorded, so nothing is answered.
            KeyTakenError: the key was used before; nothing was recorded.
        """
        answering, now = self._answering(context or of_service(self.code)), self.clock()
        drafts = dict[int, Draft]()
        for name in dict.fromkeys(task for task, _ in asked):
            rows = [row for row, (task, _) in enumerate(asked) if task is name]
            cases = [asked[row][1] for row in rows]
            with self.observe.stage(Stage.READ):
                batch = Batch.of(self.tasks[name], cases, now)
            drafts.update(zip(rows, answering.drafts(batch, cases), strict=True))
        given = [drafts[row] for row in range(len(asked))]
        with self.observe.stage(Stage.AUDIT):
            committed = self.audit.commit(given, key)
        self.wrote(len(committed.entries))
        self.live.tell(given)
        answer = self.again(committed)
        self.observe.answered(told_of(answer))
        return answer

    def _answering(self, context: Context) -> Answering:
        """One request, from now on: what answers it stays the same whatever is loaded meanwhile."""
        return Answering(
            self.live.now,
            self.pauses.now,
            self.policy,
            context.recorded(),
            Budget.of(self.within, context.monotonic_ns / NANO, self.monotonic),
            self.profiles,
            self.observe,
        )

    def again(self, committed: Committed) -> Answer:
        """The answer whose entries these are; see `serving.answered`."""
        return answer_of(committed, self.tasks, self.address)

    def read(self, identifier: str) -> tuple[Entry, Advice] | None:
        """A recommendation as it was recorded.

        Raises:
            ErasedError: it was erased.
        """
        entry = self.audit.read(identifier)
        if entry is None or not entry.answers:
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
        return counterfactuals(self.sources, self.live.now.profiles, entry, advice)

    def degraded(self, sees: Callable[[str], bool] = lambda _: True) -> dict[str, str]:
        """What is answered lower down the ladder than it should, with how to mend it.

        sees: whether a site may be told of; a pause of another one is left out.
        """
        lineup = self.live.now
        reasons = {str(name): f"{m.why}; {m.mend}" for name, m in lineup.missing.items()}
        if lineup.profiles is None:
            reasons["profiles"] = NO_PROFILES
        elif self.profiles.state is not State.CLOSED:
            reasons["profiles"] = f"{UNREAD_PROFILES} ({self.profiles.state})"
        told = [p for p in self.pauses.now.all() if not p.site or sees(p.site)]
        paused = {f"{p.task} {p.where}": p.sentence for p in told}
        refused = {what: f"refused: {why}" for what, why in lineup.refused.items()}
        return reasons | paused | refused


def start(settings: Settings, clock: Clock) -> Engine:
    """Load everything an answer needs; what cannot be loaded is named, not raised.

    Raises:
        AuditUnavailableError: without a record there is no service.
        ValueError: a policy that cannot be read.
    """
    tasks = served()
    lake = settings.lake
    lineup = assembled(lake, tasks)
    policy = load_policy(settings.policy)
    audit = replace(open_audit(lake), breaker=Breaker("the record"))
    return Engine(
        tasks=tasks,
        live=Live(lineup),
        policy=policy,
        audit=audit,
        pseudonyms=open_pseudonyms(lake),
        clock=clock,
        sources=sources_of(lake, audit, policy, lineup.champions.values()),
        pauses=Followed(audit, KINDS, Pauses.told_by),
        address=settings.address,
        within=settings.answer_within_seconds,
    )
