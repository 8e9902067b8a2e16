"""`triage case`: one case as a caller would send it."""

from __future__ import annotations

import json

from data.lake import Lake
from training.commands.arguments import task_named


def case(task: str, name: str) -> None:
    """Print one case of the ingested history as the request body that a caller would send."""
    from data.store import Store
    from models.catalogue import TASKS
    from training.asks.as_request import as_requests
    from training.wiring import wiring

    known = task_named(task)
    with Store.from_folder(Lake.from_environment().canonical) as store:
        asks = wiring(known).asks(store, TASKS[known])
        wanted = asks.frame["ask_id"].str.split("@").str[0] == name
        if not wanted.any():
            raise LookupError(
                f"{known} has no case {name!r}; it has {len(asks)}, "
                f"e.g. {', '.join(asks.frame['ask_id'].str.split('@').str[0].head(3))}"
            )
        newest = wanted & ~wanted[::-1].duplicated()[::-1]
        print(json.dumps({"cases": as_requests(asks.take(newest.to_numpy()))}, indent=2))
