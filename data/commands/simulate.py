"""`triage simulate`: generate the demo distributor's history."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from data.command_line import show_progress
from data.lake import Lake


def simulate(
    sites: int = 7,
    suppliers: int = 60,
    items: int = 2000,
    months: int = 24,
    seed: int = 17,
    extracts: Annotated[
        Path | None, typer.Option(help="also write sites' extracts as their ERPs would, here")
    ] = None,
) -> None:
    """Simulate a distributor and keep it as the raw files of the source `simulator`."""
    from data.simulator.extracts import write_extracts
    from data.simulator.simulation import simulate
    from data.simulator.world.size import WorldSize
    from data.sources.extracts.mapping import shipped_mappings

    size = WorldSize(sites=sites, suppliers=suppliers, items=items, months=months)
    with show_progress(f"Simulating {sites} sites, {items} items, {months} months") as progress:
        frames = simulate(size, seed, progress)
    with show_progress("Writing raw files"):
        raw = Lake.from_environment().make().raw / "simulator"
        raw.mkdir(exist_ok=True)
        for name, frame in frames.items():
            frame.to_parquet(raw / f"{name}.parquet")
        if extracts:
            write_extracts(frames, extracts, shipped_mappings())
