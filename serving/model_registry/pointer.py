"""Pointer files that name the champion, previous champion and challenger of a task."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

CHAMPION_FILE = "champion.json"
CHALLENGER_FILE = "challenger.json"
MAX_POINTER_BYTES = 2**20
MAX_VERSION_LENGTH = 64
DIGEST = re.compile(r"[0-9a-f]{64}")


class ModelAlias(StrEnum):
    """Role of a model for its task."""

    CHAMPION = "champion"
    PREVIOUS = "previous"
    CHALLENGER = "challenger"


class PointerError(ValueError):
    """A pointer that cannot be read; says what is wrong with it."""


@dataclass(frozen=True)
class ModelPointer:
    """The model that a pointer file names.

    share: share of the cases that a challenger answers. seed: decides which cases.
    """

    version: str
    digest: str
    share: float = 0.0
    seed: str = ""
    previous: ModelPointer | None = None


def read_pointer(home: Path, alias: ModelAlias) -> ModelPointer | None:
    """Read the pointer of an alias in a task's folder; None where there is none.

    Raises:
        PointerError: the file is damaged, or half written.
    """
    found = _read_pointer_file(
        home / (CHALLENGER_FILE if alias is ModelAlias.CHALLENGER else CHAMPION_FILE)
    )
    return found.previous if found and alias is ModelAlias.PREVIOUS else found


def _read_pointer_file(path: Path) -> ModelPointer | None:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_POINTER_BYTES)
        found = _parse_pointer(json.loads(text))  # cut off, it is no longer JSON
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise PointerError(f"{path} cannot be read: {error!r}") from error
    return found


def _parse_pointer(fields: Any) -> ModelPointer:
    version, digest, share = str(fields["version"]), fields["digest"], fields.get("share", 0.0)
    if not 0 < len(version) <= MAX_VERSION_LENGTH:
        raise ValueError(f"version takes 1 to {MAX_VERSION_LENGTH} characters")
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise ValueError(f"digest takes 64 hexadecimal digits, got {digest!r:.40}")
    if not isinstance(share, int | float) or not 0 <= share <= 1:
        raise ValueError(f"share takes a number from 0 to 1, got {share!r:.40}")
    before = fields.get("previous") or ()
    seed = str(fields.get("seed", "")) or digest
    return ModelPointer(
        version, digest, float(share), seed, _parse_pointer(before[0]) if before else None
    )
