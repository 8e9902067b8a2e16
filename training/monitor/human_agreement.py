"""Do people agree with the model because it is right, or because it said so?

Agreement is held against the model's true error, once cases have ended. People who follow a
recommendation as often when it was wrong as when it was right do not check it (automation
bias: Parasuraman and Manzey, Human Factors 52, 2010), and their agreement is no evidence for
the model. What the model let pass is seen in the audit sample alone.

By task, site and role, never by person; groups of fewer than FEWEST decisions are counted
and not judged, for chance would speak, and of a small role one person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from data.contracts.decisions import Action
from data.store import Store
from models.task import TaskName
from training.dataset.decision_labels import class_numbers
from training.evaluation.statistics import Proportion, proportion_difference, wilson_proportion
from training.monitor.outcomes import matured_outcomes
from training.tasks.catalogue import TRAINING_TASKS

MIN_DECISIONS = 10
ALL_PEOPLE = "all"
QUESTION_KEY = ["task", "case_id", "asked_at"]  # asked again about the same moment, it counts once


@dataclass(frozen=True)
class Reliance:
    """Reliance of one group of people on recommendations whose outcome is known.

    Attributes:
        right: recommendations that were right: the flagged case went wrong, or the unflagged
            one did not.
        agreed: recommendations that were followed.
        overrides_right: overridden recommendations that were wrong.
    """

    group: str
    right: Proportion
    agreed: Proportion
    followed_when_right: Proportion
    followed_when_wrong: Proportion
    overrides_right: Proportion

    @property
    def enough(self) -> bool:
        """Return whether there are enough decisions to judge."""
        return self.agreed.rows >= MIN_DECISIONS

    def as_json(self) -> dict[str, Any]:
        """Plain values; of a group that is too small only its size."""
        plain = {"group": self.group, "ended": self.agreed.rows, "enough": self.enough}
        return plain | {"sentence": self.sentence} | (_plain(self) if self.enough else {})

    @property
    def sentence(self) -> str:
        """Return a sentence on the group's reliance on the model."""
        wrong, right = self.followed_when_wrong, self.followed_when_right
        if wrong.rows < MIN_DECISIONS or right.rows < MIN_DECISIONS:
            return (
                f"Too few decisions to judge: {right.rows} on right recommendations, "
                f"{wrong.rows} on wrong ones, {MIN_DECISIONS} of each are needed."
            )
        shares = f"followed {right.share:.0%} of the right and {wrong.share:.0%} of the wrong ones"
        low, _ = proportion_difference(right, wrong)
        if low > 0:
            return f"People tell right from wrong: they {shares}."
        return f"No sign that people tell right from wrong: they {shares}."


@dataclass(frozen=True)
class MissedCases:
    """Cases that were missed, estimated from the audit sample of unflagged cases.

    Attributes:
        missed: sampled cases that went wrong, of those whose outcome is known.
        open: sampled cases whose outcome is not known.
        unflagged: number of all cases that were not flagged.
    """

    task: str
    missed: Proportion
    open: int
    unflagged: int

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return _plain(self) | {"sentence": self.sentence}

    @property
    def sentence(self) -> str:
        """Return a sentence that extrapolates to all unflagged cases."""
        rate = self.missed
        if rate.rows < MIN_DECISIONS:
            return (
                f"{rate.rows} sampled cases have ended, {MIN_DECISIONS} are needed to say "
                "what was missed."
            )
        low, high = rate.low * self.unflagged, rate.high * self.unflagged
        return (
            f"{rate.hits} of {rate.rows} sampled cases that were not flagged went wrong: "
            f"of all {self.unflagged} not flagged, between {low:.0f} and {high:.0f} (90 %)."
        )


@dataclass(frozen=True)
class HumanAgreement:
    """Agreement between people and the model, and the share in which the model was right.

    Attributes:
        decided: questions with a decision, each counted once.
        ended: those whose outcome is known as well, without those on which the service did not
            advise.
        groups: all, then each task, site and role.
    """

    decided: int
    ended: int
    groups: tuple[Reliance, ...]
    missed: tuple[MissedCases, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values; a share that has no rows is null, a small group is only counted."""
        return {
            "decided": self.decided,
            "ended": self.ended,
            "groups": [group.as_json() for group in self.groups],
            "missed": [one.as_json() for one in self.missed],
        }


def measure_agreement(
    recommendations: pd.DataFrame, decisions: pd.DataFrame, outcomes: pd.DataFrame
) -> HumanAgreement:
    """Measure the agreement and the error of these recommendations.

    recommendations, decisions: as `serving.audit.dataframes` makes them; the last decision on a
        recommendation counts.
    outcomes: `recommendation_id` and `label` (class number, 0 where nothing went wrong) of
        the recommendations whose case has ended, as systems recorded it: what people said
        themselves would agree with them.
    """
    last = decisions.drop_duplicates("recommendation_id", keep="last")
    last = last.set_index("recommendation_id")
    label = outcomes.drop_duplicates("recommendation_id").set_index("recommendation_id")["label"]
    settled_as = recommendations["id"].map(last["resolved_as"])
    known = recommendations.assign(
        action=recommendations["id"].map(last["action"]),
        role=recommendations["id"].map(last["role"]),
        label=recommendations["id"].map(label).astype("float64"),
        said=_numbers(recommendations["task"], settled_as),
    )
    decided = known[known["action"].notna()].drop_duplicates(QUESTION_KEY, keep="last")
    ended = decided[decided["label"].notna() & ~decided["abstained"]]
    return HumanAgreement(
        len(decided), len(ended), tuple(_groups(ended)), tuple(_missed(known, _tasks(known)))
    )


def _groups(ended: pd.DataFrame) -> Iterator[Reliance]:
    yield _reliance(ALL_PEOPLE, ended)
    for kind, column in (("task", "task"), ("site", "site_id"), ("role", "role")):
        for name, rows in ended.groupby(column, sort=True):
            yield _reliance(f"{kind}:{name}", rows)


def _reliance(group: str, rows: pd.DataFrame) -> Reliance:
    right = rows["flagged"] == (rows["label"] > 0)
    followed = rows["action"] == Action.FOLLOWED
    overridden = rows["action"] == Action.OVERRIDDEN
    return Reliance(
        group,
        right=wilson_proportion(right),
        agreed=wilson_proportion(followed),
        followed_when_right=wilson_proportion(followed[right]),
        followed_when_wrong=wilson_proportion(followed[~right]),
        overrides_right=wilson_proportion(~right[overridden]),
    )


def _missed(known: pd.DataFrame, tasks: list[str]) -> Iterator[MissedCases]:
    """Yield the missed cases by task, each case once, as it was answered last."""
    for task in tasks:
        rows = known[known["task"] == task].drop_duplicates("case_id", keep="last")
        unflagged = rows[~rows["flagged"]]
        sampled = unflagged[unflagged["audit_sample"].astype(bool)]
        ends = sampled["label"].fillna(sampled["said"])
        has_ended = ends.notna()
        yield MissedCases(
            task,
            wilson_proportion(ends[has_ended] > 0),
            open=int((~has_ended).sum()),
            unflagged=len(unflagged),
        )


def _tasks(known: pd.DataFrame) -> list[str]:
    return sorted(set(known["task"].tolist()))


def _numbers(tasks: pd.Series[str], settled_as: pd.Series[str]) -> list[float]:
    """The class number of what a person settled on; NaN where that names no class."""
    numbers: Mapping[str, Mapping[str, int]] = {
        str(name): class_numbers(TRAINING_TASKS[TaskName(name)]) for name in set(tasks)
    }
    return [
        float(numbers[task].get(word, np.nan)) if isinstance(word, str) else np.nan
        for task, word in zip(tasks, settled_as, strict=True)
    ]


def _plain(one: Reliance | MissedCases) -> dict[str, Any]:
    values = {field.name: getattr(one, field.name) for field in fields(one)}
    return {
        name: value.as_json() if isinstance(value, Proportion) else value
        for name, value in values.items()
    }


COLUMNS = ("agreed", "model right", "followed, right", "followed, wrong", "overrides right")


def recorded_outcomes(store: Store, recommendations: pd.DataFrame) -> pd.DataFrame:
    """Return the outcome of every recommended case that has ended, as systems recorded it."""
    parts = [
        matured_outcomes(store, TRAINING_TASKS[TaskName(str(name))], rows)
        for name, rows in recommendations.groupby("task", sort=True)
    ]
    columns = ["recommendation_id", "label"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def reliance_table(agreement: HumanAgreement) -> Table:
    """Build a table with a row per group; small groups are only counted."""
    table = Table(
        title=f"People and the model: {agreement.decided} recommendations decided, "
        f"{agreement.ended} of them ended (share, 90 % interval)"
    )
    table.add_column("group", overflow="fold")
    for heading in ("ended", *COLUMNS):
        table.add_column(heading, justify="right")
    for group in agreement.groups:
        table.add_row(group.group, str(group.agreed.rows), *_cells(group))
    return table


def _cells(group: Reliance) -> list[str]:
    if not group.enough:
        return [f"fewer than {MIN_DECISIONS}", "", "", "", ""]
    parts = (group.followed_when_right, group.followed_when_wrong, group.overrides_right)
    shares = [share_with_interval(group.agreed), share_with_interval(group.right)]
    return shares + [
        f"{share_with_interval(part)} of {part.rows}" if part.rows else "-" for part in parts
    ]


def agreement_sentences(agreement: HumanAgreement) -> list[str]:
    """Return the figures as sentences."""
    missed = [f"{one.task}: {one.sentence}" for one in agreement.missed]
    return [agreement.groups[0].sentence, *missed]


def share_with_interval(part: Proportion) -> str:
    """A share with its interval, of at least one row."""
    return f"{part.share:.0%} ({part.low:.0%}-{part.high:.0%})"
