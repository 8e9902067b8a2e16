"""The report: complete in itself, escaped, and its printed numbers add up."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.lake import Lake
from models.catalogue import TASKS
from models.tasks.invoice_mismatch import INVOICE_MISMATCH
from models.tasks.stock_risk import STOCK_RISK
from models.tasks.supplier_delay import SUPPLIER_DELAY
from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import GENESIS_HASH, entry_from_draft
from serving.audit.log.store import AuditStore
from serving.recommendation.recommendation import Abstention
from serving.recommendation.score import Waterfall
from serving.review.contributions import build_waterfall, round_to_total
from serving.review.counterfactuals import counterfactuals_from_lake
from serving.review.desk import day_of_old_data, queue_page
from serving.review.report import FollowUp, render_report, write_report
from tests.support.synthetic_recommendations import (
    ASKED_AT,
    POLICY,
    example_report,
    make_score,
    recommendation_draft,
    recommendation_entry,
)

EVIL = '<script>alert("x")</script>'


def added_up(page):
    """Base, parts and score as printed, in tenths of a point."""
    fall = page.split('<ol class="fall">')[1].split("</ol>")[0]
    numbers = re.findall(r'class="number[^"]*">([+\-]?[\d.]+)', fall)
    return [round(float(number) * 10) for number in numbers]


@pytest.mark.parametrize("task", TASKS)
def test_printed_parts_add_up_to_the_printed_score(task):
    steps = [(f"f{i}", f"fact {i}", 0.0307 * (-1) ** i * (i % 4)) for i in range(20)]
    total = 0.3333 + sum(part for _, _, part in steps)
    base, *parts, last = added_up(
        example_report(task, given=make_score(task, total, base=0.3333, steps=steps))
    )
    assert len(parts) == 9  # eight facts, and all others together
    assert base + sum(parts) == last


@given(st.lists(st.floats(-300, 300), min_size=1, max_size=12), st.integers(-5, 5))
def test_apportioned_numbers_sum_to_the_total_and_stay_near(values, shift):
    total = round(sum(values)) + shift
    parts = round_to_total(values, total)
    assert sum(parts) == total
    if shift == 0:
        assert all(abs(p - v) <= 1.5 for p, v in zip(parts, values, strict=True))


def test_bars_lead_from_base_to_score_without_a_gap():
    given_score = make_score(STOCK_RISK.name)
    fall = build_waterfall(given_score.recorded() | {"steps": given_score.steps.as_dicts()})
    ends = [fall.base, *(bar.end for bar in fall.bars)]
    assert [bar.start for bar in fall.bars] == ends[:-1]
    assert ends[-1] == pytest.approx(fall.score)


@pytest.mark.parametrize("task", TASKS)
def test_the_sentence_comes_first_and_says_that_it_is_only_a_recommendation(task):
    page = example_report(task)
    sentence = recommendation_entry(task).payload["recommendation"]["sentence"]
    assert page.index(f"<h1>{sentence}") < page.index("Recommendation only") < page.index("<ol")


def test_nothing_from_a_case_is_taken_for_markup():
    page = example_report(SUPPLIER_DELAY.name, supplier_id=EVIL, po_line_id=EVIL)
    assert "<script" not in page
    assert "&lt;script&gt;alert(" in page


def test_the_page_loads_nothing():
    page = example_report(INVOICE_MISMATCH.name)
    assert not re.search(r'(src|href)="(?!data:,|/)', page)
    assert "url(" not in page
    assert "@import" not in page


def report_with_context(context, **changes):
    """The report of an invoice line whose entry was recorded with this context."""
    made = recommendation_draft(INVOICE_MISMATCH.name, **changes)
    payload = made.payload | {"context": context}
    return render_report(entry_from_draft(made, canonicalize(payload), 1, GENESIS_HASH))


def test_names_stand_beside_ids():
    page = example_report(
        INVOICE_MISMATCH.name, site_id="S03", site_name="Nordlager", supplier_name="Nordwerk <GmbH>"
    )
    assert "<dt>Site</dt><dd>S03 Nordlager</dd>" in page
    assert "<dt>Supplier</dt><dd>supplier_17 Nordwerk &lt;GmbH&gt;</dd>" in page
    assert "<dt>Item</dt><dd>item_0042</dd>" in page


def test_both_probabilities_are_named():
    page = example_report(INVOICE_MISMATCH.name)
    assert "<dt>Probability of any exception</dt>" in page
    assert re.search(r"<dt>Probability of (?!any)[a-z ]+</dt><dd>\d", page)
    assert page.count("<dt>Probability of") == 2
    assert example_report(STOCK_RISK.name).count("<dt>Probability of") == 1


def test_the_document_in_the_erp_is_one_click_away_where_the_site_has_a_link():
    address = "https://erp.example/po?line=1&quot=%22"
    page = report_with_context({"link": address})
    assert '<a href="https://erp.example/po?line=1&amp;quot=%22" rel="noopener noreferrer">' in page
    assert "In the ERP" not in report_with_context({})


def test_what_the_lake_added_is_marked():
    row = {
        "invoice_line_id": "old-1",
        "invoice_number": "RE-1",
        "quantity_invoiced": 1.0,
        "line_amount": 5.0,
        "happened_at": "2026-03-01T00:00:00Z",
        "known_at": "2026-03-01T00:00:00Z",
    }
    sent = {"supplier_name": "Nordwerk", "earlier_invoices": [row, row | {"invoice_line_id": "o2"}]}
    marks = {"from_lake": ["supplier_name", "earlier_invoices/old-1"]}
    page = report_with_context(marks, **sent)
    assert "<code>suppliers.supplier_name</code>, from the lake" in page
    assert page.count(", from the lake") == 1
    assert page.count("<td>from the lake</td>") == page.count("<td>as sent</td>") == 1
    assert "from the lake<" not in report_with_context({}, **sent)


def test_facts_say_where_they_come_from():
    page = example_report(INVOICE_MISMATCH.name)
    for origin in ("invoices.line_amount", "purchase_orders.po_unit_price", "receipts"):
        assert f"<code>{origin}</code>" in page


def test_the_record_names_model_policy_sequence_and_hash():
    made = recommendation_entry(STOCK_RISK.name)
    page = render_report(made)
    advice = made.payload["recommendation"]
    for told in (advice["model"]["digest"], advice["policy"]["digest"], made.hash, made.id):
        assert told in page


def test_a_report_is_written_from_the_audit_alone(tmp_path):
    lake = Lake(tmp_path).make()
    store = AuditStore.open(lake.audit)
    (kept,) = store.append([recommendation_draft(STOCK_RISK.name)])
    store.close()
    before = FollowUp(decided="nothing was reported yet", read="never before")
    path = write_report(lake, "rec-1")
    assert path.read_text() == render_report(kept, counterfactuals_from_lake(lake, kept), before)
    assert "Not available: cannot be recomputed now: " in path.read_text()  # no model is kept
    with pytest.raises(LookupError, match="no recommendation 'rec-9'"):
        write_report(lake, "rec-9")


def test_the_desk_escapes_and_ranks(tmp_path):
    store = AuditStore.open(tmp_path / "audit.db")
    small = recommendation_draft(STOCK_RISK.name, 1, item_id=EVIL, money_at_risk=1.0)
    store.append([small, recommendation_draft(INVOICE_MISMATCH.name, 2, money_at_risk=500.0)])
    page = queue_page(store, ASKED_AT)
    store.close()
    assert "<script" not in page
    assert page.index("/rec-2/report") < page.index("/rec-1/report")


def test_what_has_expired_is_shown_after_what_may_be_acted_on_whatever_it_is_worth(tmp_path):
    store = AuditStore.open(tmp_path / "audit.db")
    soon = recommendation_draft(STOCK_RISK.name, 1, money_at_risk=9e6)
    store.append([soon, recommendation_draft(INVOICE_MISMATCH.name, 2, money_at_risk=500.0)])
    before, after = (queue_page(store, ASKED_AT + timedelta(hours=late)) for late in (23, 25))
    store.close()
    assert before.index("/rec-1/report") < before.index("/rec-2/report")
    assert after.index("/rec-2/report") < after.index("/rec-1/report")


DATA_END = date(2026, 10, 1)


@pytest.mark.parametrize(
    ("now", "local", "as_of"),
    [
        (datetime(2026, 12, 1, tzinfo=UTC), True, datetime(2026, 10, 1, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), False, None),  # people act on these
        (datetime(2026, 10, 3, tzinfo=UTC), True, None),  # two days old is not old
        (datetime(2026, 10, 3, 0, 1, tzinfo=UTC), True, datetime(2026, 10, 1, tzinfo=UTC)),
        (datetime(2026, 9, 30, tzinfo=UTC), True, None),
    ],
)
def test_expiry_is_judged_by_the_end_of_old_data_only_without_authentication(now, local, as_of):
    assert day_of_old_data(now, DATA_END, 2, local=local) == as_of
    assert day_of_old_data(now, None, 2, local=local) is None


def test_a_desk_of_data_of_the_past_says_as_of_when_and_what_may_still_be_acted_on_then(tmp_path):
    store = AuditStore.open(tmp_path / "audit.db")
    store.append([recommendation_draft(STOCK_RISK.name, 1)])
    much_later = ASKED_AT + timedelta(days=60)
    today = queue_page(store, much_later)
    then = queue_page(store, much_later, as_of=ASKED_AT)
    gone = queue_page(store, much_later, as_of=ASKED_AT + timedelta(hours=25))
    store.close()
    expired = '<span class="gone">expired</span>'
    assert (expired in today, expired in then, expired in gone) == (True, False, True)
    assert "As of " not in today
    assert f"As of {ASKED_AT:%d %b %Y}, the day the data end" in then


WHY = [
    Abstention(code="UNSEEN_KEY", sentence="the model has never seen this supplier."),
    Abstention(code="WIDE_INTERVAL", sentence="the probability may be anything."),
]
EVERY = POLICY.model_copy(
    update={"audit_sample": POLICY.audit_sample.model_copy(update={"share": 1.0})}
)


def test_a_report_without_advice_says_so_first_and_gives_every_reason():
    page = example_report(SUPPLIER_DELAY.name, abstentions=WHY)
    assert "<h1>No advice on order line po-5521-2 from supplier_17: the model has never" in page
    assert "Besides, the probability may be anything." in page
    assert "is not advice: 70% for any exception." in page
    assert page.index("no advice</span>") < page.index("<h2")


def test_subjects_come_before_facts_and_their_printed_numbers_add_up():
    steps = [(f"f{i}", f"fact {i}", 0.0307 * (-1) ** i * (i % 4)) for i in range(20)]
    total = 0.3333 + sum(part for _, _, part in steps)
    given_score = make_score(STOCK_RISK.name, total, base=0.3333, steps=steps)
    themes = ["stock cover", "demand", "timing"]
    mixed = [s._replace(theme=themes[i % 3]) for i, s in enumerate(given_score.steps)]
    page = example_report(STOCK_RISK.name, given=replace(given_score, steps=Waterfall(mixed)))
    listed = page.split('<ul class="groups">')[1].split("</ul>")[0]
    parts = [round(float(n) * 10) for n in re.findall(r'number [^"]*">([+\-][\d.]+)', listed)]
    assert len(parts) == 3
    assert 333 + sum(parts) == round(total * 1000)
    assert page.index('<ul class="groups">') < page.index('<ol class="fall">')
    assert listed.index("can be acted on") < listed.index("Demand")


def test_a_page_of_an_old_record_is_still_made(tmp_path):
    made = recommendation_draft(STOCK_RISK.name)
    new = ("abstained", "abstentions", "audit_sample", "audit_share", "reason_groups")
    for name in new:
        del made.payload["recommendation"][name]
    store = AuditStore.open(tmp_path / "audit.db")
    (kept,) = store.append([made])
    assert "audit sample</span>" not in render_report(kept)
    assert "/rec-1/report" in queue_page(store, ASKED_AT)
    assert queue_page(store, ASKED_AT, picked=True).count("/report") == 0
    store.close()


def test_the_desk_marks_what_was_picked_at_random_and_can_show_it_alone(tmp_path):
    store = AuditStore.open(tmp_path / "audit.db")
    text = 'x","audit_sample":true,"y'  # what a caller writes picks nothing
    store.append(
        [
            recommendation_draft(STOCK_RISK.name, 1, policy=EVERY),
            recommendation_draft(INVOICE_MISMATCH.name, 2, invoice_number=text),
        ]
    )
    page = queue_page(store, ASKED_AT)
    assert page.count('title="Picked at random') == 1
    alone = queue_page(store, ASKED_AT, picked=True)
    store.close()
    assert "/rec-1/report" in alone
    assert "/rec-2/report" not in alone


def test_the_desk_names_what_the_ids_stand_for(tmp_path):
    store = AuditStore.open(tmp_path / "audit.db")
    store.append([recommendation_draft(STOCK_RISK.name, 1, item_name="Bolt <M8>")])
    assert "item_0042 Bolt &lt;M8&gt;" in queue_page(store, ASKED_AT)
