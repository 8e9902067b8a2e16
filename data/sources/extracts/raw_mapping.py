"""Raw tables of a mapping, and the SELECT that makes a canonical table of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import duckdb
from pydantic import Field

from data.sources.extracts.field_mapping import StrictModel

_PARAMETER = re.compile(r"\bparam\(\s*'([^']*)'\s*\)", re.IGNORECASE)


class RawTable(StrictModel):
    """Files of a source as they are: one table of texts that the mapping's SQL reads."""

    file: str = Field(
        "",
        description="name of the files in the source's folder; `*` stands for any text; by default "
        "`NAME*.csv` and `NAME*.parquet`, but for those that begin with the longer name of another "
        "raw table",
    )
    columns: tuple[str, ...] = Field((), description="columns that every file must have")
    optional: tuple[str, ...] = Field(
        (), description="columns that are empty where a file has none"
    )
    required: bool = Field(
        default=True, description="whether files must be there; without any the table is empty"
    )


class Query(StrictModel):
    """One SELECT, as the mapping states it or as a file beside the mapping holds it."""

    text: str
    name: str = Field(description="file that holds the SELECT, for messages; SELECT in the mapping")

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names that the SELECT reads with `param()`, each once."""
        return tuple(dict.fromkeys(_PARAMETER.findall(self.text)))

    @cached_property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables that it reads, its own WITH among them; none if it is not SQL."""
        with duckdb.connect() as connection:
            found = connection.execute(
                "SELECT json_serialize_sql(CAST(? AS VARCHAR))", [self.text]
            ).fetchone()
        return tuple(dict.fromkeys(_table_names(json.loads(found[0])))) if found else ()


def _table_names(node: Any) -> Iterator[str]:
    """Yield the names of tables in a parsed statement."""
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            yield node["table_name"]
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from _table_names(part)
