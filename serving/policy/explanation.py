"""Explain a value of the policy: the levels that state it, from the least specific to the last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from data.contracts.invoice_outcomes import ExceptionClass
from serving.policy.levels import CaseIds, LevelName
from serving.policy.policy import Policy


class StatedValue(NamedTuple):
    """A value, and the level and id that state it; the id is "" for the global level."""

    level: LevelName
    id: str
    value: Any

    @property
    def where(self) -> str:
        """Name the level and the id: `site S03`."""
        return f"{self.level} {self.id}".strip()


def explain_value(policy: Policy, path: str, ids: CaseIds) -> list[StatedValue]:
    """Return every value that is stated for the ids of a case; the last one holds.

    Args:
        policy: the whole policy.
        path: names from the section to the value, as `tolerances.price_above_share`.
        ids: of the case.

    Raises:
        ValueError: naming the part of the path that is unknown, with the choices.
    """
    plain = policy.plain()
    places = [(LevelName.GLOBAL, ""), *((one.level, one.id) for one in policy.levels.stated(ids))]
    found = [
        StatedValue(level, name, value)
        for level, name in places
        if (value := value_at_level(plain, path, level, name)) is not None
    ]
    if not found or isinstance(found[0].value, Mapping):
        _refuse_path(plain, _names(path, LevelName.GLOBAL))
    return found


def value_at_level(plain: Mapping[str, Any], path: str, level: LevelName, name: str) -> Any:
    """Return the value that a recorded policy states at a level; None if it states none there."""
    found: Any = plain
    if level is not LevelName.GLOBAL:
        found = plain.get("levels", {}).get(level, {}).get(name, {})
    for step in _names(path, level):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


class ChangedValue(NamedTuple):
    """A value that differs between two policies; None where one of them does not state it."""

    path: str
    before: Any
    after: Any


def changed_values(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[ChangedValue]:
    """Return every value that differs between two policies as recorded, in the order of names."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    return [
        ChangedValue(path, old.get(path), new.get(path))
        for path in sorted(old.keys() | new.keys())
        if old.get(path) != new.get(path)
    ]


def _leaves(plain: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(plain, Mapping):
        yield path, plain
        return
    for name, value in plain.items():
        yield from _leaves(value, f"{path}.{name}" if path else str(name))


def _names(path: str, level: LevelName) -> Sequence[str]:
    """Split a path; the global role of an exception class stands in the section of the class."""
    names = path.split(".")
    if level is LevelName.GLOBAL and names[0] == "roles" and names[-1] in list(ExceptionClass):
        return ["classes", *names[1:], "role"]
    return names


def _refuse_path(plain: Mapping[str, Any], names: Sequence[str]) -> None:
    """Refuse a path that names no single value, at the first name that does not lead to one."""
    found: Any = plain
    for place, name in enumerate(names):
        if not isinstance(found, Mapping) or name not in found:
            where = ".".join(names[:place]) or "the policy"
            choices = list(found) if isinstance(found, Mapping) else []
            raise ValueError(
                f"{where}: {name!r} is not one of {', '.join(choices) or 'no further names'}"
            )
        found = found[name]
    raise ValueError(f"{'.'.join(names)} is a section; take one of {', '.join(found)}")
