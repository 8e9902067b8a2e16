"""Why an answer is given with a caution, without advice, or without a score: every sentence."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import numpy as np

from models.model import Predictions
from models.task import TaskName
from serving.model_registry.active_models import ActiveModels
from serving.model_registry.champions import UnavailableModel
from serving.pipeline.deadline import Deadline
from serving.pipeline.model_selection import (
    degrade_out_of_time,
    degrade_without_profiles,
    select_model,
)
from serving.policy.sections import Level
from serving.recommendation.abstention import find_abstentions
from serving.recommendation.evidence import Evidence
from serving.recommendation.fallback_ladder import NOTHING_FOUND, StepDown
from serving.recommendation.sentences import no_advice_sentence
from tests.support.synthetic_recommendations import (
    CATALOGUE,
    POLICY,
    PROVENANCE,
    example_fields,
    make_score,
    recommend_example,
)

SETTLED = (
    Evidence("Nothing is left to do.", Level.NONE, settled=True),
    Evidence("It has happened.", Level.ACT, settled=True),
)


def abstention_sentences(task: TaskName) -> Iterator[tuple[str, str]]:
    """Yield the code of each reason not to advise, with the sentence of such an answer."""
    served = CATALOGUE[task]
    doubtful = make_predictions(task)
    key = POLICY.abstain[task].key_features[0]
    trials = [
        (make_predictions(task, unseen=(key,)), 0),
        (make_predictions(task, outside=served_numbers(task)), 0),
        (make_predictions(task), 90),
        (make_predictions(task, low=0.05, high=0.95, similar=1), 0),
        (make_predictions(task, low=0.4, high=0.7, similar=12), 0),
    ]
    assert not find_abstentions(doubtful, 0, served, POLICY, 0)
    seen = set[str]()
    for predictions, days in trials:
        for one in find_abstentions(predictions, 0, served, POLICY, days):
            if one.code not in seen:
                seen.add(one.code)
                yield one.code, no_advice_sentence(served, example_fields(task), one)


def served_numbers(task: TaskName) -> tuple[str, ...]:
    """Return more feature names than a case may have outside what training saw."""
    names = [feature.name for feature in CATALOGUE[task].task.features]
    return tuple(names[: POLICY.abstain[task].most_outside + 4])


def make_predictions(
    task: TaskName,
    low: float = 0.55,
    high: float = 0.65,
    similar: int = 2000,
    unseen: tuple[str, ...] = (),
    outside: tuple[str, ...] = (),
) -> Predictions:
    """Return predictions for one case, with the class after the first at 60 %."""
    k = len(CATALOGUE[task].task.classes)
    probability = np.full((1, k), 0.4 / (k - 1))
    probability[0, 1] = 0.6
    return Predictions(
        probability=probability,
        explained=np.array([1]),
        low=np.array([low]),
        high=np.array([high]),
        similar=np.array([similar]),
        similar_hits=np.array([round(similar * 0.6)]),
        class_set=np.ones((1, k), dtype=np.bool_),
        quantiles=None,
        unseen=(unseen,),
        outside=(outside,),
    )


def steps_down(task: TaskName) -> list[StepDown]:
    """Return why a better rung can be left, each once."""
    damaged = UnavailableModel("damaged", "train again", damaged=True)
    history = object()  # of profiles that are there
    models = [
        ActiveModels({}, {}, None),
        ActiveModels({}, {}, history),  # type: ignore[arg-type]
        ActiveModels({}, {task: damaged}, history),  # type: ignore[arg-type]
    ]
    selections = [select_model(active, task, ["1"], None) for active in models]
    selections += [
        degrade_without_profiles(selections[1]),
        degrade_out_of_time(selections[1], Deadline.after(0.5, 0.0)),
    ]
    steps = [step for selection in selections for step in selection.down]
    return list({step.sentence: step for step in [*steps, NOTHING_FOUND]}.values())


def notes(task: TaskName) -> list[str]:
    """Return what a reader is told before trusting a probability."""
    score = replace(make_score(task), unseen=["region"], outside=["demand_28d", "unit_cost"])
    old = replace(PROVENANCE, features_as_of=PROVENANCE.features_as_of - timedelta(days=30))
    ahead = replace(PROVENANCE, features_as_of=PROVENANCE.features_as_of + timedelta(days=1))
    sampled = POLICY.model_copy(
        update={"audit_sample": POLICY.audit_sample.model_copy(update={"share": 1.0})}
    )
    given = [
        recommend_example(task, score, old, sampled),
        recommend_example(task, score, ahead, sampled),
        recommend_example(task, replace(score, low=0.04, high=0.1, similar=180, similar_hits=12)),
        *(recommend_example(task, score, evidence=one) for one in SETTLED),
    ]
    return list(dict.fromkeys(note for advice in given for note in advice.notes))
