"""`triage settings` names everything that the code reads from the environment."""

import importlib
import json
import pkgutil
import re

import pytest
from pydantic_settings import BaseSettings
from typer.testing import CliRunner

import data
import features
import models
import serving
import training
from data.settings import SECRETS_FOLDER_VARIABLE, EnvironmentSettings, SettingError
from serving.runtime.settings import AuditSettings, ServiceSettings
from serving.server.settings_catalogue import INTERNAL_VARIABLES
from training.settings import ApprovalSettings
from triage import app

RUNNER = CliRunner()
ROOMS = (data, features, models, serving, training)
OF_DEVELOPERS = {"TRIAGE_REAL_DATA", "TRIAGE_TEST_POSTGRES"}


def told(*options, **environment):
    result = RUNNER.invoke(app, ["settings", *options], env=environment)
    assert result.exit_code == 0, result.output
    return result


def listed(**environment):
    return {one["variable"]: one for one in json.loads(told("--json", **environment).stdout)}


def classes():
    """Every class of settings in the code: whatever module is called settings is imported."""
    for room in ROOMS:
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if "settings" in module.name.rsplit(".", 1)[-1]:
                importlib.import_module(module.name)
    return {kind for kind in descendants(BaseSettings) if kind.__module__.split(".")[0] in NAMES}


NAMES = {room.__name__ for room in ROOMS}


def descendants(kind):
    for one in kind.__subclasses__():
        yield one
        yield from descendants(one)


def test_every_setting_in_the_code_is_listed_and_described():
    known = listed()
    for kind in classes() - {EnvironmentSettings}:
        assert issubclass(kind, EnvironmentSettings), f"{kind}: errors would not be of one line"
        for name, field in kind.model_fields.items():
            variable = f"{kind.model_config['env_prefix']}{name}".upper()
            assert variable in known, f"{kind.__name__} is missing in all_settings"
            assert field.description, f"{kind.__name__}.{name} is not described"
            assert known[variable]["means"] == field.description
            assert known[variable]["takes"]


def test_settings_live_in_modules_of_that_name(root):
    """So that the walk above meets them all."""
    for room in NAMES:
        for file in (root / room).rglob("*.py"):
            if re.search(
                r"^class \w+\((Base|Environment)Settings\)", file.read_text(), re.MULTILINE
            ):
                assert "settings" in file.stem or file.stem == "environment", file


def test_every_variable_that_the_code_names_is_listed_or_its_own(root):
    known = set(listed()) | set(INTERNAL_VARIABLES) | OF_DEVELOPERS
    for room in NAMES:
        for file in (root / room).rglob("*.py"):
            if "examples" in file.parts:
                continue  # programs of callers
            for name in re.findall(r"\bTRIAGE_[A-Z][A-Z_]*[A-Z]\b", file.read_text()):
                assert name in known or any(one.startswith(name) for one in known), (file, name)


def test_secrets_and_texts_are_never_shown_only_that_they_are_set():
    canary = "hunter2"
    result = told(
        "--json",
        TRIAGE_TOKEN=canary,
        TRIAGE_AUDIT_URL=f"postgresql://triage:{canary}@db/triage",
        TRIAGE_AUDIT_CHECKPOINTS=f"s3://key:{canary}@bucket",
        TRIAGE_WORKERS="3",
    )
    now = {one["variable"]: one["now"] for one in json.loads(result.stdout)}
    assert canary not in result.output
    assert {now[f"TRIAGE_{name}"] for name in ("TOKEN", "AUDIT_URL", "AUDIT_CHECKPOINTS")} == {
        "set"
    }
    assert now["TRIAGE_WORKERS"] == "3"
    assert now["TRIAGE_THREADS"] == ""


def test_a_slip_of_the_pen_is_named():
    assert "TRIAGE_WORKRES is set and nothing reads it" in told(TRIAGE_WORKRES="3").output


def test_a_document_gets_a_table_with_a_line_a_setting():
    lines = told("--markdown").stdout.splitlines()
    assert len(lines) == len(listed()) + 2
    assert any(line.startswith("| `TRIAGE_HOME` | service | a path | .triage |") for line in lines)


@pytest.mark.parametrize(
    ("kind", "variable", "value", "said"),
    [
        (
            ServiceSettings,
            "TRIAGE_WORKERS",
            "many",
            "got 'many', takes a whole number from 1 up to 64",
        ),
        (ServiceSettings, "TRIAGE_THREADS", "0", "got '0', takes a whole number from 1 up to 64"),
        (ServiceSettings, "TRIAGE_ACCESS_LOG", "perhaps", "got 'perhaps', takes true or false"),
        (AuditSettings, "TRIAGE_AUDIT_EVERY_SECONDS", "-1", "got '-1', takes a number above 0"),
        (ApprovalSettings, "TRIAGE_APPROVAL", "of", "got 'of', takes one of required, demo"),
        (AuditSettings, "TRIAGE_AUDIT_TENANT", "t" * 101, "got what cannot be used, takes text"),
    ],
)
def test_a_wrong_value_is_one_line_with_variable_got_and_takes(
    monkeypatch, kind, variable, value, said
):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingError) as error:
        kind()
    assert str(error.value) == f"{variable}: {said}"


def test_a_secret_may_lie_in_a_file_and_the_environment_goes_before_it(tmp_path, monkeypatch):
    (tmp_path / "triage_token").write_text("from a file\n")
    monkeypatch.setenv(SECRETS_FOLDER_VARIABLE, str(tmp_path))
    assert ApprovalSettings().token.get_secret_value() == "from a file"
    monkeypatch.setenv("TRIAGE_TOKEN", "from the environment")
    assert ApprovalSettings().token.get_secret_value() == "from the environment"
    monkeypatch.setenv(SECRETS_FOLDER_VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(SettingError, match=r"TRIAGE_SECRETS: got .*, takes a folder that is there"):
        ApprovalSettings()
