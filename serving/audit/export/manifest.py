"""The manifest of an export: what is in it, and by what it can be seen to be complete."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.audit.entry_group import KINDS, EntryGroup
from serving.audit.export.column import Column
from serving.audit.export.totals import Totals

NAME = "manifest.json"
FORMAT = "exception-triage/export/1"
CHECKED = (
    "rows, sums and ends of sequences by kind and site, and what was erased, equal what the "
    "database counted in the snapshot that the rows were read in; the checkpoint is of the same "
    "snapshot. Every row can be checked by itself: sha256 of salt and payload is its commitment, "
    "and `hash` is that of its envelope"
)


@dataclass(frozen=True)
class File:
    """A file of an export, closed."""

    group: EntryGroup
    path: Path
    columns: Sequence[Column]
    totals: Totals

    def as_json(self) -> dict[str, Any]:
        """Name, digest, totals, and what its columns mean."""
        return {
            "file": self.path.name,
            "kinds": sorted(map(str, KINDS[self.group])),
            "bytes": self.path.stat().st_size,
            "sha256": sha256_of(self.path),
            **self.totals.as_json(),
            "columns": [
                {"name": c.name, "type": str(c.type), "meaning": c.meaning} for c in self.columns
            ],
        }


def write_manifest(folder: Path, given: Mapping[str, Any]) -> Path:
    """Write it; read by people and by programs."""
    path = folder / NAME
    told = {"format": FORMAT, "checked": CHECKED, **given}
    path.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def sha256_of(path: Path) -> str:
    """Digest of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
