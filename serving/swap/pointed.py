"""Pointers: small files that say which model of a task answers, and which challenges it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

CHAMPION_FILE = "champion.json"
CHALLENGER_FILE = "challenger.json"
MOST_BYTES = 2**20
MOST_NAMED = 64
DIGEST = re.compile(r"[0-9a-f]{64}")


class Alias(StrEnum):
    """What a model is to its task."""

    CHAMPION = "champion"
    PREVIOUS = "previous"
    CHALLENGER = "challenger"


class PointerError(ValueError):
    """A pointer that cannot be read; says what is wrong with it."""


@dataclass(frozen=True)
class Pointed:
    """The model that a pointer names.

    share: of the cases that it answers, where it is a challenger. seed: draws those cases.
    """

    version: str
    digest: str
    share: float = 0.0
    seed: str = ""
    previous: Pointed | None = None


def pointed(home: Path, alias: Alias) -> Pointed | None:
    """What the pointers in a task's folder name; None where nothing is.

    Raises:
        PointerError: it is damaged, or half written.
    """
    found = _read(home / (CHALLENGER_FILE if alias is Alias.CHALLENGER else CHAMPION_FILE))
    return found.previous if found and alias is Alias.PREVIOUS else found


def _read(path: Path) -> Pointed | None:
    try:
        with path.open("rb") as file:
            text = file.read(MOST_BYTES)
        found = _pointed(json.loads(text))  # cut off, it is no longer JSON
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise PointerError(f"{path} cannot be read: {error!r}") from error
    return found


def _pointed(fields: Any) -> Pointed:
    version, digest, share = str(fields["version"]), fields["digest"], fields.get("share", 0.0)
    if not 0 < len(version) <= MOST_NAMED:
        raise ValueError(f"version takes 1 to {MOST_NAMED} characters")
    if not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise ValueError(f"digest takes 64 hexadecimal digits, got {digest!r:.40}")
    if not isinstance(share, int | float) or not 0 <= share <= 1:
        raise ValueError(f"share takes a number from 0 to 1, got {share!r:.40}")
    before = fields.get("previous") or ()
    seed = str(fields.get("seed", "")) or digest
    return Pointed(version, digest, float(share), seed, _pointed(before[0]) if before else None)
