"""Macros that the SQL of a mapping reads cells with: the mapping's marks, formats and parameters.

A cell of a text file is a text. `number`, `day` and `moment` read it as columns that are mapped
without SQL are read, and leave typed cells of Parquet files or a database as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from data.sources.extracts.column_parser import MINUS, SAME_MARK, number_pattern
from data.sources.extracts.mapping import SiteMapping

_TIME_CODE = re.compile(r"%[HIMSpfzcXTR]")


def macro_statements(mapping: SiteMapping) -> Iterator[str]:
    """Yield the statements that create the macros of a mapping."""
    yield from _number_macros(mapping)
    yield from _time_macros(mapping)
    yield _parameter_macro(mapping)


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def quoted_name(name: str) -> str:
    """Return a name of a table or column as SQL takes any."""
    return '"' + name.replace('"', '""') + '"'


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(quoted(text) for text in texts)


def _number_macros(mapping: SiteMapping) -> Iterator[str]:
    """Yield `number(x)`: NULL where the text means missing, NaN where it is no number."""
    text = f"replace(trim(CAST(x AS VARCHAR)), {quoted(MINUS)}, '-')"
    if same := SAME_MARK.get(mapping.thousands):
        text = f"regexp_replace({text}, {quoted(f'[{same}]')}, {quoted(mapping.thousands)}, 'g')"
    plain = "rtrim(x, '-')"
    if mapping.thousands:
        plain = f"replace({plain}, {quoted(mapping.thousands)}, '')"
    plain = f"replace({plain}, {quoted(mapping.decimal)}, '.')"
    pattern = quoted(number_pattern(mapping.decimal, mapping.thousands))
    yield f"CREATE MACRO _number_text(x) AS {text}"
    yield (
        "CREATE MACRO _read_number(x) AS CASE "
        f"WHEN x IS NULL OR x IN ({_listed(mapping.missing)}) THEN NULL "
        f"WHEN regexp_full_match(x, {pattern}) "
        f"THEN CASE WHEN ends_with(x, '-') THEN -1 ELSE 1 END * TRY_CAST({plain} AS DOUBLE) "
        "ELSE CAST('NaN' AS DOUBLE) END"
    )
    yield (
        "CREATE MACRO number(x) AS CASE WHEN typeof(x) = 'VARCHAR' "
        "THEN _read_number(_number_text(x)) ELSE TRY_CAST(x AS DOUBLE) END"
    )


def _time_macros(mapping: SiteMapping) -> Iterator[str]:
    """Yield `moment`, `day`, `file_day` and `local_midnight`; what cannot be read is NULL."""
    zone = quoted(mapping.time_zone)
    offsets = "%z" in mapping.formats[0]
    text = _moment_text(mapping, offsets=offsets)
    read = f"try_strptime({text}, [{_listed(mapping.formats)}])"
    if offsets:
        read = f"timezone({zone}, {read})"
    missing = f"trim(CAST(x AS VARCHAR)) IN ({_listed(mapping.missing)})"
    yield (
        f"CREATE MACRO moment(x) AS CASE WHEN {missing} THEN NULL "
        f"WHEN typeof(x) <> 'VARCHAR' THEN TRY_CAST(x AS TIMESTAMP) ELSE {read} END"
    )
    yield "CREATE MACRO day(x) AS CAST(moment(x) AS DATE)"
    digits = quoted("(?:^|[^0-9])((?:19|20)[0-9]{6})(?:[^0-9]|$)")
    yield (
        f"CREATE MACRO file_day(x) AS "
        f"CAST(try_strptime(regexp_extract(x, {digits}, 1), '%Y%m%d') AS DATE)"
    )
    form = next((f for f in mapping.formats if not _TIME_CODE.search(f)), mapping.formats[0])
    yield f"CREATE MACRO local_midnight(x) AS strftime(CAST(x AS TIMESTAMP), {quoted(form)})"


def _moment_text(mapping: SiteMapping, *, offsets: bool) -> str:
    """Return the text of a moment as DuckDB reads what columns without SQL read.

    Its %z takes no Z, and its %f no digit behind microseconds, of which .NET writes one.
    """
    text = "trim(CAST(x AS VARCHAR))"
    if offsets:
        text = f"regexp_replace({text}, 'Z$', '+00:00')"
    if any("%f" in form for form in mapping.formats):
        digits = quoted(r"([.,][0-9]{6})[0-9]+")
        text = rf"regexp_replace({text}, {digits}, '\1')"
    return text


def _parameter_macro(mapping: SiteMapping) -> str:
    """Return `param('name')`; that every name is there is checked with the mapping."""
    values = ", ".join(
        f"{quoted(name)}: {quoted(str(value).lower() if isinstance(value, bool) else str(value))}"
        for name, value in mapping.parameters_of_sql.items()
    )
    return f"CREATE MACRO param(name) AS MAP {{{values}}}[name]"
