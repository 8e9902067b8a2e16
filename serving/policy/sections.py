"""Sections of the policy: what each states, and what is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_serializer,
    field_validator,
    model_validator,
)

from models.task import AbstentionLimits

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


def refuse_unknown(stated: Iterable[object], choices: Iterable[object]) -> None:
    """Refuse the first name that is not one of the choices.

    Raises:
        ValueError: naming it and the choices.
    """
    known = [str(choice) for choice in choices]
    if strange := [str(name) for name in stated if str(name) not in known]:
        raise ValueError(f"{strange[0]!r} is not one of {', '.join(known)}")


class PolicySection(BaseModel):
    """Base of the sections: every value is stated, no unknown one is accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def only_known_names(cls, stated: Any) -> Any:
        """Refuse a name that the section does not have, with those it has."""
        if isinstance(stated, Mapping):
            refuse_unknown(stated, cls.model_fields)
        return stated


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
    """Policy of one task; each folder in `serving.tasks` holds such defaults.

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
    """Jurisdictions in which freight charged on a line is part of the base of its tax.

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
    """Limits that decide which findings flag a case.

    precision_floor: a rule that was right in a smaller share of the settled cases where it found
        something informs, and does not flag.
    always_flag: codes of findings that flag whatever their precision: hard gates.
    """

    precision_floor: Share
    always_flag: tuple[FindingCode, ...]


class ClockPolicy(PolicySection):
    """sender_ahead_minutes: how far the clock of a sender may be ahead of the service's.

    It holds for events, and for what a case says was known when it is asked about.
    """

    sender_ahead_minutes: NonNegative

    @property
    def sender_ahead(self) -> timedelta:
        """Time by which the clock of a sender may be ahead."""
        return timedelta(minutes=self.sender_ahead_minutes)


class ClassPolicy(PolicySection):
    """Wording, owner and suggestion of an exception class, and its codes in the ERPs."""

    says: str
    role: str
    sap: str
    oracle: str
    peppol: str
    suggestion: str
