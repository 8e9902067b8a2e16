"""Policy: thresholds, tolerances, roles, suggestions, expiry and retention, validated."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

import rfc8785
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_serializer,
    field_validator,
    model_validator,
)

from data.contracts.invoice_outcomes import ExceptionClass
from features.feature import FeatureKind
from models.catalogue import TASKS
from models.task import AbstentionLimits, TaskName
from serving.policy.known_task import KnownTask

Share = Annotated[float, Field(ge=0, le=1)]
NonNegative = Annotated[float, Field(ge=0)]
Jurisdiction = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
FindingCode = Annotated[str, Field(pattern=r"^[A-Z][A-Z_]*$")]


# Sections of the policy file with an entry for each task.
TASK_SECTIONS = ("expiry_hours", "thresholds", "abstain", "roles", "suggestions")
SECTION_FIELDS = {"roles": "role"}  # sections named otherwise than the field of `TaskPolicy`


class Level(StrEnum):
    """How strongly something is suggested."""

    ACT = "act"
    WATCH = "watch"
    NONE = "none"


class PolicySection(BaseModel):
    """Base of the sections: every value is stated, no unknown one is accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class HistoryPolicy(PolicySection):
    """Age in days from which an answer says that its history is old."""

    oldest_days: int


class Thresholds(PolicySection):
    """Probabilities of an exception from which a level is reached."""

    act: Share
    watch: Share

    @model_validator(mode="after")
    def in_order(self) -> Self:
        """Refuse a `watch` above `act`."""
        if self.watch > self.act:
            raise ValueError(f"watch {self.watch} is above act {self.act}")
        return self

    def level(self, probability: float) -> Level:
        """Return the level that a probability reaches."""
        if probability >= self.act:
            return Level.ACT
        return Level.WATCH if probability >= self.watch else Level.NONE


class AbstainPolicy(PolicySection):
    """Limits beyond which no advice is given, see `models.task.AbstentionLimits`.

    instead: what a person is told to do without advice.
    """

    key_features: tuple[str, ...]
    most_outside: Annotated[int, Field(ge=0)]
    widest: Share
    few: Annotated[int, Field(ge=0)]
    oldest_days: Annotated[int, Field(ge=0)]
    instead: str

    @classmethod
    def from_limits(cls, limits: AbstentionLimits, *, instead: str) -> Self:
        """Build the policy from the limits that training evaluates with."""
        return cls(**asdict(limits), instead=instead)

    @property
    def limits(self) -> AbstentionLimits:
        """The limits as `models.abstention` takes them."""
        return AbstentionLimits(**self.model_dump(exclude={"instead"}))


class TaskPolicy(PolicySection):
    """What the policy states of one task; each folder in `serving.tasks` holds such defaults.

    role: owner of cases where no exception class is suspected.
    """

    expiry_hours: Annotated[int, Field(gt=0)]
    role: str
    thresholds: Thresholds
    abstain: AbstainPolicy
    suggestions: dict[Level, str]

    def by_section(self) -> dict[str, Any]:
        """Return the entries of the task, by the section of the policy they belong to."""
        plain = self.model_dump(mode="json")
        return {section: plain[SECTION_FIELDS.get(section, section)] for section in TASK_SECTIONS}


class AuditSamplePolicy(PolicySection):
    """Share of all cases that is reviewed at random, and the seed of the draw."""

    share: Share
    seed: Annotated[str, Field(min_length=1)]
    suggestion: str


class CurrencyPolicy(PolicySection):
    """Rates at which money of several currencies is ranked, and held against limits, in one.

    rates: value of one unit of a currency in the reporting currency.
    rates_at: day that the rates are of.
    """

    reporting_currency: str
    rates_at: date
    rates: dict[str, Annotated[float, Field(gt=0)]]

    def rate(self, currency: str | None, stated: float | None = None) -> float | None:
        """Return the value of one unit of a currency in the reporting currency; None if unknown.

        stated: the rate that came with the case, which leads over the table.
        """
        if currency is None:
            return None
        code = currency.strip().upper()
        if code == self.reporting_currency:
            return 1.0
        return stated if stated is not None else self.rates.get(code)


MIN_RETENTION_MONTHS = 6
RETENTION_LAW = "the EU AI Act (art. 12, 19 and 26) asks to keep records at least six months"
MISSING_SECTIONS = {
    "retention": "lacks [retention], the months that what was recorded is kept: add it with "
    "answers = 84, decisions = 84 and other = 84 (seven years, the usual around accounts payable)",
    "tax": "lacks [tax], where freight is taxed with the goods: add it as serving/policy/"
    "default.toml has it",
    "rules": "lacks [rules], which findings flag a case: add it with precision_floor = 0.3 and "
    "always_flag, the codes of hard gates",
    "clocks": "lacks [clocks], how far a sender's clock may be ahead: add it with "
    "sender_ahead_minutes = 5",
}
"""What to add to a policy file of an older release, by the section that it lacks."""


class RetentionPolicy(PolicySection):
    """Months that entries of the record are kept before they may be erased, by group.

    Changes of model and policy, checkpoints and erasures are kept as long as the record.
    """

    answers: int
    decisions: int
    other: int

    @field_validator("*")
    @classmethod
    def long_enough(cls, months: int) -> int:
        """Refuse to keep entries for less time than the law asks."""
        if months < MIN_RETENTION_MONTHS:
            raise ValueError(
                f"{months} months are fewer than {MIN_RETENTION_MONTHS}: {RETENTION_LAW}"
            )
        return months


class Tolerances(PolicySection):
    """Variances that the rules let pass; default.toml has their units and SAP keys."""

    price_above_share: Share
    price_above_amount: NonNegative
    price_below_share: Share
    price_below_amount: NonNegative
    quantity_over_ordered_share: Share
    quantity_over_received_share: Share
    amount_limit: NonNegative
    tax_amount: NonNegative
    freight_share: Share
    invoice_ahead_days: NonNegative
    duplicate_amount: NonNegative
    duplicate_days: NonNegative


class TaxPolicy(PolicySection):
    """Whether freight charged on a line belongs to the base of its tax, by tax jurisdiction.

    freight_taxed, freight_untaxed: countries and states (ISO 3166: `DE`, `US-TX`); a state leads
        over its country.
    freight_taxed_elsewhere: where neither lists the jurisdiction, or it is not known.
    """

    freight_taxed: frozenset[Jurisdiction]
    freight_untaxed: frozenset[Jurisdiction]
    freight_taxed_elsewhere: bool

    @model_validator(mode="after")
    def stated_once(self) -> Self:
        """Refuse a jurisdiction that is in both lists."""
        if both := sorted(self.freight_taxed & self.freight_untaxed):
            raise ValueError(f"{both[0]} is in both freight_taxed and freight_untaxed")
        return self

    @field_serializer("freight_taxed", "freight_untaxed")
    def sorted_list(self, jurisdictions: frozenset[str]) -> list[str]:
        """Write the jurisdictions in one order, as the digest is of what is written."""
        return sorted(jurisdictions)

    def freight_is_taxed(self, jurisdiction: str | None) -> bool:
        """Return whether freight is taxed as the goods are. jurisdiction: `DE`, `US-TX`, None."""
        place = (jurisdiction or "").strip().upper()
        for known in (place, place.partition("-")[0]):
            if known in self.freight_taxed or known in self.freight_untaxed:
                return known in self.freight_taxed
        return self.freight_taxed_elsewhere


class RulesPolicy(PolicySection):
    """Which findings flag a case.

    precision_floor: a rule that was right in a smaller share of the settled cases where it found
        something informs, and does not flag.
    always_flag: codes of findings that flag whatever their precision: hard gates.
    """

    precision_floor: Share
    always_flag: tuple[FindingCode, ...]


class ClockPolicy(PolicySection):
    """sender_ahead_minutes: how far the clock of a sender may be ahead of the service's."""

    sender_ahead_minutes: NonNegative


class ClassPolicy(PolicySection):
    """Wording, owner and suggestion of an exception class, and its codes in the ERPs."""

    says: str
    role: str
    sap: str
    oracle: str
    peppol: str
    suggestion: str


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
    digest: str = ""

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
        return self

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
        found = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ValueError(found) from error
    return policy.model_copy(update={"digest": _digest(policy.plain())})


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
