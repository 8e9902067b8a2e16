"""Whatever comes in: nothing raises, and every row is accepted or in quarantine."""

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from data.contracts.receipts import RECEIPTS
from data.contracts.supplier_events import SUPPLIER_EVENTS, EventKind
from data.ingest import ingest
from data.row_versions.verdicts import Verdict
from data.source_batch import batches_from_frames
from data.sources.extracts.file_conventions import Encoding
from data.sources.extracts.mapping import shipped_mappings
from data.sources.extracts.reader import read_extract
from tests.lakes import read_table

MOMENTS = st.datetimes(timezones=st.none() | st.timezones())
GARBAGE = st.one_of(
    st.none(),
    st.text(st.characters(), max_size=5),
    st.text(st.characters(categories=["Cs"]), max_size=2),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.binary(max_size=3),
    MOMENTS,
    st.sampled_from([*EventKind, pd.NaT, pd.NA, pd.Timestamp("2026-03-01T06:00Z")]),
    st.lists(st.integers(), max_size=2),
)
ROWS = st.lists(st.tuples(*[GARBAGE] * len(SUPPLIER_EVENTS.columns)), max_size=6)
ONCE = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # shrinking would take minutes
)

MAPPING = next(mapping for mapping in shipped_mappings() if mapping.site == "S01")
FIELDS = MAPPING.tables["receipts"]
CELLS = st.one_of(
    st.text("0123456789.,-+eX \"';\t\n\r\u00a0", max_size=12),
    st.sampled_from(["", "1", "12,5", "X", "01.03.2026", "10:00", "29.03.2026", "02:30"]),
    st.text(st.characters(codec="utf-8"), max_size=4),
)


def checked(batches, rows: int, folder: Path, table: str) -> None:
    report = ingest(batches, folder / "canonical", folder / "quarantine")
    assert report.read == rows
    assert report.accepted + report.quarantined == rows
    assert report.balanced
    written = read_table(folder / "canonical", table)
    known = sum(count.verdicts[Verdict.UNCHANGED] for count in report.tables)
    assert len(written) == report.accepted - known
    aside = 0
    if report.quarantine:
        with report.quarantine.open(encoding="utf-8", newline="") as file:
            entries = list(csv.DictReader(file))
        aside = len({(entry["source"], entry["line"]) for entry in entries})
    assert aside == report.quarantined
    assert str(report)


@ONCE
@given(rows=ROWS)
def test_rows_in_are_rows_accepted_and_rows_in_quarantine_whatever_they_hold(rows):
    columns = {
        str(column): pd.Series([row[k] for row in rows], dtype=object)
        for k, column in enumerate(SUPPLIER_EVENTS.columns)
    }
    with TemporaryDirectory() as name:
        frames = {"supplier_events": pd.DataFrame(columns)}
        checked(batches_from_frames(frames, "garbage"), len(rows), Path(name), "supplier_events")


@ONCE
@given(rows=st.lists(st.tuples(*[CELLS] * len(FIELDS.reads)), min_size=1, max_size=6))
def test_every_row_of_a_file_is_accounted_for_whatever_its_cells_hold(rows):
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=";")
    writer.writerow(FIELDS.reads)
    writer.writerows(rows)
    mapping = MAPPING.model_copy(
        update={"tables": {"receipts": FIELDS}, "encoding": Encoding.UTF8},
    )
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "S01").mkdir()
        (folder / "S01" / "EKBE.csv").write_bytes(out.getvalue().encode())
        checked(read_extract(folder, [mapping]), len(rows), folder, RECEIPTS.name)
