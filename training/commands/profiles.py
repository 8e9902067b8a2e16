"""`triage profiles`: what serving knows of the past."""

from __future__ import annotations

from data.lake import Lake
from data.progress import step


def profiles() -> None:
    """Build the profiles that serving looks up, as of the day after the newest row."""
    from data.period import end_of_data
    from data.store import Store
    from features.profiles import build_profiles
    from models.task import TaskName
    from training.wiring import wiring

    lake = Lake.from_environment()
    as_of = end_of_data(lake.canonical)
    with (
        step(f"Building profiles as of {as_of:%Y-%m-%d}"),
        Store.from_folder(lake.canonical) as store,
    ):
        streams = {s.name: s for name in TaskName for s in wiring(name).streams}
        build_profiles(store, streams.values(), as_of.date(), lake.profiles)
