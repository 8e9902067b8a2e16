"""Every sentence that users read is rendered with sample values and reads well."""

import pytest

from models.abstention import AbstentionReason
from models.catalogue import TASKS
from tests.docs.feature_sentences import sample_sentences
from tests.docs.readable import faults
from tests.docs.sample_answers import advices, finding_codes, findings
from tests.docs.sample_cases import SAMPLE_CASES
from tests.docs.sample_obstacles import abstention_sentences, notes, steps_down


@pytest.mark.parametrize(
    "feature",
    [pytest.param(f, id=f"{t.name}-{f.name}") for t in TASKS.values() for f in t.features],
)
def test_the_sentence_of_a_feature_reads_well_with_any_value(feature):
    sentences = [text for _, text in sample_sentences(feature)]
    assert [fault for text in sentences for fault in faults(text, is_phrase=True)] == []


SAMPLES = [
    pytest.param(task, sample, id=f"{task}-{sample.title}")
    for task, samples in SAMPLE_CASES.items()
    for sample in samples
]


@pytest.mark.parametrize(("task", "sample"), SAMPLES)
def test_every_sentence_of_an_answer_reads_well(task, sample):
    given = [advice for _, advice in advices(task, sample)]
    sentences = [
        text
        for advice in given
        for text in (
            advice.sentence,
            advice.suggested_action,
            *advice.notes,
            *(finding.sentence for finding in advice.findings),
        )
    ]
    phrases = [
        text
        for advice in given
        for text in (advice.money_at_risk_is, advice.priority_is, advice.route)
    ]
    found = [fault for text in sentences for fault in faults(text)]
    assert found + [fault for text in phrases for fault in faults(text, is_phrase=True)] == []


@pytest.mark.parametrize("task", SAMPLE_CASES)
def test_every_finding_has_a_sample_case(task):
    found = {finding.code for sample in SAMPLE_CASES[task] for finding in findings(task, sample)}
    assert finding_codes(task) - found == set()


@pytest.mark.parametrize("task", SAMPLE_CASES)
def test_answers_without_advice_or_score_read_well(task):
    abstentions = dict(abstention_sentences(task))
    binary = len(TASKS[task].classes) == 2
    assert set(abstentions) >= {one.name for one in AbstentionReason} - (
        set() if binary else {AbstentionReason.STRADDLES_THRESHOLD.name}
    )
    sentences = [*abstentions.values(), *notes(task), *(s.sentence for s in steps_down(task))]
    assert [fault for text in sentences for fault in faults(text)] == []


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
