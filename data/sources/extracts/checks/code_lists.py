"""Codes of an extract: how often each occurs, and units and currencies that nothing is known of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from data.contracts.exchange_rates import CURRENCY, EXCHANGE_RATES, REPORTING_CURRENCY
from data.contracts.table import CodeList, Kind
from data.source_batch import SourceBatch
from data.sources.extracts.check_policy import Check
from data.sources.extracts.checks.check_result import CheckResult, first, not_applicable
from data.validation import count_unknown_codes, with_known_codes


@dataclass
class CodeCheck:
    """Counts of codes by table and column."""

    codes: dict[str, Counter[str]] = field(default_factory=dict)
    _unknown: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _currencies: Counter[str] = field(default_factory=Counter)
    _rated: set[str] = field(default_factory=set)

    def add(self, batch: SourceBatch, frame: pd.DataFrame) -> None:
        """Count the codes of rows that could be read."""
        table = batch.table
        coded = frame.reindex(
            columns=[*frame.columns, *(c for c in table.columns if c not in frame)]
        )
        for (column, text), times in count_unknown_codes(table, coded).items():
            self._unknown[table.name, column, text] += times
        for column in table.columns:
            if column not in frame:
                continue
            if column.allowed or column.kind is Kind.FLAG:
                counts = frame[column].value_counts(dropna=False)
                into = self.codes.setdefault(f"{table.name}.{column}", Counter())
                into.update({_code_text(code): int(times) for code, times in counts.items()})
            if column.code_list is CodeList.CURRENCY and table is not EXCHANGE_RATES:
                known = with_known_codes(column, frame[column])
                self._currencies.update({str(c): int(n) for c, n in known.value_counts().items()})
        if table is EXCHANGE_RATES:
            for column in (CURRENCY, REPORTING_CURRENCY):
                self._rated |= set(with_known_codes(column, frame[column]).dropna())

    def results(self) -> Iterator[CheckResult]:
        """Yield one result a check."""
        listed = [
            f"{text!r} in {table}.{column} ({times:,} rows)"
            for (table, column, text), times in self._unknown.most_common()
        ]
        words = f"{len(listed)} words are no unit or currency that anything can be computed with"
        if not listed:
            words = "every unit and currency is known"
        yield CheckResult(Check.UNKNOWN_UNITS, bool(listed), words, first(listed))
        yield self._rates()

    def _rates(self) -> CheckResult:
        """Look for rates; without any, the most frequent currency is the one to report in."""
        used = [currency for currency, _ in self._currencies.most_common()]
        if len(used) <= 1 and not self._rated:
            return not_applicable(Check.CURRENCIES_WITHOUT_RATE, "there is one currency or none")
        rated = self._rated or {used[0]}
        lacking = [f"{c} ({self._currencies[c]:,} rows)" for c in used if c not in rated]
        sentence = f"beside {', '.join(sorted(rated))}, {len(lacking)} of {len(used)} currencies "
        sentence += "have no exchange rate in the extract"
        return CheckResult(Check.CURRENCIES_WITHOUT_RATE, bool(lacking), sentence, first(lacking))


def _code_text(code: Any) -> str:
    return "missing" if pd.isna(code) else str(code)
