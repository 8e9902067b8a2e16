"""Values that the encoder accepts, flags and refuses."""

import numpy as np
import pandas as pd
import pytest

from models.encoding.encoder import InputError, learn_encoder
from tests.support.synthetic_task import FEATURES


def frame(**changes):
    columns = {
        "cover": np.array([1.0, 2.0, np.nan, 4.0]),
        "late_share": np.array([0.0, 0.5, 0.5, np.nan]),
        "noise": np.zeros(4),
        "region": np.array(["north", "south", "north", None], dtype=object),
    }
    return pd.DataFrame(columns | changes)


@pytest.fixture(scope="module")
def encoder():
    return learn_encoder(FEATURES, frame(), min_count=2)


def test_codes_are_learnt_from_training_rows_and_rare_categories_share_one(encoder):
    assert encoder.specs[3].categories == ("north",)
    assert encoder.specs[3].rare == ("south",)
    code = encoder.encode(frame()).matrix[:, 3]
    assert code[:3].tolist() == [0.0, 1.0, 0.0]
    assert np.isnan(code[3])


def test_an_unseen_category_is_flagged_and_read_as_a_rare_one(encoder):
    encoded = encoder.encode(frame(region=np.array(["Mars", "south", None, "north"], dtype=object)))
    assert encoded.unseen[:, 3].tolist() == [True, False, False, False]
    assert encoded.matrix[0, 3] == encoder.specs[3].other_code


def test_an_unseen_category_is_missing_and_flagged_where_training_had_no_rare_one():
    encoder = learn_encoder(FEATURES, frame(), min_count=1)
    encoded = encoder.encode(frame(region=np.array(["Mars"] * 4, dtype=object)))
    assert encoded.unseen[:, 3].all()
    assert np.isnan(encoded.matrix[:, 3]).all()


def test_numbers_outside_what_training_saw_are_flagged_and_missing_ones_are_not(encoder):
    assert (encoder.specs[0].low, encoder.specs[0].high) == (1.0, 4.0)
    matrix = encoder.encode(frame(cover=np.array([0.9, 4.0, 4.1, np.nan]))).matrix
    assert encoder.outside(matrix)[:, 0].tolist() == [True, False, True, False]


def test_text_for_a_number_is_refused_with_row_feature_unit_and_value(encoder):
    wrong = frame(cover=np.array([1.0, "2,5", None, 3], dtype=object))
    with pytest.raises(InputError) as error:
        encoder.encode(wrong)
    assert str(error.value) == "row 1: feature 'cover' takes a number (days), got '2,5'"


def test_a_number_for_text_is_refused_with_some_of_the_choices(encoder):
    wrong = frame(region=np.array(["north", 7, None, "south"], dtype=object))
    with pytest.raises(InputError) as error:
        encoder.encode(wrong)
    assert str(error.value) == "row 1: feature 'region' takes text (north), got 7"


def test_an_infinite_number_is_refused(encoder):
    with pytest.raises(InputError, match="row 2: feature 'noise' is -inf; it must be a finite"):
        encoder.encode(frame(noise=np.array([0, 0, -np.inf, 0])))


def test_a_renamed_column_is_refused_with_what_is_missing_and_what_is_unknown(encoder):
    with pytest.raises(InputError, match=r"missing: noise; unknown: noises; it takes cover, late"):
        encoder.encode(frame().rename(columns={"noise": "noises"}))


def test_a_frame_in_another_order_is_refused_and_a_mapping_is_read_by_name(encoder):
    turned = frame()[["late_share", "cover", "noise", "region"]]
    with pytest.raises(InputError, match="column 0 is 'late_share', it must be 'cover'"):
        encoder.encode(turned)
    by_name = encoder.encode({name: turned[name].to_numpy() for name in turned})
    assert np.array_equal(by_name.matrix, encoder.encode(frame()).matrix, equal_nan=True)


def test_columns_of_unequal_length_are_refused(encoder):
    columns = {name: frame()[name].to_numpy() for name in frame()}
    with pytest.raises(InputError, match="'noise' has 1 rows, 'cover' has 4"):
        encoder.encode(columns | {"noise": np.zeros(1)})


def test_missing_text_may_be_none_nan_or_na(encoder):
    missing = frame(region=np.array([None, np.nan, pd.NA, "north"], dtype=object))
    assert np.isnan(encoder.encode(missing).matrix[:3, 3]).all()


@pytest.mark.parametrize("at_once", [1, 4, 9])
def test_a_matrix_is_the_same_however_many_numbers_are_put_in_at_once(
    encoder, monkeypatch, at_once
):
    given = frame(cover=np.array([1, None, 3.5, 4], dtype=object), late_share=np.arange(4))
    whole = encoder.encode(given).matrix
    monkeypatch.setattr("models.encoding.encoder.MOST_CELLS_AT_ONCE", at_once)
    assert encoder.encode(given).matrix.tobytes() == whole.tobytes()
    assert whole[:, 0].tolist() == pytest.approx([1.0, np.nan, 3.5, 4.0], nan_ok=True)
    assert whole[:, 1].tolist() == [0.0, 1.0, 2.0, 3.0]
