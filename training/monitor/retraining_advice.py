"""Advice on retraining: retrain, look at something first, or no need; with weighted reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from training.monitor.signals import MonitorThresholds, Signal, SignalFamily, SignalKind
from training.monitor.unit_changes import UnitChange
from training.monitor.wording import format_share, signal_sentence, unit_change_sentence


class Advice(StrEnum):
    """Advice on the model."""

    RETRAIN = "retrain"
    LOOK = "look"
    NO_NEED = "no need"


EXIT_CODES = {Advice.NO_NEED: 0, Advice.LOOK: 3, Advice.RETRAIN: 4}
"""Exit codes for schedulers; 2 is an error, as in every command."""

SEVERITY = (Advice.NO_NEED, Advice.LOOK, Advice.RETRAIN)
MAX_FEATURES_NAMED = 4


@dataclass(frozen=True)
class Reason:
    """Reason for a verdict.

    Attributes:
        weight: 0 to 1, the heaviest first.
        place: a site, "" for no particular site.
    """

    advice: Advice
    weight: float
    place: str
    text: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"advice": str(self.advice)}


@dataclass(frozen=True)
class RetrainingVerdict:
    """The advice, in one line, and its reasons by weight."""

    advice: Advice
    headline: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class VerdictInputs:
    """Evidence for the verdict.

    Attributes:
        gain: gain of each feature.
        matured: outcomes in the window.
        days: days on which anything was asked.
    """

    signals: Sequence[Signal]
    changes: Sequence[UnitChange]
    gain: Mapping[str, float]
    matured: int
    days: int


def advise_on_retraining(evidence: VerdictInputs, limits: MonitorThresholds) -> RetrainingVerdict:
    """The rules, in this order.

    A site whose unit changed, or that alone moved, is data to mend: a model retrained on it
    would learn the fault. Then probabilities that no longer hold, or drifted features that
    hold much of the model's gain, call for a new model; unless enough outcomes have matured
    and show that the probabilities still hold, or unless all was asked on a few days: a list
    drawn for a moment (the open, the costliest) differs from a period without any drift.
    Everything else is worth a look.
    """
    reasons = sorted(_reasons(evidence, limits), key=lambda r: (-r.weight, r.place, r.text))
    data_first = [r for r in reasons if r.advice is Advice.LOOK and r.weight == WEIGHT_MEND_DATA]
    if data_first:
        # Calibration of a site with wrong data says nothing of the model.
        named = ", ".join(sorted({r.place for r in data_first}))
        return RetrainingVerdict(Advice.LOOK, f"look at site {named} first", tuple(reasons))
    if any(r.advice is Advice.RETRAIN for r in reasons):
        return RetrainingVerdict(Advice.RETRAIN, "retrain", tuple(reasons))
    if reasons:
        sites = sorted({r.place for r in reasons if r.place})
        # A reason of no site in particular is not narrowed down to those of a site.
        where = f" at site {', '.join(sites)}" if all(r.place for r in reasons) else ""
        return RetrainingVerdict(Advice.LOOK, f"look{where}", tuple(reasons))
    return RetrainingVerdict(Advice.NO_NEED, "no need to retrain", ())


WEIGHT_MEND_DATA = 1.0
WEIGHT_OUTCOMES = 0.9
WEIGHT_INPUTS = 0.7
WEIGHT_DATA_GAP = 0.6
WEIGHT_ONE_SITE = 0.5
WEIGHT_MINOR = 0.4
WEIGHT_FOLLOW_UP = 0.2


def _reasons(evidence: VerdictInputs, limits: MonitorThresholds) -> Iterator[Reason]:
    raised = [s for s in evidence.signals if s.raised]
    yield from _unit_reasons(evidence.changes)
    mended = {c.site for c in evidence.changes}
    rest = [s for s in raised if s.place not in mended]
    explained = _explained_by_unit_changes(evidence.changes, rest)
    rest = [s for s in rest if s not in explained]
    yield from _outcome_reasons(rest, limits, mending=bool(mended))
    yield from _input_reasons(rest, evidence, limits)
    yield from _data_gap_reasons(rest)
    yield from _decision_rate_reasons(rest)
    if explained:
        yield Reason(
            Advice.LOOK,
            WEIGHT_FOLLOW_UP,
            "",
            f"{len(explained)} signals over all sites follow from that; run the monitor again "
            "once the data is mended",
        )


def _unit_reasons(changes: Sequence[UnitChange]) -> Iterator[Reason]:
    for change in changes:
        yield Reason(Advice.LOOK, WEIGHT_MEND_DATA, change.site, unit_change_sentence(change))


def _explained_by_unit_changes(
    changes: Sequence[UnitChange], raised: Sequence[Signal]
) -> list[Signal]:
    """Signals over all sites that may come from the sites whose data must be mended."""
    if not changes:
        return []
    moved = {name for c in changes for name in (c.feature, *c.also)}
    follows = {SignalFamily.SCORE, SignalFamily.CALIBRATION, SignalFamily.COVERAGE}
    return [s for s in raised if s.everywhere and (s.subject in moved or s.kind.family in follows)]


def _outcome_reasons(
    raised: Sequence[Signal], limits: MonitorThresholds, *, mending: bool
) -> Iterator[Reason]:
    """Probabilities and coverage that no longer hold; of a rare class only a look."""
    for signal in raised:
        if signal.kind.family not in {SignalFamily.CALIBRATION, SignalFamily.COVERAGE}:
            continue
        difference = abs(signal.found - signal.expected)
        rare = signal.kind is SignalKind.LEVEL and difference < limits.min_effect[SignalKind.LEVEL]
        place = "" if signal.everywhere else signal.place
        weight = WEIGHT_OUTCOMES if signal.everywhere else WEIGHT_OUTCOMES - 0.05
        if rare:
            yield Reason(Advice.LOOK, WEIGHT_MINOR, place, signal_sentence(signal))
        else:
            advice = Advice.LOOK if mending else Advice.RETRAIN
            yield Reason(advice, weight, place, signal_sentence(signal))


def _input_reasons(
    raised: Sequence[Signal], evidence: VerdictInputs, limits: MonitorThresholds
) -> Iterator[Reason]:
    """Features and scores that moved: everywhere, or at one site alone."""
    shifts = [s for s in raised if s.kind is SignalKind.SHIFT]
    places = {name: {s.place for s in shifts if s.subject == name} for name in _subjects(shifts)}
    single = {name: at for name, at in places.items() if len(at - {"all"}) == 1}
    common = [name for name in places if name not in single]
    if sum(evidence.gain.get(name, 0.0) for name in common) >= limits.look_gain:
        yield _common_shift_reason(common, shifts, evidence, limits)
    for site in sorted({next(iter(at - {"all"})) for at in single.values()}):
        names = [name for name, at in single.items() if site in at]
        yield Reason(
            Advice.LOOK,
            WEIGHT_ONE_SITE,
            site,
            f"only site {site} moved in {_feature_list(names, evidence.gain)}: ask what "
            "changed there",
        )
    for signal in raised:
        if signal.kind is SignalKind.SCORE:
            place = "" if signal.everywhere else signal.place
            yield Reason(Advice.LOOK, WEIGHT_MINOR, place, signal_sentence(signal))


def _common_shift_reason(
    names: Sequence[str],
    shifts: Sequence[Signal],
    evidence: VerdictInputs,
    limits: MonitorThresholds,
) -> Reason:
    gain = sum(evidence.gain.get(name, 0.0) for name in names)
    sentence = (
        f"{_feature_list(names, evidence.gain)} moved; that is {format_share(gain)} of what "
        "the model goes by"
    )
    worst = max((s for s in shifts if s.subject in names), key=lambda s: s.effect)
    if evidence.days < limits.min_days:
        on = "one day" if evidence.days == 1 else f"{evidence.days} days"
        text = f"{sentence}, but all was asked on {on}: ask how these cases were chosen"
        return Reason(Advice.LOOK, WEIGHT_MINOR, "", f"{text}. Most: {signal_sentence(worst)}")
    if gain < limits.retrain_gain:
        return Reason(Advice.LOOK, WEIGHT_MINOR, "", f"{sentence}. Most: {signal_sentence(worst)}")
    outcomes = {SignalFamily.CALIBRATION, SignalFamily.COVERAGE}
    broken = any(s.raised and s.kind.family in outcomes for s in evidence.signals)
    if evidence.matured >= limits.min_matured and not broken:
        held = f"yet the probabilities held in {evidence.matured} ended cases"
        return Reason(
            Advice.LOOK, WEIGHT_INPUTS, "", f"{sentence}, {held}. Most: {signal_sentence(worst)}"
        )
    return Reason(Advice.RETRAIN, WEIGHT_INPUTS, "", f"{sentence}. Most: {signal_sentence(worst)}")


def _data_gap_reasons(raised: Sequence[Signal]) -> Iterator[Reason]:
    """Values that are missing, new or out of range; a site's own are told, not the sum."""
    kinds = (SignalKind.MISSING, SignalKind.UNSEEN, SignalKind.OUTSIDE)
    gaps = [s for s in raised if s.kind in kinds]
    local = {(s.kind, s.subject) for s in gaps if not s.everywhere}
    reported = [s for s in gaps if not (s.everywhere and (s.kind, s.subject) in local)]
    for signal in reported:
        place = "" if signal.everywhere else signal.place
        yield Reason(Advice.LOOK, WEIGHT_DATA_GAP, place, signal_sentence(signal))


def _decision_rate_reasons(raised: Sequence[Signal]) -> Iterator[Reason]:
    for signal in raised:
        if signal.kind.family is SignalFamily.CONDUCT:
            place = "" if signal.everywhere else signal.place
            yield Reason(Advice.LOOK, WEIGHT_MINOR, place, signal_sentence(signal))


def _subjects(signals: Sequence[Signal]) -> list[str]:
    return list(dict.fromkeys(s.subject for s in signals))


def _feature_list(names: Sequence[str], gain: Mapping[str, float]) -> str:
    ordered = sorted(names, key=lambda name: (-gain.get(name, 0.0), name))
    said = ", ".join(ordered[:MAX_FEATURES_NAMED])
    more = len(ordered) - MAX_FEATURES_NAMED
    return f"{said} and {more} more" if more > 0 else said
