"""Every sentence that users read is rendered with sample values and reads well."""

import pytest

from models.catalogue import TASKS
from tests.docs.feature_sentences import sample_sentences
from tests.docs.readable import faults


@pytest.mark.parametrize(
    "feature",
    [pytest.param(f, id=f"{t.name}-{f.name}") for t in TASKS.values() for f in t.features],
)
def test_the_sentence_of_a_feature_reads_well_with_any_value(feature):
    sentences = [text for _, text in sample_sentences(feature)]
    assert [fault for text in sentences for fault in faults(text, is_phrase=True)] == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Arrives -0 days from the promise.", "a zero with a sign"),
        ("Moved by +0.0% in a year.", "a zero with a sign"),
        ("1 invoices are booked.", "one of many"),
        ("The price is nan.", "a missing value"),
        ("Supplier None is late.", "a missing value"),
        ("0 are still out.", "nothing as an amount"),
        ("9 days late as far as is known.", "jargon"),
        ("Ordered {value} pieces.", "a placeholder"),
        ("No full stop", "no full stop"),
        (f"{'a' * 200}.", "201 characters"),
    ],
)
def test_a_bad_sentence_is_found(text, named):
    assert [fault for fault in faults(text) if fault.startswith(named)]


@pytest.mark.parametrize(
    "text",
    [
        "Due 30 Sep, 91 open; ship notice says 6 Oct.",
        "-0.5 is below zero, and 21 days are not one.",
        "The quantity is 1.1 times the usual.",
    ],
)
def test_a_good_sentence_has_no_fault(text):
    assert list(faults(text)) == []
