"""Scoring pipeline for one batch.

Select a model for each case, score within the deadline, else fall back to rules; return audit
drafts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from features.profile_storage import ProfilesError
from features.profiles import Profiles
from serving.audit.log.entry import Draft
from serving.model_registry.active_models import ActiveModels
from serving.model_registry.champions import LoadedModel
from serving.pipeline.advice import advise, explain_advices, rules_only_draft, scored_draft
from serving.pipeline.batch import CaseBatch, ScoringRequest
from serving.pipeline.deadline import Deadline, DeadlineExceededError, DeadlineObserver, Monotonic
from serving.pipeline.model_selection import (
    ModelSelection,
    degrade_out_of_time,
    degrade_without_profiles,
    select_model,
)
from serving.pipeline.pauses import ActivePauses
from serving.pipeline.scoring import ScoredBatch, score_cases
from serving.policy.policy import Policy
from serving.recommendation.recommend import Provenance, needs_review
from serving.recommendation.rules_only import recommend_by_rules
from serving.runtime.circuit_breaker import CircuitBreaker, CircuitOpenError
from serving.telemetry.observer import Observer, Stage

NANOSECONDS_PER_SECOND = 1e9
CHUNK_SIZE = 500
"""Cases that are looked up, scored and explained in one go; the time is looked at in between."""


@dataclass(frozen=True)
class ScoringPipeline:
    """What answers, the same from the first case to the last whatever is loaded meanwhile.

    within, monotonic: as `serving.pipeline.engine.Engine` has them. profiles: the breaker around
    them.
    """

    lineup: ActiveModels
    pauses: ActivePauses
    policy: Policy
    within: float
    monotonic: Monotonic
    profiles: CircuitBreaker
    observe: Observer

    def drafts(self, batch: CaseBatch) -> list[Draft]:
        """What is to be recorded of the answers, in the order of the cases."""
        made = dict[int, Draft]()
        for whose, rows in self._turns(batch):
            made.update(zip(rows, self._on(whose, batch.some(rows)), strict=True))
        return [made[row] for row in range(len(batch))]

    def _turns(self, batch: CaseBatch) -> Iterator[tuple[ModelSelection, list[int]]]:
        """Who answers, and which cases: so many at a time as are scored at once."""
        alike: dict[Any, tuple[ModelSelection, list[int]]] = {}
        task = batch.entry.task.name
        for row, record in enumerate(batch.records):
            pause = self.pauses.of(task, record["site_id"])
            whose = select_model(self.lineup, task, batch.reference(row), pause)
            same = whose.rung, whose.alias, id(whose.champion), whose.down
            alike.setdefault(same, (whose, []))[1].append(row)
        for whose, rows in alike.values():
            waiting = iter(rows)
            while some := list(islice(waiting, CHUNK_SIZE)):
                yield whose, some

    def _on(self, whose: ModelSelection, batch: CaseBatch) -> Iterable[Draft]:
        """Cases of one turn: those whose time is over by rules, the others by its model."""
        champion, past = whose.champion, self.lineup.profiles
        if champion is None or past is None:
            return self._by_rules(whose, batch)
        budgets = [self._budget(ask) for ask in batch.asks]
        try:
            # Of several requests the one that came first says until when.
            budget = min(budgets, key=lambda one: one.until)
            scored = self._scored(champion, past, batch, budget)
        except DeadlineExceededError:
            return self._late(whose, batch, budgets)
        except (ProfilesError, sqlite3.Error, CircuitOpenError):
            return self._by_rules(degrade_without_profiles(whose), batch)
        return self._advised(whose, champion, past, scored, batch)

    def _budget(self, ask: ScoringRequest) -> Deadline:
        return Deadline.of(
            self.within, ask.context.monotonic_ns / NANOSECONDS_PER_SECOND, self.monotonic
        )

    def _late(
        self, whose: ModelSelection, batch: CaseBatch, budgets: Sequence[Deadline]
    ) -> Iterable[Draft]:
        """What is over time by rules; the rest, of requests that came later, once more."""
        over = [budget.expired for budget in budgets]
        if not any(over):
            over = [True] * len(over)
        late = [row for row, spent in enumerate(over) if spent]
        rest = [row for row, spent in enumerate(over) if not spent]
        by_rules = degrade_out_of_time(whose, budgets[late[0]])
        made = dict(zip(late, self._by_rules(by_rules, batch.some(late)), strict=True))
        if rest:
            made.update(zip(rest, self._on(whose, batch.some(rest)), strict=True))
        return [made[row] for row in range(len(batch))]

    def _scored(
        self, champion: LoadedModel, past: Profiles, batch: CaseBatch, budget: Deadline
    ) -> ScoredBatch:
        timely = DeadlineObserver(budget, self.observe)
        with self.profiles.guard((ProfilesError, sqlite3.Error)):
            return score_cases(champion, past, batch.records, batch.asked_at, timely)

    def _advised(
        self,
        whose: ModelSelection,
        champion: LoadedModel,
        past: Profiles,
        scored: ScoredBatch,
        batch: CaseBatch,
    ) -> Iterator[Draft]:
        model = champion.model.digest
        made_from = Provenance(
            champion.version, model, past.as_of, past.snapshot_id, whose.rung, whose.down
        )
        with self.observe.stage(Stage.ADVISE):
            advices = [
                advise(batch.entry, batch.asked(row), scored, row, self.policy, made_from)
                for row in range(len(batch))
            ]
        # A score without its reasons is worth more than none: for them there may be no time left.
        wanted = [
            ask.explain.wants(needs_review=needs_review(advice)) and not self._budget(ask).expired
            for ask, advice in zip(batch.asks, advices, strict=True)
        ]
        given = explain_advices(champion, scored, advices, wanted, self.observe)
        for row, (advice, its_score) in enumerate(given):
            context, case = batch.asks[row].context.recorded(), batch.messages[row]
            yield scored_draft(advice, case, scored, row, its_score, champion, context, whose.alias)

    def _by_rules(self, whose: ModelSelection, batch: CaseBatch) -> Iterator[Draft]:
        for row, case in enumerate(batch.messages):
            asked = batch.asked(row)
            found = batch.entry.rules(asked.case, self.policy, asked.asked_at)
            advice = recommend_by_rules(asked, found, self.policy, whose.down)
            yield rules_only_draft(advice, case, batch.asks[row].context.recorded())
