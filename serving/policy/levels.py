"""Levels of the policy: what a region, site, item category or supplier has instead of the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from data.contracts.items import CATEGORY
from data.contracts.sites import REGION, SITE_ID
from data.contracts.suppliers import SUPPLIER_ID
from serving.policy.known_task import KnownTask
from serving.policy.sections import PolicySection, Thresholds, refuse_unknown


class LevelName(StrEnum):
    """Level at which a value is stated, from the least specific to the one that leads."""

    GLOBAL = "global"
    REGION = "region"
    SITE = "site"
    CATEGORY = "category"
    SUPPLIER = "supplier"


SITE_SECTIONS = ("tolerances", "thresholds", "roles")
LEVEL_SECTIONS: Mapping[str, tuple[str, ...]] = {
    LevelName.REGION: ("sites", *SITE_SECTIONS),
    LevelName.SITE: SITE_SECTIONS,
    LevelName.CATEGORY: ("tolerances",),
    LevelName.SUPPLIER: ("tolerances",),
}
"""Sections that each level may state."""


class CaseIds(NamedTuple):
    """The ids of a case that values may be stated for; None where the case has none."""

    region: str | None = None
    site: str | None = None
    category: str | None = None
    supplier: str | None = None

    @classmethod
    def of_case(cls, case: Mapping[str, Any]) -> CaseIds:
        """Read the ids from a case."""
        return cls(case.get(REGION), case.get(SITE_ID), case.get(CATEGORY), case.get(SUPPLIER_ID))


class LevelValues(PolicySection):
    """Values of one region, site, category or supplier; what is left out is inherited.

    sites: of a region. tolerances: single values of the section of the policy.
    roles: by task or exception class.
    """

    sites: tuple[str, ...] = ()
    tolerances: dict[str, float] = {}
    thresholds: dict[KnownTask, Thresholds] = {}
    roles: dict[str, str] = {}

    @model_serializer(mode="wrap")
    def stated(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Write the sections that are stated."""
        return {name: values for name, values in write(self).items() if values}


class StatedValues(NamedTuple):
    """Values, with the level and the id that they are stated for."""

    level: LevelName
    id: str
    values: LevelValues


class PolicyLevels(PolicySection):
    """Values by level and id."""

    region: dict[str, LevelValues] = {}
    site: dict[str, LevelValues] = {}
    category: dict[str, LevelValues] = {}
    supplier: dict[str, LevelValues] = {}

    @model_validator(mode="before")
    @classmethod
    def sections_of_level(cls, stated: Any) -> Any:
        """Refuse a section that a level may not state, with those it may."""
        for level, by_id in stated.items() if isinstance(stated, Mapping) else ():
            for name, values in by_id.items() if isinstance(by_id, Mapping) else ():
                try:
                    refuse_unknown(values, LEVEL_SECTIONS.get(level, values))
                except ValueError as error:
                    raise ValueError(f"{level}.{name}: {error}") from error
        return stated

    @model_validator(mode="after")
    def one_region_a_site(self) -> Self:
        """Refuse a site that is in two regions."""
        count = Counter(site for values in self.region.values() for site in values.sites)
        if twice := [site for site, regions in count.items() if regions > 1]:
            raise ValueError(f"site {twice[0]} is listed in two regions")
        return self

    def __bool__(self) -> bool:
        """Return whether anything is stated."""
        return bool(self.region or self.site or self.category or self.supplier)

    def each(self) -> Iterator[StatedValues]:
        """Yield the values of every id at every level."""
        for level in LEVEL_SECTIONS:
            for name, values in getattr(self, level).items():
                yield StatedValues(LevelName(level), name, values)

    def known(self, ids: CaseIds) -> CaseIds:
        """Return those ids of a case that values are stated for, None instead of the others.

        The region is the one that lists the site, else the one that the case names.
        """
        listed = (name for name, values in self.region.items() if ids.site in values.sites)
        region = next(listed, ids.region)
        return CaseIds(
            region if region in self.region else None,
            ids.site if ids.site in self.site else None,
            ids.category if ids.category in self.category else None,
            ids.supplier if ids.supplier in self.supplier else None,
        )

    def stated(self, ids: CaseIds) -> list[StatedValues]:
        """Return the values that are stated for a case, those that lead last."""
        return [
            StatedValues(LevelName(level), name, getattr(self, level)[name])
            for level, name in self.known(ids)._asdict().items()
            if name is not None
        ]
