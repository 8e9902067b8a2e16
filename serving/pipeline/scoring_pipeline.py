"""Scoring pipeline: select a model for each case, score within the deadline, or use rules.

The result of each case is the draft of its audit entry; nothing is recorded here.
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
from serving.pipeline.advice import (
    advise,
    advise_by_rules,
    explain_advices,
    rules_only_draft,
    scored_draft,
)
from serving.pipeline.batch import CaseBatch, ScoringRequest
from serving.pipeline.completion import complete_cases
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
from serving.runtime.circuit_breaker import CircuitBreaker, CircuitOpenError, CircuitState
from serving.telemetry.observer import Observer, Stage

NANOSECONDS_PER_SECOND = 1e9
CHUNK_SIZE = 500
"""Cases that are looked up, scored and explained in one go; the deadline is checked in between."""


@dataclass(frozen=True)
class ScoringPipeline:
    """The models, pauses and policy that score a batch, whatever is loaded meanwhile.

    time_limit, monotonic, profiles: as `serving.pipeline.engine.Engine` has them.
    """

    active: ActiveModels
    pauses: ActivePauses
    policy: Policy
    time_limit: float
    monotonic: Monotonic
    profiles: CircuitBreaker
    observer: Observer

    def drafts(self, batch: CaseBatch) -> list[Draft]:
        """Draft the audit entry of each case, in the order of the batch."""
        drafts = dict[int, Draft]()
        batch = self._complete(batch)
        for selection, rows in self._selections(batch):
            drafts.update(zip(rows, self._score(selection, batch.subset(rows)), strict=True))
        return [drafts[row] for row in range(len(batch))]

    def _complete(self, batch: CaseBatch) -> CaseBatch:
        """Add what the lake knows of the cases; where it cannot be read they stay as sent."""
        profiles = self.active.profiles
        if profiles is None or self.profiles.state is not CircuitState.CLOSED:
            return batch
        try:
            return complete_cases(batch, profiles.reference, self.policy.money.reporting_currency)
        except sqlite3.Error:
            return batch

    def _selections(self, batch: CaseBatch) -> Iterator[tuple[ModelSelection, list[int]]]:
        """Group the rows by the model selected for them, in chunks."""
        groups: dict[Any, tuple[ModelSelection, list[int]]] = {}
        task = batch.served.task.name
        for row, record in enumerate(batch.records):
            pause = self.pauses.find(task, record["site_id"])
            selection = select_model(self.active, task, batch.reference(row), pause)
            group = selection.rung, selection.alias, id(selection.champion), selection.down
            groups.setdefault(group, (selection, []))[1].append(row)
        for selection, rows in groups.values():
            remaining = iter(rows)
            while chunk := list(islice(remaining, CHUNK_SIZE)):
                yield selection, chunk

    def _score(self, selection: ModelSelection, batch: CaseBatch) -> Iterable[Draft]:
        """Score the cases with the selected model; those it cannot score in time by rules."""
        champion, profiles = selection.champion, self.active.profiles
        if champion is None or profiles is None:
            return self._apply_rules(selection, batch)
        deadlines = [self._deadline(request) for request in batch.requests]
        try:
            # Of several requests, the one that came first sets the deadline.
            deadline = min(deadlines, key=lambda one: one.until)
            scored = self._score_in_time(champion, profiles, batch, deadline)
        except DeadlineExceededError:
            return self._answer_late(selection, batch, deadlines)
        except (ProfilesError, sqlite3.Error, CircuitOpenError):
            return self._apply_rules(degrade_without_profiles(selection), batch)
        return self._advise(selection, champion, profiles, scored, batch)

    def _deadline(self, request: ScoringRequest) -> Deadline:
        received = request.context.monotonic_ns / NANOSECONDS_PER_SECOND
        return Deadline.after(self.time_limit, received, self.monotonic)

    def _answer_late(
        self, selection: ModelSelection, batch: CaseBatch, deadlines: Sequence[Deadline]
    ) -> Iterable[Draft]:
        """Answer expired requests by rules, and score those that came later once more."""
        expired = [deadline.expired for deadline in deadlines]
        if not any(expired):
            expired = [True] * len(expired)
        late = [row for row, is_over in enumerate(expired) if is_over]
        rest = [row for row, is_over in enumerate(expired) if not is_over]
        by_rules = degrade_out_of_time(selection, deadlines[late[0]])
        drafts = dict(zip(late, self._apply_rules(by_rules, batch.subset(late)), strict=True))
        if rest:
            drafts.update(zip(rest, self._score(selection, batch.subset(rest)), strict=True))
        return [drafts[row] for row in range(len(batch))]

    def _score_in_time(
        self, champion: LoadedModel, profiles: Profiles, batch: CaseBatch, deadline: Deadline
    ) -> ScoredBatch:
        observer = DeadlineObserver(deadline, self.observer)
        with self.profiles.guard((ProfilesError, sqlite3.Error)):
            return score_cases(champion, profiles, batch.records, batch.asked_at, observer)

    def _advise(
        self,
        selection: ModelSelection,
        champion: LoadedModel,
        profiles: Profiles,
        scored: ScoredBatch,
        batch: CaseBatch,
    ) -> Iterator[Draft]:
        provenance = Provenance(
            champion.version,
            champion.model.digest,
            profiles.as_of,
            profiles.snapshot_id,
            selection.rung,
            selection.down,
        )
        with self.observer.stage(Stage.ADVISE):
            advices = [
                advise(batch.served, batch.case_input(row), scored, row, self.policy, provenance)
                for row in range(len(batch))
            ]
        # A score without reasons is better than no score: reasons are left out when time is up.
        wanted = [
            request.explain.wants(needs_review=needs_review(advice))
            and not self._deadline(request).expired
            for request, advice in zip(batch.requests, advices, strict=True)
        ]
        explained = explain_advices(champion, scored, advices, wanted, self.observer)
        for row, (advice, score) in enumerate(explained):
            context, case = batch.recorded_context(row), batch.messages[row]
            yield scored_draft(advice, case, scored, row, score, champion, context, selection.alias)

    def _apply_rules(self, selection: ModelSelection, batch: CaseBatch) -> Iterator[Draft]:
        for row, message in enumerate(batch.messages):
            case = batch.case_input(row)
            advice = advise_by_rules(batch.served, case, self.policy, selection.down)
            yield rules_only_draft(advice, message, batch.recorded_context(row))
