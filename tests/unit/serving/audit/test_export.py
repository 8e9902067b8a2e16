"""An export equals the record bit for bit, and its manifest proves it."""

import csv
import hashlib
import json
import random
import stat
from datetime import date, datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from models.tasks.stock_risk import STOCK_RISK
from serving.audit.erasure.execution import ErasureGround, erase_payloads
from serving.audit.export import selection
from serving.audit.export.export import Export, parse_kinds
from serving.audit.export.manifest import ControlTotals, IncompleteExportError
from serving.audit.export.selection import Selection, read_batches, read_snapshot
from serving.audit.export.writers import ExportFormat, escape_formula
from serving.audit.log.entry import ENVELOPE_FIELDS, Envelope, payload_commitment
from serving.audit.log.entry_kind import KINDS_OF_GROUP, EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.transparency.signing_key import SigningKey
from tests.support.audit_drafts import (
    CONTEXT,
    NOW,
    PSEUDONYMS,
    decision_draft,
    draft_of_kind,
    recommendation_recorded_at,
)

pytestmark = pytest.mark.slow(4)

FEBRUARY = NOW.replace(month=2)
ODD = 'a "quoted", line\r\nand another; Zoë \u2028'


@pytest.fixture
def audit(audit_url, tmp_path):
    store = AuditStore.open(audit_url, "north", SigningKey.load_or_make(tmp_path / "a.key"))
    amounts = random.Random(7)
    store.append(
        [
            recommendation_recorded_at(n, FEBRUARY, money_at_risk=amounts.uniform(0, 1e6))
            for n in range(20)
        ]
        + [recommendation_recorded_at(n, task=STOCK_RISK.name) for n in range(20, 25)]
    )
    store.append([decision_draft(1, reason=ODD), decision_draft(2, "bo"), decision_draft(3, None)])
    store.append([draft_of_kind(EntryKind.POLICY_CHANGED, version="2026.2", digest="ab" * 32)])
    store.append(
        [draft_of_kind(EntryKind.REPORT_READ, page_digest="cd" * 32, recommendation_id="rec-1")]
    )
    erase_payloads(
        store,
        ErasureGround.REQUEST,
        [2, 27],
        "asked to",
        PSEUDONYMS.of("carol"),
        CONTEXT.recorded(),
        now=NOW,
    )
    yield store
    store.close()


def exported(store, out, form=ExportFormat.PARQUET, **wanted):
    return Export(store, Selection(**wanted), form, NOW, "0.1.0+0123456789ab").write(out)


def figures(manifest, group):
    return next(f for f in manifest["files"] if f["file"].startswith(f"{group}."))


def rows(out):
    found = [row for path in out.glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    return sorted(found, key=lambda row: row["sequence"])


def test_parquet_read_back_is_the_record_to_the_last_bit(audit, tmp_path):
    exported(audit, tmp_path / "out")
    entries = audit.all()
    found = rows(tmp_path / "out")
    assert len(found) == len(entries) == 31
    for row, entry in zip(found, entries, strict=True):
        assert {name: row[name] for name in ENVELOPE_FIELDS} == vars(entry.envelope)
        assert (row["hash"], row["salt"], row["payload"]) == (entry.hash, entry.salt, entry.body)
        assert row["erased"] == (entry.body is None)
        assert row["recorded"] == datetime.fromisoformat(entry.recorded_at)


def test_every_exported_row_can_be_checked_by_itself(audit, tmp_path):
    exported(audit, tmp_path / "out")
    for row in rows(tmp_path / "out"):
        assert Envelope(**{name: row[name] for name in ENVELOPE_FIELDS}).leaf() == row["hash"]
        if not row["erased"]:
            assert payload_commitment(row["salt"], row["payload"]) == row["commitment"]


def test_columns_say_what_the_payload_says(audit, tmp_path):
    manifest = exported(audit, tmp_path / "out")
    row = pq.read_table(tmp_path / "out" / "answers.parquet").to_pylist()[0]
    said = audit.read("rec-0").payload["recommendation"]
    assert row["probability"] == said["probability"]
    assert row["money_at_risk"] == said["money_at_risk"]
    assert row["model_digest"] == said["model"]["digest"]
    assert row["interval_low"] == said["interval"]["low"]
    assert row["asked_at"] == datetime.fromisoformat(said["asked_at"])
    people = pq.read_table(tmp_path / "out" / "decisions.parquet")["person"].to_pylist()
    assert people == [
        PSEUDONYMS.of("ada"),
        None,
        None,
    ]  # the second was erased, the third not named
    for file in manifest["files"]:
        names = [column["name"] for column in file["columns"]]
        assert names == pq.read_schema(tmp_path / "out" / file["file"]).names
        assert all(column["meaning"] for column in file["columns"])


def test_the_manifest_states_its_completeness(audit, tmp_path):
    manifest = exported(audit, tmp_path / "out")
    assert manifest == {
        k: v
        for k, v in json.loads((tmp_path / "out" / "manifest.json").read_text()).items()
        if k not in {"format", "checked"}
    }
    answers, head = figures(manifest, "answers"), audit.head()
    assert (answers["rows"], answers["erased"]) == (25, 1)
    assert (answers["first_sequence"], answers["last_sequence"]) == (1, 25)
    assert answers["sum_of_sequences"] == sum(range(1, 26))
    assert answers["rows_of_kind"] == {"recommendation": 25}
    assert sum(answers["rows_of_site"].values()) == 25
    assert figures(manifest, "decisions")["erased"] == 1
    assert figures(manifest, "changes")["rows"] == 1
    assert figures(manifest, "other")["rows_of_kind"] == {"erasure": 1, "report_read": 1}
    assert manifest["filters"] == dict.fromkeys(["since", "until", "kinds", "task", "site"])
    record = manifest["record"]
    assert record["tree_size"] == 31
    assert record["root_hash"] == head.frontier.root().hex()
    assert record["checkpoint"].startswith(f"{head.origin}\n31\n")
    assert record["gaps"] == []
    for file in manifest["files"]:
        content = (tmp_path / "out" / file["file"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()


def test_money_is_summed_as_exact_decimals(audit, tmp_path):
    answers = figures(exported(audit, tmp_path / "out"), "answers")
    held = [e.payload["recommendation"] for e in audit.answers()]
    exact = sum(Decimal(repr(one["money_at_risk"])) for one in held if one["currency"] == "EUR")
    assert Decimal(answers["money_at_risk"]["EUR"]) == exact
    totals = ControlTotals()
    entry = audit.read("rec-0")
    payload = entry.payload
    for amount in (0.1, 0.2, 1e15, 0.3):
        payload["recommendation"]["money_at_risk"] = amount
        totals.add(entry, payload)
    assert totals.as_json()["money_at_risk"] == {"EUR": "1000000000000000.6"}


@pytest.mark.parametrize(
    ("wanted", "sequences"),
    [
        ({"since": date(2026, 3, 1)}, range(21, 30)),
        ({"until": date(2026, 3, 1)}, range(1, 21)),
        (
            {"since": date(2026, 3, 20), "until": date(2026, 3, 21), "task": "stock_risk"},
            range(21, 26),
        ),
        ({"kinds": (EntryKind.DECISION,)}, range(26, 29)),
        ({"site": "nowhere"}, ()),
    ],
)
def test_filters_take_what_they_say_and_say_so(audit, tmp_path, wanted, sequences):
    manifest = exported(audit, tmp_path / "out", **wanted)
    found = [row["sequence"] for row in rows(tmp_path / "out")]
    assert [s for s in found if s < 30] == list(sequences)
    shown = {name: value for name, value in manifest["filters"].items() if value is not None}
    assert set(shown) == set(wanted)
    assert manifest["record"]["tree_size"] == 31


def test_only_files_of_the_wanted_kinds_are_written(audit, tmp_path):
    exported(audit, tmp_path / "out", kinds=(EntryKind.DECISION,))
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "decisions.parquet",
        "manifest.json",
    ]


def test_entries_written_during_an_export_are_not_in_its_snapshot(audit, tmp_path, monkeypatch):
    real, come = selection.read_batches, iter([True])

    def while_others_write(connection, wanted):
        for some in real(connection, wanted):
            yield some
            if next(come, False):
                audit.append([recommendation_recorded_at(99)])

    monkeypatch.setattr("serving.audit.export.export.read_batches", while_others_write)
    manifest = exported(audit, tmp_path / "out")
    assert manifest["record"]["tree_size"] == 31
    assert figures(manifest, "answers")["rows"] == 25
    assert audit.head().frontier.size == 32


def test_batches_are_as_large_as_they_may_be_and_leave_nothing_out(audit):
    with read_snapshot(audit) as connection:
        sizes = [len(some) for some in read_batches(connection, Selection(), size=7)]
    assert sizes == [7, 7, 7, 7, 3]


@pytest.mark.parametrize("lost", [0, 12, 30])
def test_a_row_that_was_not_written_is_noticed_and_nothing_is_left(
    audit, tmp_path, monkeypatch, lost
):
    def loses_one(connection, wanted):
        for some in selection.read_batches(connection, wanted):
            yield [entry for i, entry in enumerate(some) if i != lost]

    monkeypatch.setattr("serving.audit.export.export.read_batches", loses_one)
    with pytest.raises(IncompleteExportError, match="the database counts"):
        exported(audit, tmp_path / "new" / "out")
    assert list((tmp_path / "new").iterdir()) == []


def test_a_gap_in_the_record_is_in_the_manifest(audit, tmp_path):
    with audit.engine.begin() as connection:
        if audit.engine.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER entries_no_delete")
        else:
            connection.exec_driver_sql("ALTER TABLE entries DISABLE TRIGGER ALL")
        connection.execute(sa.text("DELETE FROM entries WHERE sequence IN (1, 11, 12)"))
    manifest = exported(audit, tmp_path / "out")
    assert manifest["record"]["gaps"] == [[1, 1], [11, 12]]


def test_a_folder_with_something_in_it_is_refused_and_an_empty_one_taken(audit, tmp_path):
    (tmp_path / "out").mkdir()
    exported(audit, tmp_path / "out")
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    with pytest.raises(FileExistsError, match="something in it"):
        exported(audit, tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError, match="something in it"):
        exported(audit, tmp_path / "file")


def test_csv_read_back_is_the_record(audit, tmp_path):
    manifest = exported(audit, tmp_path / "out", ExportFormat.CSV)
    with (tmp_path / "out" / "decisions.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    first = audit.decisions("rec-1")[0]
    assert found[0]["payload"] == first.body
    assert found[0]["reason"] == ODD
    assert found[0]["hash"] == first.hash
    assert [row["erased"] for row in found] == ["false", "true", "false"]
    assert (tmp_path / "out" / "decisions.csv").read_bytes().count(b"\r\n") == 4 + 1  # one in ODD
    assert "apostrophe" in manifest["csv"]


def test_numbers_stay_numbers_in_csv(audit, tmp_path):
    exported(audit, tmp_path / "out", ExportFormat.CSV)
    text = (tmp_path / "out" / "answers.csv").read_text(encoding="utf-8")
    said = audit.read("rec-0").payload["recommendation"]
    line = text.splitlines()[1]
    assert line.startswith('1,"rec-0",')
    assert f",{said['money_at_risk']!r}," in line


DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "\u00a0=1",
    "\u3000=1",
    "\ufeff=1",
    "\u200b=1",
    "\x00=1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    "\ufe631",
    " \uff1dcmd|' /C calc'!A0",
    "-2+3",
    '=HYPERLINK("http://x","y")',
]
HARMLESS = ["", "a=1", "1-2", "(=1)", "«=1»", "Zoë", "{", "#=1", "10.03.2026"]


@pytest.mark.parametrize("text", DANGEROUS)
def test_a_text_that_could_be_a_formula_begins_with_an_apostrophe(text):
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay_as_they_are(text):
    assert escape_formula(text) == text


@pytest.mark.parametrize("text", [*DANGEROUS, *HARMLESS, "'=1", "''", "'"])
def test_removing_one_apostrophe_restores_the_recorded_text(text):
    shown = escape_formula(text)
    assert (shown.removeprefix("'")) == text


def test_no_cell_of_a_hostile_record_is_a_formula(tmp_path):
    store = AuditStore.open(tmp_path / "audit.db")
    store.append([decision_draft(n, reason=text) for n, text in enumerate(DANGEROUS)])
    exported(store, tmp_path / "out", ExportFormat.CSV)
    with (tmp_path / "out" / "decisions.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    store.close()
    assert [row["reason"] for row in found] == [f"'{text}" for text in DANGEROUS]
    for row in found:
        for cell in row.values():
            assert not cell.lstrip().startswith(
                ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
            )


def test_every_kind_of_entry_has_its_file():
    assert sorted(k for kinds in KINDS_OF_GROUP.values() for k in kinds) == sorted(EntryKind)
    assert parse_kinds([]) == tuple(EntryKind)
    with pytest.raises(
        ValueError, match="no kind of entry 'decisions'; there are recommendation, "
    ):
        parse_kinds(["decisions"])
