"""The artefact remembers how inputs and scores were distributed at each site."""

import numpy as np

from models.encoding.encoder import learn_encoder
from models.reference.by_site import (
    FEWEST_ROWS,
    YEAR,
    AskedRows,
    number_distribution,
    site_distributions,
)
from tests.support.synthetic_task import FEATURES, draw_training_set


def made(site):
    inputs = draw_training_set(len(site), seed=3).training.inputs
    encoder = learn_encoder(FEATURES, inputs, min_count=5)
    asked = AskedRows(site, days(len(site)))
    return inputs, site_distributions(encoder, inputs, asked, np.linspace(0, 1, len(site)), asked)


def days(rows, start="2026-01-01"):
    """A moment a row, a hundred a day."""
    return np.datetime64(start, "us") + np.arange(rows) // 100 * np.timedelta64(1, "D")


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
    told = number_distribution(np.array([0.0] * 97 + [1.0] * 3 + [np.nan] * 25), undated(125))
    assert (told["missing"], told["at"], told["up_to"]) == (0.2, [0.0, 1.0], [0.97, 1.0])


def test_a_column_that_is_missing_throughout_has_no_values():
    told = number_distribution(np.array([np.nan, np.nan]), undated(2))
    assert (told["missing"], told["at"], told["up_to"]) == (1.0, [], [])


def test_usual_monthly_distance_leaves_out_the_scatter_of_few_rows():
    at = days(8400)  # three blocks of 28 days
    steady = np.random.default_rng(1).normal(size=8400)
    season = steady + np.where(np.arange(8400) < 2800, 3.0, 0.0)
    asked = AskedRows(np.repeat("S01", 8400), at)
    assert number_distribution(steady, asked)["usual_gap"] < 0.03
    assert number_distribution(season, asked)["usual_gap"] > 0.4


def test_the_newest_year_is_the_measure():
    site = np.repeat(np.array(["S01"], dtype=object), 600)
    at = np.where(np.arange(600) < 300, np.datetime64("2024-01-01"), np.datetime64("2026-01-01"))
    asked = AskedRows(site, at.astype("datetime64[us]"))
    assert asked.newest_year.tolist() == [False] * 300 + [True] * 300
    assert AskedRows(site, at - YEAR).newest_year.sum() == 300


def undated(rows):
    return AskedRows(np.repeat("S01", rows), np.full(rows, np.datetime64("NaT"), "datetime64[us]"))
