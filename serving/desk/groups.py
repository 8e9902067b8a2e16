"""Reasons by subject as a report prints them: numbers that add up, facts without repetition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.desk.waterfall import TENTHS, apportion
from serving.reasons import material


@dataclass(frozen=True)
class Group:
    """One subject. tenths: printed change in tenths of a point. can: worth acting on."""

    name: str
    facts: str
    tenths: int
    can: bool

    @property
    def printed(self) -> str:
        """The change as it is printed, e.g. `+12.3`."""
        return f"{self.tenths / 10:+.1f}"

    @property
    def way(self) -> str:
        """Which way it moves the probability, as printed."""
        return "up" if self.tenths > 0 else "down" if self.tenths < 0 else "level"


def groups(told: Sequence[Mapping[str, Any]], score: Mapping[str, Any]) -> list[Group]:
    """The groups in the order of the answer; printed base + groups is the printed score."""
    total = round(score["probability"] * TENTHS) - round(score["base"] * TENTHS)
    tenths = apportion([group["contribution"] * TENTHS for group in told], total)
    least = material(max((abs(group["contribution"]) for group in told), default=0.0))
    return [
        Group(
            name=(group["theme"] or "everything else").capitalize(),
            facts=_facts(group["sentence"]),
            tenths=printed,
            can=group["actionable"] and abs(group["contribution"]) >= least,
        )
        for group, printed in zip(told, tenths, strict=True)
    ]


def _facts(sentence: str) -> str:
    """The facts of a group's sentence, which begins with the subject and its points."""
    text = sentence.split(": ", 1)[-1]
    return text[:1].upper() + text[1:]
