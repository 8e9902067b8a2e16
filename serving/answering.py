"""Answers to cases of one task, down the ladder: each as what is to be recorded of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from features.profiles import Profiles, ProfilesError
from serving.advise import advise
from serving.api.messages import CaseMessage
from serving.audit.entry import Draft
from serving.batch import Batch
from serving.breaker import Breaker, OpenError
from serving.budget import Budget, LateError, Timely
from serving.champions import Champion
from serving.ladder import Turn
from serving.lineup import Lineup
from serving.observe.observer import Observer, Stage
from serving.pause import Pauses
from serving.policy.policy import Policy
from serving.recommend import Provenance
from serving.record import draft_of, unscored_draft_of
from serving.score import Scored, score
from serving.turns import out_of_time, turn, without_profiles
from serving.unscored import unscored

AT_ONCE = 500
"""Cases that are looked up, scored and explained in one go; the time is looked at in between."""


@dataclass(frozen=True)
class Answering:
    """One request. told: its context, as it is recorded. profiles: the breaker around them."""

    lineup: Lineup
    pauses: Pauses
    policy: Policy
    told: Mapping[str, Any]
    budget: Budget
    profiles: Breaker
    observe: Observer

    def drafts(self, batch: Batch, cases: Sequence[CaseMessage]) -> list[Draft]:
        """What is to be recorded of the answers, in the order of the cases."""
        made = dict[int, Draft]()
        for asked, rows in self._turns(batch):
            part, messages = batch.some(rows), [cases[row] for row in rows]
            made.update(zip(rows, self._on(asked, part, messages), strict=True))
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

    def _on(self, whose: Turn, batch: Batch, cases: Sequence[CaseMessage]) -> Iterator[Draft]:
        champion, past = whose.champion, self.lineup.profiles
        if champion is None or past is None:
            return self._by_rules(whose, batch, cases)
        try:
            scored = self._scored(champion, past, batch)
        except LateError:
            return self._by_rules(out_of_time(whose, self.budget), batch, cases)
        except (ProfilesError, sqlite3.Error, OpenError):
            return self._by_rules(without_profiles(whose), batch, cases)
        return self._advised(whose, champion, past, scored, batch, cases)

    def _scored(self, champion: Champion, past: Profiles, batch: Batch) -> Scored:
        timely = Timely(self.budget, self.observe)
        with self.profiles.passing((ProfilesError, sqlite3.Error)):
            return score(champion, past, batch.records, batch.asked_at, timely)

    def _advised(
        self,
        whose: Turn,
        champion: Champion,
        past: Profiles,
        scored: Scored,
        batch: Batch,
        cases: Sequence[CaseMessage],
    ) -> Iterator[Draft]:
        model = champion.model.digest
        made_from = Provenance(champion.version, model, past.as_of, past.snapshot_id).on(whose)
        with self.observe.stage(Stage.ADVISE):
            advices = [
                advise(batch.entry, batch.asked(row), scored, row, self.policy, made_from)
                for row in range(len(batch))
            ]
        for row, (advice, case) in enumerate(zip(advices, cases, strict=True)):
            yield draft_of(advice, case, scored, row, champion, self.told, whose.alias)

    def _by_rules(self, whose: Turn, batch: Batch, cases: Sequence[CaseMessage]) -> Iterator[Draft]:
        for row, case in enumerate(cases):
            asked = batch.asked(row)
            found = batch.entry.rules(asked.case, self.policy, asked.asked_at)
            advice = unscored(asked, found, self.policy, whose.down)
            yield unscored_draft_of(advice, case, self.told)
