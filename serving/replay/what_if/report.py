"""Replay a period against an alternative policy or model, and report what would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from data.contracts.decisions import Action
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.policy.sections import CurrencyPolicy
from serving.replay.recorded_answer import ReplayObstacle
from serving.replay.replay import compute_in_batches
from serving.replay.selection import read_chunks
from serving.replay.sources import ReplaySources
from serving.replay.what_if.comparison import Alternative, ComparedAnswer, batch_comparison
from serving.replay.what_if.figures import WhatIfFigures, what_if_figures


@dataclass(frozen=True)
class WhatIfReport:
    """Figures of a period under an alternative policy or model.

    alternative: its name. since, until: first and last moment of an answer, ISO 8601, UTC.

    figures: of each task all sites ("") first, then each. currency: that money is told in.
    lacking: by task and why, how many answers could not be given again.
    """

    alternative: str
    since: str
    until: str
    currency: str
    figures: tuple[WhatIfFigures, ...]
    lacking: dict[tuple[str, str], int]

    @property
    def answers(self) -> int:
        """Number of answers that were compared."""
        return sum(one.answers for one in self.figures if not one.site)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        return {
            "alternative": self.alternative,
            "since": self.since,
            "until": self.until,
            "reporting_currency": self.currency,
            "answers": self.answers,
            "figures": [one.as_json() for one in self.figures],
            "not_replayed": [
                {"task": task, "why": why, "answers": count}
                for (task, why), count in self.lacking.items()
            ],
        }


def run_what_if(
    places: Sequence[int],
    sources: ReplaySources,
    alternative: Alternative,
    progress: Callable[[float], None] = lambda _: None,
) -> WhatIfReport:
    """Compare recorded answers with those of an alternative; nothing is recorded.

    Args:
        places: sequence numbers of the answers.
        sources: where models and policies are found.
        alternative: the other policy or model version.
        progress: called with the share that is done.
    """
    compared: list[ComparedAnswer] = []
    lacking: Counter[tuple[str, str]] = Counter()
    moments: list[str] = []
    compare, done = batch_comparison(alternative, sources), 0
    for entries in read_chunks(sources.record, places):
        for entry, one in compute_in_batches(entries, sources, compare):
            if isinstance(one, ReplayObstacle):
                lacking[entry.envelope.task, one.why] += 1
            else:
                compared.append(one)
                moments.append(entry.recorded_at)
        done += len(entries)
        progress(done / len(places))
    money = _common_rates(compared, alternative, sources)
    figures = tuple(_figures_by_task_and_site(compared, _recorded_decisions(sources.record), money))
    return WhatIfReport(
        alternative=str(alternative),
        since=min(moments, default=""),
        until=max(moments, default=""),
        currency=money.reporting_currency,
        figures=figures,
        lacking=dict(lacking),
    )


def _figures_by_task_and_site(
    compared: Sequence[ComparedAnswer], decided: dict[str, Action], money: CurrencyPolicy
) -> Iterator[WhatIfFigures]:
    for task in sorted({one.task for one in compared}):
        of_task = [one for one in compared if one.task == task]
        yield what_if_figures(task, "", of_task, decided, money)
        for site in sorted({one.site for one in of_task}):
            at_site = [one for one in of_task if one.site == site]
            yield what_if_figures(task, site, at_site, decided, money)


def _common_rates(
    compared: Sequence[ComparedAnswer], alternative: Alternative, sources: ReplaySources
) -> CurrencyPolicy:
    """Return one set of rates for both sides, so that no difference comes from currencies.

    The rates of the alternative's policy, or without one of the policy of the latest answer.
    """
    if alternative.policy is not None:
        return alternative.policy.money
    return compared[-1].policy.money if compared else next(iter(sources.loaded.values())).money


def _recorded_decisions(record: AuditStore) -> dict[str, Action]:
    """Return the action on each decided answer, by its id; erased decisions are left out."""
    return {
        entry.envelope.about: Action(entry.payload["action"])
        for entry in record.of_kind(EntryKind.DECISION)
        if entry.body is not None
    }
