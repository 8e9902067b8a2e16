"""The monitoring page and its charts: one HTML file without scripts, the advice first."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from jinja2 import Environment
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from data.templates import template_environment
from training.evaluation.reliability_diagram import draw_reliability, equal_size_bins
from training.monitor import wording
from training.monitor.calibration import EndedCases
from training.monitor.decision_rates import DecisionRate
from training.monitor.distributions import (
    OTHER_VALUES,
    CategoricalDistribution,
    Distribution,
    NumericDistribution,
)
from training.monitor.report import MonitoringReport
from training.monitor.signals import MEASURED_FALSE_ALARM_RATE, Signal, SignalFamily, SignalKind
from training.monitor.wording import format_number

Floats = NDArray[np.float64]

PANELS_PER_ROW = 4
MAX_PANELS = 8
FOUND, EXPECTED, ALARM = "#1a6a9c", "#55606e", "#b8500f"
RELIABILITY_BINS = 5
POINT_STYLE = {"fmt": "o", "color": FOUND, "markersize": 4, "elinewidth": 1.2}
MAX_LABEL_LETTERS = 10
STYLE: Any = {"svg.fonttype": "none", "svg.hashsalt": "monitor", "font.size": 8}


def shift_chart(report: MonitoringReport, feature: str) -> str:
    """Found shares (bars) against expected ones (steps) of a feature, by place; an SVG address."""
    raised = {s.place for s in report.signals if s.raised and s.subject == feature}

    def panel(axes: Axes, place: str) -> None:
        shape = report.baseline.places[place].inputs[feature]
        column = report.window.at(place).columns[feature]
        _draw_shares(axes, shape, column, ALARM if place in raised else FOUND)

    return _small_multiples(report.judged, panel, "share of cases")


def score_chart(report: MonitoringReport) -> str:
    """Draw the found shares of the score against the expected ones, by place."""
    raised = {s.place for s in report.signals if s.raised and s.subject == "score"}

    def panel(axes: Axes, place: str) -> None:
        shape = report.baseline.places[place].score
        if shape is not None:
            _draw_shares(
                axes, shape, report.window.at(place).score, ALARM if place in raised else FOUND
            )

    return _small_multiples(report.judged, panel, "share of cases")


def reliability_chart(report: MonitoringReport) -> str:
    """Draw the reliability of the explained class, by place."""
    places = [name for name, _ in report.ended.places(report.limits.min_rows)]

    def panel(axes: Axes, place: str) -> None:
        _draw_reliability(axes, report.ended.at(place))

    return _small_multiples(places, panel, "share that came")


def _draw_shares(axes: Axes, shape: Distribution, column: NDArray[Any], colour: str) -> None:
    there = np.array([v is not None and v == v for v in column], dtype=bool)  # noqa: PLR0124
    if not there.any():
        axes.text(0.5, 0.5, "no values", ha="center", transform=axes.transAxes)
        return
    gap = shape.gap(
        column[there].astype(float) if isinstance(shape, NumericDistribution) else column[there], 1
    )
    at = np.arange(len(gap.found))
    axes.bar(at, gap.found, color=colour, width=0.8)
    axes.step(
        np.append(at, at[-1] + 1) - 0.5,
        np.append(gap.expected, gap.expected[-1]),
        where="post",
        color=EXPECTED,
        linewidth=1.4,
    )
    labels = _bin_labels(shape)
    shown = at if isinstance(shape, CategoricalDistribution) else at[:: max(1, (len(at) - 1) // 2)]
    axes.set_xticks(shown, [labels[i][:MAX_LABEL_LETTERS] for i in shown.tolist()], fontsize=6)
    axes.set_ylim(0, max(1.0 if gap.found.max() > 0.5 else 0.5, gap.expected.max() * 1.1))


def _bin_labels(shape: Distribution) -> list[str]:
    if not isinstance(shape, NumericDistribution):
        return [*shape.names, OTHER_VALUES]
    tops = [format_number(float(v)) for v in shape.at[shape.tops]]
    if not tops:
        return ["any"]
    return [f"to {tops[0]}", *(f"to {b}" for _, b in pairwise(tops)), f"over {tops[-1]}"]


def _draw_reliability(axes: Axes, cases: EndedCases) -> None:
    bins = equal_size_bins(cases.label == cases.explained, cases.score, RELIABILITY_BINS)
    draw_reliability(axes, bins, line=POINT_STYLE, missed_colour=ALARM)
    axes.set_xlabel("stated", fontsize=7)


def _small_multiples(places: Sequence[str], panel: Callable[[Axes, str], None], up: str) -> str:
    shown = list(places)[:MAX_PANELS]
    if not shown:
        return ""
    down = -(-len(shown) // PANELS_PER_ROW)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 2.1 * down))
        figure.subplots_adjust(0.05, 0.1, 0.995, 0.9, wspace=0.2, hspace=0.5)
        grid = figure.subplots(down, PANELS_PER_ROW, squeeze=False)
        for axes in grid.flat:
            axes.set_visible(False)
        for axes, place in zip(grid.flat, shown, strict=False):
            axes.set_visible(True)
            panel(axes, place)
            axes.set_title("all sites" if place == "all" else place, fontsize=9)
            axes.spines[["top", "right"]].set_visible(False)
        for row in grid:
            row[0].set_ylabel(up, fontsize=7)
        return _svg_data_uri(figure)


def _svg_data_uri(figure: Figure) -> str:
    """Return the figure as a data URI; the same figure gives the same text."""
    text = io.BytesIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(text.getvalue()).decode()


TEMPLATES = Path(__file__).with_name("templates")
MAX_FEATURES = 10
MAX_SHIFT_CHARTS = 1
MAX_REASONS = 6
MAX_SIGNALS = 15
RATE_KINDS = (SignalKind.ABSTAINED, SignalKind.FOLLOWED, SignalKind.OVERRIDDEN)


@dataclass(frozen=True)
class FeatureCell:
    """One feature at one place.

    Attributes:
        mark: `raised`, `calm`, or `none` where the feature was not judged.
    """

    text: str
    mark: str


@dataclass(frozen=True)
class FeatureRow:
    """A feature, its share of the model's gain, and how far it moved at each place."""

    feature: str
    gain: str
    cells: tuple[FeatureCell, ...]


@dataclass(frozen=True)
class Chart:
    """A picture with a description in words.

    Attributes:
        address: data address that holds the whole picture.
    """

    title: str
    words: str
    address: str


def render_page(reports: Sequence[MonitoringReport]) -> str:
    """Render the page of one or several tasks' reports."""
    return (
        _environment()
        .get_template("monitor.html")
        .render(
            reports=reports,
            rows={report.task: feature_rows(report) for report in reports},
            drawn={report.task: report_charts(report) for report in reports},
            conduct={report.task: rate_rows(report) for report in reports},
            kinds=SignalKind,
            family=SignalFamily,
            reasons_shown=MAX_REASONS,
            signals_shown=MAX_SIGNALS,
            stated=max(report.limits.false_alarms for report in reports),
            measured=MEASURED_FALSE_ALARM_RATE,
        )
    )


@cache
def _environment() -> Environment:
    return template_environment(
        TEMPLATES,
        {
            "share": wording.format_share,
            "number": wording.format_number,
            "chance": wording.format_p_value,
            "sentence": wording.signal_sentence,
            "capital": capitalize_sentence,
        },
    )


def capitalize_sentence(text: str) -> str:
    """Capitalise the first letter and add a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def feature_rows(report: MonitoringReport) -> list[FeatureRow]:
    """Return the raised features, then those with the largest gain."""
    inputs = [s for s in report.signals if s.kind.family is SignalFamily.INPUTS]
    shifts = {(s.subject, s.place): s for s in inputs if s.kind is SignalKind.SHIFT}
    marked = {(s.subject, s.place): s for s in inputs if s.raised}
    gain = report.baseline.gain
    moved = sorted({name for name, _ in marked}, key=lambda n: (-gain.get(n, 0.0), n))
    changed = [c.feature for c in report.changes]
    most = sorted(gain, key=lambda n: (-gain[n], n))
    names = list(dict.fromkeys([*changed, *moved, *most]))[:MAX_FEATURES]
    return [
        FeatureRow(
            name,
            wording.format_share(gain.get(name, 0.0)),
            tuple(
                _feature_cell(shifts.get((name, place)), marked.get((name, place)))
                for place in report.judged
            ),
        )
        for name in names
    ]


def report_charts(report: MonitoringReport) -> list[Chart]:
    """Return charts of the features that moved most, the score and reliability."""
    shown: list[Chart] = []
    for name in _most_moved_features(report)[:MAX_SHIFT_CHARTS]:
        words = (
            "Bars: share of this period's cases. Line: what the reference expects. "
            "Orange: raised there"
        )
        shown.append(Chart(name, words, shift_chart(report, name)))
    if report.judged:
        shown.append(Chart("Scores", "Bars: this period. Line: reference", score_chart(report)))
    if address := reliability_chart(report):
        words = (
            "Each point: a fifth of the ended cases, with its 95% interval; on the line, "
            "what was stated came. Orange: the interval does not hold what was stated"
        )
        shown.append(Chart("Stated against what came", words, address))
    return shown


def rate_rows(report: MonitoringReport) -> list[tuple[str, tuple[str, ...]]]:
    """Return each place with its rates in words, in the order of RATE_KINDS."""
    rates = {(rate.place, rate.kind): rate for rate in report.rates}
    places = list(dict.fromkeys(rate.place for rate in report.rates))
    return [
        (place, tuple(_rate_text(rates[place, kind]) for kind in RATE_KINDS)) for place in places
    ]


def _rate_text(rate: DecisionRate) -> str:
    if not rate.rows:
        return "no cases"
    low, high = wording.format_share(rate.low), wording.format_share(rate.high)
    before = "" if math.isnan(rate.before) else f", before {wording.format_share(rate.before)}"
    return f"{wording.format_share(rate.share)} of {rate.rows} ({low} to {high}){before}"


def _most_moved_features(report: MonitoringReport) -> list[str]:
    shifts = sorted(
        (s for s in report.raised if s.kind is SignalKind.SHIFT), key=lambda s: -s.effect
    )
    return list(dict.fromkeys([*(c.feature for c in report.changes), *(s.subject for s in shifts)]))


def _feature_cell(shift: Signal | None, marked: Signal | None) -> FeatureCell:
    """Return the cell's stability index, or what else was raised."""
    if marked is not None and marked.kind is not SignalKind.SHIFT:
        return FeatureCell(f"{marked.kind} {wording.format_share(marked.found)}", "raised")
    if shift is None:
        return FeatureCell("-", "none")
    return FeatureCell(f"{shift.figures['psi']:.2f}", "raised" if shift.raised else "calm")
