"""Policy: thresholds, tolerances, roles, suggestions, expiry and retention, validated."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, Self, TypeVar

import rfc8785
from pydantic import Field, PrivateAttr, ValidationError, model_validator

from data.contracts.invoice_outcomes import ExceptionClass
from features.feature import FeatureKind
from models.catalogue import TASKS
from models.task import TaskName
from serving.policy.known_task import KnownTask
from serving.policy.levels import CaseIds, LevelValues, PolicyLevels
from serving.policy.sections import (
    TASK_SECTIONS,
    AbstainPolicy,
    AuditSamplePolicy,
    ClassPolicy,
    ClockPolicy,
    CurrencyPolicy,
    HistoryPolicy,
    Level,
    PolicySection,
    RetentionPolicy,
    RulesPolicy,
    TaskPolicy,
    TaxPolicy,
    Thresholds,
    Tolerances,
    refuse_unknown,
)

Key = TypeVar("Key")
Value = TypeVar("Value")
Section = TypeVar("Section", bound=PolicySection)
NO_IDS = CaseIds()

MISSING_SECTIONS = {
    "retention": "lacks [retention], the months that what was recorded is kept: add it with "
    "answers = 84, decisions = 84 and other = 84 (seven years, the usual around accounts payable)",
    "tax": "lacks [tax], where freight is taxed with the goods: add it as serving/policy/"
    "default.toml has it",
    "rules": "lacks [rules], which findings flag a case: add it with precision_floor = 0.45 and "
    "always_flag, the codes of hard gates",
    "clocks": "lacks [clocks], how far a sender's clock may be ahead: add it with "
    "sender_ahead_minutes = 10",
}
"""Text to add to a policy file of an older release, by the section that it lacks."""


class Policy(PolicySection):
    """The whole policy. digest: SHA-256 of the canonical JSON of all other values."""

    version: str
    history: HistoryPolicy
    expiry_hours: dict[KnownTask, Annotated[int, Field(gt=0)]]
    thresholds: dict[KnownTask, Thresholds]
    abstain: dict[KnownTask, AbstainPolicy]
    audit_sample: AuditSamplePolicy
    money: CurrencyPolicy
    retention: RetentionPolicy
    tolerances: Tolerances
    tax: TaxPolicy
    rules: RulesPolicy
    clocks: ClockPolicy
    roles: dict[KnownTask, str]
    suggestions: dict[KnownTask, dict[Level, str]]
    classes: dict[ExceptionClass, ClassPolicy]
    levels: PolicyLevels = PolicyLevels()
    digest: str = ""
    _resolved: dict[CaseIds, Policy] = PrivateAttr(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def require_sections(cls, plain: Any) -> Any:
        """Explain what to add to a policy that lacks a newer section; none is assumed."""
        if isinstance(plain, Mapping):
            missing = [text for name, text in MISSING_SECTIONS.items() if name not in plain]
            if missing:
                raise ValueError("; ".join(missing))
        return plain

    @model_validator(mode="after")
    def complete(self) -> Self:
        """Check that every task of one section is in all, and every level and class is there."""
        stated = {task for name in TASK_SECTIONS for task in getattr(self, name)}
        for name in TASK_SECTIONS:
            _require_all(name, getattr(self, name), sorted(stated))
        for task, texts in self.suggestions.items():
            _require_all(f"suggestions.{task}", texts, Level)
        _require_all("classes", self.classes, ExceptionClass)
        for task, limits in self.abstain.items():
            _check_key_features(task, limits.key_features)
        self._check_levels()
        return self

    def _check_levels(self) -> None:
        """Apply every value of every level once, so that a wrong one is refused with its place."""
        every = [*self.levels.each()]
        for level, name, values in every:
            try:
                overlay(self, [values])
            except ValueError as error:
                raise ValueError(f"levels.{level}.{name}.{error}") from error

    def resolve(self, ids: CaseIds) -> Policy:
        """Return the policy that holds for the ids of a case, with the digest of the whole.

        It is cached by those ids that values are stated for, so that no others fill the cache.
        """
        known = self.levels.known(ids)
        if known == NO_IDS:
            return self
        if known not in self._resolved:
            stated = self.levels.stated(known)
            self._resolved[known] = overlay(self, [values for _, _, values in stated])
        return self._resolved[known]

    def for_case(self, case: Mapping[str, Any]) -> Policy:
        """Return the policy that holds for a case, by its site, region, category and supplier."""
        return self.resolve(CaseIds.of_case(case)) if self.levels else self

    def __copy__(self) -> Self:
        """Copy the values, but not what was resolved from them before one is changed."""
        copied = super().__copy__()
        copied._resolved = {}  # noqa: SLF001 - its own
        return copied

    def expiry(self, task: TaskName) -> timedelta:
        """Return how long a recommendation of a task may be acted on."""
        return timedelta(hours=self.expiry_hours[task])

    def plain(self) -> dict[str, Any]:
        """Return all values but the digest as they are recorded; `parse_policy` reads them back."""
        return self.model_dump(mode="json", exclude={"digest"})


def fill_task_sections(
    plain: Mapping[str, Any], defaults: Mapping[TaskName, TaskPolicy]
) -> dict[str, Any]:
    """Add the defaults of each task to the sections of a policy file that leave it out."""
    filled = dict(plain)
    for task, default in defaults.items():
        for section, value in default.by_section().items():
            stated = filled.get(section, {})
            if isinstance(stated, Mapping):  # anything else is refused when the policy is parsed
                filled[section] = {str(task): value, **stated}
    return filled


def parse_policy(plain: Mapping[str, Any]) -> Policy:
    """Build the policy of plain values, with their digest.

    Raises:
        ValueError: naming each value that is missing or wrong.
    """
    if "digest" in plain:
        raise ValueError("digest: is computed from the rest, so it cannot be stated")
    try:
        policy = Policy.model_validate(plain)
    except ValidationError as error:
        raise ValueError(_describe(error)) from error
    return policy.model_copy(update={"digest": _digest(policy.plain())})


def overlay(policy: Policy, stated: Sequence[LevelValues]) -> Policy:
    """Return the policy with the values of levels instead of its own, without levels.

    Args:
        policy: what is inherited.
        stated: values of levels; the last leads.

    Raises:
        ValueError: a value has an unknown name or is out of range.
    """
    roles = {owner: role for values in stated for owner, role in values.roles.items()}
    _refuse_unknown_in("roles", roles, [*policy.roles, *policy.classes])
    classes = {
        name: known.model_copy(update={"role": roles[name]}) if name in roles else known
        for name, known in policy.classes.items()
    }
    tolerances = policy.tolerances
    for values in stated:
        tolerances = _replace_values("tolerances", tolerances, values.tolerances)
    return policy.model_copy(
        update={
            "tolerances": tolerances,
            "thresholds": policy.thresholds | _merge(one.thresholds for one in stated),
            "roles": {task: roles.get(task, role) for task, role in policy.roles.items()},
            "classes": classes,
            "levels": PolicyLevels(),
        }
    )


def _merge(parts: Iterable[Mapping[Key, Value]]) -> dict[Key, Value]:
    return {key: value for part in parts for key, value in part.items()}


def _replace_values(name: str, section: Section, stated: Mapping[str, Any]) -> Section:
    """Return a section with some values replaced, checked as when it is read from a file."""
    _refuse_unknown_in(name, stated, type(section).model_fields)
    if not stated:
        return section
    try:
        return type(section).model_validate({**section.model_dump(), **stated})
    except ValidationError as error:
        raise ValueError(f"{name}.{_describe(error)}") from error


def _describe(error: ValidationError) -> str:
    """Write each value that is wrong and why, on one line."""
    return "; ".join(
        f"{'.'.join(map(str, one['loc']))}: {why}" if one["loc"] else why
        for one in error.errors()
        for why in [one["msg"].removeprefix("Value error, ")]
    )


def _refuse_unknown_in(name: str, stated: Iterable[object], choices: Iterable[object]) -> None:
    try:
        refuse_unknown(stated, choices)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _check_key_features(task: TaskName, stated: Collection[str]) -> None:
    """Refuse a key feature that is no category of the task: it could never be unseen."""
    known = [f.name for f in TASKS[task].features if f.kind is FeatureKind.CATEGORY]
    if strange := [name for name in stated if name not in known]:
        raise ValueError(
            f"abstain.{task}.key_features: {strange[0]!r} is not one of {', '.join(known)}"
        )


def _digest(plain: Mapping[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps(dict(plain))).hexdigest()


def _require_all(name: str, stated: Collection[str], needed: Iterable[str]) -> None:
    if missing := [str(key) for key in needed if key not in stated]:
        raise ValueError(f"{name} lacks {', '.join(missing)}")
