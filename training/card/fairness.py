"""Fairness section: figures of each site against all sites, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from training.card.document import (
    ALL,
    NO_VALUE,
    SITE,
    Cell,
    IntervalMarks,
    Section,
    Table,
    Tone,
    figure_cell,
    format_figure,
    segment_names,
)
from training.card.facts import CardFacts, Figure, Views
from training.evaluation.segment_figures import REVIEWED_SHARE

COMPARED_METRICS = {
    "log_loss": ("log-loss", False),
    "ece": ("calibration error", False),
    "pr_auc": ("PR-AUC", True),
    "reached": ("events looked at", True),
    "coverage": ("set holds truth", True),
}
"""Metric -> its name, and whether more of it is better."""
FEW_EVENTS = 20
LINE_END = 100.0


@dataclass(frozen=True)
class SiteOutlier:
    """A site whose interval does not touch that of the whole."""

    site: str
    metric: str
    worse: bool
    sentence: str


def site_outliers(views: Views) -> list[SiteOutlier]:
    """Sites beyond the whole's interval, in the order of metrics and sites."""
    overall = views.get(ALL, {})
    outliers = []
    for metric, (title, more_is_better) in COMPARED_METRICS.items():
        for view, site in segment_names(views, SITE).items():
            one, every = views[view].get(metric), overall.get(metric)
            if (side := _side(one, every)) and one and every:
                worse = (side < 0) is more_is_better
                if worse and metric == "ece" and not _beyond_chance(views[view]):
                    continue
                measures = (
                    f"{site}: {title} {_told(metric, one)} is {'worse' if worse else 'better'} "
                    f"than {_told(metric, every)} over all sites"
                )
                outliers.append(SiteOutlier(site, metric, worse, measures))
    return outliers


def fairness_section(facts: CardFacts) -> Section:
    """The section: spread across sites, which sites stand out, and where it cannot be told."""
    views, sites = facts.views, segment_names(facts.views, SITE)
    if not sites:
        sentences = ["The run has no figures per site, so nothing can be said."]
        return Section("fairness", "Does it err alike at every site?", sentences)
    out = site_outliers(views)
    worse = [one.sentence for one in out if one.worse]
    sentences = [_spread(views, list(sites)), _summary(len(sites), worse)]
    few = [s for v, s in sites.items() if (_value(views[v].get("events")) or 0) < FEW_EVENTS]
    notes = [
        (
            "A site where more goes wrong has a greater log-loss even when its probabilities are "
            "as true; read it together with the calibration error. Few asks alone make a "
            "calibration error greater; a site is called worse only where it is beyond that too."
        ),
    ]
    if any("reached" in views[view] for view in sites):
        notes.append(
            "Events looked at: the share of a site's events among the "
            f"{REVIEWED_SHARE:.0%} of all asks "
            "that are the most probable."
        )
    if few:
        notes.append(f"Fewer than {FEW_EVENTS} events, so little can be said: {', '.join(few)}.")
    others = [one.sentence for one in out if not one.worse]
    return Section(
        "fairness",
        "Does it err alike at every site?",
        [text for text in sentences if text],
        [f"{one}." for one in [*worse, *others]],
        [_sites_table(views, sites, out)],
        notes,
    )


def _summary(sites: int, worse: list[str]) -> str:
    if sites == 1:
        return "There is one site, so there is nothing to compare."
    if not worse:
        return f"None of the {sites} sites is worse than the whole beyond its interval."
    return f"Of {sites} sites, these are worse than the whole, beyond both intervals:"


def _spread(views: Views, sites: list[str]) -> str:
    """Least to greatest value over the sites, by metric."""
    spans = []
    for metric, (title, _) in COMPARED_METRICS.items():
        values = [v for s in sites if (v := _value(views[s].get(metric))) is not None]
        if len(values) > 1:
            spans.append(
                f"{title} {format_figure(metric, min(values))} to "
                f"{format_figure(metric, max(values))}"
            )
    return f"From site to site: {'; '.join(spans)}." if spans else ""


def _sites_table(views: Views, sites: dict[str, str], out: list[SiteOutlier]) -> Table:
    """A row a site: for each metric the value, and a line that shows it beside the whole."""
    shown = [m for m in COMPARED_METRICS if any(_value(views[v].get(m)) is not None for v in sites)]
    tones = {(o.site, o.metric): Tone.BAD if o.worse else Tone.GOOD for o in out}
    ends = {m: _end(m, [views[v].get(m) for v in (ALL, *sites) if v in views]) for m in shown}
    rows = [
        [
            Cell("all" if view == ALL else sites[view]),
            *(
                _with_line(
                    figure_cell(m, views[view].get(m)),
                    views[view].get(m),
                    views[ALL].get(m),
                    ends[m],
                    tones.get((sites.get(view, ALL), m)),
                )
                for m in shown
            ),
        ]
        for view in (ALL, *sites)
        if view in views
    ]
    return Table(["site", *(COMPARED_METRICS[m][0] for m in shown)], rows, frozenset())


def _with_line(
    plain: Cell, figure: Figure | None, overall: Figure | None, end: float, tone: Tone | None
) -> Cell:
    value, mark = _value(figure), _value(overall)
    if value is None or mark is None or figure is None:
        return plain
    low, high = figure.get("low"), figure.get("high")
    places = [x if x is not None else value for x in (low, value, high, mark)]
    at = [LINE_END * min(max(place / end, 0.0), 1.0) for place in places]
    return Cell(
        plain.text, plain.more, plain.value, tone, IntervalMarks(at[0], at[1], at[2], at[3])
    )


def _end(metric: str, figures: list[Figure | None]) -> float:
    """The right end of a metric's line: 1 for shares, else the greatest bound."""
    highs = [f.get("high") or f.get("value") or 0.0 for f in figures if f]
    return 1.0 if metric in {"coverage", "pr_auc", "reached"} else (max(highs, default=0.0) or 1.0)


def _beyond_chance(figures: Mapping[str, Figure]) -> bool:
    """Return whether the calibration error exceeds what chance gives with so few asks."""
    value, chance = _value(figures.get("ece")), figures.get("ece_by_chance", {}).get("high")
    return value is not None and (chance is None or value > chance)


def _side(one: Figure | None, overall: Figure | None) -> int:
    """-1 below the whole's interval, 1 above it, 0 where they touch or cannot be told."""
    if not one or not overall:
        return 0
    low, high = one.get("low"), one.get("high")
    least, most = overall.get("low"), overall.get("high")
    if low is None or high is None or least is None or most is None:
        return 0
    return -1 if high < least else 1 if low > most else 0


def _told(metric: str, figure: Figure) -> str:
    shown = figure_cell(metric, figure)
    return f"{shown.text} ({shown.more})" if shown.more else shown.text or NO_VALUE


def _value(figure: Figure | None) -> float | None:
    return figure.get("value") if figure else None
