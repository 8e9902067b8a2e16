"""`triage ingest` and `triage simulate`: read a source, or the demo's own, into the lake."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from data.command_line import console, show_progress
from data.commands.loaded_orders import loaded_orders
from data.lake import Lake

REFUSED = 3
"""Exit code of a load that was refused; the lake stays as it was."""


def ingest(
    source: Annotated[str, typer.Option(help="simulator, extract, or a public set's name")],
    path: Annotated[Path | None, typer.Option(help="folder of the source's files")] = None,
    mapping: Annotated[
        list[Path] | None, typer.Option(help="TOML mapping of a site's extract; repeatable")
    ] = None,
    *,
    full: Annotated[
        bool, typer.Option("--full", help="the files hold all rows as they are now, not changes")
    ] = False,
    loaded_at: Annotated[
        datetime | None,
        typer.Option(
            help="since when corrections without a date are known (UTC); by default the newest "
            "known_at of the files"
        ),
    ] = None,
    max_quarantined: Annotated[
        float, typer.Option(min=0, max=1, help="share of rows put aside above which none is loaded")
    ] = 0.05,
) -> None:
    """Add a source to the canonical tables; rows that break a contract go to quarantine.

    Ends with exit code 3, and leaves the lake as it was, where too many rows would go there.
    """
    from data.ingest import LoadTerms, ingest
    from data.sources.catalogue import extract_checks, read_source
    from data.sources.extracts.checks.site_check import ImplausibleExtractError
    from data.sources.extracts.read_on import ReadOn

    lake = Lake.from_environment().make()
    read_on = ReadOn(lake.read_on, from_start=full)
    now, orders = datetime.now(UTC), loaded_orders(lake)
    checks = extract_checks(source, mapping or [], now, read_on, orders)
    try:
        with show_progress(f"Ingesting {source}"):
            read = read_source(source, path or lake.raw / source, checks)
            stated = loaded_at.replace(tzinfo=loaded_at.tzinfo or UTC) if loaded_at else None
            terms = LoadTerms(full, stated, datetime.now(UTC), max_quarantined)
            report = ingest(read, lake.canonical, lake.quarantine, terms)
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
    if report.refused:
        raise typer.Exit(REFUSED)


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
