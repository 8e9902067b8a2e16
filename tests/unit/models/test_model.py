"""A row's answer is its own, bit for bit."""

import numpy as np
import pytest

from models.artefact.folder import load_artefact, save_artefact
from models.encoding.encoder import InputError
from tests.support.synthetic_task import input_columns

FIELDS = ("probability", "low", "high", "class_set", "similar", "similar_hits")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_a_row_alone_or_in_any_batch_gets_the_same_bits(either, size):
    fitted, training = either
    whole = fitted.model.predict(training.inputs)
    for start in range(0, 300, 37):
        rows = slice(start, start + size)
        some = fitted.model.predict(input_columns(training, rows))
        for name in FIELDS:
            assert (getattr(some, name) == getattr(whole, name)[rows]).all(), name
        if whole.quantiles is not None:
            assert (some.quantiles == whole.quantiles[rows]).all()


def test_two_threads_give_the_same_bits_as_one(either):
    fitted, training = either
    one, two = (fitted.model.predict(training.inputs, threads) for threads in (1, 2))
    assert (one.probability == two.probability).all()


def test_a_loaded_model_gives_the_same_bits_and_the_same_explanations(either, tmp_path):
    fitted, training = either
    save_artefact(fitted.model, tmp_path / "model")
    loaded = load_artefact(tmp_path / "model", fitted.model.digest)
    some = input_columns(training, slice(0, 50))
    assert (loaded.predict(some).probability == fitted.model.predict(some).probability).all()
    assert loaded.explain(some) == fitted.model.explain(some)


def test_probabilities_sum_to_exactly_one_and_none_is_zero(either):
    fitted, training = either
    probability = fitted.model.predict(training.inputs).probability
    assert (probability.sum(axis=1) == 1).all()
    assert (probability > 0).all()


def test_an_answer_names_what_training_never_saw(binary):
    fitted, training = binary
    strange = input_columns(training, slice(0, 2)) | {
        "region": np.array(["Mars", "north"], dtype=object),
        "cover": np.array([0.0, 1e9]),
    }
    answer = fitted.model.predict(strange)
    assert answer.unseen == (("region",), ())
    assert answer.outside == ((), ("cover",))


def test_no_rows_get_no_answers(either):
    fitted, training = either
    assert len(fitted.model.predict(input_columns(training, slice(0, 0)))) == 0
    assert fitted.model.explain(input_columns(training, slice(0, 0))) == ()


def test_a_typo_in_a_column_is_an_error_not_a_score(binary):
    fitted, training = binary
    renamed = input_columns(training)
    renamed["covers"] = renamed.pop("cover")
    with pytest.raises(InputError, match="unknown: covers"):
        fitted.model.predict(renamed)


def test_quantiles_rise_and_cover_as_stated(binary):
    from tests.support.synthetic_task import draw_training_set

    fresh = draw_training_set(4000, seed=21).training
    quantiles = binary[0].model.predict(fresh.inputs).quantiles
    assert (np.diff(quantiles, axis=1) >= 0).all()
    inside = (fresh.target >= quantiles[:, 0]) & (fresh.target <= quantiles[:, 2])
    assert inside.mean() == pytest.approx(0.8, abs=0.06)
