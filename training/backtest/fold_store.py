"""Store of finished backtest folds on disk, so that an interrupted backtest resumes.

A folder a backtest, named by a digest of everything that its figures depend on. A fold is a
table of its asks with what was forecast of each, and its figures; the figures are written
last, and in one step, so a fold that is there is whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.atomic_file import write_text_atomically
from models.training_set import TrainingSet
from training.backtest.figures import ScoredAsks
from training.backtest.splits import ScoredPeriod
from training.evaluation.metrics import Forecast

PLAN_FILE = "plan.json"
SEGMENT_PREFIX, CLASS_PREFIX, QUANTILE_PREFIX = "segment|", "class|", "quantile|"


@dataclass(frozen=True)
class BacktestFold:
    """A stretch with its asks, forecasts and figures.

    Attributes:
        kept: whether the fold was stored by an earlier call.
    """

    stretch: ScoredPeriod
    scored: ScoredAsks
    figures: Mapping[str, Any]
    kept: bool = False


@dataclass(frozen=True)
class FoldStore:
    """The folder of one rolling backtest."""

    folder: Path

    def plan(self) -> tuple[ScoredPeriod, ...] | None:
        """The stretches that were planned, if any were."""
        path = self.folder / PLAN_FILE
        if not path.exists():
            return None
        return tuple(ScoredPeriod.of(fields) for fields in json.loads(path.read_text()))

    def keep_plan(self, plan: Sequence[ScoredPeriod]) -> None:
        """Remember the stretches."""
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(self.folder / PLAN_FILE, [stretch.as_json() for stretch in plan])

    def has(self, stretch: ScoredPeriod) -> bool:
        """Return whether the fold is stored completely."""
        return self._figures(stretch).exists()

    def fold(self, stretch: ScoredPeriod) -> BacktestFold:
        """A fold that is there."""
        scored = from_frame(pd.read_parquet(self._asks(stretch)))
        return BacktestFold(
            stretch, scored, json.loads(self._figures(stretch).read_text()), kept=True
        )

    def keep(self, fold: BacktestFold) -> None:
        """Write a fold, its figures last."""
        self.folder.mkdir(parents=True, exist_ok=True)
        to_frame(fold.scored).to_parquet(self._asks(fold.stretch), index=False)
        _write(self._figures(fold.stretch), fold.figures)

    def _figures(self, stretch: ScoredPeriod) -> Path:
        return self.folder / f"fold-{stretch.name}.json"

    def _asks(self, stretch: ScoredPeriod) -> Path:
        return self.folder / f"fold-{stretch.name}.parquet"


def to_frame(scored: ScoredAsks) -> pd.DataFrame:
    """Return one row per ask: label, moments, group, site, segments and every forecast."""
    asks = scored.asks
    columns: dict[str, Any] = {
        "asked_at": asks.asked_at,
        "matured_at": asks.matured_at,
        "group": asks.group.astype(str),
        "site": asks.site.astype(str),
        "label": asks.label,
    }
    if asks.target is not None:
        columns["target"] = asks.target
    columns |= {f"{SEGMENT_PREFIX}{name}": mask for name, mask in asks.segments.items()}
    for name, forecast in scored.forecasts.items():
        for kind, values in (
            (CLASS_PREFIX, forecast.probability),
            (QUANTILE_PREFIX, forecast.quantiles),
        ):
            if values is not None:
                columns |= {f"{kind}{name}|{k}": values[:, k] for k in range(values.shape[1])}
    return pd.DataFrame(columns)


def from_frame(table: pd.DataFrame) -> ScoredAsks:
    """The asks and forecasts of such a table; what the forecasts were made from is not kept."""
    columns = [str(name) for name in table]
    names = dict.fromkeys(n.split("|")[1] for n in columns if n.startswith(CLASS_PREFIX))
    target = table["target"].to_numpy(dtype=np.float64) if "target" in table else None
    asks = TrainingSet(
        inputs=pd.DataFrame(index=range(len(table))),
        label=table["label"].to_numpy(dtype=np.int64),
        target=target,
        asked_at=table["asked_at"].to_numpy(dtype="datetime64[us]"),
        matured_at=table["matured_at"].to_numpy(dtype="datetime64[us]"),
        group=table["group"].to_numpy(dtype=object),
        site=table["site"].to_numpy(dtype=object),
        segments={
            n.removeprefix(SEGMENT_PREFIX): table[n].to_numpy(dtype=bool)
            for n in columns
            if n.startswith(SEGMENT_PREFIX)
        },
    )
    return ScoredAsks(asks, {name: _forecast(table, name) for name in names})


def _forecast(table: pd.DataFrame, name: str) -> Forecast:
    values = {
        kind: table[[c for c in table if str(c).startswith(f"{kind}{name}|")]].to_numpy()
        for kind in (CLASS_PREFIX, QUANTILE_PREFIX)
    }
    return Forecast(
        values[CLASS_PREFIX], values[QUANTILE_PREFIX] if values[QUANTILE_PREFIX].shape[1] else None
    )


def digest_values(values: Mapping[str, Any]) -> str:
    """Digest of plain values."""
    return blake2b(
        json.dumps(values, sort_keys=True, default=str).encode(), digest_size=8
    ).hexdigest()


def digest_folder(folder: Path) -> str:
    """Digest of the files of a source's folder, by name and content."""
    hashed = blake2b(digest_size=16)
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            hashed.update(str(path.relative_to(folder)).encode() + b"\0")
            hashed.update(file_digest(file, "blake2b").digest())
    return hashed.hexdigest()


def _write(path: Path, values: Any) -> None:
    write_text_atomically(path, json.dumps(values, indent=1, allow_nan=False) + "\n")
