"""Raw tables of a mapping, and the SELECT that makes a canonical table of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Self

import duckdb
from pydantic import Field, model_validator

from data.sources.extracts.field_mapping import StrictModel

_PARAMETER = re.compile(r"\bparam\(\s*'([^']*)'\s*\)", re.IGNORECASE)


class RawTable(StrictModel):
    """One table of a source as it is, in files or a database, that the mapping's SQL reads."""

    file: str = Field(
        "",
        description="name of the files in the source's folder; `*` stands for any text; by default "
        "`NAME*.csv` and `NAME*.parquet`, but for those that begin with the longer name of another "
        "raw table",
    )
    table: str = Field(
        "",
        description="table of the source's database (`schema.table`); the raw table's own name by "
        "default where the mapping has a `url`",
    )
    query: str = Field("", description="SELECT in the database's own SQL, instead of `table`")
    read_on_from: str = Field(
        "",
        description="column of a database's table: a load reads the rows from its highest value in "
        "the last load on; for tables whose old rows no SELECT needs",
    )
    columns: tuple[str, ...] = Field((), description="columns that every file must have")
    optional: tuple[str, ...] = Field(
        (), description="columns that are empty where a file has none"
    )
    required: bool = Field(
        default=True, description="whether files must be there; without any the table is empty"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(map(bool, (self.file, self.table, self.query))) > 1:
            raise ValueError("takes one of file, table or query")
        return self


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
