"""`triage case` and `triage profiles`: a case as a request body, profiles for serving."""

from __future__ import annotations

import json

from data.command_line import show_progress
from data.lake import Lake
from training.commands.arguments import task_named


def case(task: str, name: str) -> None:
    """Print one case of the ingested history as the request body that a caller would send."""
    from data.store import Store
    from models.catalogue import TASKS
    from training.dataset.request_bodies import request_bodies
    from training.tasks.catalogue import TRAINING_TASKS

    known = task_named(task)
    with Store.from_folder(Lake.from_environment().canonical) as store:
        asks = TRAINING_TASKS[known].query_asks(store, TASKS[known])
        wanted = asks.frame["ask_id"].str.split("@").str[0] == name
        if not wanted.any():
            raise LookupError(
                f"{known} has no case {name!r}; it has {len(asks)}, "
                f"e.g. {', '.join(asks.frame['ask_id'].str.split('@').str[0].head(3))}"
            )
        newest = wanted & ~wanted[::-1].duplicated()[::-1]
        print(json.dumps({"cases": request_bodies(asks.take(newest.to_numpy()))}, indent=2))


def profiles() -> None:
    """Build the profiles that serving looks up, as of the day after the newest row."""
    from data.canonical_tables import end_of_data
    from data.store import Store
    from features.profiles import build_profiles
    from training.tasks.catalogue import TRAINING_TASKS

    lake = Lake.from_environment()
    as_of = end_of_data(lake.canonical)
    with (
        show_progress(f"Building profiles as of {as_of:%Y-%m-%d}"),
        Store.from_folder(lake.canonical) as store,
    ):
        streams = {s.name: s for task in TRAINING_TASKS.values() for s in task.streams}
        build_profiles(store, streams.values(), as_of.date(), lake.profiles)
