"""All checks of one source's extract, observed while its rows are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from data.source_batch import SourceBatch, rows_with_findings
from data.sources.extracts.check_policy import DEFAULT_LEVELS, Check, CheckLevel
from data.sources.extracts.checks.check_result import CheckResult, first
from data.sources.extracts.checks.code_lists import CodeCheck
from data.sources.extracts.checks.dates import DateCheck
from data.sources.extracts.checks.documents import (
    DocumentCheck,
    OrderLines,
    no_earlier_orders,
)
from data.sources.extracts.checks.number_marks import NumberMarkCheck
from data.sources.extracts.mapping import SiteMapping
from data.sources.extracts.raw_database import RawDatabase
from data.sources.extracts.read_on import ReadOn

_MOST_CODES = 12


class ImplausibleExtractError(ValueError):
    """An extract that its mapping's checks refuse; one line a check."""


@dataclass(frozen=True)
class CheckReport:
    """Results of a source's checks. `str(report)` is what is printed."""

    site: str
    results: tuple[CheckResult, ...]
    levels: dict[Check, CheckLevel]
    codes: dict[str, Counter[str]]

    def at(self, level: CheckLevel) -> list[CheckResult]:
        """Return the checks that found something, of that level."""
        return [r for r in self.results if r.found and self.levels[r.check] is level]

    @property
    def refusals(self) -> list[str]:
        """A line for each check that refuses the extract."""
        return [f"{self.site}: {r.check}: {r}" for r in self.at(CheckLevel.REFUSE)]

    @property
    def warnings(self) -> list[str]:
        """A line for each check that warns."""
        return [f"{self.site}: {r.check}: {r}" for r in self.at(CheckLevel.WARN)]

    def __str__(self) -> str:
        """Return every check with its verdict, and the codes of every list."""
        lines = [f"checks of {self.site}"]
        lines += [f"  {self._verdict(r):<12}{r.check}: {r}" for r in self.results]
        if self.codes:
            lines += ["", f"codes of {self.site}"]
            lines += [f"  {name}: {_counts(counts)}" for name, counts in self.codes.items()]
        return "\n".join(lines)

    def _verdict(self, result: CheckResult) -> str:
        level = self.levels[result.check]
        if result.found is None:
            return "-"
        return "ok" if not result.found or level is CheckLevel.IGNORE else str(level)


def _counts(counts: Counter[str]) -> str:
    shown = [f"{code} {times:,}" for code, times in counts.most_common(_MOST_CODES)]
    more = len(counts) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


class SiteCheck:
    """Observer of one source's rows."""

    def __init__(
        self,
        mapping: SiteMapping,
        now: datetime,
        read_on: ReadOn | None = None,
        earlier_orders: OrderLines = no_earlier_orders,
    ) -> None:
        """Start with nothing seen.

        Args:
            mapping: of the source.
            now: the moment of the check; later dates lie in the future.
            read_on: where earlier loads have come to in the source's database.
            earlier_orders: order lines of earlier loads, which a delta refers to.
        """
        self.mapping, self.read_on = mapping, read_on
        self._documents, self._dates = DocumentCheck(earlier_orders), DateCheck(now)
        self._codes, self._marks = CodeCheck(), NumberMarkCheck(mapping)
        self._rows = Counter[str]()

    def inspect(self, raw: RawDatabase) -> None:
        """Observe the raw tables that the mapping's SQL reads."""
        self._marks.inspect(raw)

    def watch(self, batches: Iterable[SourceBatch]) -> Iterator[SourceBatch]:
        """Observe batches as they pass."""
        for batch in batches:
            frame = batch.frame.drop(index=rows_with_findings(batch.findings))
            self._rows[batch.table.name] += len(batch.frame)
            self._documents.add(batch, frame)
            self._dates.add(batch, frame)
            self._codes.add(batch, frame)
            self._marks.add(batch)
            yield batch

    def report(self) -> CheckReport:
        """Return what the checks found of all that was observed."""
        results = (
            *self._documents.results(),
            *self._dates.results(),
            *self._marks.results(),
            *self._codes.results(),
            self._empty_tables(),
        )
        levels = DEFAULT_LEVELS | self.mapping.checks
        return CheckReport(self.mapping.site, results, levels, self._codes.codes)

    def _empty_tables(self) -> CheckResult:
        empty = [name for name in self.mapping.tables if not self._rows[name]]
        if not empty:
            sentence = f"all {len(self.mapping.tables)} mapped tables have rows"
        else:
            sentence = f"{len(empty)} of {len(self.mapping.tables)} mapped tables have no rows"
        shown = first(empty) if len(empty) <= len(first(empty)) else (", ".join(empty),)
        return CheckResult(Check.EMPTY_TABLES, bool(empty), sentence, shown)
