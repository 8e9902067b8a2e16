"""Adaptive conformal inference: error rate adapted to drift. Unused by any parameter file.

Gibbs and Candès 2021, "Adaptive conformal inference under distribution shift", run over past
asks in the order they came. Each ask is judged by the threshold that would have stood on that
day: of the scores whose labels had matured, at the error then aimed at. When its own label
matures, the aim moves a step: down after a miss, up a little after none. The mean aim of the
last steps is what a threshold over all scores should be set at now.

Labels that come late must steer gently: hundreds of asks pass before the first effect of a
step is seen, and an aim that went on moving all that while would swing from side to side.

Where nothing lasting drifts it costs some width and gains nothing (seasons that come back are
no drift: over five cuts of each simulated task the plain threshold was as near or nearer), so
fitting adapts only when told to.

Nothing is drawn, no clock is asked: same scores and moments, same answer.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Moments = NDArray[np.datetime64]

STEP = 0.005  # Gibbs and Candès' own
SWING = 0.3  # most that the steps of asks whose labels are awaited may come to
LAST = 200  # steps whose mean is the answer
FEWEST = 50  # matured scores before the first ask is judged
MOST = 20_000  # newest asks that are run over; older ones would change nothing
RANGE = (0.2, 5.0)  # times the stated error; beyond, it is not drift but another population


@dataclass(frozen=True)
class AskDates:
    """When n asks came and when their labels matured; NaT throughout where not known."""

    asked_at: Moments
    matured_at: Moments

    @property
    def dated(self) -> bool:
        """Whether there is an order in time."""
        return len(self.asked_at) > 0 and not (
            np.isnat(self.asked_at).any() or np.isnat(self.matured_at).any()
        )

    @property
    def awaited(self) -> float:
        """How many asks come, in the middle, between an ask and its label."""
        asked = np.sort(self.asked_at)
        before = np.searchsorted(asked, self.asked_at, side="left")
        known = np.searchsorted(asked, self.matured_at, side="left") < len(asked)
        until = np.searchsorted(asked, self.matured_at, side="left") - before
        return float(np.median(until[known])) if known.any() else float(len(asked))


def adapted_error(score: Floats, told: AskDates, error: float, step: float = STEP) -> float:
    """The error to aim at so that `error` is met: `error` itself without dates or rows.

    score: (n,) how badly each ask fits, above its threshold being a miss.
    """
    aims = aimed_errors(score, told, error, step)
    return float(np.mean(aims[-LAST:])) if aims else error


def aimed_errors(score: Floats, told: AskDates, error: float, step: float = STEP) -> list[float]:
    """The aim after each ask that was judged, in the order their labels matured."""
    if not told.dated:
        return []
    step = min(step, SWING / max(told.awaited, 1.0))
    asked = np.lexsort((score, told.matured_at, told.asked_at))[-MOST:]
    matured = asked[np.argsort(told.matured_at[asked], kind="stable")].tolist()
    seen: list[float] = []
    missed: dict[int, bool] = {}
    aims: list[float] = []
    aim, done = error, 0
    for ask in asked.tolist():
        # Labels of the moment itself are not used: an ask must not be judged by its own.
        while done < len(asked) and told.matured_at[matured[done]] < told.asked_at[ask]:
            one = matured[done]
            done += 1
            insort(seen, float(score[one]))
            if one in missed:
                aim = _moved(aim, error, step * (error - missed[one]))
                aims.append(aim)
        if len(seen) >= FEWEST:
            missed[ask] = _misses(seen, float(score[ask]), aim)
    return aims


def _moved(aim: float, error: float, by: float) -> float:
    least, most = RANGE
    return min(max(aim + by, least * error), most * error, 0.5)


def _misses(seen: list[float], score: float, aim: float) -> bool:
    """Whether the score is above the finite-sample quantile of those seen."""
    above = len(seen) - bisect_left(seen, score)  # scores at or above this one, itself apart
    return above + 1 <= (len(seen) + 1) * aim + 1e-9
