"""The engine: gather, decide, record, answer. Knows nothing of HTTP."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from models.task import TaskName
from serving.answered import advice_of, answer_of, given
from serving.answering import Answering
from serving.api.messages import CaseMessage, DecisionMessage
from serving.ask import Ask
from serving.audit.entry import Draft, Entry
from serving.audit.followed import Followed
from serving.audit.group import Committed, Key
from serving.audit.opened import open_audit
from serving.audit.pseudonym import Pseudonyms, open_pseudonyms
from serving.audit.signing_key import SigningKey
from serving.audit.store import AuditStore
from serving.batch import Batch, FromTheFutureError
from serving.breaker import Breaker, State
from serving.budget import Monotonic
from serving.catalogue import Served, served
from serving.context import Context, code_version, of_service
from serving.counterfactual.answer import Counterfactuals, counterfactuals
from serving.decide import Deciding, decide
from serving.explain import Explain
from serving.idempotency import Once
from serving.lineup import Live, assembled
from serving.observe.observer import SILENT, Observer, Stage
from serving.observe.told import told_of
from serving.pause import KINDS, Pauses
from serving.policy.policy import Policy, load_policy
from serving.recommendation import Advice, Answer
from serving.replay.sources import Sources, sources_of
from serving.settings import Settings

Clock = Callable[[], datetime]
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
        explain: Explain = Explain.ALL,
    ) -> Answer:
        """Recommendations for cases of one task; see `triage`."""
        given = [(name, case) for case in cases]
        return self.triage(Ask(given, context or of_service(self.code), key, explain))

    def triage(self, ask: Ask) -> Answer:
        """Recommendations for the cases of one request, in their order.

        Raises:
            what `together` gives in place of an answer.
        """
        (made,) = self.together([ask])
        if isinstance(made, BaseException):
            raise made
        return made

    def together(self, asks: Sequence[Ask]) -> list[Answer | Exception]:
        """What each request is answered with, in their order; worked on as one.

        What no model can answer is answered lower down the ladder. Every recommendation of a
        request is recorded, in one piece, before any is returned; all requests in one commit.
        In place of an answer there is:

            FromTheFutureError: as `Batch.of` says; nothing of that request was recorded.
            AuditUnavailableError: nothing was recorded, so nothing is answered.
            KeyTakenError: the key was used before; nothing was recorded.
        """
        now, settled = self.clock(), dict[int, Answer | Exception]()
        with self.observe.stage(Stage.READ):
            batches = self._read(asks, now, settled)
        answering = self._answering()
        made = {task: _drafts(answering, its, settled) for task, its in batches.items()}
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
        self, asks: Sequence[Ask], now: datetime, settled: dict[int, Answer | Exception]
    ) -> dict[TaskName, dict[int, Batch]]:
        """By task and place of the request its cases; what cannot be asked is settled."""
        batches = dict[TaskName, dict[int, Batch]]()
        for place, ask in enumerate(asks):
            names = dict.fromkeys(task for task, _ in ask.cases)
            try:
                own = {name: Batch.of(self.tasks[name], ask, now) for name in names}
            except FromTheFutureError as error:
                settled[place] = error
                continue
            for name, batch in own.items():
                batches.setdefault(name, {})[place] = batch
        return batches

    def _answering(self) -> Answering:
        """Those requests, from now on: what answers them stays whatever is loaded meanwhile."""
        return Answering(
            self.live.now,
            self.pauses.now,
            self.policy,
            self.within,
            self.monotonic,
            self.profiles,
            self.observe,
        )

    def _told(self, drafts: Sequence[Draft], committed: Committed) -> Answer:
        """The answer to one request, once it is on record; whoever listens is told of it."""
        self.wrote(len(committed.entries))
        self.live.tell(drafts)
        answer = given(committed, [draft.said for draft in drafts], self.address)
        self.observe.answered(told_of(answer))
        return answer

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


def _drafts(
    answering: Answering, batches: Mapping[int, Batch], settled: dict[int, Answer | Exception]
) -> dict[int, Iterator[Draft]]:
    """What is to be recorded of each request's cases of a task; by the request's place.

    Where one cannot be worked on, nobody else is refused for it: each is tried by itself.
    """
    try:
        drafts = iter(answering.drafts(Batch.joined(list(batches.values()))))
    except Exception as error:  # noqa: BLE001 - whose case it is gets it
        if len(batches) == 1:
            settled.update(dict.fromkeys(batches, error))
            return {}
        alone = [_drafts(answering, {place: one}, settled) for place, one in batches.items()]
        return {place: drafts for found in alone for place, drafts in found.items()}
    return {place: iter(list(islice(drafts, len(one)))) for place, one in batches.items()}


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
