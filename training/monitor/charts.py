"""Charts of the monitoring page: small multiples with one panel a site, as SVG."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from itertools import pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from numpy.typing import NDArray

from training.evaluation.statistics import wilson_interval_95
from training.monitor.calibration import EndedCases
from training.monitor.distributions import (
    OTHER_VALUES,
    CategoricalDistribution,
    Distribution,
    NumericDistribution,
)
from training.monitor.report import MonitoringReport
from training.monitor.wording import format_number

Floats = NDArray[np.float64]

PANELS_PER_ROW = 4
MAX_PANELS = 8
FOUND, EXPECTED, ALARM = "#1a6a9c", "#55606e", "#b8500f"
RELIABILITY_BINS = 5
MAX_LABEL_LETTERS = 10
STYLE = {"svg.fonttype": "none", "svg.hashsalt": "monitor", "font.size": 8}


def shift_chart(report: MonitoringReport, feature: str) -> str:
    """Found shares (bars) against expected ones (steps) of a feature, by place; an SVG address."""
    raised = {s.place for s in report.signals if s.raised and s.subject == feature}

    def panel(axes: Axes, place: str) -> None:
        shape = report.baseline.places[place].inputs[feature]
        column = report.window.at(place).columns[feature]
        _draw_shares(axes, shape, column, ALARM if place in raised else FOUND)

    return _small_multiples(report.judged, panel, "share of cases")


def score_chart(report: MonitoringReport) -> str:
    """The same of the score."""
    raised = {s.place for s in report.signals if s.raised and s.subject == "score"}

    def panel(axes: Axes, place: str) -> None:
        shape = report.baseline.places[place].score
        if shape is not None:
            _draw_shares(
                axes, shape, report.window.at(place).score, ALARM if place in raised else FOUND
            )

    return _small_multiples(report.judged, panel, "share of cases")


def reliability_chart(report: MonitoringReport) -> str:
    """Stated probability of the explained class against what came, by place."""
    places = [name for name, _ in report.ended.places(report.limits.min_rows)]

    def panel(axes: Axes, place: str) -> None:
        _draw_reliability(axes, report.ended.at(place))

    return _small_multiples(places, panel, "share that came")


def _draw_shares(axes: Axes, shape: Distribution, column: NDArray[object], colour: str) -> None:
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


def _draw_reliability(axes: Axes, part: EndedCases) -> None:
    hit = part.label == part.explained
    bins = np.array_split(np.argsort(part.score, kind="stable"), min(RELIABILITY_BINS, len(part)))
    axes.plot([0, 1], [0, 1], color="#c5ccd6", linewidth=1)
    for rows in bins:
        said, came = float(part.score[rows].mean()), float(hit[rows].mean())
        low, high = wilson_interval_95(float(hit[rows].sum()), len(rows))
        off = not low <= said <= high
        axes.plot([said, said], [low, high], color=ALARM if off else FOUND, linewidth=1.2)
        axes.plot([said], [came], marker="o", markersize=4, color=ALARM if off else FOUND)
    axes.set(xlim=(0, 1), ylim=(0, 1))
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
    """The picture as an address that holds all of it; the same figure, the same text."""
    text = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(text.getvalue()).decode()
