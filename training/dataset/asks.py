"""Asks: the moments at which a task is asked about a case, with the facts known then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contracts.table import Column, Kind
from features.cases import Cases, CaseShape, Children, Floats

ASK_ID = Column("ask_id", Kind.TEXT, "the ask", required=True)
ASKED_AT = Column("asked_at", Kind.MOMENT, "when it is asked", unit="UTC", required=True)
AS_OF = Column("as_of", Kind.MOMENT, "midnight of the ask's day", unit="UTC", required=True)
GROUP = Column("group", Kind.TEXT, "asks that share one outcome", required=True)
MONEY_AT_RISK = Column(
    "money_at_risk", Kind.NUMBER, "estimate of what is at stake", unit="the row's currency"
)
ROW = "row"


@dataclass(frozen=True)
class Asks:
    """n asks of one task, ordered by `asked_at`, then `ask_id`.

    frame: the columns of the task's case, ASK_ID, ASKED_AT (UTC), AS_OF (midnight without a
        zone: history counts what was known before it), GROUP and MONEY_AT_RISK.
    children: frames with ROW (position of the ask in `frame`) and the columns of the child,
        ordered by ROW, then by when they became known; nothing known after ASKED_AT.
    """

    shape: CaseShape
    frame: pd.DataFrame
    children: Mapping[str, pd.DataFrame]

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def asked_at(self) -> NDArray[np.datetime64]:
        """Moments of asking, datetime64[us], UTC."""
        return column_values(self.frame[ASKED_AT], Kind.MOMENT)

    @property
    def as_of(self) -> NDArray[np.datetime64]:
        """Days up to which history counts, datetime64[D]."""
        return self.frame[AS_OF].to_numpy(dtype="datetime64[D]")

    def text(self, name: str) -> NDArray[np.object_]:
        """Return a text column; None where missing."""
        return column_values(self.frame[name], Kind.TEXT)

    def cases(self, history: Mapping[str, Floats]) -> Cases:
        """Convert the asks to the cases that features read; `history` is in the asks' order."""
        return Cases(
            asked_at=self.asked_at,
            as_of=self.as_of,
            columns={str(c): column_values(self.frame[c], c.kind) for c in self.shape.columns},
            children={
                name: self._children(name, columns) for name, columns in self.shape.children.items()
            },
            history=history,
        )

    def take(self, keep: NDArray[Any]) -> Asks:
        """Return the asks where the mask `keep` is true, with their children, in the same order."""
        place = np.cumsum(keep) - 1
        children = {}
        for name, frame in self.children.items():
            row = frame[ROW].to_numpy()
            kept = frame[keep[row]].reset_index(drop=True)
            children[name] = kept.assign(**{ROW: place[kept[ROW].to_numpy()]})
        return Asks(self.shape, self.frame[keep].reset_index(drop=True), children)

    def _children(self, name: str, columns: tuple[Column, ...]) -> Children:
        frame = self.children[name]
        return Children(
            row=frame[ROW].to_numpy(dtype=np.int64),
            columns={str(c): column_values(frame[c], c.kind) for c in columns},
            cases=len(self),
        )


def column_values(series: pd.Series[Any], kind: Kind) -> NDArray[Any]:
    """Convert a column to a case array: float64, object of str and None, or datetime64[us]."""
    match kind:
        case Kind.TEXT:
            return np.asarray(series.astype(object).where(series.notna(), None), dtype=object)
        case Kind.MOMENT:
            return series.to_numpy(dtype="datetime64[us]")
        case Kind.NUMBER | Kind.FLAG:
            return series.to_numpy(dtype=np.float64, na_value=np.nan)
