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
    """Return the name of the task that a command was given.

    Raises:
        ValueError: there is none; the message lists the names there are.
    """
    from models import catalogue  # a command that only prints its help loads no models

    return catalogue.task_named(name).name
