"""`triage ingest` and `triage simulate`: read a source, or the demo's own, into the lake."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from data.command_line import console, show_progress
from data.lake import Lake


def ingest(
    source: Annotated[str, typer.Option(help="simulator, extract, or a public set's name")],
    path: Annotated[Path | None, typer.Option(help="folder of the source's files")] = None,
    mapping: Annotated[
        list[Path] | None, typer.Option(help="TOML mapping of a site's extract; repeatable")
    ] = None,
) -> None:
    """Read a source into canonical tables; rows that break a contract go to quarantine."""
    from data.ingest import ingest
    from data.sources.catalogue import extract_checks, read_source
    from data.sources.extracts.checks.site_check import ImplausibleExtractError
    from data.sources.extracts.read_on import ReadOn

    lake = Lake.from_environment().make()
    read_on = ReadOn(lake.read_on)
    checks = extract_checks(source, mapping or [], datetime.now(UTC), read_on)
    try:
        with show_progress(f"Ingesting {source}"):
            read = read_source(source, path or lake.raw / source, checks)
            report = ingest(read, lake.canonical, lake.quarantine)
    except ImplausibleExtractError as error:
        text = f"nothing is loaded: the checks of the mapping refuse the extract\n{error}"
        console.print(text, highlight=False, soft_wrap=True, markup=False)
        raise typer.Exit(1) from None
    if not report.refused:
        read_on.save()
    console.print(str(report), highlight=False, soft_wrap=True)
    if warnings := [line for check in checks for line in check.report().warnings]:
        text = "\n".join(["", "worth a look", *(f"  {line}" for line in warnings)])
        console.print(text, highlight=False, soft_wrap=True, markup=False)


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
