"""Extracts in the dialects of two systems say what the world's own tables say."""

import pandas as pd
import pytest

from data.contracts.catalogue import TABLES
from data.simulator.extracts import rows_of_site, write_extracts
from data.sources.extracts.mapping import shipped_mappings
from data.sources.extracts.reader import read_extract

pytestmark = pytest.mark.slow(4)

MAPPINGS = shipped_mappings()


@pytest.fixture(scope="module")
def folder(tiny, tmp_path_factory):
    place = tmp_path_factory.mktemp("extracts")
    write_extracts(tiny, place, MAPPINGS)
    return place


@pytest.fixture(scope="module")
def batches(folder):
    return list(read_extract(folder, MAPPINGS))


def test_no_cell_is_refused(batches):
    assert sum(len(batch.findings) for batch in batches) == 0


@pytest.mark.parametrize("name", [name for name in TABLES if name != "decisions"])
def test_reading_them_gives_the_rows_of_the_two_sites(tiny, batches, name):
    table = TABLES[name]
    key = [str(column) for column in table.key]
    read = pd.concat([b.frame for b in batches if b.table is table], ignore_index=True)
    read = table.conform(read).sort_values(key, ignore_index=True)
    own = pd.concat([rows_of_site(tiny, mapping.site)[name] for mapping in MAPPINGS])
    own = own.drop_duplicates(key).sort_values(key, ignore_index=True)
    assert len(own) > 0
    pd.testing.assert_frame_equal(read, own, check_exact=True)


def test_the_systems_speak_differently(folder):
    german = (folder / "S01" / "EKPO_2025.csv").read_text(encoding="cp1252").splitlines()
    american = (folder / "S02" / "po_lines_2025.csv").read_text(encoding="utf-8").splitlines()
    assert german[0].startswith("EBELN;EBELP")
    assert american[0].startswith("\ufeffPO_NUM,LINE_NUM")
    assert german[0].count(";") == german[1].count(";")
    assert " PM" in american[1] or " AM" in american[1]


def test_a_promise_is_written_as_a_day_without_a_time(folder):
    german = pd.read_csv(folder / "S01" / "EKPO_2025.csv", sep=";", encoding="cp1252", dtype=str)
    american = pd.read_csv(folder / "S02" / "po_lines_2025.csv", encoding="utf-8-sig", dtype=str)
    assert german["BESTD"].str.fullmatch(r"\d\d\.\d\d\.\d{4}").all()
    assert american["PROMISED_DATE"].str.fullmatch(r"\d\d/\d\d/\d{4}").all()
