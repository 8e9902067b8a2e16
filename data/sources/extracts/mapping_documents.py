"""Documents of a mapping: its TOML, the connector pack that it extends, and its SQL files.

A key that the document states wins over the one of what it extends; tables of keys are merged key
by key. A table that the document takes from somewhere else (`file`, `sql`, `rows`) loses what the
pack says about its origin.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONNECTORS = Path(__file__).parent / "connectors"
_DOCUMENT = "mapping.toml"
_ORIGINS = ("file", "sql", "rows")


class MappingError(ValueError):
    """A mapping file that cannot be used; one line a problem."""


def read_document(path: Path, extended_by: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Return the keys of a mapping file, with those of what it extends.

    Raises:
        MappingError: naming the file that is missing, is no TOML, or extends what is not there.
    """
    if path.resolve() in extended_by:
        raise MappingError(f"{path.name}: extends itself")
    own = _with_queries(_read_toml(path), path)
    extends = own.get("extends")
    if not isinstance(extends, str) or not extends:
        return own
    base = read_document(_extended_file(extends, path), (*extended_by, path.resolve()))
    merged = _without_left_out(_merge_mappings(base, own), path)
    _check_parameters(base, own, merged, path)
    return merged


def shipped_connectors() -> list[str]:
    """Names of the connector packs that a mapping can extend."""
    return sorted(file.parent.name for file in CONNECTORS.glob(f"*/{_DOCUMENT}"))


def _extended_file(extends: str, path: Path) -> Path:
    if extends.endswith(".toml"):
        return path.parent / extends
    if extends not in shipped_connectors():
        there = ", ".join(shipped_connectors()) or "none"
        raise MappingError(
            f"{path.name}: extends: no connector {extends!r}; there are {there}; "
            "a mapping of your own is named with .toml"
        )
    return CONNECTORS / extends / _DOCUMENT


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise MappingError(f"no mapping file {path}")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingError(f"{path.name} is not TOML: {error}") from None


def _with_queries(document: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the document with the text of every SELECT in place of the file that holds it."""
    read = dict(document)
    if isinstance(tables := document.get("tables"), Mapping):
        read["tables"] = {
            name: table | {"sql": _query(table["sql"], f"tables.{name}.sql", path)}
            if isinstance(table, dict) and isinstance(table.get("sql"), str)
            else table
            for name, table in tables.items()
        }
    if isinstance(views := document.get("views"), Mapping):
        read["views"] = {
            name: _query(sql, f"views.{name}", path) if isinstance(sql, str) else sql
            for name, sql in views.items()
        }
    return read


def _query(sql: str, key: str, path: Path) -> dict[str, str]:
    if not sql.strip().endswith(".sql"):
        return {"text": sql, "name": "SELECT"}
    file = path.parent / sql.strip()
    if not file.is_file():
        raise MappingError(f"{path.name}: {key}: no file {file}")
    try:
        return {"text": file.read_text(encoding="utf-8"), "name": file.name}
    except UnicodeDecodeError as error:
        raise MappingError(f"{file.name} is not utf-8: {error}") from None


def _merge_mappings(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    tables, replaced = base.get("tables", {}), own.get("tables", {})
    kept = {name: _without_origin(table, replaced.get(name)) for name, table in tables.items()}
    merged: dict[str, Any] = _merge(base | {"tables": kept}, own)
    return merged


def _without_origin(table: dict[str, Any], own: object) -> dict[str, Any]:
    """Return the pack's keys of a table that hold where the site's file states its own origin."""
    if not isinstance(own, dict) or not any(key in own for key in _ORIGINS):
        return table
    left = (*_ORIGINS, *(() if "sql" in own else ("columns", "constants", "ignore")))
    return {key: value for key, value in table.items() if key not in left}


def _merge(base: Any, own: Any) -> Any:
    if not isinstance(base, Mapping) or not isinstance(own, Mapping):
        return own
    return {**base, **{key: _merge(base.get(key), value) for key, value in own.items()}}


def _without_left_out(document: dict[str, Any], path: Path) -> dict[str, Any]:
    tables = document.get("tables", {})
    left = document.get("leave_out", [])
    if unknown := [name for name in left if name not in tables]:
        raise MappingError(
            f"{path.name}: leave_out: no table {', '.join(map(str, unknown))}; "
            f"there are {', '.join(tables)}"
        )
    return document | {"tables": {k: table for k, table in tables.items() if k not in left}}


def _check_parameters(
    base: dict[str, Any], own: dict[str, Any], merged: dict[str, Any], path: Path
) -> None:
    """Refuse a parameter that the pack has not and no SELECT reads: it is a typing error."""
    known = base.get("parameters", {})
    texts = [str(table.get("sql", "")) for table in merged.get("tables", {}).values()]
    texts += map(str, merged.get("views", {}).values())
    for name in own.get("parameters", {}):
        if name not in known and not any(name in text for text in texts):
            there = ", ".join(known) or "none"
            raise MappingError(f"{path.name}: parameters: no {name!r}; there are {there}")
