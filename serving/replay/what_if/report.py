"""A period replayed against an alternative: what would have changed, per site and task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from data.contracts.decisions import Action
from serving.audit.entry import EntryKind
from serving.audit.store import AuditStore
from serving.policy.policy import Money
from serving.replay.reason import Lacking
from serving.replay.replay import in_batches
from serving.replay.selection import chunks
from serving.replay.sources import Sources
from serving.replay.what_if.alternative import Alternative
from serving.replay.what_if.compared import Compared, comparing
from serving.replay.what_if.figures import Figures, figures


@dataclass(frozen=True)
class Report:
    """alternative: in words. since, until: first and last moment of an answer, ISO 8601, UTC.

    figures: of each task all sites ("") first, then each. currency: that money is told in.
    lacking: by task and why, how many answers could not be given again.
    """

    alternative: str
    since: str
    until: str
    currency: str
    figures: tuple[Figures, ...]
    lacking: dict[tuple[str, str], int]

    @property
    def answers(self) -> int:
        """Answers that were compared."""
        return sum(one.answers for one in self.figures if not one.site)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
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


def report(
    places: Sequence[int],
    sources: Sources,
    alternative: Alternative,
    progress: Callable[[float], None] = lambda _: None,
) -> Report:
    """What the alternative would have answered in those places of the record.

    Nothing is recorded.
    """
    found: list[Compared] = []
    lacking: Counter[tuple[str, str]] = Counter()
    moments: list[str] = []
    made, done = comparing(alternative, sources), 0
    for entries in chunks(sources.record, places):
        for entry, one in in_batches(entries, sources, made):
            if isinstance(one, Lacking):
                lacking[entry.envelope.task, one.why] += 1
            else:
                found.append(one)
                moments.append(entry.recorded_at)
        done += len(entries)
        progress(done / len(places))
    money = _money(found, alternative, sources)
    told = tuple(_told(found, _decisions(sources.record), money))
    return Report(
        alternative=str(alternative),
        since=min(moments, default=""),
        until=max(moments, default=""),
        currency=money.reporting_currency,
        figures=told,
        lacking=dict(lacking),
    )


def _told(found: Sequence[Compared], decided: dict[str, Action], money: Money) -> Iterator[Figures]:
    for task in sorted({one.task for one in found}):
        of_task = [one for one in found if one.task is task]
        yield figures(task, "", of_task, decided, money)
        for site in sorted({one.site for one in of_task}):
            at_site = [one for one in of_task if one.site == site]
            yield figures(task, site, at_site, decided, money)


def _money(found: Sequence[Compared], alternative: Alternative, sources: Sources) -> Money:
    """One set of rates for both sides, so that no change is one of currencies.

    Those of the alternative's policy; without one, of the policy behind the latest answer.
    """
    if alternative.policy is not None:
        return alternative.policy.money
    return found[-1].policy.money if found else next(iter(sources.loaded.values())).money


def _decisions(record: AuditStore) -> dict[str, Action]:
    """What people did, by the id of what they answered; erased ones are not known."""
    return {
        entry.envelope.about: Action(entry.payload["action"])
        for entry in record.of_kind(EntryKind.DECISION)
        if entry.body is not None
    }
