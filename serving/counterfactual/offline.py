"""Counterfactuals without the service: from the record, and what the lake keeps of models."""

from __future__ import annotations

from contextlib import closing

from data.lake import Lake
from features.profiles import Profiles, ProfilesError
from serving.audit.entry import Entry
from serving.audit.opened import open_audit
from serving.counterfactual.answer import CannotRecomputeError, Counterfactuals, counterfactuals
from serving.recommendation import Advice
from serving.replay.sources import sources_of


def offline(lake: Lake, recorded: Entry) -> Counterfactuals | str:
    """What would change a recorded answer, or why that cannot be said now."""
    advice = Advice.model_validate(recorded.payload["recommendation"])
    profiles = _profiles(lake)
    try:
        with closing(open_audit(lake)) as record:
            return counterfactuals(sources_of(lake, record), profiles, recorded, advice)
    except CannotRecomputeError as error:
        return str(error)
    finally:
        if profiles is not None:
            profiles.close()


def _profiles(lake: Lake) -> Profiles | None:
    """Those at hand: an older entry is read with them, a newer one holds its own past."""
    try:
        return Profiles.open(lake.profiles)
    except ProfilesError:
        return None
