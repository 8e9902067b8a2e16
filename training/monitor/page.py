"""The monitor's page: the verdict first, then what drifted where. One file, no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from training.monitor import pictures, wording
from training.monitor.conduct import Rate
from training.monitor.false_alarms import MEASURED
from training.monitor.monitor import Report
from training.monitor.signal import Family, Kind, Signal

TEMPLATES = Path(__file__).with_name("templates")
FEATURES_SHOWN = 10
PICTURES_SHOWN = 1
REASONS_SHOWN = 6
SIGNALS_SHOWN = 15
RATES = (Kind.ABSTAINED, Kind.FOLLOWED, Kind.OVERRIDDEN)


@dataclass(frozen=True)
class Cell:
    """One feature at one place. mark: `raised`, `calm`, or `none` where it was not judged."""

    text: str
    mark: str


@dataclass(frozen=True)
class Row:
    """A feature, its share of the model's gain, and how far it moved at each place."""

    feature: str
    gain: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Picture:
    """A picture with what it shows, in words. address: holds all of it."""

    title: str
    words: str
    address: str


def render(reports: Sequence[Report]) -> str:
    """The page of one or several tasks' reports."""
    return (
        environment()
        .get_template("monitor.html")
        .render(
            reports=reports,
            rows={report.task: rows(report) for report in reports},
            drawn={report.task: drawn(report) for report in reports},
            conduct={report.task: conduct(report) for report in reports},
            kinds=Kind,
            family=Family,
            reasons_shown=REASONS_SHOWN,
            signals_shown=SIGNALS_SHOWN,
            stated=max(report.limits.false_alarms for report in reports),
            measured=MEASURED,
        )
    )


@cache
def environment() -> Environment:
    """The templates; a value that is not there is an error, never an empty space."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "share": wording.share,
        "number": wording.number,
        "chance": wording.chance,
        "sentence": wording.sentence,
        "capital": capital,
    }
    return made


def capital(text: str) -> str:
    """With a capital first letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def rows(report: Report) -> list[Row]:
    """Features that were raised, then those the model goes by most."""
    inputs = [s for s in report.signals if s.kind.family is Family.INPUTS]
    found = {(s.subject, s.place): s for s in inputs if s.kind is Kind.SHIFT}
    marked = {(s.subject, s.place): s for s in inputs if s.raised}
    gain = report.baseline.gain
    moved = sorted({name for name, _ in marked}, key=lambda n: (-gain.get(n, 0.0), n))
    changed = [c.feature for c in report.changes]
    most = sorted(gain, key=lambda n: (-gain[n], n))
    names = list(dict.fromkeys([*changed, *moved, *most]))[:FEATURES_SHOWN]
    return [
        Row(
            name,
            wording.share(gain.get(name, 0.0)),
            tuple(
                _cell(found.get((name, place)), marked.get((name, place)))
                for place in report.judged
            ),
        )
        for name in names
    ]


def drawn(report: Report) -> list[Picture]:
    """The features that moved most, the score, and stated against what came."""
    shown: list[Picture] = []
    for name in _worst(report)[:PICTURES_SHOWN]:
        words = (
            "Bars: share of this period's cases. Line: what the reference expects. "
            "Orange: raised there"
        )
        shown.append(Picture(name, words, pictures.shifts(report, name)))
    if report.judged:
        shown.append(
            Picture("Scores", "Bars: this period. Line: reference", pictures.scores(report))
        )
    if address := pictures.reliability(report):
        words = (
            "Each point: a fifth of the ended cases, with its 95% interval; on the line, "
            "what was stated came. Orange: the interval does not hold what was stated"
        )
        shown.append(Picture("Stated against what came", words, address))
    return shown


def conduct(report: Report) -> list[tuple[str, tuple[str, ...]]]:
    """Each place with its rates in words, in the order of RATES."""
    found = {(rate.place, rate.kind): rate for rate in report.rates}
    places = list(dict.fromkeys(rate.place for rate in report.rates))
    return [(place, tuple(_rate(found[place, kind]) for kind in RATES)) for place in places]


def _rate(rate: Rate) -> str:
    if not rate.rows:
        return "no cases"
    low, high = wording.share(rate.low), wording.share(rate.high)
    before = "" if math.isnan(rate.before) else f", before {wording.share(rate.before)}"
    return f"{wording.share(rate.share)} of {rate.rows} ({low} to {high}){before}"


def _worst(report: Report) -> list[str]:
    shifts = sorted((s for s in report.raised if s.kind is Kind.SHIFT), key=lambda s: -s.effect)
    return list(dict.fromkeys([*(c.feature for c in report.changes), *(s.subject for s in shifts)]))


def _cell(shift: Signal | None, marked: Signal | None) -> Cell:
    """The index; where something else was raised, that."""
    if marked is not None and marked.kind is not Kind.SHIFT:
        return Cell(f"{marked.kind} {wording.share(marked.found)}", "raised")
    if shift is None:
        return Cell("-", "none")
    return Cell(f"{shift.figures['psi']:.2f}", "raised" if shift.raised else "calm")
