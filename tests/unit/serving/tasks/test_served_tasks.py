"""Every task that can be trained is served, and each part of it is there."""

import dataclasses
from datetime import UTC, datetime

import pytest

from data.contracts.catalogue import TABLES
from models.catalogue import TASKS
from serving.policy.sections import Level
from serving.tasks.catalogue import SERVED_TASKS
from serving.tasks.policy_file import load_policy
from serving.tasks.served_task import ChildSource, FactSources
from tests.support.synthetic_recommendations import EXAMPLES, reread

ASKED = datetime(2026, 3, 10, 8, tzinfo=UTC)


def missing_parts(served):
    """A sentence for each part that the folder of a task lacks or states wrongly."""
    name, shape, sources = served.task.name, served.request.shape, served.fact_sources
    columns, folder = set(map(str, shape.columns)), f"serving/tasks/{name}/served.py"
    if not served.title:
        yield f"{folder}: title of {name} on the desk is empty"
    if served.task.binary and not served.event:
        yield f"{folder}: event of {name} is empty, and its probability is of one event"
    if lacking := {"site_id", "currency"} - columns:
        yield f"{folder}: a case of {name} lacks {sorted(lacking)}, by which answers are ranked"
    if unknown := set(map(str, served.reference)) - columns:
        yield f"{folder}: reference of {name} names {sorted(unknown)}, which no case has"
    if unknown := set(sources.tables) - set(TABLES):
        yield f"{folder}: fact_sources of {name} names {sorted(unknown)}, which is no canonical table"
    if lacking := set(shape.children) - set(sources.children):
        yield f"{folder}: fact_sources of {name} lacks the source of {sorted(lacking)}"
    if unknown := set(sources.renamed) - columns:
        yield f"{folder}: fact_sources of {name} renames {sorted(unknown)}, which no case has"
    if lacking := set(Level) - set(served.policy.suggestions):
        yield f"{folder}: policy of {name} lacks the suggestion of {sorted(lacking)}"


@pytest.mark.parametrize("name", TASKS)
def test_a_task_lacks_no_part(name):
    assert name in SERVED_TASKS, f"serving/tasks/catalogue.py lacks a line for {name}"
    assert list(missing_parts(SERVED_TASKS[name])) == []


def test_nothing_is_served_that_cannot_be_trained():
    assert list(SERVED_TASKS) == list(TASKS)
    assert all(served.task is TASKS[name] for name, served in SERVED_TASKS.items())


STOCK = next(iter(SERVED_TASKS.values()))


def request_without(column):
    """The request of a task whose cases have no such column."""
    shape = STOCK.request.shape
    columns = tuple(one for one in shape.columns if one != column)
    return dataclasses.replace(STOCK.request, shape=dataclasses.replace(shape, columns=columns))


LACKS = {
    "lacks ['currency']": {"request": request_without("currency")},
    "title": {"title": ""},
    "event": {"event": ""},
    "reference": {"reference": ("pallet_id",)},
    "canonical table": {"fact_sources": FactSources(("pallets",), {"scheduled_receipts": None})},
    "lacks the source": {"fact_sources": FactSources((), {})},
    "renames": {
        "fact_sources": FactSources((), {"scheduled_receipts": None}, {"pallet_id": "pallets.id"})
    },
}


@pytest.mark.parametrize("part", LACKS)
def test_each_part_that_is_missing_is_named_in_a_sentence(part):
    (sentence,) = missing_parts(dataclasses.replace(STOCK, **LACKS[part]))
    assert part in sentence


@pytest.mark.parametrize("name", TASKS)
def test_money_name_and_levers_of_the_example_are_there(name):
    served = SERVED_TASKS[name]
    case = reread(served.request, EXAMPLES[name])
    amount, formula = served.amount_at_risk(case, served.rules(case, load_policy(), ASKED))
    assert amount is None or amount >= 0
    assert formula
    assert served.case_name(case)
    assert all(finding.sentence for finding in served.rules(case, load_policy(), ASKED))
    assert all(lever.most >= 1 for lever in served.levers(case, ASKED))


@pytest.mark.parametrize("name", TASKS)
def test_the_children_of_a_case_have_a_title_and_a_canonical_table(name):
    for source in SERVED_TASKS[name].fact_sources.children.values():
        assert isinstance(source, ChildSource)
        assert source.title
        assert source.table in TABLES
