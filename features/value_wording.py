"""Values in the sentences that a reviewer reads: nouns that agree, days with a direction.

Besides Python's own format specs, the `{value}` of a feature's sentence takes

- `{value:count invoice is|invoices are}`: "1 invoice is", "12 invoices are";
- `{value:days after the promise|before the promise|on the promised day}`: "3 days after the
  promise", "1 day before the promise", "on the promised day";
- `{value:share above|below|the same as}`: "4.0% above", "4.0% below", "the same as";
- `{value:weekday}` of 3: "Wednesday", `{value:month}` of 3: "March";
- `{value:either nothing is on hand|something is on hand}`: the first for 1, the second for 0.
"""

from __future__ import annotations

from functools import lru_cache

# Not from `calendar`, whose names depend on the locale.
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


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
            case "share":
                above, below, same = words.split("|")
                return share_phrase(self, above, below, same)
            case "weekday" | "month":
                names = WEEKDAYS if kind == "weekday" else MONTHS
                return names[(round(self) - 1) % len(names)]
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


def share_phrase(share: float, above: str, below: str, same: str) -> str:
    """Write a signed share with its direction: "4.0% above"."""
    text = f"{abs(share):.1%}"
    if text == f"{0:.1%}":
        return same
    return f"{text} {above if share > 0 else below}"


def unsigned_zero(text: str) -> str:
    """Drop the sign of a printed number whose digits are all zero: "-0%" is "0%"."""
    is_zero = text[:1] in "+-" and not any(digit in text for digit in "123456789")
    return text[1:] if is_zero and any(c.isdigit() for c in text) else text
