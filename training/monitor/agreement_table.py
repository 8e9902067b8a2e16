"""Agreement of people with the model as tables for the command line."""

from __future__ import annotations

import pandas as pd
from rich.table import Table

from data.store import Store
from models.catalogue import TASKS
from models.task import TaskName
from training.evaluation.statistics import Proportion
from training.monitor.human_agreement import MIN_DECISIONS, HumanAgreement, Reliance
from training.monitor.outcomes import matured_outcomes

COLUMNS = ("agreed", "model right", "followed, right", "followed, wrong", "overrides right")


def recorded_outcomes(store: Store, recommendations: pd.DataFrame) -> pd.DataFrame:
    """The end of every recommended case that has ended, as systems recorded it."""
    parts = [
        matured_outcomes(store, TASKS[TaskName(name)], rows)
        for name, rows in recommendations.groupby("task", sort=True)
    ]
    columns = ["recommendation_id", "label"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def reliance_table(found: HumanAgreement) -> Table:
    """A row a group; small ones are only counted."""
    table = Table(
        title=f"People and the model: {found.decided} recommendations decided, "
        f"{found.ended} of them ended (share, 90 % interval)"
    )
    table.add_column("group", overflow="fold")
    for heading in ("ended", *COLUMNS):
        table.add_column(heading, justify="right")
    for group in found.groups:
        table.add_row(group.group, str(group.agreed.rows), *_cells(group))
    return table


def _cells(group: Reliance) -> list[str]:
    if not group.enough:
        return [f"fewer than {MIN_DECISIONS}", "", "", "", ""]
    parts = (group.followed_when_right, group.followed_when_wrong, group.overrides_right)
    whole = [share_with_interval(group.agreed), share_with_interval(group.right)]
    return whole + [
        f"{share_with_interval(part)} of {part.rows}" if part.rows else "-" for part in parts
    ]


def agreement_sentences(found: HumanAgreement) -> list[str]:
    """What the figures say, in words."""
    missed = [f"{one.task}: {one.sentence}" for one in found.missed]
    return [found.groups[0].sentence, *missed]


def share_with_interval(part: Proportion) -> str:
    """A share with its interval, of at least one row."""
    return f"{part.share:.0%} ({part.low:.0%}-{part.high:.0%})"
