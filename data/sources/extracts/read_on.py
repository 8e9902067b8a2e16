"""Highest values of the columns that a database is read on from, kept between loads."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from data.atomic_file import write_text_atomically

_READERS: dict[str, Callable[[str], Any]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "Decimal": Decimal,
    "int": int,
    "str": str,
}


class ReadOn:
    """Values by source and raw table. What a load has read counts once it is saved."""

    def __init__(self, file: Path, *, from_start: bool = False) -> None:
        """Read what earlier loads have saved.

        Args:
            file: JSON; absent before the first load.
            from_start: read everything once more, and go on from there.
        """
        self._file = file
        self._saved: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
        self._start = {} if from_start else dict(self._saved)

    def after(self, site: str, raw: str) -> Any:
        """Return the value that the rows of a raw table are read from; None: all of them."""
        stored = self._start.get(f"{site}/{raw}")
        return None if stored is None else _READERS[stored["type"]](stored["value"])

    def note(self, site: str, raw: str, value: Any) -> None:
        """Remember the highest value that was read.

        Raises:
            ValueError: where the column's values cannot be kept.
        """
        kind = type(value).__name__
        if kind not in _READERS:
            raise ValueError(
                f"read_on_from takes a column of moments, numbers or texts, not {kind}"
            )
        text = value.isoformat() if isinstance(value, date) else str(value)
        self._saved[f"{site}/{raw}"] = {"type": kind, "value": text}

    def save(self) -> None:
        """Keep the values for the next load."""
        write_text_atomically(self._file, json.dumps(self._saved, indent=1, sort_keys=True) + "\n")
