"""Precision of rules on settled history: how often a case that a rule found ended as an exception.

Measured in training on the asks that the model learns from, overall and per site, and kept in the
model's artefact, so that serving and replay weigh a rule's finding by the same figures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.conformal.prediction_sets import wilson_interval

EVERYWHERE = "all"
"""Key of the figures of all sites together."""
Z_95 = 1.959963984540054
MIN_SITE_FINDINGS = 30
"""Findings at a site from which its own figures count instead of those of all sites."""


@dataclass(frozen=True)
class RulePrecision:
    """Counts of how the cases ended that one rule found.

    Attributes:
        found: settled cases that the rule found.
        exceptions: those of them that ended as an exception of any kind.
        own_class: those that ended in the class that the rule names; equals `exceptions` where
            the rule names no class.
        low, high: Wilson's 95 % interval of exceptions / found.
    """

    found: int
    exceptions: int
    own_class: int
    low: float
    high: float

    @classmethod
    def of(cls, exceptions: NDArray[np.bool_], own_class: NDArray[np.bool_]) -> Self:
        """Count the cases that a rule found. Both arrays have one flag per case."""
        hits, rows = int(exceptions.sum()), len(exceptions)
        low, high = wilson_interval(np.array([hits]), np.array([rows]), Z_95)
        return cls(rows, hits, int(own_class.sum()), float(low[0]), float(high[0]))


RulePrecisions = Mapping[str, Mapping[str, RulePrecision]]
"""By code of the rule, then by site or EVERYWHERE."""


def measure_rules(
    findings: Sequence[Collection[str]],
    ended: Sequence[str],
    exception: NDArray[np.bool_],
    site: Sequence[str | None],
) -> RulePrecisions:
    """Measure each rule on n settled cases.

    Args:
        findings: codes of the rules that found something, per case.
        ended: class that the case ended in.
        exception: whether that is an exception.
        site: site of the case; a missing one counts in EVERYWHERE alone.
    """
    rows: dict[str, list[int]] = defaultdict(list)
    for row, codes in enumerate(findings):
        for code in codes:
            rows[code].append(row)
    named = set(ended)
    sites = np.array(site, dtype=object)
    classes = np.array(ended, dtype=object)
    measured = {}
    for code, found in sorted(rows.items()):
        at = np.array(found)
        hits = exception[at]
        own = classes[at] == code if code in named else hits
        by_site = {EVERYWHERE: RulePrecision.of(hits, own)}
        for name in sorted({one for one in sites[at].tolist() if one is not None}):
            here = sites[at] == name
            by_site[name] = RulePrecision.of(hits[here], own[here])
        measured[code] = by_site
    return measured


def is_worth_flagging(
    code: str, site: str | None, measured: RulePrecisions, floor: float, always: Collection[str]
) -> bool:
    """Return whether a finding flags its case; otherwise it only informs.

    A rule flags unless it is surely below the floor: its interval ends below it, at the site of
    the case or, where that has too few findings, at all sites together. A rule that was never
    measured flags.

    Args:
        code: of the finding.
        site: of the case.
        measured: precision of the rules; empty where none was measured.
        floor: least share of exceptions among what a rule finds.
        always: codes that flag whatever their precision.
    """
    by_site = measured.get(code)
    if code in always or not by_site:
        return True
    here = by_site.get(site) if site is not None else None
    figures = here if here and here.found >= MIN_SITE_FINDINGS else by_site[EVERYWHERE]
    return figures.high >= floor


def precisions_as_json(measured: RulePrecisions) -> dict[str, dict[str, dict[str, Any]]]:
    """Return plain values, as the artefact keeps them."""
    return {
        code: {site: asdict(figures) for site, figures in by_site.items()}
        for code, by_site in measured.items()
    }


def precisions_from_json(fields: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> RulePrecisions:
    """Read what `precisions_as_json` returned.

    Raises:
        TypeError: a figure is missing or unknown.
    """
    return {
        code: {site: RulePrecision(**figures) for site, figures in by_site.items()}
        for code, by_site in fields.items()
    }
