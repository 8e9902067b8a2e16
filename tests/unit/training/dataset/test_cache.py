"""Training sets stay in the lake and are used again only while all that went in is the same."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from data.contracts.catalogue import TABLES
from data.lake import Lake
from models.tasks.supplier_delay import SUPPLIER_DELAY
from tests.lakes import read_table, write_lake
from tests.support.synthetic_task import draw_training_set
from training.dataset import cache
from training.dataset import cache as recipes
from training.dataset.cache import FILE, MANIFEST, SETS_KEPT, load_or_build_training_set
from training.dataset.readiness import NotReadyError
from training.dataset.training_set_file import (
    OPTIONAL_COLUMNS,
    REQUIRED_COLUMNS,
    read_training_set,
    write_training_set,
)
from training.tasks.catalogue import training_task

pytestmark = pytest.mark.slow(9)

TASK = SUPPLIER_DELAY


@pytest.fixture
def lake(world, tmp_path) -> Lake:
    made = Lake(tmp_path).make()
    write_lake(made.canonical, world)
    return made


@pytest.fixture
def building(monkeypatch):
    """Replace building by a quick draw of `max_rows` rows; return a list of the builds."""
    built = []

    def build(task, store, max_rows=None):
        built.append(store.frame("receipts").shape[0])
        return tidy(draw_training_set(max_rows or 30).training)

    monkeypatch.setattr(cache, "build_training_set", build)
    return built


def tidy(training):
    """Convert a set to the types of sets built from tables: texts are str or None."""
    texts = {"region": training.inputs["region"].astype(object).where(lambda x: x.notna(), None)}
    inputs = pd.DataFrame(
        {name: texts.get(name, training.inputs[name]) for name in training.inputs}, dtype=object
    ).astype({name: float for name in training.inputs if name != "region"})
    objects = {
        name: getattr(training, name).astype(str).astype(object) for name in ("group", "site")
    }
    return replace(training, inputs=inputs, **objects)


def same(one, other) -> bool:
    """Return whether two sets are identical, bit for bit, in every array."""
    assert one.inputs.dtypes.tolist() == other.inputs.dtypes.tolist()
    pairs = [(one.inputs[n].to_numpy(), other.inputs[n].to_numpy()) for n in one.inputs]
    pairs += [
        (getattr(one, name), getattr(other, name))
        for name in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)
    ]
    for name in ("segments", "rules"):
        assert list(getattr(one, name)) == list(getattr(other, name))
        pairs += [(getattr(one, name)[k], getattr(other, name)[k]) for k in getattr(one, name)]
    return all(_same(a, b) for a, b in pairs)


def _same(a, b) -> bool:
    if a is None or b is None:
        return a is b
    if a.dtype != b.dtype:
        return False
    return a.tolist() == b.tolist() if a.dtype == object else a.tobytes() == b.tobytes()


def test_a_second_training_reads_the_set_that_the_first_built_bit_for_bit(lake):
    told = []
    first = load_or_build_training_set(training_task(TASK), lake, 200)
    again = load_or_build_training_set(
        training_task(TASK), lake, 200, lambda what, _: told.append(what)
    )
    assert (first.reused, again.reused) == (False, True)
    assert same(first.training, again.training)
    assert len(first.training) > 50
    assert told == [
        f"supplier_delay: training set {again.folder.name[:8]} is there, nothing to build"
    ]


def test_the_manifest_says_what_went_in(lake):
    kept = load_or_build_training_set(training_task(TASK), lake, 200)
    told = json.loads((kept.folder / MANIFEST).read_text())
    assert told["rows"] == len(kept.training)
    assert told["labels"] == {"system": len(kept.training)}
    assert told["made_from"]["max_rows"] == 200
    assert set(told["files"]) == set(TABLES)
    for name, digest in told["made_from"]["files"].items():
        assert told["files"][name]["sha256"] == digest
    assert kept.folder.parent == lake.processed / "training_sets" / "supplier_delay"


def test_other_parameters_of_the_trees_build_nothing(lake, building):
    load_or_build_training_set(training_task(TASK), lake)
    other = replace(TASK, lightgbm={"num_leaves": 3}, lightgbm_quantiles={}, seed=5)
    assert load_or_build_training_set(training_task(other), lake).reused
    assert len(building) == 1


@pytest.mark.parametrize("change", ["table", "code", "rows", "task"])
def test_whatever_else_changes_is_built_anew(lake, building, monkeypatch, tmp_path, change):
    load_or_build_training_set(training_task(TASK), lake)
    task, rows = TASK, None
    match change:
        case "table":
            last = read_table(lake.canonical, "receipts").iloc[-1:]
            write_lake(lake.canonical, {"receipts": last.assign(receipt_id="another")})
        case "code":
            monkeypatch.setattr(recipes, "training_set_code_digest", lambda: "another version")
        case "rows":
            rows = 25
        case "task":
            task = replace(TASK, tolerance_days=TASK.tolerance_days + 1)
    assert not load_or_build_training_set(training_task(task), lake, rows).reused
    assert len(building) == 2
    if change == "table":
        assert building[1] != building[0]


def test_an_interrupted_build_leaves_nothing_and_an_interrupted_fit_leaves_the_set(
    lake, building, monkeypatch
):
    def interrupted(training, path):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr(cache, "write_training_set", interrupted)
        with pytest.raises(KeyboardInterrupt):
            load_or_build_training_set(training_task(TASK), lake)
    assert list((lake.training_sets / TASK.name).iterdir()) == []
    assert not load_or_build_training_set(training_task(TASK), lake).reused
    assert load_or_build_training_set(
        training_task(TASK), lake
    ).reused  # what ended after this point goes on from here
    assert len(building) == 2


@pytest.mark.parametrize("file", [FILE, MANIFEST])
def test_a_damaged_set_is_built_anew(lake, building, file):
    first = load_or_build_training_set(training_task(TASK), lake)
    path = first.folder / file
    path.write_bytes(path.read_bytes()[:-40])
    again = load_or_build_training_set(training_task(TASK), lake)
    assert not again.reused
    assert same(first.training, again.training)
    assert load_or_build_training_set(training_task(TASK), lake).reused


def test_the_newest_few_stay_and_what_a_dead_process_left_goes(lake, building):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = lake.training_sets / TASK.name / f".part-12345678-{ended.pid}"
    left.mkdir(parents=True)
    folders = [
        load_or_build_training_set(training_task(TASK), lake, 30 + n).folder
        for n in range(SETS_KEPT)
    ]
    load_or_build_training_set(
        training_task(TASK), lake, 30
    )  # used again, so it is among the newest
    folders.append(load_or_build_training_set(training_task(TASK), lake, 30 + SETS_KEPT).folder)
    assert set((lake.training_sets / TASK.name).iterdir()) == set(folders) - {folders[1]}


def test_every_number_survives_the_file_and_the_same_set_makes_the_same_bytes(tmp_path):
    odd = np.frombuffer(np.array([0xFFF8000000000001, 0x7FF8000000000000]).astype("<u8"), "<f8")
    values = np.array([*odd, 0.0, -0.0, 5e-324, np.inf, -np.inf, 0.1 + 0.2])
    made = tidy(draw_training_set(len(values)).training)
    region = pd.Series([None, "", "é", *"abcde"], dtype=object)
    made = replace(
        made,
        inputs=made.inputs.assign(cover=values, region=region),
        target=values[::-1].copy(),
        matured_at=np.where(values == 0, np.datetime64("NaT", "us"), made.matured_at),
        weight=np.arange(1.0, 9.0),
        told_by=np.array(["system"] * 8, dtype=object),
        segments={"large": values > 0},
        rules={"cover": values},
    )
    for name in ("a", "b"):
        write_training_set(made, tmp_path / name)
    assert same(made, read_training_set(tmp_path / "a"))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    bare = replace(made, target=None, weight=None, told_by=None, segments={}, rules={})
    write_training_set(bare, tmp_path / "bare")
    assert same(bare, read_training_set(tmp_path / "bare"))


def test_the_recipe_covers_all_code_that_building_a_set_imports(root):
    """An imported module that the recipe omits could change a set but not its name."""
    listing = (
        "import sys, training.dataset.builder, training.tasks.catalogue\n"
        "for name, module in sorted(sys.modules.items()):\n"
        "    if name.split('.')[0] in ('data', 'features', 'models', 'training'):\n"
        "        print(module.__file__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", listing], cwd=root, capture_output=True, text=True, check=True
    )
    loaded = {line for line in done.stdout.splitlines() if not line.endswith("__init__.py")}
    covered = {str(path) for path in recipes.training_set_sources()}
    assert len(loaded) > 40
    assert loaded - covered == set()


def test_a_set_without_a_known_end_is_not_kept_and_the_error_says_what_lacks(lake, monkeypatch):
    def build(task, store, max_rows=None):
        return tidy(draw_training_set(30).training).take(np.zeros(30, dtype=bool))

    monkeypatch.setattr(cache, "build_training_set", build)
    with pytest.raises(NotReadyError, match="no case has a known end yet"):
        load_or_build_training_set(training_task(TASK), lake)
    assert not list(lake.training_sets.glob("*/*"))
