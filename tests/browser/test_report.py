"""The reviewer's pages in a real browser, wide and narrow."""

import pytest

from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.log.store import AuditStore
from serving.recommendation.recommendation import Abstention
from serving.review.counterfactuals import Counterfactual, Counterfactuals
from serving.review.desk import queue_page
from tests.support.synthetic_recommendations import (
    ASKED_AT,
    POLICY,
    example_report,
    make_score,
    recommendation_draft,
)

WIDTHS = (1280, 400)
STEPS = [
    ("cover", "3.2 days of stock cover at the usual demand", 0.31),
    ("late", "41% of this supplier's lines came late in the last year", 0.14),
    ("season", "demand is 12% below the usual of this month", -0.06),
    ("missing", None, 0.02),
]


WHY = [
    Abstention(code="UNSEEN_KEY", sentence="the model has never seen this supplier before."),
    Abstention(code="WIDE_INTERVAL", sentence="the probability lies anywhere from 5% to 90%."),
]
EVERY = POLICY.model_copy(
    update={"audit_sample": POLICY.audit_sample.model_copy(update={"share": 1.0})}
)
WAY = Counterfactual(
    sentence="Would drop to 18% (under the threshold of 20%) if 12 more units were transferred in.",
    changes=[],
    probability=0.18,
    threshold=0.2,
)
WAYS = Counterfactuals(
    recommendation_id="rec-1",
    sentence="It would be under the threshold of 20% if one of these were established:",
    probability=0.61,
    threshold=0.2,
    found=[WAY],
    tried=["transferring units in from another site"],
)


def pages(tmp_path):
    """Every page by name: a report of each task, one without advice, and the desk."""
    made = {}
    store = AuditStore.open(tmp_path / "audit.db")
    for number, task in enumerate(TASKS):
        given = make_score(task, 0.2 + 0.41, steps=STEPS)
        made[task] = example_report(task, given=given)
        store.append([recommendation_draft(task, number, given=given)])
    silent = {"abstentions": WHY, "policy": EVERY}
    made["silent"] = example_report(SUPPLIER_DELAY.name, WAYS, **silent)
    store.append([recommendation_draft(SUPPLIER_DELAY.name, 9, po_line_id="po-9", **silent)])
    made["desk"] = queue_page(store, ASKED_AT)
    store.close()
    return made


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_are_whole_quiet_and_fit_the_screen(browser, tmp_path, width):
    for name, html in pages(tmp_path).items():
        path = tmp_path / f"{name}.html"
        path.write_text(html, encoding="utf-8")
        page = browser.new_page(viewport={"width": width, "height": 900})
        asked, said = [], []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda message, said=said: said.append(message.text))
        page.on("pageerror", lambda error, said=said: said.append(str(error)))
        page.goto(path.as_uri())
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
        assert said == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_waterfall_is_seen_and_its_bars_follow_each_other(browser, tmp_path, width):
    path = tmp_path / "report.html"
    given = make_score(STOCK_RISK.name, 0.61, steps=STEPS)
    path.write_text(example_report(STOCK_RISK.name, given=given), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(path.as_uri())
    bars = page.locator(".fall rect")
    assert bars.count() == len(STEPS) + 2
    boxes = [bars.nth(i).bounding_box() for i in range(bars.count())]
    assert all(box["width"] > 0 and box["height"] > 4 for box in boxes)
    # The base ends where the first fact begins; the last fact ends where the score ends.
    assert boxes[0]["x"] + boxes[0]["width"] == pytest.approx(boxes[1]["x"], abs=1)
    assert boxes[4]["x"] + boxes[4]["width"] == pytest.approx(
        boxes[5]["x"] + boxes[5]["width"], abs=1
    )
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_reviewer_sees_first_that_there_is_no_advice_then_why_then_what_would_change_it(
    browser, tmp_path, width
):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_content(pages(tmp_path)["silent"])
    assert page.get_by_text("No advice on order line").is_visible()
    assert page.get_by_text("no advice", exact=True).is_visible()
    assert page.get_by_text("audit sample", exact=True).is_visible()
    assert page.get_by_text("is not advice: 70% for any exception.").is_visible()
    at = [
        page.get_by_text(text).first.bounding_box()["y"]
        for text in ("No advice on", "Besides, the probability", "Why, by subject", WAY.sentence)
    ]
    assert at == sorted(at)
    assert at[1] < 900  # every reason is on the first screen
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_audit_sample_can_be_chosen_on_the_desk(browser, tmp_path, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.set_content(pages(tmp_path)["desk"])
    box = page.get_by_label("audit sample only")
    box.check()
    assert box.is_checked()
    assert page.locator(".picked").count() == 1
    assert page.get_by_text("not advice", exact=True).is_visible()
    page.close()


def test_the_report_prints(browser, tmp_path):
    page = browser.new_page()
    page.set_content(example_report(INVOICE_MISMATCH.name))
    page.emulate_media(media="print")
    assert page.locator("h1").is_visible()
    assert page.locator(".fall rect").first.is_visible()
    page.close()
