"""The page that compares: escaped, complete in itself, and silent of other sites."""

from serving.audit.log.entry import new_draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.model_registry.active_models import ActiveModels
from serving.review.desk import challenger_page

MODEL = {"version": "2", "digest": "ab" * 32}
NOBODY = ActiveModels({}, {}, None)


def store(tmp_path, *sites):
    made = AuditStore.open(tmp_path / "audit.db")
    scores = [
        {
            "recommendation": f"r{number}",
            "site": site,
            "champion": {"no": 0.4, "yes": 0.6},
            "challenger": {"no": 0.7, "yes": 0.3},
            "exception": 0.6,
            "shadow_exception": 0.3,
        }
        for number, site in enumerate(sites)
    ]
    said = {"model": MODEL, "against": MODEL | {"version": "1"}, "scores": scores, "dropped": 3}
    at = "2026-03-10T08:00:00+00:00"
    made.append([new_draft(EntryKind.SHADOW, said, {}, at, task="stock_risk")])
    return made


def test_the_page_shows_both_models_by_site_and_class(tmp_path):
    page = challenger_page(store(tmp_path, "S01", "S02"), NOBODY, lambda _: True)
    assert "challenger version 2" in page
    assert "against champion version 1" in page
    assert "site S01" in page
    assert "said yes" in page
    assert "0.3000" in page
    assert "3 cases were not scored" in page


def test_sites_that_a_caller_does_not_see_are_not_told_of(tmp_path):
    page = challenger_page(store(tmp_path, "S01", "S02"), NOBODY, lambda site: site == "S01")
    assert "site S01" in page
    assert "S02" not in page


def test_recorded_text_is_escaped(tmp_path):
    page = challenger_page(store(tmp_path, "<script>"), NOBODY, lambda _: True)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_without_a_challenger_the_page_says_how_to_name_one(tmp_path):
    empty = AuditStore.open(tmp_path / "audit.db")
    assert "triage challenge" in challenger_page(empty, NOBODY, lambda _: True)
