"""Answers to cases of one task, down the ladder: each as what is to be recorded of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from features.profiles import Profiles, ProfilesError
from serving.advise import advise, explain
from serving.ask import Ask
from serving.audit.entry import Draft
from serving.batch import Batch
from serving.breaker import Breaker, OpenError
from serving.budget import Budget, LateError, Monotonic, Timely
from serving.champions import Champion
from serving.ladder import Turn
from serving.lineup import Lineup
from serving.observe.observer import Observer, Stage
from serving.pause import Pauses
from serving.policy.policy import Policy
from serving.recommend import Provenance, looked_at
from serving.record import draft_of, unscored_draft_of
from serving.score import Scored, score
from serving.turns import out_of_time, turn, without_profiles
from serving.unscored import unscored

NANO = 1e9
AT_ONCE = 500
"""Cases that are looked up, scored and explained in one go; the time is looked at in between."""


@dataclass(frozen=True)
class Answering:
    """What answers, the same from the first case to the last whatever is loaded meanwhile.

    within, monotonic: as `serving.engine.Engine` has them. profiles: the breaker around them.
    """

    lineup: Lineup
    pauses: Pauses
    policy: Policy
    within: float
    monotonic: Monotonic
    profiles: Breaker
    observe: Observer

    def drafts(self, batch: Batch) -> list[Draft]:
        """What is to be recorded of the answers, in the order of the cases."""
        made = dict[int, Draft]()
        for whose, rows in self._turns(batch):
            made.update(zip(rows, self._on(whose, batch.some(rows)), strict=True))
        return [made[row] for row in range(len(batch))]

    def _turns(self, batch: Batch) -> Iterator[tuple[Turn, list[int]]]:
        """Who answers, and which cases: so many at a time as are scored at once."""
        alike: dict[Any, tuple[Turn, list[int]]] = {}
        task = batch.entry.task.name
        for row, record in enumerate(batch.records):
            pause = self.pauses.of(task, record["site_id"])
            whose = turn(self.lineup, task, batch.reference(row), pause)
            same = whose.rung, whose.alias, id(whose.champion), whose.down
            alike.setdefault(same, (whose, []))[1].append(row)
        for whose, rows in alike.values():
            waiting = iter(rows)
            while some := list(islice(waiting, AT_ONCE)):
                yield whose, some

    def _on(self, whose: Turn, batch: Batch) -> Iterable[Draft]:
        """Cases of one turn: those whose time is over by rules, the others by its model."""
        champion, past = whose.champion, self.lineup.profiles
        if champion is None or past is None:
            return self._by_rules(whose, batch)
        budgets = [self._budget(ask) for ask in batch.asks]
        try:
            # Of several requests the one that came first says until when.
            budget = min(budgets, key=lambda one: one.until)
            scored = self._scored(champion, past, batch, budget)
        except LateError:
            return self._late(whose, batch, budgets)
        except (ProfilesError, sqlite3.Error, OpenError):
            return self._by_rules(without_profiles(whose), batch)
        return self._advised(whose, champion, past, scored, batch)

    def _budget(self, ask: Ask) -> Budget:
        return Budget.of(self.within, ask.context.monotonic_ns / NANO, self.monotonic)

    def _late(self, whose: Turn, batch: Batch, budgets: Sequence[Budget]) -> Iterable[Draft]:
        """What is over time by rules; the rest, of requests that came later, once more."""
        over = [budget.spent for budget in budgets]
        if not any(over):
            over = [True] * len(over)
        late = [row for row, spent in enumerate(over) if spent]
        rest = [row for row, spent in enumerate(over) if not spent]
        by_rules = out_of_time(whose, budgets[late[0]])
        made = dict(zip(late, self._by_rules(by_rules, batch.some(late)), strict=True))
        if rest:
            made.update(zip(rest, self._on(whose, batch.some(rest)), strict=True))
        return [made[row] for row in range(len(batch))]

    def _scored(self, champion: Champion, past: Profiles, batch: Batch, budget: Budget) -> Scored:
        timely = Timely(budget, self.observe)
        with self.profiles.passing((ProfilesError, sqlite3.Error)):
            return score(champion, past, batch.records, batch.asked_at, timely)

    def _advised(
        self, whose: Turn, champion: Champion, past: Profiles, scored: Scored, batch: Batch
    ) -> Iterator[Draft]:
        model = champion.model.digest
        made_from = Provenance(champion.version, model, past.as_of, past.snapshot_id).on(whose)
        with self.observe.stage(Stage.ADVISE):
            advices = [
                advise(batch.entry, batch.asked(row), scored, row, self.policy, made_from)
                for row in range(len(batch))
            ]
        # A score without its reasons is worth more than none: for them there may be no time left.
        wanted = [
            ask.explain.wants(looked_at=looked_at(advice)) and not self._budget(ask).spent
            for ask, advice in zip(batch.asks, advices, strict=True)
        ]
        given = explain(champion, scored, advices, wanted, self.observe)
        for row, (advice, its_score) in enumerate(given):
            context, case = batch.asks[row].context.recorded(), batch.messages[row]
            yield draft_of(advice, case, scored, row, its_score, champion, context, whose.alias)

    def _by_rules(self, whose: Turn, batch: Batch) -> Iterator[Draft]:
        for row, case in enumerate(batch.messages):
            asked = batch.asked(row)
            found = batch.entry.rules(asked.case, self.policy, asked.asked_at)
            advice = unscored(asked, found, self.policy, whose.down)
            yield unscored_draft_of(advice, case, batch.asks[row].context.recorded())
