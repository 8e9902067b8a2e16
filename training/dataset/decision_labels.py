"""Labels that people gave: what they settled on where no system has recorded an end yet.

An outcome that was observed beats a person's word, and a person's word counts only where it
names a class: having followed a recommendation says nothing of how the case ended.

People look at what is flagged, so their labels are of a selection made by the model itself
(selective labels: Lakkaraju, Kleinberg, Leskovec, Ludwig and Mullainathan, KDD 2017). The
chance of a case to be looked at is known by design, 1 where it was flagged and the audit's
share where it was not, and its inverse is the weight of the label (Horvitz and Thompson,
JASA 47, 1952): one case drawn with chance 0.02 stands for 50. Weights above MAX_WEIGHT are
cut to it, a little bias for much less variance (Ionides, J. Comput. Graph. Stat. 17, 2008).
Fits and means divide by the sum of weights (Hájek 1971). What this does not correct: people
who leave flagged or drawn cases undecided for a reason that has to do with their end.

Decisions on cases neither flagged nor drawn teach nothing: why somebody looked is unknown.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.contracts.decisions import (
    ASKED_AT,
    AUDIT_SAMPLE,
    AUDIT_SHARE,
    CASE_ID,
    DECISION_ID,
    DECISIONS,
    FLAGGED,
    RESOLVED_AS,
    TASK,
)
from data.contracts.table import KNOWN_AT
from data.store import Store
from training.dataset.asks import Asks
from training.dataset.labels import Labels, LabelSource, moment_column
from training.dataset.training_task import TrainingTask

MAX_WEIGHT = 50.0
CLASS_NUMBER, SOURCE, WEIGHT, KEY = "number", "source", "weight", "key"


def add_decision_labels(
    store: Store, asks: Asks, training: TrainingTask, observed: Labels
) -> Labels:
    """Add people's labels, with weights, where no outcome was observed.

    A person's label matures when the decision was known, or when the case is asked about, if
    that is later. Of several decisions on a case the last one counts.

    Returns:
        `observed` itself where no decision adds a label.
    """
    settled = _settled_classes(store, training)
    if settled.empty:
        return observed
    found = settled.reindex(pd.Index(_ask_keys(asks, training), name=KEY))
    use = ~observed.known & found[CLASS_NUMBER].notna().to_numpy()
    if not use.any():
        return observed
    matured = np.fmax(moment_column(found, KNOWN_AT), asks.asked_at)
    return replace(
        observed,
        label=np.where(use, found[CLASS_NUMBER].fillna(-1), observed.label).astype(np.int64),
        matured_at=np.where(use, matured, observed.matured_at),
        weight=np.where(use, found[WEIGHT], 1.0),
        told_by=np.where(use, found[SOURCE].astype(object), LabelSource.SYSTEM).astype(object),
    )


def inverse_probability_weights(
    flagged: NDArray[np.bool_], share: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the (n,) inverse of each case's chance to be looked at, at most MAX_WEIGHT."""
    chance = np.where(flagged, 1.0, share)
    return np.minimum(1.0 / np.maximum(chance, 1.0 / MAX_WEIGHT), MAX_WEIGHT)


def _settled_classes(store: Store, training: TrainingTask) -> pd.DataFrame:
    """The class each case was settled as (KEY as index), with SOURCE, WEIGHT and KNOWN_AT."""
    rows = store.frame(DECISIONS.name)
    rows = rows[(rows[TASK] == training.task.name) & rows[CASE_ID].notna()]
    columns: dict[str, Any] = {
        CLASS_NUMBER: rows[RESOLVED_AS].map(class_numbers(training)),
        KEY: _decision_keys(rows, training),
        FLAGGED: _set_flags(rows[FLAGGED]),
        AUDIT_SHARE: rows[AUDIT_SHARE].fillna(0.0).where(_set_flags(rows[AUDIT_SAMPLE]), 0.0),
    }
    rows = rows.assign(**columns)
    looked_at = rows[FLAGGED] | (rows[AUDIT_SHARE] > 0)
    rows = rows[looked_at & rows[CLASS_NUMBER].notna() & rows[KEY].notna()]
    flagged = rows.groupby(KEY)[FLAGGED].transform("any").to_numpy(dtype=bool)
    rows[SOURCE] = np.where(flagged, LabelSource.PERSON_FLAGGED, LabelSource.PERSON_SAMPLED)
    rows[WEIGHT] = inverse_probability_weights(flagged, rows[AUDIT_SHARE].to_numpy())
    last = rows.sort_values([KNOWN_AT, DECISION_ID]).drop_duplicates(KEY, keep="last")
    return last.set_index(KEY)[[CLASS_NUMBER, SOURCE, WEIGHT, KNOWN_AT]]


def _set_flags(flags: pd.Series[bool]) -> pd.Series[bool]:
    """Return where a flag is set; a missing flag is not."""
    return pd.Series(flags.to_numpy(dtype=bool, na_value=False), index=flags.index)


def class_numbers(training: TrainingTask) -> dict[str, int]:
    """Return the class number of each word that a person may settle on and that names a class."""
    numbers = {name: number for number, name in enumerate(training.task.classes)}
    resolutions = training.class_of_resolution.items()
    return numbers | {word: numbers[name] for word, name in resolutions}


def _decision_keys(rows: pd.DataFrame, training: TrainingTask) -> pd.Series[str]:
    """Return what each decision is about: a case, and its day where cases are standing."""
    if not training.standing:
        return rows[CASE_ID]
    keys: pd.Series[str] = rows[CASE_ID] + "@" + rows[ASKED_AT].dt.strftime("%Y-%m-%d")
    return keys


def _ask_keys(asks: Asks, training: TrainingTask) -> NDArray[np.object_]:
    """Return what each ask is about, written as `_decision_keys` does."""
    columns = [asks.text(name) for name in training.reference]
    case_ids = reduce(lambda left, right: left + "/" + right, columns)
    if not training.standing:
        return case_ids
    days = asks.asked_at.astype("datetime64[D]").astype(str).astype(object)
    return np.asarray(case_ids + "@" + days)
