"""Values in the sentences that a reviewer reads: nouns that agree, days with a direction.

Besides Python's own format specs, the `{value}` of a feature's sentence takes

- `{value:count invoice is|invoices are}`: "1 invoice is", "12 invoices are";
- `{value:days after the promise|before the promise|on the promised day}`: "3 days after the
  promise", "1 day before the promise", "on the promised day";
- `{value:either nothing is on hand|something is on hand}`: the first for 1, the second for 0.
"""

from __future__ import annotations

from functools import lru_cache


class WordedNumber(float):
    """A number that formats itself for a sentence; what is printed as zero has no sign."""

    def __format__(self, spec: str, /) -> str:
        """Format by one of the specs above, or as a float."""
        kind, _, words = spec.partition(" ")
        match kind:
            case "count":
                one, many = words.split("|")
                return count_phrase(self, one, many)
            case "days":
                after, before, same = words.split("|")
                return days_phrase(self, after, before, same)
            case "either":
                yes, no = words.split("|")
                return yes if self else no
        return unsigned_zero(float.__format__(self, spec))


@lru_cache(8192)
def word_sentence(sentence: str, value: float | str) -> str:
    """Put a value into a sentence."""
    return sentence.format(value=value if isinstance(value, str) else WordedNumber(value))


def count_phrase(count: float, one: str, many: str) -> str:
    """Write a count with its noun: "1 invoice", "12 invoices", "1,200 invoices"."""
    text = unsigned_zero(f"{count:,.0f}")
    return f"{text} {one if text in ('1', '-1') else many}"


def days_phrase(days: float, after: str, before: str, same: str) -> str:
    """Write a shift in whole days with its direction: "3 days after the promise"."""
    whole = round(days)
    if whole == 0:
        return same
    return f"{count_phrase(abs(whole), 'day', 'days')} {after if whole > 0 else before}"


def unsigned_zero(text: str) -> str:
    """Drop the sign of a printed number whose digits are all zero: "-0%" is "0%"."""
    is_zero = text[:1] in "+-" and not any(digit in text for digit in "123456789")
    return text[1:] if is_zero and any(c.isdigit() for c in text) else text
