"""Generated documentation is up to date, and complete."""

import pytest

from data.contracts.catalogue import TABLES
from models.catalogue import TASKS
from tests.docs.__main__ import main
from tests.docs.generated import COMMAND, replaced, stale
from tests.docs.markdown import anchors


def test_generated_documentation_is_up_to_date(root):
    assert stale(root) == [], f"run `{COMMAND}` and commit what it wrote"


def test_every_task_and_table_has_a_section_with_all_its_columns_and_features(root):
    text = (root / "docs" / "columns.md").read_text(encoding="utf-8")
    for task in TASKS.values():
        assert f"task-{task.name}" in anchors(text)
        assert [f.name for f in task.features if f"| `{f.name}` |" not in text] == []
    for table in TABLES.values():
        assert f"table-{table.name}" in anchors(text)
        assert [c for c in table.columns if f"| `{c}` |" not in text] == []


def test_every_key_of_a_mapping_is_described(root):
    text = (root / "docs" / "mapping.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) > 25
    assert [row for row in rows if row.rstrip("| ").count("|") < 2] == []


def test_a_region_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="takes one region from <!-- generated: keys -->"):
        replaced("no region", "keys", "content")


def test_check_writes_nothing_and_exits_with_0_when_all_is_up_to_date(root, capsys):
    before = {path: path.stat().st_mtime_ns for path in (root / "docs").glob("*.md")}
    assert main(["--check"]) == 0
    assert capsys.readouterr().out == ""
    assert {path: path.stat().st_mtime_ns for path in (root / "docs").glob("*.md")} == before
