"""Invoice numbers compared as a clerk compares them: as written by hand, scanner or portal."""

from __future__ import annotations

import re
from unicodedata import normalize

WORD = re.compile(r"[^\W_]+")
PADDING = re.compile(r"(?<!\d)0+")
COPY_MARKS = frozenset({"COPY", "COPIE", "COPIA", "KOPIE", "KOPIA", "DUPLICATE", "DUPLIKAT", "DUP"})


def normalise_invoice_number(number: str | None) -> str:
    """Reduce a number to what is the same on every copy of the invoice; "" where nothing is left.

    Case, punctuation, zeros that pad a group of digits and the word for a copy do not count,
    and a letter O is a zero: `RE-007/271O1 copy` and `re 7 27101` are one number.
    """
    words = WORD.findall(normalize("NFKC", number or "").upper())
    stated = [word for word in words if word not in COPY_MARKS]
    return "".join(PADDING.sub("", word.replace("O", "0")) for word in stated)
