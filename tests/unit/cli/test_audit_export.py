"""`triage audit export` writes the record and says what it wrote."""

import json

import pytest
from typer.testing import CliRunner

import triage
from data.lake import Lake
from serving.audit.factory import open_audit
from tests.support.audit_drafts import decision_draft, recommendation_recorded_at


def run(*arguments):
    return CliRunner().invoke(triage.app, ["audit", "export", *arguments])


@pytest.fixture
def lake(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIAGE_HOME", str(tmp_path / "lake"))
    made = Lake(tmp_path / "lake").make()
    store = open_audit(made)
    store.append([recommendation_recorded_at(1), recommendation_recorded_at(2), decision_draft(1)])
    store.close()
    return made


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_the_record_is_written_with_its_manifest(lake, tmp_path, form):
    done = run("--out", str(tmp_path / "out"), "--format", form, "--kind", "recommendation")
    assert done.exit_code == 0, done.output
    assert "2 rows" in done.output
    told = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert [file["file"] for file in told["files"]] == [f"answers.{form}"]
    assert told["filters"]["kinds"] == ["recommendation"]
    assert told["record"]["tree_size"] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "xls"), "no format 'xls'; there are parquet, csv"),
        (("--kind", "decisions"), "no kind of entry 'decisions'; there are recommendation"),
    ],
)
def test_unknown_values_are_refused_with_the_choices(lake, tmp_path, arguments, said):
    done = run("--out", str(tmp_path / "out"), *arguments)
    assert said in str(done.exception)
    assert not (tmp_path / "out").exists()
