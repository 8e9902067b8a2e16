"""The asks of several stretches together, each as its own stretch's models forecast it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from models.training_set import TrainingSet
from training.backtest_figures import Scored
from training.metrics import Forecast


def pooled(parts: Sequence[Scored]) -> Scored:
    """The asks of all folds one after the other, each as its own fold's models forecast it.

    A forecast that a fold lacks is left out.
    """
    asks = [part.asks for part in parts]
    targets = [a.target for a in asks if a.target is not None]
    everything = TrainingSet(
        inputs=pd.DataFrame(index=range(sum(len(a) for a in asks))),
        label=np.concatenate([a.label for a in asks]),
        target=np.concatenate(targets) if len(targets) == len(asks) else None,
        asked_at=np.concatenate([a.asked_at for a in asks]),
        matured_at=np.concatenate([a.matured_at for a in asks]),
        group=np.concatenate([a.group.astype(str) for a in asks]),
        site=np.concatenate([a.site.astype(str) for a in asks]),
        segments={n: np.concatenate([a.segments[n] for a in asks]) for n in asks[0].segments},
    )
    names = [n for n in parts[0].forecasts if all(n in part.forecasts for part in parts)]
    return Scored(everything, {n: _joined([p.forecasts[n] for p in parts]) for n in names})


def _joined(forecasts: Sequence[Forecast]) -> Forecast:
    spreads = [f.quantiles for f in forecasts if f.quantiles is not None]
    return Forecast(
        np.concatenate([f.probability for f in forecasts]),
        np.concatenate(spreads) if len(spreads) == len(forecasts) else None,
    )
