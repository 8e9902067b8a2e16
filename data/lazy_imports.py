"""Heavy table libraries (pandas, pyarrow, Ibis, DuckDB, pandera), imported when first used.

Whoever builds features names their types in every file; whoever only answers never makes a table
or a frame, and would wait a second and hold a hundred megabytes a process for their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import ibis
    import ibis.expr.types as ir
    import pandas as pd
    import pandera.errors as pandera_errors
    import pandera.pandas as pandera
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
else:
    from importlib import import_module

    class _Lazily:
        """Proxy that imports its module when an attribute is first accessed."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> object:
            attribute = getattr(import_module(self._name), name)
            setattr(self, name, attribute)
            return attribute

    duckdb, ibis, ir = _Lazily("duckdb"), _Lazily("ibis"), _Lazily("ibis.expr.types")
    pd, pa, pq = _Lazily("pandas"), _Lazily("pyarrow"), _Lazily("pyarrow.parquet")
    pc = _Lazily("pyarrow.compute")
    pandera, pandera_errors = _Lazily("pandera.pandas"), _Lazily("pandera.errors")

__all__ = ["duckdb", "ibis", "ir", "pa", "pandera", "pandera_errors", "pc", "pd", "pq"]
