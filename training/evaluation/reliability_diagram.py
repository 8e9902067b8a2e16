"""Reliability diagrams of all asks, by site and by class, and coverage by site.

Every point is a bin of asks with like probabilities and has a bar: the 95 % interval of the
share that happened, from the number of asks in the bin. A bar that misses the diagonal says
that the probability was off there; a long bar says that there are too few asks to tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.conformal.prediction_sets import wilson_interval
from models.task import Task
from training.evaluation.bootstrap import Interval
from training.evaluation.segment_figures import (
    ALL,
    CLASS,
    SITE,
    PerAskScores,
    SegmentFigures,
    scores_for_class,
    scores_for_task,
)
from training.evaluation.statistics import Z_95

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

BINS = 10
MIN_BIN_ASKS = 20  # asks of a bin, on average
MIN_BIN_EVENTS = 4  # of a bin, likewise
TINY = 1e-4
PANEL_COLUMNS = 4  # panels in a row
MAX_PANELS = 16
LINE_COLOUR, GUIDE_COLOUR = "#1f5a94", "#b8b8b8"
LINE_STYLE: Mapping[str, Any] = {
    "fmt": "o-",
    "color": LINE_COLOUR,
    "markersize": 3.5,
    "linewidth": 1,
    "elinewidth": 1,
}


@dataclass(frozen=True)
class ReliabilityBins:
    """Bins in the order of their probability, arrays (bins,).

    Attributes:
        said: mean probability.
        happened: share of the asks whose event happened.
        low: lower end of its 95 % Wilson interval.
        high: upper end of it.
        rows: number of asks.
    """

    said: Floats
    happened: Floats
    low: Floats
    high: Floats
    rows: Ints

    @property
    def missed(self) -> Flags:
        """Bins whose interval does not hold the probability."""
        return np.asarray((self.said < self.low) | (self.said > self.high))


def reliability_bins(right: Flags, sure: Floats, most: int = BINS) -> ReliabilityBins:
    """Bin n asks so that each bin has about the same uncertainty, the sum of p (1 - p).

    In bins of equal numbers all events of a rare class would lie in the last one. There are
    fewer bins where there are few asks or events, none without any. Asks of equal probability
    are in one bin.
    """
    order = np.argsort(sure, kind="stable")
    unsure = np.cumsum(np.maximum(sure * (1 - sure), TINY)[order])
    total = float(unsure[-1]) if len(sure) else 0.0
    most = int(np.clip(len(sure) // MIN_BIN_ASKS, 1, most))
    count = int(np.clip(total / MIN_BIN_EVENTS, min(2, most), most))
    cuts = np.searchsorted(unsure, total * np.arange(1, count) / count - TINY) + 1
    ranked = sure[order]
    cuts = np.searchsorted(ranked, ranked[np.minimum(cuts, len(sure)) - 1], side="right")
    return _measure_bins(right, sure, np.split(order, np.unique(cuts)))


def equal_size_bins(right: Flags, sure: Floats, count: int) -> ReliabilityBins:
    """Bin n asks, ordered by probability, into at most `count` bins of about equal size."""
    order = np.argsort(sure, kind="stable")
    return _measure_bins(right, sure, np.array_split(order, min(count, max(len(sure), 1))))


def _measure_bins(right: Flags, sure: Floats, groups: Sequence[Ints]) -> ReliabilityBins:
    bins = [group for group in groups if len(group)]
    rows = np.array([len(b) for b in bins], dtype=np.int64)
    hits = np.array([int(right[b].sum()) for b in bins], dtype=np.int64)
    low, high = wilson_interval(hits, rows, Z_95)
    said = np.array([float(sure[b].mean()) for b in bins])
    return ReliabilityBins(said, hits / np.maximum(rows, 1), low, high, rows)


def reliability_plots(
    task: Task,
    label: Ints,
    site: NDArray[np.str_],
    probability: Floats,
    views: Mapping[str, SegmentFigures],
) -> dict[str, Figure]:
    """Return figures by file name: all asks, one panel per site, one panel per class."""
    scores = scores_for_task(label, probability)
    sites = [name for name in views if name.startswith(SITE)]
    classes = {f"{CLASS}{name}": k for k, name in enumerate(task.classes)}
    if task.binary:
        del classes[f"{CLASS}{task.classes[0]}"]  # the mirror image of the other
    shown = sorted(classes, key=lambda name: -_number(views[name]["events"]))[:MAX_PANELS]
    figures = {
        "reliability.png": overall_diagram(scores, views[ALL], _axis_label(task)),
        "reliability_by_class.png": diagram_panels(
            {
                name: (scores_for_class(label, probability, classes[name]), slice(None))
                for name in shown
            },
            views,
            f"Reliability by class: {task.name}",
        ),
    }
    if sites:
        figures["reliability_by_site.png"] = diagram_panels(
            {
                name: (scores, np.flatnonzero(site == name.removeprefix(SITE)))
                for name in sorted(sites, key=lambda s: -_number(views[s]["rows"]))[:MAX_PANELS]
            },
            views,
            f"Reliability by site: {task.name}",
        )
    return figures


def overall_diagram(scores: PerAskScores, figures: SegmentFigures, axis_label: str) -> Figure:
    """Draw one diagram of all asks, with a histogram of their probabilities below."""
    figure = Figure(figsize=(6.4, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    top, below = figure.subplots(2, 1, height_ratios=(4, 1))
    bins = reliability_bins(
        scores.right, scores.sure, 2 * BINS if len(scores.sure) > 5000 else BINS
    )
    draw_reliability(top, bins)
    top.set(
        title=f"Reliability\n{_subtitle(figures)}", ylabel="share that happened (95 % interval)"
    )
    below.hist(scores.sure, bins=np.linspace(0, 1, 41).tolist(), color=LINE_COLOUR)
    below.set(
        xlim=(0, 1),
        xlabel=axis_label,
        ylabel="asks",
        yscale="log" if len(scores.sure) else "linear",
    )
    return figure


def diagram_panels(
    parts: Mapping[str, tuple[PerAskScores, NDArray[np.int64] | slice]],
    views: Mapping[str, SegmentFigures],
    title: str,
) -> Figure:
    """Draw small diagrams of equal size, one per part, each on its own scale."""
    across = min(PANEL_COLUMNS, max(len(parts), 1))
    down = max(-(-len(parts) // across), 1)
    figure = Figure(figsize=(3.1 * across + 0.3, 3.2 * down + 0.6), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    grid = figure.subplots(down, across, squeeze=False).ravel().tolist()
    for axes, (name, (scores, rows)) in zip(grid, parts.items(), strict=False):
        bins = reliability_bins(scores.right[rows], scores.sure[rows])
        top = float(np.max(np.append(bins.high, bins.said), initial=0.01))
        draw_reliability(axes, bins, min(1.0, 1.05 * top))
        axes.set_title(f"{name.split(':', 1)[1]}\n{_subtitle(views[name])}", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.locator_params(nbins=4)
    for axes in grid[len(parts) :]:
        axes.set_axis_off()
    figure.supxlabel("probability said", fontsize=9)
    figure.supylabel("share that happened (95 % interval)", fontsize=9)
    return figure


def coverage_by_site_plot(
    views: Mapping[str, SegmentFigures], stated: float, outer: float | None
) -> Figure:
    """Draw the coverage of the class set and of the target's interval at each site.

    Args:
        views: figures by view.
        stated: stated rate of the class sets.
        outer: share between the outer quantiles; None without a target.
    """
    names = [ALL, *(name for name in views if name.startswith(SITE))]
    kinds = [("coverage", stated, "class set")]
    if outer is not None:
        kinds.append(("interval_coverage", outer, "interval of the delay"))
    figure = Figure(figsize=(6.4, 1.4 + len(names) * 0.3 * len(kinds) ** 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (figure_name, rate, what) in zip(
        figure.subplots(1, len(kinds), squeeze=False, sharey=True).ravel().tolist(),
        kinds,
        strict=True,
    ):
        axes.axvline(rate, color=GUIDE_COLOUR)
        for place, name in enumerate(names):
            _bar(axes, place, views[name].get(figure_name))
        labels = [f"{n.removeprefix(SITE)} (n={_number(views[n]['rows']):.0f})" for n in names]
        axes.set_yticks(range(len(names)), labels, fontsize=8)
        axes.set_xlabel(f"{what}: share that held the truth\n(stated {rate:.0%})", fontsize=8)
    axes.invert_yaxis()
    figure.suptitle("Coverage by site (95 % interval)")
    return figure


def _bar(axes: Axes, place: int, interval: Interval | None) -> None:
    if interval is None or interval["value"] is None:
        return
    value, low, high = (_or_zero(interval[key]) for key in ("value", "low", "high"))
    axes.errorbar(
        [value],
        [place],
        xerr=[[value - low], [high - value]],
        fmt="o",
        color=LINE_COLOUR,
        markersize=4,
    )


def draw_reliability(
    axes: Axes,
    bins: ReliabilityBins,
    limit: float = 1.0,
    *,
    line: Mapping[str, Any] = LINE_STYLE,
    missed_colour: str | None = None,
    intervals: bool = True,
) -> None:
    """Draw one forecast's bins against the diagonal. Every reliability diagram is drawn here.

    Args:
        axes: to draw on.
        bins: of the forecast.
        limit: upper end of both axes.
        line: style, as `Axes.errorbar` takes it.
        missed_colour: of bins whose interval misses the diagonal; None paints all alike.
        intervals: whether each point has the bar of its 95 % interval.
    """
    axes.plot([0, limit], [0, limit], color=GUIDE_COLOUR, linewidth=1)
    reach = np.maximum([bins.happened - bins.low, bins.high - bins.happened], 0)
    kinds = [(np.ones(len(bins.rows), bool), dict(line))]
    if missed_colour is not None:
        kinds = [
            (~bins.missed, dict(line)),
            (bins.missed, {**line, "color": missed_colour}),
        ]
    for shown, style in kinds:
        bars = reach[:, shown] if intervals else None
        axes.errorbar(bins.said[shown], bins.happened[shown], yerr=bars, **style)
    axes.set(xlim=(0, limit), ylim=(0, limit))


def _subtitle(figures: SegmentFigures) -> str:
    """Return the subtitle: asks, events, calibration error and its size by chance."""
    rows, events = _number(figures["rows"]), _number(figures["events"])
    text = f"n={rows:.0f}, events={events:.0f}"
    if figures["ece"]["value"] is None:
        return text
    error, chance = _number(figures["ece"]), _or_zero(figures["ece_by_chance"]["high"])
    return f"{text}\nECE {error:.3f} (chance alone: up to {chance:.3f})"


def _axis_label(task: Task) -> str:
    if task.binary:
        return f"probability said of {task.classes[1]}"
    return "probability said of the likeliest class"


def _number(interval: Interval) -> float:
    return _or_zero(interval["value"])


def _or_zero(value: float | None) -> float:
    return 0.0 if value is None else value
