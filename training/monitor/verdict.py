"""The recommendation: retrain, look at something first, or no need; with reasons by weight."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from training.monitor.limits import Limits
from training.monitor.signal import Family, Kind, Signal
from training.monitor.units import UnitChange
from training.monitor.wording import sentence, share, unit_sentence


class Advice(StrEnum):
    """What to do about the model."""

    RETRAIN = "retrain"
    LOOK = "look"
    NO_NEED = "no need"


EXIT = {Advice.NO_NEED: 0, Advice.LOOK: 3, Advice.RETRAIN: 4}
"""Exit codes for schedulers; 2 is an error, as in every command."""

SEVERITY = (Advice.NO_NEED, Advice.LOOK, Advice.RETRAIN)
FEATURES_NAMED = 4


@dataclass(frozen=True)
class Reason:
    """Why. weight: 0 to 1, the heaviest first. place: a site, "" for none in particular."""

    advice: Advice
    weight: float
    place: str
    text: str

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"advice": str(self.advice)}


@dataclass(frozen=True)
class Verdict:
    """The advice, in one line, and its reasons by weight."""

    advice: Advice
    headline: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Evidence:
    """What the verdict rests on.

    gain: of each feature. matured: outcomes in the window. days: on which anything was asked.
    """

    signals: Sequence[Signal]
    changes: Sequence[UnitChange]
    gain: Mapping[str, float]
    matured: int
    days: int


def verdict(evidence: Evidence, limits: Limits) -> Verdict:
    """The rules, in this order.

    A site whose unit changed, or that alone moved, is data to mend: a model retrained on it
    would learn the fault. Then probabilities that no longer hold, or drifted features that
    hold much of the model's gain, call for a new model; unless enough outcomes have matured
    and show that the probabilities still hold, or unless all was asked on a few days: a list
    drawn for a moment (the open, the costliest) differs from a period without any drift.
    Everything else is worth a look.
    """
    reasons = sorted(_reasons(evidence, limits), key=lambda r: (-r.weight, r.place, r.text))
    data_first = [r for r in reasons if r.advice is Advice.LOOK and r.weight == MEND]
    if data_first:
        # Calibration of a site with wrong data says nothing of the model.
        sites = ", ".join(sorted({r.place for r in data_first}))
        return Verdict(Advice.LOOK, f"look at site {sites} first", tuple(reasons))
    if any(r.advice is Advice.RETRAIN for r in reasons):
        return Verdict(Advice.RETRAIN, "retrain", tuple(reasons))
    if reasons:
        sites = sorted({r.place for r in reasons if r.place})
        # A reason of no site in particular is not narrowed down to those of a site.
        where = f" at site {', '.join(sites)}" if all(r.place for r in reasons) else ""
        return Verdict(Advice.LOOK, f"look{where}", tuple(reasons))
    return Verdict(Advice.NO_NEED, "no need to retrain", ())


MEND = 1.0
OUTCOMES = 0.9
INPUTS = 0.7
GAP_IN_DATA = 0.6
ONE_SITE = 0.5
PEOPLE = 0.4
SMALL = 0.2


def _reasons(evidence: Evidence, limits: Limits) -> Iterator[Reason]:
    raised = [s for s in evidence.signals if s.raised]
    yield from _units(evidence.changes)
    mended = {c.site for c in evidence.changes}
    rest = [s for s in raised if s.place not in mended]
    explained = _explained(evidence.changes, rest)
    rest = [s for s in rest if s not in explained]
    yield from _outcomes(rest, limits, mending=bool(mended))
    yield from _inputs(rest, evidence, limits)
    yield from _gaps(rest)
    yield from _people(rest)
    if explained:
        yield Reason(
            Advice.LOOK,
            SMALL,
            "",
            f"{len(explained)} signals over all sites follow from that; run the monitor again "
            "once the data is mended",
        )


def _units(changes: Sequence[UnitChange]) -> Iterator[Reason]:
    for change in changes:
        yield Reason(Advice.LOOK, MEND, change.site, unit_sentence(change))


def _explained(changes: Sequence[UnitChange], raised: Sequence[Signal]) -> list[Signal]:
    """Signals over all sites that may come from the sites whose data must be mended."""
    if not changes:
        return []
    moved = {name for c in changes for name in (c.feature, *c.also)}
    follows = {Family.SCORE, Family.CALIBRATION, Family.COVERAGE}
    return [s for s in raised if s.everywhere and (s.subject in moved or s.kind.family in follows)]


def _outcomes(raised: Sequence[Signal], limits: Limits, *, mending: bool) -> Iterator[Reason]:
    """Probabilities and coverage that no longer hold; of a rare class only a look."""
    for signal in raised:
        if signal.kind.family not in {Family.CALIBRATION, Family.COVERAGE}:
            continue
        away = abs(signal.found - signal.expected)
        rare = signal.kind is Kind.LEVEL and away < limits.least[Kind.LEVEL]
        place = "" if signal.everywhere else signal.place
        weight = OUTCOMES if signal.everywhere else OUTCOMES - 0.05
        if rare:
            yield Reason(Advice.LOOK, PEOPLE, place, sentence(signal))
        else:
            advice = Advice.LOOK if mending else Advice.RETRAIN
            yield Reason(advice, weight, place, sentence(signal))


def _inputs(raised: Sequence[Signal], evidence: Evidence, limits: Limits) -> Iterator[Reason]:
    """Features and scores that moved: everywhere, or at one site alone."""
    shifts = [s for s in raised if s.kind is Kind.SHIFT]
    places = {name: {s.place for s in shifts if s.subject == name} for name in _subjects(shifts)}
    single = {name: at for name, at in places.items() if len(at - {"all"}) == 1}
    common = [name for name in places if name not in single]
    if sum(evidence.gain.get(name, 0.0) for name in common) >= limits.look_gain:
        yield _common(common, shifts, evidence, limits)
    for site in sorted({next(iter(at - {"all"})) for at in single.values()}):
        names = [name for name, at in single.items() if site in at]
        yield Reason(
            Advice.LOOK,
            ONE_SITE,
            site,
            f"only site {site} moved in {_named(names, evidence.gain)}: ask what changed there",
        )
    for signal in raised:
        if signal.kind is Kind.SCORE:
            place = "" if signal.everywhere else signal.place
            yield Reason(Advice.LOOK, PEOPLE, place, sentence(signal))


def _common(
    names: Sequence[str], shifts: Sequence[Signal], evidence: Evidence, limits: Limits
) -> Reason:
    gain = sum(evidence.gain.get(name, 0.0) for name in names)
    said = f"{_named(names, evidence.gain)} moved; that is {share(gain)} of what the model goes by"
    worst = max((s for s in shifts if s.subject in names), key=lambda s: s.effect)
    if evidence.days < limits.fewest_days:
        on = "one day" if evidence.days == 1 else f"{evidence.days} days"
        drawn = f"{said}, but all was asked on {on}: ask how these cases were chosen"
        return Reason(Advice.LOOK, PEOPLE, "", f"{drawn}. Most: {sentence(worst)}")
    if gain < limits.retrain_gain:
        return Reason(Advice.LOOK, PEOPLE, "", f"{said}. Most: {sentence(worst)}")
    outcomes = {Family.CALIBRATION, Family.COVERAGE}
    broken = any(s.raised and s.kind.family in outcomes for s in evidence.signals)
    if evidence.matured >= limits.fewest_matured and not broken:
        held = f"yet the probabilities held in {evidence.matured} ended cases"
        return Reason(Advice.LOOK, INPUTS, "", f"{said}, {held}. Most: {sentence(worst)}")
    return Reason(Advice.RETRAIN, INPUTS, "", f"{said}. Most: {sentence(worst)}")


def _gaps(raised: Sequence[Signal]) -> Iterator[Reason]:
    """Values that are missing, new or out of range; a site's own are told, not the sum."""
    kinds = (Kind.MISSING, Kind.UNSEEN, Kind.OUTSIDE)
    found = [s for s in raised if s.kind in kinds]
    local = {(s.kind, s.subject) for s in found if not s.everywhere}
    told = [s for s in found if not (s.everywhere and (s.kind, s.subject) in local)]
    for signal in told:
        place = "" if signal.everywhere else signal.place
        yield Reason(Advice.LOOK, GAP_IN_DATA, place, sentence(signal))


def _people(raised: Sequence[Signal]) -> Iterator[Reason]:
    for signal in raised:
        if signal.kind.family is Family.CONDUCT:
            place = "" if signal.everywhere else signal.place
            yield Reason(Advice.LOOK, PEOPLE, place, sentence(signal))


def _subjects(signals: Sequence[Signal]) -> list[str]:
    return list(dict.fromkeys(s.subject for s in signals))


def _named(names: Sequence[str], gain: Mapping[str, float]) -> str:
    ordered = sorted(names, key=lambda name: (-gain.get(name, 0.0), name))
    said = ", ".join(ordered[:FEATURES_NAMED])
    more = len(ordered) - FEATURES_NAMED
    return f"{said} and {more} more" if more > 0 else said
