"""Text mutations that change the bytes, often without a visible difference."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable

LOOK_ALIKES = str.maketrans("aceopxyisSABE0", "асеорхуіѕЅАВЕО")  # noqa: RUF001 - the point of it


def retold(rng: random.Random, text: str) -> str:
    """Return a different text, made by a random mutation."""
    while True:
        mutated = rng.choice(WAYS)(rng, text)
        if mutated != text:
            return mutated


def flipped(rng: random.Random, text: str) -> str:
    """Flip one bit of one character; leave the text if the result is not printable."""
    if not text:
        return "x"
    at = rng.randrange(len(text))
    other = chr(ord(text[at]) ^ 1 << rng.randrange(7))
    return text[:at] + other + text[at + 1 :] if other.isprintable() else text


def flipped_hex(rng: random.Random, text: str) -> str:
    """Flip one bit of hexadecimal text, which stays hexadecimal."""
    at = rng.randrange(len(text))
    return text[:at] + f"{int(text[at], 16) ^ 1 << rng.randrange(4):x}" + text[at + 1 :]


def look_alike(rng: random.Random, text: str) -> str:
    """Replace letters by look-alikes of another alphabet."""
    at = rng.randrange(len(text) + 1)
    return text[:at] + text[at:].translate(LOOK_ALIKES)


WAYS: tuple[Callable[[random.Random, str], str], ...] = (
    flipped,
    look_alike,
    lambda _, text: unicodedata.normalize("NFD", text),
    lambda _, text: text + " ",
    lambda _, text: "\u200b" + text,
    lambda _, text: text + "\0",
    lambda _, text: text.upper(),
    lambda rng, text: text[: rng.randrange(len(text) + 1)],
    lambda _, text: text + text,
    lambda _, text: text[::-1],
)
