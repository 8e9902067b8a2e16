"""Invoice numbers compared as a clerk compares them: as written by hand, scanner or portal."""

from __future__ import annotations

import re
from unicodedata import normalize

from data.lazy_imports import ibis, ir

WORD = re.compile(r"[^\W_]+")
PADDING = re.compile(r"(?<!\d)0+")
_MARKS = (
    "COPY COPIES COPIE COPIA KOPIE KOPIA KOPI DUPLICATE DUPLICATA DUPLICADO DUPLIKAT DUPLO DUP "
    "REPRINT RESENT NACHDRUCK ZWEITSCHRIFT ABSCHRIFT AFSCHRIFT ODPIS"
)
COPY_MARKS = frozenset(_MARKS.split(" "))


def normalise_invoice_number(number: str | None) -> str:
    """Reduce a number to what is the same on every copy of the invoice; "" where nothing is left.

    Case, punctuation, zeros that pad a group of digits and the word for a copy do not count,
    and a letter O is a zero: `RE-007/271O1 copy` and `re 7 27101` are one number.
    """
    words = WORD.findall(normalize("NFKC", number or "").upper())
    stated = [word for word in words if word not in COPY_MARKS]
    return "".join(PADDING.sub("", word.replace("O", "0")) for word in stated)


def invoice_number_key(number: ir.Value) -> ir.Value:
    """Return `normalise_invoice_number` of a column, as a query; null where nothing is left."""
    words = number.upper().re_replace("_", " ")
    marks = "|".join(sorted(COPY_MARKS, key=len, reverse=True))
    stated = words.re_replace(rf"\b({marks})\b", "").replace("O", "0")
    unpadded = stated.re_replace("(^|[^0-9])0+", r"\1")
    return unpadded.re_replace(r"[^\p{L}\p{N}]", "").nullif(ibis.literal(""))
