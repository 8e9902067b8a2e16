"""Counterfactuals without the service: from what the lake keeps of the model that answered."""

from __future__ import annotations

from contextlib import closing

from data.lake import Lake
from features.profiles import Profiles, ProfilesError
from serving.audit.entry import Entry
from serving.catalogue import served
from serving.champions import Missing, kept
from serving.counterfactual.answer import (
    CannotRecomputeError,
    Counterfactuals,
    Loaded,
    counterfactuals,
)
from serving.policy.policy import load_policy
from serving.recommendation import Advice
from serving.settings import Settings


def offline(lake: Lake, recorded: Entry) -> Counterfactuals | str:
    """What would change a recorded answer, or why that cannot be said now."""
    advice = Advice.model_validate(recorded.payload["recommendation"])
    entry, model = served()[advice.task], advice.model
    champion = kept(lake.models / advice.task, model.version, model.digest, entry)
    if isinstance(champion, Missing):
        return f"cannot be recomputed now: {champion.why}"
    try:
        with closing(Profiles.open(lake.profiles)) as profiles:
            loaded = Loaded(entry, champion, profiles, load_policy(Settings().policy))
            return counterfactuals(loaded, recorded, advice)
    except ProfilesError as error:
        return f"cannot be recomputed now: {error}"
    except CannotRecomputeError as error:
        return str(error)
