"""Following the registry: what its champion alias names is promoted, as promotion demands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from data.lake import Lake
from models.task import TaskName
from training.approval import Approval, PromotionError
from training.pointer import champion
from training.promote import Champion, Record, promote
from training.registry import CHAMPION, Registry, open_registry


def follow(
    tasks: Sequence[TaskName],
    lake: Lake,
    now: datetime,
    registry: Registry | None = None,
    *,
    approval: Approval,
    record: Record,
) -> Iterator[Champion | PromotionError]:
    """Promote what the alias was moved to by hand; why not, where gates or approval refuse it.

    A task whose alias names the champion that serves, or nothing, is passed over.
    """
    registry = registry or open_registry(lake)
    for task in tasks:
        wanted, serves = registry.aliases(task).get(CHAMPION), champion(lake, task)
        if wanted is None or (serves and serves.version == wanted):
            continue
        try:
            yield promote(task, lake, now, wanted, registry, approval=approval, record=record)
        except PromotionError as error:
            yield error
