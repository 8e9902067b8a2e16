"""Read moments: local times of the mapping's zone, times with an offset, and days without a time.

An hour that the clocks show twice has two readings. Where the other clock of the row leaves only
one in which the row was known after it happened, that one is right; else the mapping says.

A day without a time of day begins when the day does at the mapping's zone. A column of the contract
that stands for a calendar day keeps it as midnight UTC, see `data.calendar_days`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column
from data.source_batch import build_findings, merge_findings, no_findings
from data.sources.extracts.cell_texts import ParsedColumn, join_columns
from data.sources.extracts.field_mapping import FieldMapping
from data.sources.extracts.file_conventions import AmbiguousTime, NonexistentTime
from data.sources.extracts.mapping import SiteMapping

Flags = NDArray[np.bool_]
Choice = NDArray[np.int64]
EITHER, EARLIER, LATER = -1, 0, 1  # readings of a row's moment

_OFFSET = r"(?:[+-]\d{2}:?\d{2}|Z)"
_DATE, _TIME = re.compile(r"%[YymdbBj]"), re.compile(r"%[HIMSpfzcXTR]")
_EPOCH = pd.Timestamp("1900-01-01")  # the day strptime gives to a time without one


@dataclass(frozen=True)
class Readings:
    """Moments of a column in UTC, by both readings of an hour that the clocks show twice.

    Attributes:
        earlier: in summer time.
        later: in winter time; the same wherever the hour is shown once.
        shown: the cells, for messages.
        findings: what could not be read.
    """

    earlier: pd.Series
    later: pd.Series
    shown: pd.Series
    findings: pd.DataFrame

    @property
    def ambiguous(self) -> Flags:
        """Return which rows have two readings."""
        return np.asarray((self.earlier != self.later) & self.earlier.notna(), dtype=bool)


def read_moments(
    column: Column, field: FieldMapping, cells: pd.DataFrame, mapping: SiteMapping
) -> Readings:
    """Read a column of moments; missing stays missing."""
    values = cells[field.sources[0]]
    if len(field.sources) == 1:
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            return Readings(values, values, values, no_findings())
        if _is_date(values.dtype):
            days = np.ones(len(values), dtype=bool)
            local = pd.Series(pd.to_datetime(values.astype(object))).dt.as_unit("us")
            return _localize(column, local, days, values.astype(str), mapping)
        if values.dtype.kind == "M":
            days = np.zeros(len(values), dtype=bool)
            return _localize(column, values, days, values.astype(str), mapping)
    texts, broken = join_columns(column, field, cells, mapping)
    read = _parse_texts(column, texts, field.formats or mapping.formats, mapping)
    return Readings(read.earlier, read.later, texts, merge_findings([broken, read.findings]))


def _is_date(dtype: object) -> bool:
    return isinstance(dtype, pd.ArrowDtype) and pa.types.is_date(dtype.pyarrow_dtype)


def settle_moments(
    readings: Mapping[Column, Readings], mapping: SiteMapping
) -> dict[str, ParsedColumn]:
    """Choose a reading for every moment of a table's rows, with findings where there is none."""
    known = _fitting_readings(readings)
    return {
        str(column): settle(column, read, mapping, known.get(str(column)))
        for column, read in readings.items()
    }


def settle(
    column: Column, read: Readings, mapping: SiteMapping, fitting: Choice | None = None
) -> ParsedColumn:
    """Choose the fitting reading where only one fits, elsewhere the one that the mapping says."""
    how = mapping.ambiguous_time
    either = np.full(len(read.shown), EITHER) if fitting is None else fitting
    later = (either == LATER) | ((either == EITHER) & (how is AmbiguousTime.LATER))
    chosen = read.earlier.mask(later, read.later)
    if how is not AmbiguousTime.QUARANTINE:
        return chosen, read.findings
    unsettled = read.ambiguous & (either == EITHER)
    rows = np.flatnonzero(unsettled)
    problem = f"is a time that clocks in {mapping.time_zone} show twice"
    twice = build_findings(rows, column, list(read.shown.iloc[rows]), problem)
    return chosen.mask(unsettled), merge_findings([read.findings, twice])


def _fitting_readings(readings: Mapping[Column, Readings]) -> dict[str, Choice]:
    """Return by clock which reading is right where one alone has the row known after it happened.

    A row of two clocks in the repeated hour has up to four readings; one clock outside has one.
    """
    clocks = {str(column): read for column, read in readings.items()}
    happened, known = clocks.get(str(HAPPENED_AT)), clocks.get(str(KNOWN_AT))
    if happened is None or known is None or not (happened.ambiguous | known.ambiguous).any():
        return {}
    count = np.zeros(len(happened.shown), dtype=np.int64)
    choices = {name: np.full(len(count), EITHER) for name in (str(HAPPENED_AT), str(KNOWN_AT))}
    for at, one in ((EARLIER, happened.earlier), (LATER, happened.later)):
        for then, other in ((EARLIER, known.earlier), (LATER, known.later)):
            real = ((at == EARLIER) | happened.ambiguous) & ((then == EARLIER) | known.ambiguous)
            fits = real & np.asarray(other >= one, dtype=bool)
            count += fits
            choices[str(HAPPENED_AT)][fits] = at
            choices[str(KNOWN_AT)][fits] = then
    return {name: np.where(count == 1, choice, EITHER) for name, choice in choices.items()}


def _parse_texts(
    column: Column, texts: pd.Series, formats: tuple[str, ...], mapping: SiteMapping
) -> Readings:
    parsed = _parse_by_format(texts, formats[0])
    days = np.array(parsed.notna() & (not _TIME.search(formats[0])), dtype=bool)
    for form in formats[1:]:
        more = _parse_by_format(texts[parsed.isna()], form)
        if not _TIME.search(form):
            days[more.index[more.notna()]] = True
        parsed = parsed.fillna(more)
    unread = np.flatnonzero(parsed.isna() & texts.notna())
    problems = _unparsed_problems(texts.iloc[unread], formats, mapping)
    findings = build_findings(unread, column, list(texts.iloc[unread]), problems)
    if "%z" in formats[0]:
        return Readings(parsed, parsed, texts, findings)
    read = _localize(column, parsed, days, texts, mapping)
    return Readings(read.earlier, read.later, texts, merge_findings([findings, read.findings]))


def _localize(
    column: Column, local: pd.Series, days: Flags, shown: pd.Series, mapping: SiteMapping
) -> Readings:
    """Read times of the mapping's zone; see `AmbiguousTime` and `NonexistentTime`.

    A calendar day's column in which every time is midnight holds days, however it writes them.
    """
    if column.calendar_day and (local.dt.normalize() == local)[local.notna()].all():
        days = np.ones(len(local), dtype=bool)
    forward = mapping.nonexistent_time is NonexistentTime.FORWARD
    gap = "shift_forward" if forward else "NaT"
    earlier, later = (_in_utc(local, mapping, first=first, gap=gap) for first in (True, False))
    if days.any():
        starts = _starts_of_days(column, local, mapping)
        earlier, later = earlier.mask(days, starts), later.mask(days, starts)
    lost = np.flatnonzero(earlier.isna() & local.notna())
    problem = f"is a time that clocks in {mapping.time_zone} never show"
    return Readings(
        earlier, later, shown, build_findings(lost, column, list(shown.iloc[lost]), problem)
    )


def _in_utc(local: pd.Series, mapping: SiteMapping, *, first: bool, gap: str) -> pd.Series:
    """Return local times in UTC; `first` is the reading of an hour that is shown twice."""
    there = local.dt.tz_localize(
        mapping.time_zone,
        ambiguous=np.full(len(local), first),
        nonexistent=gap,
    )
    moments: pd.Series = there.dt.tz_convert("UTC")
    return moments


def _starts_of_days(column: Column, local: pd.Series, mapping: SiteMapping) -> pd.Series:
    """Return midnight UTC of calendar days, the first moment there of other days."""
    if column.calendar_day:
        midnights: pd.Series = local.dt.tz_localize("UTC")
        return midnights
    return _in_utc(local, mapping, first=True, gap="shift_forward")


def _parse_by_format(texts: pd.Series, form: str) -> pd.Series:
    """Parse strictly by one format; texts that do not fit are missing."""
    date, _, time = form.partition(" ")
    moments = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[us]")
    if "%z" in form or _DATE.search(time) or _TIME.search(date) or not time:
        return _strptime(texts, form)
    # Days and times of day repeat: read each once, which is ten times as fast.
    space = pd.Series(pc.find_substring(pa.array(texts), " ").to_pandas(), index=texts.index)
    for at in space.dropna().unique():
        if at < 0:
            continue
        here = texts[space == at]
        days = _parse_distinct(here.str.slice(0, int(at)), date)
        times = _parse_distinct(here.str.slice(int(at) + 1), time)
        moments[here.index] = days + (times - _EPOCH)
    return moments


def _parse_distinct(texts: pd.Series, form: str) -> pd.Series:
    codes, distinct = pd.factorize(texts)
    values = _strptime(pd.Series(distinct), form).to_numpy()
    return pd.Series(values[codes], index=texts.index)


def _strptime(texts: pd.Series, form: str) -> pd.Series:
    moments = pd.to_datetime(texts, format=form, errors="coerce", utc="%z" in form)
    unit: pd.Series = moments.dt.as_unit("us")
    return unit


def _unparsed_problems(
    texts: pd.Series, formats: tuple[str, ...], mapping: SiteMapping
) -> list[str]:
    choices = " or ".join(formats)
    plain = f"is not a time in the form {choices}"
    if "%z" in formats[0]:
        other = f"has no offset, the mapping reads {choices}"
        return [plain if re.search(_OFFSET + "$", text) else other for text in texts]
    other = f"has an offset, the mapping reads local times of {mapping.time_zone} ({choices})"
    return [other if re.search(r"\d\s*" + _OFFSET + "$", text) else plain for text in texts]
