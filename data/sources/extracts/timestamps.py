"""Parse timestamps: formats, time zones, and local times that daylight saving repeats or skips."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.findings import build_findings, merge_findings
from data.sources.extracts.field_mapping import AmbiguousTime, NonexistentTime
from data.sources.extracts.mapping import SiteMapping

_OFFSET = r"(?:[+-]\d{2}:?\d{2}|Z)"
_DATE, _TIME = re.compile(r"%[YymdbBj]"), re.compile(r"%[HIMSpfz]")
_EPOCH = pd.Timestamp("1900-01-01")  # the day strptime gives to a time without one


def parse_timestamps(
    texts: pd.Series, formats: tuple[str, ...], mapping: SiteMapping, column: str
) -> tuple[pd.Series, pd.DataFrame]:
    """Texts as moments in UTC, and findings for those that are none. Missing stays missing."""
    offset = "%z" in formats[0]
    parsed = _parse_by_format(texts, formats[0])
    for form in formats[1:]:
        parsed = parsed.fillna(_parse_by_format(texts[parsed.isna()], form))
    unread = np.flatnonzero(parsed.isna() & texts.notna())
    found = build_findings(
        unread,
        column,
        list(texts.iloc[unread]),
        _unparsed_problems(texts.iloc[unread], formats, mapping),
    )
    if offset:
        return parsed, found
    moments, odd = localize_times(parsed, mapping, texts, column)
    return moments, merge_findings([found, odd])


def localize_times(
    local: pd.Series, mapping: SiteMapping, shown: pd.Series, column: str
) -> tuple[pd.Series, pd.DataFrame]:
    """Local times of the mapping's zone as moments in UTC; see Ambiguous and Nonexistent."""
    keep = mapping.ambiguous_time is not AmbiguousTime.QUARANTINE
    earlier = np.full(len(local), mapping.ambiguous_time is AmbiguousTime.EARLIER)
    forward = mapping.nonexistent_time is NonexistentTime.FORWARD
    there = local.dt.tz_localize(
        mapping.time_zone,
        ambiguous=earlier if keep else "NaT",
        nonexistent="shift_forward" if forward else "NaT",
    )
    lost = np.flatnonzero(there.isna() & local.notna())
    skipped = local.iloc[lost].dt.tz_localize(
        mapping.time_zone, ambiguous=np.ones(len(lost), dtype=bool), nonexistent="NaT"
    )
    how = {True: "never show", False: "show twice"}
    problems = [
        f"is a time that clocks in {mapping.time_zone} {how[gone]}" for gone in skipped.isna()
    ]
    return there.dt.tz_convert("UTC"), build_findings(
        lost, column, list(shown.iloc[lost]), problems
    )


def _parse_by_format(texts: pd.Series, form: str) -> pd.Series:
    """Strictly by one format; what does not fit is missing."""
    date, _, time = form.partition(" ")
    whole = pd.Series(pd.NaT, index=texts.index, dtype="datetime64[us]")
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
        whole[here.index] = days + (times - _EPOCH)
    return whole


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
