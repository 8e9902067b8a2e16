"""The page tells the verdict first, is complete in itself, and shows nobody's markup."""

import json
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.unit.training.monitor.planted_drifts import report, week, with_features
from training.monitor.outputs import (
    MAX_FEATURE_GAUGES,
    advice_table,
    most_moved_features,
    write_reports,
)
from training.monitor.page import render_page

pytestmark = pytest.mark.slow(3)


@pytest.fixture(scope="module")
def planted():
    return report(with_features(week(), "S03", lambda f: f | {"quantity": f["quantity"] * 12}))


@pytest.fixture(scope="module")
def page(planted):
    return render_page([planted])


def test_the_verdict_comes_first_and_names_the_site(page):
    text = re.sub(r"<[^>]*>", " ", page[page.index("<h1>") :])
    assert text.strip().startswith("supplier_delay: look at site S03 first")
    assert text.index("Unit of measure probably changed") < text.index("What moved where")


def test_the_page_says_how_often_it_cries_wolf(page):
    assert "Of 100 quiet weeks of a task at most 5 raise an alarm" in page


def test_the_page_needs_nothing_from_elsewhere(page):
    assert "<script" not in page
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert addresses
    assert all(a.startswith(("data:", "#")) for a in addresses)


def test_the_moved_site_is_marked_in_the_row_of_the_feature(planted, page):
    row = page[page.index("<td>quantity</td>") :].split("</tr>")[0]
    marks = re.findall(r'class="cell (\w+)"', row)
    assert [
        place for place, mark in zip(planted.judged, marks, strict=True) if mark == "raised"
    ] == ["S03"]


def test_names_that_look_like_markup_are_shown_as_they_are():
    odd = week()
    asked = odd.recommendations
    asked["site_id"] = asked["site_id"].replace("S01", "<b>S01</b>")
    page = render_page([report(odd)])
    assert "<b>S01</b>" not in page
    assert "&lt;b&gt;S01&lt;/b&gt;" in page


def test_the_same_report_makes_the_same_page(planted, page):
    assert render_page([planted]) == page


def test_the_files_hold_the_same_verdict(planted, tmp_path):
    files = [tmp_path / name for name in ("page.html", "all.json", "gauges.prom")]
    write_reports([planted], *files)
    told = json.loads(files[1].read_text())["supplier_delay"]
    assert (told["advice"], told["unit_changes"][0]["site"]) == ("look", "S03")
    gauges = {
        (s.name, s.labels.get("site"), s.labels.get("feature")): s.value
        for family in text_string_to_metric_families(files[2].read_text())
        for s in family.samples
    }
    assert gauges["triage_monitor_advice", None, None] == 3
    assert gauges["triage_monitor_unit_factor", "S03", "quantity"] == planted.changes[0].factor
    assert gauges["triage_monitor_psi", "S03", "quantity"] > 1
    assert {name for name, _, _ in gauges if not name.startswith("triage_monitor_")} == set()
    assert files[0].read_text().startswith("<!doctype html>")


def test_features_with_a_gauge_are_few_and_the_moved_one_is_the_first(planted):
    assert most_moved_features(planted)[0] == "quantity"
    assert len(most_moved_features(planted)) == MAX_FEATURE_GAUGES < len(planted.baseline.specs)


def test_the_terminal_shows_the_heaviest_reason(planted):
    cells = {column.header: next(iter(column.cells)) for column in advice_table([planted]).columns}
    assert cells["advice"] == "look at site S03 first"
    assert cells["reasons"].startswith("Unit of measure probably changed at site S03")
