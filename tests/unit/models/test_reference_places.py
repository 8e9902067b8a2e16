"""The artefact remembers how inputs and scores were distributed at each site."""

import numpy as np

from models.encode import learn
from models.reference_places import FEWEST_ROWS, numbers, places
from tests.synthetic_task import FEATURES, drawn


def made(site):
    inputs = drawn(len(site), seed=3).training.inputs
    encoder = learn(FEATURES, inputs, min_count=5)
    return inputs, places(encoder, (inputs, site), (np.linspace(0, 1, len(site)), site))


def test_a_site_is_described_by_its_own_rows():
    site = np.repeat(np.array(["S01", "S02"], dtype=object), 300)
    inputs, found = made(site)
    own = inputs["cover"].to_numpy()[300:]
    told = found["sites"]["S02"]["inputs"]["cover"]
    assert found["sites"]["S02"]["rows"] == 300
    assert (told["at"][0], told["at"][-1]) == (own.min(), own.max())
    assert found["sites"]["S02"]["score"]["at"][0] > 0.49
    region = inputs["region"][300:]
    assert found["sites"]["S02"]["inputs"]["region"]["shares"]["north"] == round(
        float((region == "north").mean()), 6
    )
    assert found["sites"]["S02"]["inputs"]["region"]["missing"] == round(region.isna().mean(), 6)


def test_a_site_with_few_rows_has_no_description_of_its_own():
    site = np.array(["S01"] * 400 + ["S02"] * (FEWEST_ROWS - 1), dtype=object)
    _, found = made(site)
    assert list(found["sites"]) == ["S01"]
    assert found["all"]["rows"] == len(site)


def test_equal_values_keep_their_exact_share():
    told = numbers(np.array([0.0] * 97 + [1.0] * 3 + [np.nan] * 25))
    assert told == {"missing": 0.2, "at": [0.0, 1.0], "up_to": [0.97, 1.0]}


def test_a_column_that_is_missing_throughout_has_no_values():
    assert numbers(np.array([np.nan, np.nan])) == {"missing": 1.0, "at": [], "up_to": []}
