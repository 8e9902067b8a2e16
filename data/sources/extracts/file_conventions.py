"""Conventions of a source that a mapping states: encoding, marks, odd local times, signs."""

from __future__ import annotations

from enum import StrEnum


class Encoding(StrEnum):
    """Encodings of text files. A byte order mark is skipped in utf-8."""

    UTF8 = "utf-8"
    LATIN1 = "latin-1"
    CP1252 = "cp1252"


class Delimiter(StrEnum):
    """Separator of fields."""

    COMMA = ","
    SEMICOLON = ";"
    TAB = "\t"
    PIPE = "|"


class DecimalMark(StrEnum):
    """Decimal separator."""

    POINT = "."
    COMMA = ","


class ThousandsMark(StrEnum):
    """Thousands separator."""

    NONE = ""
    POINT = "."
    COMMA = ","
    SPACE = " "
    APOSTROPHE = "'"


class AmbiguousTime(StrEnum):
    """Reading of a local time that occurs twice (summer time ends)."""

    EARLIER = "earlier"
    LATER = "later"
    QUARANTINE = "quarantine"


class NonexistentTime(StrEnum):
    """Reading of a local time that never occurs (summer time begins)."""

    FORWARD = "forward"  # the first moment after the gap
    QUARANTINE = "quarantine"


class CreditNoteSign(StrEnum):
    """Sign of the quantities and amounts that a source writes on a credit note."""

    POSITIVE = "positive"  # as in UBL, where the document's type says what they mean
    NEGATIVE = "negative"


class Unmapped(StrEnum):
    """Treatment of a column of a source that the mapping does not name."""

    REFUSE = "refuse"  # the run stops and names the column
    IGNORE = "ignore"
