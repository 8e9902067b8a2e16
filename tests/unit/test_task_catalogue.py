"""Every part of a task is there in every room; what is missing is named in a sentence."""

import dataclasses
import re
import string

import pytest

from features.feature import FeatureKind
from models.catalogue import TASKS, task_named
from models.encoding.feature_spec import FeatureSpec
from models.task import AbstentionLimits, TaskName
from serving.tasks.catalogue import SERVED_TASKS
from training.dataset.training_task import ModelPurpose
from training.tasks.catalogue import TRAINING_TASKS

WORDS = r"[a-z][a-z0-9_]*"


def missing_parts(name, root):
    """Return a sentence for each part that a task lacks in any room."""
    if name not in TRAINING_TASKS:
        yield f"training/tasks/catalogue.py lacks a line for {name}"
    if name not in SERVED_TASKS:
        yield f"serving/tasks/catalogue.py lacks a line for {name}"
    yield from missing_in_model(TASKS[name])
    if name in TRAINING_TASKS:
        yield from missing_in_training(TRAINING_TASKS[name], TASKS[name])
    if name in TRAINING_TASKS and name in SERVED_TASKS:
        yield from missing_in_agreement(TRAINING_TASKS[name], SERVED_TASKS[name])
    yield from missing_files(name, root)


def missing_in_model(task):
    """Return a sentence for each part that models/tasks/NAME.py lacks."""
    place, features = f"models/tasks/{task.name}.py", {feature.name for feature in task.features}
    if not re.fullmatch(WORDS, task.name):
        yield f"{place}: name {task.name!r} is no identifier, and it is part of a path"
    if not task.question.endswith("?"):
        yield f"{place}: question of {task.name} is no question"
    if not len(set(task.classes)) == len(task.classes) >= 2:
        yield f"{place}: {task.name} needs two classes or more with names of their own"
    if not task.abstention.key_features:
        yield f"{place}: abstention of {task.name} names no key feature"
    if unknown := set(task.abstention.key_features) - features:
        yield f"{place}: abstention of {task.name} names {sorted(unknown)}, no features"


def missing_in_training(training, task):
    """Return a sentence for each part that training/tasks/NAME/ lacks."""
    name, place = task.name, f"training/tasks/{task.name}/training_task.py"
    columns = set(map(str, training.shape.columns))
    if training.task is not task:
        yield f"{place}: task is not that of models/tasks/{name}.py"
    if not training.streams:
        yield f"{place}: streams of {name} are empty, so no feature has a history"
    if unknown := set(map(str, training.reference)) - columns or not training.reference:
        yield f"{place}: reference of {name} names {unknown}, which no case has"
    if not training.baseline_rules:
        yield f"{place}: {name} has no baseline rule that a model must beat"
    for field in dataclasses.fields(training.purpose):
        if not getattr(training.purpose, field.name):
            yield f"{place}: purpose of {name} lacks {field.name}"
    if unknown := set(map(str, training.class_of_resolution.values())) - set(task.classes):
        yield f"{place}: class_of_resolution of {name} names {sorted(unknown)}, no classes"


def missing_in_agreement(training, served):
    """Return a sentence for each part in which training and serving differ."""
    name = training.task.name
    if training.shape != served.request.shape:
        yield f"{name}: cases of training and of requests differ in shape"
    if list(training.streams) != list(served.streams):
        yield f"{name}: training and serving read different streams"
    if tuple(training.reference) != tuple(served.reference):
        yield f"{name}: training and serving identify a case by different columns"


def missing_files(name, root):
    """Return a sentence for each file that no object of the task could lack."""
    for path in (f"models/tasks/{name}.py", f"training/tasks/{name}/parameters.toml"):
        if not (root / path).is_file():
            yield f"{path} is not there"
    if not list((root / "tests" / "spec").rglob(f"test_{name}*.py")):
        yield f"tests/spec/**/test_{name}*.py is not there: {name} has no specification test"


@pytest.mark.parametrize("name", list(TASKS))
def test_a_task_lacks_no_part_in_any_room(name, root):
    assert list(missing_parts(name, root)) == []


def test_the_rooms_list_the_same_tasks_in_the_same_order():
    assert list(TRAINING_TASKS) == list(TASKS) == list(SERVED_TASKS)


NO_PURPOSE = ModelPurpose(use="", readers="a", ask="a", never=("a",), limits=("a",))
TRAINING_LACKS = {
    "streams": {"streams": ()},
    "reference": {"reference": ("pallet_id",)},
    "baseline rule": {"baseline_rules": {}},
    "purpose": {"purpose": NO_PURPOSE},
    "class_of_resolution": {"class_of_resolution": {"paid": "PAID"}},
}


@pytest.mark.parametrize("part", TRAINING_LACKS)
def test_each_part_that_training_lacks_is_named_in_a_sentence(part):
    complete = next(iter(TRAINING_TASKS.values()))
    bare = dataclasses.replace(complete, **TRAINING_LACKS[part])
    (sentence,) = missing_in_training(bare, complete.task)
    assert part in sentence


MODEL_LACKS = {
    "identifier": {"name": TaskName("two words")},
    "question": {"question": "It runs out."},
    "classes": {"classes": ("LATE",)},
    "key feature": {"abstention": AbstentionLimits()},
    "no features": {"abstention": AbstentionLimits(key_features=("pallet",))},
}


@pytest.mark.parametrize("part", MODEL_LACKS)
def test_each_part_that_a_model_task_lacks_is_named_in_a_sentence(part):
    complete = next(iter(TASKS.values()))
    (sentence,) = missing_in_model(dataclasses.replace(complete, **MODEL_LACKS[part]))
    assert part in sentence


def test_a_task_without_files_is_told_which(tmp_path):
    sentences = list(missing_files("pallet_loss", tmp_path))
    assert [sentence.split(" is not there")[0] for sentence in sentences] == [
        "models/tasks/pallet_loss.py",
        "training/tasks/pallet_loss/parameters.toml",
        "tests/spec/**/test_pallet_loss*.py",
    ]


def test_every_task_is_in_the_catalogue_under_its_own_name():
    assert all(task.name == name for name, task in TASKS.items())


def test_a_name_that_is_no_tasks_is_answered_with_those_there_are():
    assert task_named("stock_risk") is TASKS[TaskName("stock_risk")]
    with pytest.raises(ValueError, match="no task 'stock'; there are stock_risk, invoice_mismatch"):
        task_named("stock")


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
