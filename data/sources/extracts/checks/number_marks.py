"""Quantities whose thousands mark is a decimal mark: 12.500 for twelve and a half."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from data.contracts.table import Kind
from data.source_batch import SourceBatch
from data.sources.extracts.check_policy import Check
from data.sources.extracts.checks.check_result import CheckResult, first, not_applicable
from data.sources.extracts.file_conventions import ThousandsMark
from data.sources.extracts.mapping import SiteMapping
from data.sources.extracts.raw_database import RawDatabase
from data.sources.extracts.sql_macros import quoted, quoted_name

FEWEST_VALUES = 5
"""So many values by chance alone do not all have one group of three digits."""
_ARGUMENT = re.compile(r"\bnumber\(([^()]*)\)", re.IGNORECASE)
_NAME = re.compile(r'"([^"]+)"|(\w+)')


@dataclass
class _Counts:
    values: int = 0
    suspect: int = 0
    example: str = ""


@dataclass
class NumberMarkCheck:
    """Counts of numbers that are written with exactly one thousands mark, by column."""

    mapping: SiteMapping
    _counts: defaultdict[str, _Counts] = field(default_factory=lambda: defaultdict(_Counts))

    @property
    def _pattern(self) -> str:
        return rf"[+-]?[0-9]{{1,3}}{re.escape(self.mapping.thousands)}[0-9]{{3}}-?"

    def add(self, batch: SourceBatch) -> None:
        """Count the texts of the columns that numbers are read from."""
        mapped = self.mapping.tables[batch.table.name].columns
        if not self._applies:
            return
        for column in batch.table.columns:
            if column.kind is not Kind.NUMBER:
                continue
            source = mapped[column].sources[0] if column in mapped else str(column)
            if source in batch.raw and isinstance(batch.raw[source].dtype, pd.StringDtype):
                self._count(f"{source} for {batch.table.name}.{column}", batch.raw[source])

    def inspect(self, raw: RawDatabase) -> None:
        """Count the texts of raw tables that the SQL reads with `number`."""
        if not self._applies:
            return
        words = _number_arguments(self.mapping)
        for table in self.mapping.raw_in_use:
            for column in raw.columns[table]:
                if column.casefold() in words:
                    self._count_raw(raw, table, column)

    def results(self) -> Iterator[CheckResult]:
        """Yield the result of the check."""
        if not self._applies:
            yield not_applicable(Check.DECIMAL_MARK, "no thousands mark could be a decimal mark")
            return
        mark = str(self.mapping.thousands)
        odd = [
            f"{name}: all of {count.values:,}, such as {count.example!r}"
            for name, count in self._counts.items()
            if count.values >= FEWEST_VALUES and count.suspect == count.values
        ]
        sentence = (
            f"every number has one {mark!r} with three digits behind it, which is read as a "
            "thousands mark and looks like a decimal mark"
            if odd
            else f"{mark!r} is a thousands mark in all columns of numbers"
        )
        yield CheckResult(Check.DECIMAL_MARK, bool(odd), sentence, first(odd))

    @property
    def _applies(self) -> bool:
        return self.mapping.thousands in (ThousandsMark.POINT, ThousandsMark.COMMA)

    def _count(self, name: str, texts: pd.Series) -> None:
        values = texts[~texts.isin(self.mapping.missing)].dropna()
        values = values[values.str.strip("0") != ""]
        suspect = values[values.str.fullmatch(self._pattern)]
        counts = self._counts[name]
        counts.values += len(values)
        counts.suspect += len(suspect)
        if not counts.example and len(suspect):
            counts.example = str(suspect.iloc[0])

    def _count_raw(self, raw: RawDatabase, table: str, column: str) -> None:
        name, missing = quoted_name(column), ", ".join(map(quoted, self.mapping.missing))
        fits = f"regexp_full_match(x, {quoted(self._pattern)})"
        values, suspect, example = raw.connection.execute(
            f"FROM (FROM {quoted_name(table)} SELECT trim(CAST({name} AS VARCHAR)) AS x, "
            f"WHERE typeof({name}) = 'VARCHAR') "
            f"SELECT count(*), count(*) FILTER ({fits}), any_value(x) FILTER ({fits}) "
            f"WHERE x NOT IN ({missing}) AND trim(x, '0') <> ''"
        ).fetchone() or (0, 0, None)
        self._counts[f"{column} of {table}"] = _Counts(values, suspect, example or "")


def _number_arguments(mapping: SiteMapping) -> set[str]:
    """Return the words in arguments of `number`, columns among them."""
    queries = (*mapping.queries.values(), *mapping.views_in_use.values())
    arguments = [found for query in queries for found in _ARGUMENT.findall(query.text)]
    pairs = [pair for argument in arguments for pair in _NAME.findall(argument)]
    return {(quoted or plain).casefold() for quoted, plain in pairs}
