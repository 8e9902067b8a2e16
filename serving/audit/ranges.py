"""Runs of sequences, as an erasure names them: `[[3, 5], [9, 9]]`."""

from __future__ import annotations

from collections.abc import Iterable

Ranges = list[tuple[int, int]]


def ranges_of(sequences: Iterable[int]) -> Ranges:
    """The fewest runs that hold these sequences and no other; both ends included, in order."""
    found: Ranges = []
    for sequence in sorted(set(sequences)):
        if found and found[-1][1] == sequence - 1:
            found[-1] = (found[-1][0], sequence)
        else:
            found.append((sequence, sequence))
    return found


def told(ranges: Ranges, most: int = 8) -> str:
    """The runs in words: "3 to 5, 9"."""
    shown = [str(a) if a == b else f"{a} to {b}" for a, b in ranges[:most]]
    more = len(ranges) - most
    return ", ".join(shown) + (f" and {more} more runs" if more > 0 else "")
