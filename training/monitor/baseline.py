"""What a model was made from, as far as monitoring needs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from features.feature import FeatureKind
from models.feature_spec import FeatureSpec
from models.model import Model
from models.reference_places import Asked, numbers, values
from training.monitor.shape import Numbers, Shape, Values
from training.monitor.signal import EVERYWHERE
from training.monitor.window import Window

PLACES = "places"


@dataclass(frozen=True)
class Place:
    """Distributions at a site or everywhere. rows: cases they are of; score: None if unknown."""

    rows: int
    inputs: Mapping[str, Shape]
    score: Numbers | None


@dataclass(frozen=True)
class Baseline:
    """A model in service, seen from the monitor.

    gain: share of the trees' gain by feature. coverage: stated rate of the class sets.
    levels: of the predicted quantiles. places: EVERYWHERE and the sites with enough rows in
    training. borrowed: places whose distributions come from earlier recommendations, as the
    artefact has none.
    """

    task: str
    digest: str
    classes: tuple[str, ...]
    specs: tuple[FeatureSpec, ...]
    gain: Mapping[str, float]
    coverage: float
    levels: tuple[float, ...]
    places: Mapping[str, Place]
    borrowed: tuple[str, ...] = field(default=())

    @classmethod
    def of(cls, model: Model) -> Baseline:
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
            places=places_of(model.features, model.reference.get(PLACES)),
        )

    def spec(self, name: str) -> FeatureSpec:
        """The feature of that name."""
        return next(spec for spec in self.specs if spec.name == name)

    def with_past(self, past: Window, fewest: int) -> Baseline:
        """With places that the artefact lacks described by earlier recommendations.

        past: of the same model, before the window. fewest: cases that describe a place.
        """
        lacking = [name for name in (EVERYWHERE, *past.sites) if name not in self.places]
        found = {
            name: _described(self.specs, part)
            for name in lacking
            if len(part := past.at(name)) >= fewest
        }
        return replace(self, places={**self.places, **found}, borrowed=tuple(found))


def places_of(specs: tuple[FeatureSpec, ...], kept: Mapping[str, Any] | None) -> dict[str, Place]:
    """The places that `models.reference_places` kept; none in an artefact without them."""
    if kept is None:
        return {}
    named = {EVERYWHERE: kept["all"], **kept["sites"]}
    return {name: _read(specs, fields) for name, fields in named.items()}


def _read(specs: tuple[FeatureSpec, ...], fields: Mapping[str, Any]) -> Place:
    score = fields["score"]
    return Place(
        rows=fields["rows"],
        inputs={s.name: _shape(s, fields["rows"], fields["inputs"][s.name]) for s in specs},
        score=Numbers.read(fields["score_rows"], score) if score["at"] else None,
    )


def _described(specs: tuple[FeatureSpec, ...], part: Window) -> Place:
    asked = Asked(part.site, part.asked_at)
    inputs = {
        spec.name: _shape(
            spec,
            len(part),
            numbers(part.columns[spec.name], asked)
            if spec.kind is FeatureKind.NUMBER
            else values(part.columns[spec.name], asked),
        )
        for spec in specs
    }
    return Place(len(part), inputs, Numbers.read(len(part), numbers(part.score, asked)))


def _shape(spec: FeatureSpec, rows: int, fields: Mapping[str, Any]) -> Shape:
    if spec.kind is FeatureKind.NUMBER:
        return Numbers.read(rows, fields)
    return Values.read(rows, fields)
