"""The first place at which what was recorded and what is computed again differ."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from serving.audit.canonical import canonical

ABSENT = "nothing"


@dataclass(frozen=True)
class Difference:
    """path: as `recommendation.reasons[2].sentence`. Both values as canonical JSON."""

    path: str
    recorded: str
    recomputed: str


def difference(recorded: Any, recomputed: Any) -> Difference | None:
    """The first difference of two JSON values, names in order; None if their texts are one.

    recorded: read back from canonical JSON with every number as a float.
    """
    text, again = canonical(recorded), canonical(recomputed)
    if text == again:
        return None
    return next(_differences(recorded, json.loads(again, parse_int=float), ""))


def _differences(one: Any, other: Any, path: str) -> Iterator[Difference]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            yield from _of_part(one, other, name, f"{path}.{name}" if path else name)
    elif isinstance(one, list) and isinstance(other, list):
        ours, theirs = dict(enumerate(one)), dict(enumerate(other))
        for place in range(max(len(one), len(other))):
            yield from _of_part(ours, theirs, place, f"{path}[{place}]")
    elif canonical(one) != canonical(other):
        yield Difference(path, canonical(one), canonical(other))


def _of_part(one: Any, other: Any, name: Any, path: str) -> Iterator[Difference]:
    if name in one and name in other:
        yield from _differences(one[name], other[name], path)
    else:
        told = [canonical(side[name]) if name in side else ABSENT for side in (one, other)]
        yield Difference(path, *told)
