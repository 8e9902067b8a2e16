"""Which answers are explained at once; the reasons of the others follow from the record."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never


class Explain(StrEnum):
    """Of which cases a request wants the reasons with the answer."""

    ALL = "all"
    FLAGGED = "flagged"
    NONE = "none"

    def wants(self, *, looked_at: bool) -> bool:
        """Whether reasons are wanted. looked_at: whether somebody is to look at the case."""
        match self:
            case Explain.ALL:
                return True
            case Explain.FLAGGED:
                return looked_at
            case Explain.NONE:
                return False
            case _:
                assert_never(self)
