"""Every feature of the purchasing tasks says what it is, in words that hold."""

import numpy as np
import pytest

from features.cases import Cases, Children, case_array, missing_array
from features.feature import Feature, FeatureKind, feature_frame
from features.tasks.invoice_mismatch import feature_set as invoice_mismatch_feature_set
from features.tasks.supplier_delay import feature_set as supplier_delay_feature_set
from features.value_wording import word_sentence
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.supplier_delay import SUPPLIER_DELAY

UNITS = {
    "base units",
    "calendar",
    "count",
    "currency",
    "days",
    "lines",
    "packs",
    "ratio",
    "share",
    "yes/no",
}
MODULES = [supplier_delay_feature_set, invoice_mismatch_feature_set]
FEATURES = [
    pytest.param(feature, id=f"{module.__name__.rsplit('.', 1)[1]}-{feature.name}")
    for module in MODULES
    for feature in module.FEATURES
]
CLOCKS = {"po_line_id", "po_id", "invoice_line_id", "invoice_id", "invoice_number"}


@pytest.mark.parametrize("module", MODULES)
def test_a_task_has_at_least_25_features_with_names_of_their_own(module) -> None:
    names = [feature.name for feature in module.FEATURES]
    assert len(names) >= 25
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_says_its_unit_its_sentence_and_what_missing_means(feature: Feature) -> None:
    match feature.kind:
        case FeatureKind.NUMBER:
            assert feature.unit in UNITS
            values = [12.5, -0.25, 0.0, 1.0]
        case FeatureKind.CATEGORY:
            assert feature.unit == ""
            values = ["EUR", "None"]
    said = {word_sentence(feature.sentence, value) for value in values}
    assert len(said) > 1, "the sentence does not show the value"
    assert all("{" not in words for words in said)
    assert feature.missing.strip()


@pytest.mark.parametrize("module", MODULES)
def test_no_identifier_that_rises_with_time_is_a_feature(module) -> None:
    assert not CLOCKS & {feature.name for feature in module.FEATURES}


@pytest.mark.parametrize("module", MODULES)
def test_a_case_of_which_nothing_is_known_is_still_a_case(module) -> None:
    answer = feature_frame(module.FEATURES, _nothing_known(module, 3))
    assert len(answer) == 3
    for feature in module.FEATURES:
        if feature.missing != "cannot be missing":
            assert answer[feature.name].isna().all(), feature.name


@pytest.mark.parametrize("module", MODULES)
def test_features_that_cannot_be_missing_never_are(module) -> None:
    answer = feature_frame(module.FEATURES, _nothing_known(module, 2))
    certain = [f.name for f in module.FEATURES if f.missing == "cannot be missing"]
    assert certain
    assert answer[certain].notna().all(axis=None)


def test_the_first_class_of_an_invoice_is_clean_and_a_delay_has_two_classes() -> None:
    assert INVOICE_MISMATCH.classes[0] == "CLEAN"
    assert SUPPLIER_DELAY.binary
    assert INVOICE_MISMATCH.features is invoice_mismatch_feature_set.FEATURES
    assert SUPPLIER_DELAY.features is supplier_delay_feature_set.FEATURES


def _nothing_known(module, n: int) -> Cases:
    asked_at = np.array(["2026-03-04T12:00"] * n, dtype="datetime64[us]")
    shape = module.SHAPE
    return Cases(
        asked_at=asked_at,
        as_of=asked_at.astype("datetime64[D]"),
        columns={str(c): missing_array(case_array(c, []).dtype, n) for c in shape.columns},
        children={
            name: Children(
                np.array([], dtype=np.int64), {str(c): case_array(c, []) for c in columns}, n
            )
            for name, columns in shape.children.items()
        },
        history={name: np.full(n, np.nan) for s in module.STREAMS for name in s.names},
    )
