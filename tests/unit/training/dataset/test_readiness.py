"""Readiness is said per site before a training, and an error names what lacks."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from data.store import Store
from models.catalogue import TASKS
from models.training_set import TrainingSet
from training.dataset.readiness import (
    NotReadyError,
    check_labels,
    check_tables,
    describe_readiness,
    site_readiness,
)
from training.tasks.catalogue import TRAINING_TASKS, training_task

CLASSES = ("FINE", "LATE", "LOST")


def labelled(site, days, labels, group=None):
    asked = np.datetime64("2026-07-01", "us") + np.array(days) * np.timedelta64(1, "D")
    return TrainingSet(
        inputs=pd.DataFrame(index=range(len(days))),
        label=np.array(labels, dtype=np.int64),
        target=None,
        asked_at=asked,
        matured_at=asked,
        group=np.array(group or range(len(days))),
        site=np.array([site] * len(days), dtype=object),
    )


@pytest.mark.parametrize(
    ("labels", "events", "missing"),
    [
        ([1] * 10 + [0] * 30, 10, ""),
        ([1] * 9 + [0] * 31, 9, "1 more event, expected by 14 Aug 2026"),
        ([1] * 5 + [0] * 35, 5, "5 more events, expected by 18 Sep 2026"),
        ([0] * 40, 0, "10 more events"),
    ],
)
def test_a_site_is_told_how_many_events_it_lacks_and_when_it_may_have_them(labels, events, missing):
    (site,) = site_readiness(labelled("S1", list(range(40)), labels))
    assert (site.site, site.cases, site.events, site.weeks) == ("S1", 40, events, 6)
    assert (site.first, site.last) == (date(2026, 7, 1), date(2026, 8, 9))
    borrows = "; until then it borrows from the other sites"
    assert site.missing == (missing and missing + borrows)


def test_cases_that_share_an_outcome_are_one_event():
    (site,) = site_readiness(labelled("S1", [0, 1, 2, 3], [1, 1, 1, 0], group=[7, 7, 7, 8]))
    assert (site.cases, site.events) == (2, 1)


def test_a_line_a_site_and_classes_that_never_occurred():
    lines = describe_readiness(labelled("S1", list(range(20)), [1] * 10 + [0] * 10), CLASSES)
    assert lines == [
        "  S1: 20 cases in 3 weeks, 10 events",
        "  never seen, and left out of the gates: LOST",
    ]


def test_one_of_a_kind_is_named_in_the_singular():
    lines = describe_readiness(labelled("S1", [0], [1]), CLASSES[1:2])
    assert lines[0].startswith("  S1: 1 case in 1 week, 1 event; 9 more events, expected by")


@pytest.mark.parametrize("name", list(TASKS))
def test_an_empty_lake_names_the_tables_that_a_task_needs(name):
    training = TRAINING_TASKS[name]
    with Store.from_frames({}) as store, pytest.raises(NotReadyError) as error:
        check_tables(training, store)
    assert str(error.value).startswith(f"{name} cannot be trained: it needs ")
    for table in training.needs:
        assert f"{table} (" in str(error.value)
    assert "over 8 weeks at least" in str(error.value)


@pytest.mark.parametrize("name", list(TASKS))
def test_without_a_known_end_the_error_says_where_ends_are_read(name):
    training = training_task(TASKS[name])
    none = labelled("S1", [], [])
    with pytest.raises(NotReadyError, match="no case has a known end yet") as error:
        check_labels(training, replace(none, label=np.array([], dtype=np.int64)))
    assert training.labels_from in str(error.value)
