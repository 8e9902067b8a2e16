"""A site with one file of receipts, small enough to see every byte that matters."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from data.ingest import IngestReport, ingest
from data.sources.extracts.mapping import load_mapping
from data.sources.extracts.reader import read_extract
from tests.lakes import read_table

MAPPING = """
site = "S07"
encoding = "utf-8"
delimiter = ";"
decimal = ","
thousands = "."
time_zone = "Europe/Berlin"
ambiguous_time = "earlier"
nonexistent_time = "quarantine"
formats = ["%d.%m.%Y %H:%M"]

[tables.receipts]
file = "goods*.csv"
ignore = ["CLIENT"]
[tables.receipts.columns]
receipt_id = { column = "NO", prefix = "S07-" }
po_line_id = { columns = ["PO", "POS"], prefix = "S07-" }
quantity_received = { column = "QTY", times = { column = "UNIT", factors = { ST = 1, KAR = 12 } } }
quantity_damaged = "DAMAGED"
final = { column = "DONE", codes = { X = true, "" = false } }
happened_at = "CAME"
known_at = "POSTED"
"""


@dataclass(frozen=True)
class Ingested:
    """Result of ingesting an extract."""

    report: IngestReport
    receipts: pd.DataFrame
    quarantine: pd.DataFrame | None

    @property
    def message(self) -> str:
        """The only message there is."""
        assert len(self.report.messages) == 1, self.report.messages
        return self.report.messages[0]


@pytest.fixture
def extract(tmp_path: Path) -> Callable[..., Ingested]:
    """Ingest `goods.csv` (text or bytes) of S07, the mapping changed by replacements."""

    def run(content: str | bytes, *changes: tuple[str, str], name: str = "goods.csv") -> Ingested:
        text = MAPPING
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        (tmp_path / "S07.toml").write_text(text, encoding="utf-8")
        (tmp_path / "S07").mkdir(exist_ok=True)
        if content:
            data = content.encode() if isinstance(content, str) else content
            (tmp_path / "S07" / name).write_bytes(data)
        batches = read_extract(tmp_path, [load_mapping(tmp_path / "S07.toml")])
        report = ingest(batches, tmp_path / "canonical", tmp_path / "quarantine")
        assert report.balanced
        receipts = read_table(tmp_path / "canonical", "receipts")
        aside = pd.read_csv(report.quarantine, dtype=str) if report.quarantine else None
        return Ingested(report, receipts, aside)

    return run
