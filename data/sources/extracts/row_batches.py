"""Build batches of canonical rows from chunks of a file or of a SELECT's result."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.contracts.table import Column, Kind, Table
from data.source_batch import WHOLE_ROW, SourceBatch, build_findings, merge_findings
from data.sources.extracts.cell_texts import ParsedColumn
from data.sources.extracts.column_parser import parse_column
from data.sources.extracts.extract_files import Chunk
from data.sources.extracts.invoice_amounts import settle_amounts
from data.sources.extracts.mapping import SiteMapping, parse_constant
from data.sources.extracts.moments import Readings, read_moments, settle_moments


def constant_rows(mapping: SiteMapping, table: Table) -> SourceBatch:
    """Return the rows that the mapping itself holds as a batch."""
    rows = mapping.tables[table.name].rows
    constants = mapping.constants_of(table)
    frame = pd.DataFrame(
        [
            {k: parse_constant(table.column(k), v) for k, v in (constants | row).items()}
            for row in rows
        ]
    )
    lines = np.arange(1, len(rows) + 1, dtype=np.int64)
    name, raw = f"mapping of {mapping.site}", pd.DataFrame(rows)
    return SourceBatch(table, frame, name, lines, raw, owner=mapping.site)


def build_batch(chunk: Chunk, name: str, mapping: SiteMapping, table: Table) -> SourceBatch:
    """Return rows in canonical columns, as the mapping says, with what could not be read.

    name: the file or SELECT as a person would name it.
    """
    mapped = mapping.tables[table.name]
    parsed = _parse_columns(chunk.cells, mapping, table)
    findings = [
        _field_count_findings(chunk),
        chunk.findings,
        *(broken for _, broken in parsed.values()),
    ]
    columns = {name: values for name, (values, _) in parsed.items()}
    frame = pd.DataFrame(columns, index=chunk.cells.index)
    for key, value in mapping.constants_of(table).items():
        frame[key] = parse_constant(table.column(key), value)
    frame = settle_amounts(frame, mapped)
    origins = {
        key: " and ".join(field.sources)
        for key, field in mapped.columns.items()
        if field.sources != (key,)
    }
    return SourceBatch(
        table,
        frame,
        name,
        chunk.lines,
        chunk.cells,
        origins,
        merge_findings(findings),
        mapping.site,
    )


def _parse_columns(
    cells: pd.DataFrame, mapping: SiteMapping, table: Table
) -> dict[str, ParsedColumn]:
    """Parse every mapped column; moments last, because the clocks of a row explain each other."""
    fields = mapping.tables[table.name].columns
    parsed, moments = dict[str, ParsedColumn](), dict[Column, Readings]()
    for column in (column for column in table.columns if column in fields):
        if column.kind is Kind.MOMENT:
            moments[column] = read_moments(column, fields[column], cells, mapping)
        else:
            parsed[str(column)] = parse_column(column, fields[column], cells, mapping)
    return parsed | settle_moments(moments, mapping)


def _field_count_findings(chunk: Chunk) -> pd.DataFrame:
    width = len(chunk.cells.columns)
    problems = [f"has {n} fields, the header has {width}" for n in chunk.ragged.values()]
    return build_findings(list(chunk.ragged), WHOLE_ROW, [None] * len(problems), problems)
