"""Models from a folder that something else fills: in any order, and never half of one."""

import json
import random
import shutil
from datetime import UTC, datetime

import pytest

from data.lake import Lake
from models.tasks.stock_risk import STOCK_RISK
from serving.audit.log.entry_kind import EntryKind
from serving.model_registry.watcher import ModelWatcher
from serving.pipeline.engine import load_engine
from serving.runtime.settings import ServiceSettings, SwapSettings
from tests.support.synthetic_lake import make_lake

pytestmark = pytest.mark.slow(8)

TASK = STOCK_RISK.name


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return make_lake(tmp_path_factory.mktemp("lake"), (TASK,))


@pytest.fixture
def settings(source, tmp_path):
    """A service with the profiles of that lake, whose models are to come into an empty folder."""
    home, pushed = tmp_path / "lake", tmp_path / "pushed"
    shutil.copytree(source.home, home, ignore=shutil.ignore_patterns("models"))
    pushed.mkdir()
    return ServiceSettings(home=home, models=pushed)


@pytest.mark.parametrize("seed", range(4))
def test_a_model_answers_once_all_of_it_has_come_in_whatever_order(source, settings, seed):
    engine = load_engine(settings, lambda: datetime.now(UTC))
    watcher = ModelWatcher(settings.lake, SwapSettings(patience_seconds=600), engine)
    files = [path for path in source.models.rglob("*") if path.is_file()]
    random.Random(seed).shuffle(files)
    try:
        for number, path in enumerate(files):
            assert TASK not in engine.models.current.champions, (
                f"after {number} of {len(files)} files"
            )
            new = settings.models / path.relative_to(source.models)
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
            watcher.look()
            new.write_bytes(path.read_bytes())
            watcher.look()
        assert TASK in engine.models.current.champions
        kinds = [entry.kind for entry in engine.audit.walk()]
        assert kinds.count(EntryKind.MODEL_LOADED) >= 1
        assert EntryKind.MODEL_REFUSED not in kinds
    finally:
        engine.audit.close()


def test_models_are_looked_for_where_the_setting_says(settings, monkeypatch):
    monkeypatch.setenv("TRIAGE_HOME", str(settings.home))
    monkeypatch.setenv("TRIAGE_MODELS", str(settings.models))
    lake = Lake.from_environment()
    assert lake.models == settings.models.resolve() == ServiceSettings().lake.models
    assert lake.environment == {
        "TRIAGE_HOME": str(settings.home.resolve()),
        "TRIAGE_MODELS": str(settings.models.resolve()),
    }
    assert Lake(settings.home).models == settings.home / "models"


@pytest.mark.parametrize("seed", range(2))
def test_a_slow_upload_is_refused_once_and_taken_when_complete(source, settings, seed):
    engine = load_engine(settings, lambda: datetime.now(UTC))
    watcher = ModelWatcher(settings.lake, SwapSettings(patience_seconds=0), engine)
    files = [path for path in source.models.rglob("*") if path.is_file()]
    files.sort(key=lambda path: path.name != "champion.json")  # the pointer comes first of all
    random.Random(seed).shuffle(rest := files[1:])
    try:
        for path in [files[0], *rest]:
            assert TASK not in engine.models.current.champions
            new = settings.models / path.relative_to(source.models)
            new.parent.mkdir(parents=True, exist_ok=True)
            new.write_bytes(path.read_bytes())
            watcher.look()
        kinds = [entry.kind for entry in engine.audit.walk()]
        assert kinds.count(EntryKind.MODEL_REFUSED) == 1
        assert kinds.count(EntryKind.MODEL_LOADED) == 1
        assert engine.models.current.refused == {}
    finally:
        engine.audit.close()


def test_a_former_champion_damaged_since_is_refused_when_offered_again(source, settings):
    shutil.copytree(source.models, settings.models, dirs_exist_ok=True)
    home = settings.models / TASK
    first = json.loads((home / "champion.json").read_text())
    first, second = first | {"version": "1"}, first | {"version": "2"}
    third, folder = {"version": "3", "digest": "ab" * 32}, home / first["digest"]
    engine = load_engine(settings, lambda: datetime.now(UTC))
    watcher = ModelWatcher(settings.lake, SwapSettings(patience_seconds=0), engine)

    def offered(pointer):
        (home / "champion.json").write_text(json.dumps(pointer))
        watcher.look()
        refused = engine.audit.of_kind(EntryKind.MODEL_REFUSED)
        return [one.payload["model"]["version"] for one in refused]

    try:
        for pointer in (third, first, third, first, third):
            assert offered(pointer) == ["3"]  # again and again, and told once
        folder.rename(home / "away")
        assert offered(second) == ["3", "2"]
        (home / "away").rename(folder)
        assert offered(second) == ["3", "2"]
        assert engine.models.current.champions[TASK].version == "2"
        offered(first)
        (folder / "model.txt").write_text("tree")
        assert offered(second) == ["3", "2", "2"]
        assert engine.models.current.champions[TASK].version == "1"
    finally:
        engine.audit.close()
