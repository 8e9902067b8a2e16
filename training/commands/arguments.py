"""Arguments that several commands share."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.task import TaskName


DAY_FORMATS = ["%Y-%m-%d"]


def day_of(moment: datetime | None) -> date | None:
    """The day of an option that names one."""
    return moment.date() if moment else None


def task_named(name: str) -> TaskName:
    """The task of that name.

    Raises:
        ValueError: with the tasks there are.
    """
    from models.task import TaskName

    try:
        return TaskName(name)
    except ValueError:
        raise ValueError(f"no task {name!r}; there are {', '.join(TaskName)}") from None
