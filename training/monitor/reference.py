"""Reference distributions of the champion: what the monitor compares recommendations with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from features.feature import FeatureKind
from models.encoding.feature_spec import FeatureSpec
from models.model import Model
from models.reference.by_site import AskedRows, category_distribution, number_distribution
from training.monitor.distributions import (
    CategoricalDistribution,
    Distribution,
    NumericDistribution,
)
from training.monitor.signals import ALL_SITES
from training.monitor.window import RecommendationWindow

SITE_REFERENCES_KEY = "places"


@dataclass(frozen=True)
class SiteReference:
    """Distributions at a site or everywhere.

    Attributes:
        rows: number of cases behind them.
        score: distribution of the score; None if unknown.
    """

    rows: int
    inputs: Mapping[str, Distribution]
    score: NumericDistribution | None


@dataclass(frozen=True)
class ChampionReference:
    """A model in service, as the monitor compares with it.

    Attributes:
        gain: share of the trees' gain by feature.
        coverage: stated rate of the class sets.
        levels: levels of the predicted quantiles.
        places: EVERYWHERE and the sites with enough rows in training.
        borrowed: places whose distributions come from earlier recommendations, as the artefact
            has none.
    """

    task: str
    digest: str
    classes: tuple[str, ...]
    specs: tuple[FeatureSpec, ...]
    gain: Mapping[str, float]
    coverage: float
    levels: tuple[float, ...]
    places: Mapping[str, SiteReference]
    borrowed: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, model: Model) -> ChampionReference:
        """The baseline in a loaded artefact."""
        names = model.encoder.names
        gains = model.trees.gains(len(names))
        return cls(
            task=str(model.task_name),
            digest=model.digest,
            classes=model.classes,
            specs=model.features,
            gain=dict(zip(names, (gains / max(gains.sum(), 1e-12)).tolist(), strict=True)),
            coverage=model.conformal.coverage,
            levels=model.quantile_levels,
            places=read_site_references(model.features, model.reference.get(SITE_REFERENCES_KEY)),
        )

    def spec(self, name: str) -> FeatureSpec:
        """The feature of that name."""
        return next(spec for spec in self.specs if spec.name == name)

    def with_past(self, past: RecommendationWindow, fewest: int) -> ChampionReference:
        """Add places that the artefact lacks, described by earlier recommendations.

        past: of the same model, before the window. fewest: cases that describe a place.
        """
        lacking = [name for name in (ALL_SITES, *past.sites) if name not in self.places]
        described = {
            name: _describe_window(self.specs, part)
            for name in lacking
            if len(part := past.at(name)) >= fewest
        }
        return replace(self, places={**self.places, **described}, borrowed=tuple(described))


def read_site_references(
    specs: tuple[FeatureSpec, ...], recorded: Mapping[str, Any] | None
) -> dict[str, SiteReference]:
    """The places that `models.reference.by_site` kept; none in an artefact without them."""
    if recorded is None:
        return {}
    named = {ALL_SITES: recorded["all"], **recorded["sites"]}
    return {name: _read_site_reference(specs, fields) for name, fields in named.items()}


def _read_site_reference(
    specs: tuple[FeatureSpec, ...], fields: Mapping[str, Any]
) -> SiteReference:
    score = fields["score"]
    return SiteReference(
        rows=fields["rows"],
        inputs={
            s.name: _read_distribution(s, fields["rows"], fields["inputs"][s.name]) for s in specs
        },
        score=NumericDistribution.read(fields["score_rows"], score) if score["at"] else None,
    )


def _describe_window(specs: tuple[FeatureSpec, ...], part: RecommendationWindow) -> SiteReference:
    asks = AskedRows(part.site, part.asked_at)
    inputs = {
        spec.name: _read_distribution(
            spec,
            len(part),
            number_distribution(part.columns[spec.name], asks)
            if spec.kind is FeatureKind.NUMBER
            else category_distribution(part.columns[spec.name], asks),
        )
        for spec in specs
    }
    return SiteReference(
        len(part),
        inputs,
        NumericDistribution.read(len(part), number_distribution(part.score, asks)),
    )


def _read_distribution(spec: FeatureSpec, rows: int, fields: Mapping[str, Any]) -> Distribution:
    if spec.kind is FeatureKind.NUMBER:
        return NumericDistribution.read(rows, fields)
    return CategoricalDistribution.read(rows, fields)
