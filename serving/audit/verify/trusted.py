"""Keys and notes as a person gives them: as text, or as a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from serving.audit.note import MOST_BYTES, Verifier


def keys_given(given: Iterable[str]) -> list[Verifier]:
    """Verifier keys; each is a key's text, or a file that holds one on each line.

    Raises:
        ValueError: one is neither.
        OSError: a file cannot be read.
    """
    return [key for one in given for key in _keys(one)]


def _keys(given: str) -> list[Verifier]:
    if "+" in given and not Path(given).is_file():
        return [Verifier.parse(given)]
    lines = [line.strip() for line in read(Path(given)).splitlines()]
    keys = [Verifier.parse(line) for line in lines if line]
    if not keys:
        raise ValueError(f"{given} holds no verifier key")
    return keys


def read(path: Path) -> str:
    """The text of a small file.

    Raises:
        ValueError: it is too long or no text.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise ValueError(f"{path} has more than {MOST_BYTES} bytes: it is no key and no checkpoint")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text: {error}") from None
