"""Walks the catalogue of tasks and names what is missing."""

import string

import pytest

from features.feature import FeatureKind
from models.catalogue import TASKS, task_named
from models.encoding.feature_spec import FeatureSpec
from models.task import TaskName

NEEDED = (
    "models/tasks/{}.py",
    "features/tasks/{}/feature_set.py",
    "training/tasks/{}/asks.py",
    "training/tasks/{}/labels.py",
    "serving/tasks/{}/messages.py",
    "serving/tasks/{}/rules.py",
)


def test_every_task_is_in_the_catalogue_under_its_own_name():
    assert all(task.name == name for name, task in TASKS.items())


def test_a_name_that_is_no_tasks_is_answered_with_those_there_are():
    assert task_named("stock_risk") is TASKS[TaskName("stock_risk")]
    with pytest.raises(ValueError, match="no task 'stock'; there are stock_risk, invoice_mismatch"):
        task_named("stock")


@pytest.mark.parametrize("name", list(TASKS))
def test_every_task_has_its_files_in_every_room(name, root):
    wanted = [path.format(name) for path in NEEDED]
    missing = [path for path in wanted if not (root / path).is_file()]
    assert not missing, f"{name} lacks {', '.join(missing)}"


@pytest.mark.parametrize("name", list(TASKS))
def test_every_task_has_specification_tests_of_its_features(name, root):
    specs = (root / "tests" / "spec").rglob(f"*{name}*.py")
    assert list(specs), f"{name} has no specification test under tests/spec"


@pytest.mark.parametrize("name", list(TASKS))
def test_every_task_has_at_least_25_features_with_names_of_their_own(name):
    names = [feature.name for feature in TASKS[name].features]
    assert len(names) >= 25
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", list(TASKS))
def test_every_feature_says_its_unit_what_missing_means_and_a_sentence(name):
    lacking = []
    for feature in TASKS[name].features:
        value = 0.5 if feature.kind is FeatureKind.NUMBER else "north"
        fields = [field for _, field, _, _ in string.Formatter().parse(feature.sentence)]
        said = FeatureSpec.of(feature).text(value)  # fails where the format does not fit
        if "value" not in fields or not said or not feature.missing:
            lacking.append(feature.name)
        if feature.kind is FeatureKind.NUMBER and not feature.unit:
            lacking.append(f"{feature.name} (unit)")
    assert not lacking, f"{name}: {', '.join(lacking)}"


@pytest.mark.parametrize("name", list(TASKS))
def test_a_question_is_a_question_and_classes_are_at_least_two(name):
    task = TASKS[name]
    assert task.question.endswith("?")
    assert len(set(task.classes)) == len(task.classes) >= 2
