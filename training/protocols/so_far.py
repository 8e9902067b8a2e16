"""What was known so far of a key when it was asked about: the raw material of simple rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PRIOR_EVENTS = 5.0
"""How many past events the overall share counts for, so that one event is not 0 % or 100 %."""


def share_so_far(asked: pd.DataFrame, events: pd.DataFrame) -> Floats:
    """(n,) share of events that were exceptions, of the ask's key, known before it.

    asked: `key`, `as_of` (datetime64). events: `key`, `known_at` (datetime64, no zone) and
        `exception` (0 or 1). Leans on the share over all keys so far. NaN before any event.
    """
    of_key = _totals(asked, events)
    of_all = _totals(asked.assign(key="all"), events.assign(key="all"))
    overall = of_all["exceptions"] / of_all["count"].where(of_all["count"] > 0)
    share = (of_key["exceptions"] + PRIOR_EVENTS * overall) / (of_key["count"] + PRIOR_EVENTS)
    return share.to_numpy(dtype=np.float64)


def _totals(asked: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """Running `count` and `exceptions` of each ask's key strictly before its `as_of`."""
    codes, _ = pd.factorize(pd.concat([asked["key"], events["key"]]).astype("str"))
    ordered = pd.DataFrame(
        {
            "key": codes[len(asked) :],
            "known_at": events["known_at"].to_numpy(dtype="datetime64[us]"),
            "exception": events["exception"].to_numpy(dtype=np.float64),
        }
    ).sort_values("known_at", kind="stable")
    of_key = ordered.groupby("key")["exception"]
    ordered = ordered.assign(count=of_key.cumcount() + 1.0, exceptions=of_key.cumsum())
    left = pd.DataFrame(
        {
            "as_of": asked["as_of"].to_numpy(dtype="datetime64[us]"),
            "key": codes[: len(asked)],
            "place": np.arange(len(asked)),
        }
    ).sort_values("as_of", kind="stable")
    found = pd.merge_asof(
        left,
        ordered,
        left_on="as_of",
        right_on="known_at",
        by="key",
        allow_exact_matches=False,
    )
    return found.set_index("place").sort_index()[["count", "exceptions"]].fillna(0.0)
