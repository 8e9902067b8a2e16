"""The card says what the run says, to a reviewer with two minutes, and nothing in it is markup."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from models.catalogue import TASKS
from models.tasks.supplier_delay import SUPPLIER_DELAY
from training.card.facts import CardFacts
from training.card.fairness import fairness_section, site_outliers
from training.card.render import build_document, render_html, render_markdown
from training.evaluation.gate_findings import GateFinding, Verdict
from training.registry.run_tracking import task_facts
from training.registry.version_evidence import VersionEvidence
from training.tasks.catalogue import TRAINING_TASKS

TASK = SUPPLIER_DELAY.name
NASTY = "<script>alert('S|02')</script>"
RULES = {
    "PROMISE_PASSED": {
        "all": {"found": 1200, "exceptions": 900, "own_class": 900, "low": 0.73, "high": 0.77},
        "S01": {"found": 40, "exceptions": 4, "own_class": 4, "low": 0.04, "high": 0.23},
    }
}
MATURED = GateFinding("TRG003", "labels matured", Verdict.PASS, "All labels had matured.")
RULE = GateFinding(
    "TRG005", "better than the simple rules", Verdict.FAIL, "No better than late share."
)
CHAMPION = GateFinding("TRG006", "not worse", Verdict.NOT_APPLICABLE, "There is no champion.")
APPROVED = {
    "approval": "required",
    "approved_by": "bo",
    "approver_role": "head of purchasing",
    "approved_at": "2026-01-02T12:00:00+00:00",
    "approval_reason": "the season starts",
    "approval_override": "false",
}


def figure(value, spread=0.01):
    return {"value": value, "low": value - spread, "high": value + spread}


def view(log_loss, events=50.0, **more):
    counts = {"rows": figure(200.0, 0), "events": figure(events, 0)}
    own = {"log_loss": figure(log_loss), "ece": figure(0.0317), "pr_auc": figure(0.6123)}
    return counts | own | more


VIEWS = {
    "all": view(0.41234, 150.0, coverage=figure(0.9017), set_size=figure(1.21)),
    "site:S01": view(0.40111),
    "site:S02": view(0.55123),
    "site:S03": view(0.30222, events=7.0),
    "class:ON_TIME": view(0.41235),
    "class:LATE": view(0.41236, coverage=figure(0.5641)),
}


def facts(**changes) -> CardFacts:
    found = VersionEvidence(
        task=TASK,
        version=3,
        digest="ab" * 32,
        run_id="run-1",
        trained_by="ada",
        findings=(MATURED, RULE, CHAMPION),
        metrics={"rows": 600.0, "log_loss": 0.41234},
        manifest={
            "files": {"receipts.parquet": {"sha256": "cd" * 32, "rows": 812}},
            "rows": 4000,
            "first": "2025-01-03T00:00:00",
            "last": "2025-12-20T00:00:00",
            "asks": "ef" * 16,
            "code": "01" * 16,
        },
    )
    given = {
        "task": TASK,
        "found": replace(found, **changes.pop("found", {})),
        "asked": task_facts(TASKS[TASK]),
        "tags": {},
        "run_tags": {"owner": "purchasing analytics"},
        "parameters": {},
        "trained_at": datetime(2026, 1, 1, 9, tzinfo=UTC),
        "views": VIEWS,
        "comparison": [
            {"name": "model", "log_loss": 0.41234},
            {"name": "late share of the supplier", "log_loss": 0.4523, "pr_auc": 0.31},
            {"name": "class shares", "log_loss": 0.57},
        ],
        "rules": RULES,
        "review": [{"name": "rules that flag", "flagged": 0.2, "recall": 0.55}],
    }
    return CardFacts(**(given | changes))


class Read(HTMLParser):
    """Text, exact numbers and elements of a page."""

    def __init__(self, page):
        super().__init__()
        self.numbers, self.texts, self.elements, self.row, self.rows = [], [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag == "tr":
            self.row = []
            self.rows.append(self.row)
        if tag == "data":
            self.row.append(float(dict(attributes)["value"]))

    def handle_endtag(self, tag):
        if tag == "tr":
            self.row = []

    def handle_data(self, text):
        if text.strip():
            self.texts.append(text.strip())
            self.row.append(text.strip())


def page(**changes) -> Read:
    return Read(render_html(build_document(facts(**changes))))


@pytest.mark.parametrize(("name", "views"), VIEWS.items())
def test_every_figure_of_a_site_and_class_is_the_one_in_the_views(name, views):
    shown = name.split(":")[-1]
    row = next(row for row in page().rows if row[0] == shown and 200.0 in row)
    wanted = [views[m]["value"] for m in ("rows", "events", "log_loss", "ece", "pr_auc")]
    wanted += [views["coverage"]["value"]] if "coverage" in views else []
    assert [cell for cell in row if isinstance(cell, float)] == wanted
    loss = views["log_loss"]
    assert f"{loss['value']:.3f}" in row
    assert f"{loss['low']:.3f} to {loss['high']:.3f}" in row


def test_markdown_says_the_same_figures():
    text = render_markdown(build_document(facts()))
    assert "| S02 | 200 | 50 | 0.551 (0.541 to 0.561) | 0.032 (0.022 to 0.042) |" in text
    assert "| late share of the supplier | 0.452 | - | - | 0.310 |" in text


def test_names_from_the_data_are_text_and_never_markup():
    planted = facts(
        views=VIEWS | {f"site:{NASTY}": view(0.9)},
        tags=APPROVED | {"approval_reason": NASTY},
        found={"findings": (replace(RULE, sentence=f"Worse at {NASTY}."),)},
    )
    shown = render_html(build_document(planted))
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;alert(&#39;S|02&#39;)&lt;/script&gt;") >= 4
    told = render_markdown(build_document(planted))
    assert "<script" not in told
    row = next(line for line in told.splitlines() if line.startswith("| &lt;script&gt;"))
    assert r"S\|02" in row


def test_a_page_needs_nothing_else():
    read = page()
    assert not {"script", "img", "iframe", "object", "embed"} & {tag for tag, _ in read.elements}
    reached = [a[k] for _, a in read.elements for k in ("src", "href") if k in a]
    assert [address for address in reached if not address.startswith(("#", "data:"))] == []
    assert "@import" not in "".join(read.texts)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({}, "Not approved"),
        (APPROVED, "Approved"),
        (APPROVED | {"approval_override": "true"}, "Approved although gates refused it"),
        (APPROVED | {"approval": "demo"}, "Demo: not approved by anyone else"),
        (
            APPROVED
            | {
                "rolled_back_at": "2026-01-03T00:00:00+00:00",
                "rolled_back_by": "bo",
                "rolled_back_reason": "it drifts",
            },
            "Rolled back",
        ),
    ],
)
def test_the_first_thing_said_is_how_it_stands(tags, said):
    assert build_document(facts(tags=tags)).status == said
    assert said in page(tags=tags).texts


def test_an_approval_names_approver_role_day_and_reason():
    told = build_document(facts(tags=APPROVED)).status_more
    assert told == "By bo (head of purchasing) on 2026-01-02, because: the season starts"


def test_every_gate_is_there_with_code_verdict_and_sentence():
    read = page()
    rows = {row[0]: row[1:] for row in read.rows if row and str(row[0]).startswith("TRG")}
    assert rows == {
        f.code: [str(f.verdict), f.title, f.sentence] for f in (MATURED, RULE, CHAMPION)
    }
    assert "fail: TRG005" in read.texts


def test_without_gates_it_says_that_none_are_recorded():
    assert any("No gates are recorded" in text for text in page(found={"findings": None}).texts)


def test_a_site_beyond_the_interval_of_the_whole_is_named_worse_or_better():
    assert [(one.site, one.metric, one.worse) for one in site_outliers(VIEWS)] == [
        ("S02", "log_loss", True),
        ("S03", "log_loss", False),
    ]
    section = fairness_section(facts())
    assert section.points[0] == (
        "S02: log-loss 0.551 (0.541 to 0.561) is worse than 0.412 (0.402 to 0.422) over all sites."
    )
    assert "Fewer than 20 events, so little can be said: S03." in section.notes


def test_more_is_better_is_read_the_other_way():
    views = {"all": view(0.4, coverage=figure(0.9)), "site:S01": view(0.4, coverage=figure(0.8))}
    assert [(one.metric, one.worse) for one in site_outliers(views)] == [("coverage", True)]


def test_a_calibration_error_that_few_asks_explain_accuses_no_site():
    far, chance = figure(0.09), {"value": 0.08, "low": 0.05, "high": 0.12}
    views = {"all": view(0.4), "site:S01": view(0.4, ece=far, ece_by_chance=chance)}
    assert site_outliers(views) == []
    views["site:S01"]["ece_by_chance"] = figure(0.05)
    assert [(one.metric, one.worse) for one in site_outliers(views)] == [("ece", True)]


def test_a_class_that_sets_seldom_hold_is_a_limit():
    text = " ".join(page().texts)
    assert "Of asks that end as LATE, the set of classes holds the truth for only 56.4%" in text
    assert "Of asks that end as ON_TIME" not in text


def test_a_figure_that_cannot_be_formed_is_a_dash_and_accuses_nobody():
    nothing = {"value": None, "low": None, "high": None}
    views = {"all": view(0.4), "site:S01": view(0.9) | {"log_loss": nothing}}
    assert site_outliers(views) == []
    row = next(row for row in page(views=views).rows if row[0] == "S01")
    assert "-" in row


def test_purpose_owner_data_and_misuse_are_said():
    text = " ".join(page().texts)
    for said in (
        "Will this order line be complete later than the day promised?",
        "Owner: purchasing analytics.",
        "To rank or penalise suppliers",
        "asked from 2025-01-03 to 2025-12-20",
        "receipts.parquet",
        "late share of the supplier: log-loss 0.452",
        "Recommendation only",
    ):
        assert said in text
    assert re.search(r"supplier's reliability .*supplier late share", text)


def test_a_run_without_views_and_comparison_still_has_a_card_that_says_so():
    text = " ".join(page(views={}, comparison=[], found={"manifest": {}, "metrics": {}}).texts)
    assert "The run has no figures per site and class" in text
    assert "The run has no comparison" in text


@pytest.mark.parametrize("name", list(TASKS))
def test_every_task_says_what_it_is_for_and_what_not(name):
    assert TRAINING_TASKS[name].purpose.use
    assert TRAINING_TASKS[name].purpose.never
    assert TRAINING_TASKS[name].purpose.limits


def test_each_rule_stands_with_its_precision_per_site_and_what_flagging_finds() -> None:
    text = render_markdown(build_document(facts()))
    (row,) = [line for line in text.splitlines() if line.startswith("| PROMISE")]
    assert "1,200" in row
    assert "75%" in row
    assert "73% to 77%" in row
    assert "4% to 23%" in row
    assert "| rules that flag | 20.0% | 55.0% |" in text


def test_a_run_whose_rules_were_not_measured_says_so() -> None:
    assert "rules were not measured" in render_markdown(build_document(facts(rules={})))
