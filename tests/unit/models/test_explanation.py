"""Explanations say what a reviewer needs and add up to what was logged."""

import numpy as np
import pytest

from models.explanation import OTHER_FEATURES
from tests.support.synthetic_task import input_columns


def test_base_and_parts_add_up_to_the_logged_score_in_any_order(either):
    fitted, training = either
    some = input_columns(training, slice(0, 200))
    scores = fitted.model.predict(some).score
    for explanation, score in zip(fitted.model.explain(some), scores, strict=True):
        parts = [part.contribution for part in explanation.parts]
        assert explanation.score == score
        assert explanation.base + sum(parts) == score
        assert sum(reversed(parts), explanation.base) == score


@pytest.mark.parametrize("k", [0, 1, 2, 4, 99])
def test_the_k_strongest_are_named_and_the_rest_summed(either, k):
    fitted, training = either
    explanation = fitted.model.explain(input_columns(training, slice(0, 1)), k)[0]
    named = [part for part in explanation.parts if part.feature != OTHER_FEATURES]
    assert len(named) == min(k, 4)
    assert (explanation.parts[-1].feature == OTHER_FEATURES) == (k < 4)
    assert explanation.base + sum(p.contribution for p in explanation.parts) == explanation.score


def test_the_base_is_the_same_for_every_case_of_a_binary_task(binary):
    fitted, training = binary
    bases = {e.base for e in fitted.model.explain(input_columns(training, slice(0, 50)))}
    assert len(bases) == 1


def test_a_part_carries_the_sentence_the_value_and_what_missing_means(binary):
    fitted, training = binary
    row = input_columns(training, slice(0, 1)) | {
        "cover": np.array([-2.0]),
        "late_share": np.array([np.nan]),
        "region": np.array(["Mars"], dtype=object),
    }
    parts = {part.feature: part for part in fitted.model.explain(row)[0].parts}
    assert parts["cover"].sentence == "-2.0 days of cover"
    assert parts["cover"].value == -2.0
    assert parts["cover"].contribution > 0
    assert parts["late_share"].sentence == "missing: no receipt yet"
    assert parts["late_share"].value is None
    assert parts["region"].sentence == "the site is in Mars (never seen in training)"


def test_more_than_two_classes_are_explained_by_the_likeliest(classes):
    fitted, training = classes
    some = input_columns(training, slice(0, 40))
    likeliest = np.argmax(fitted.model.predict(some).probability, axis=1)
    names = [explanation.name for explanation in fitted.model.explain(some)]
    assert names == [fitted.model.classes[k] for k in likeliest]
    assert len(set(names)) > 1
