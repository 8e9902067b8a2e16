"""Plausibility of an extract: what each check finds, and what it must not find."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from data.sources.extracts.check_policy import Check, CheckLevel
from data.sources.extracts.checks.check_result import CheckResult
from data.sources.extracts.checks.site_check import CheckReport, ImplausibleExtractError, SiteCheck
from data.sources.extracts.mapping import load_mapping
from data.sources.extracts.reader import observe_extract, read_checked_extract

NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)
MAPPING = """
site = "S09"
encoding = "utf-8"
delimiter = ";"
decimal = ","
thousands = "."
time_zone = "UTC"
formats = ["%Y-%m-%d", "%Y-%m-%d %H:%M"]
unmapped = "ignore"

[tables.items]
file = "items.csv"
columns = { item_id = "ITEM", base_unit = "UNIT", happened_at = "AT", known_at = "AT" }

[tables.purchase_orders]
file = "orders.csv"
constants = { supplier_id = "acme", site_id = "S09" }
[tables.purchase_orders.columns]
po_line_id = "LINE"
po_id = "LINE"
item_id = "ITEM"
quantity_ordered = "QTY"
currency = "CUR"
happened_at = "AT"
known_at = "AT"

[tables.receipts]
file = "receipts.csv"
columns = { receipt_id = "NO", po_line_id = "LINE", quantity_received = "QTY", happened_at = "AT", known_at = "AT" }

[tables.invoices]
file = "invoices.csv"
constants = { currency = "EUR", supplier_id = "acme", site_id = "S09" }
[tables.invoices.columns]
invoice_line_id = "NO"
invoice_id = "NO"
po_line_id = "LINE"
quantity_invoiced = "QTY"
invoice_unit = "UNIT"
line_amount = "QTY"
happened_at = "AT"
known_at = "AT"
"""
FILES = {
    "items": ["ITEM;UNIT;AT", "a;C62;1999-01-01"],
    "orders": ["LINE;ITEM;QTY;CUR;AT", *(f"{k};a;10;EUR;2026-07-01" for k in range(1, 21))],
    "receipts": ["NO;LINE;QTY;AT", *(f"r{k};{k};10;2026-07-10" for k in range(1, 21))],
    "invoices": ["NO;LINE;QTY;UNIT;AT", *(f"i{k};{k};10;C62;2026-07-11" for k in range(1, 21))],
}
Observe = Callable[..., CheckReport]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., SiteCheck]:
    """Write the extract, with rows replaced by their number from 1, and its mapping."""

    def files(policy: str = "", **changed: dict[int, str]) -> SiteCheck:
        (tmp_path / "S09").mkdir(exist_ok=True)
        for name, lines in FILES.items():
            rows = {**dict(enumerate(lines)), **changed.get(name, {})}
            text = "\n".join(rows[k] for k in sorted(rows))
            (tmp_path / "S09" / f"{name}.csv").write_text(text + "\n", encoding="utf-8")
        (tmp_path / "S09.toml").write_text(MAPPING + policy, encoding="utf-8")
        return SiteCheck(load_mapping(tmp_path / "S09.toml"), NOW)

    return files


@pytest.fixture
def observe(write: Callable[..., SiteCheck], tmp_path: Path) -> Observe:
    """Read the extract and return the report of its checks."""

    def read(policy: str = "", **changed: dict[int, str]) -> CheckReport:
        check = write(policy, **changed)
        assert list(observe_extract(tmp_path, [check]))
        return check.report()

    return read


def result(report: CheckReport, check: Check) -> CheckResult:
    return next(one for one in report.results if one.check is check)


def test_a_plausible_extract_passes_every_check(observe: Observe):
    report = observe()
    assert report.warnings == report.refusals == []
    not_checked = [one.check for one in report.results if one.found is None]
    assert not_checked == [Check.CURRENCIES_WITHOUT_RATE]


@pytest.mark.parametrize(
    ("check", "changed", "found"),
    [
        # One line in twenty may be over-delivered, two are a fault of units.
        (Check.RECEIVED_OVER_ORDERED, {"receipts": {1: "r1;1;120;2026-07-10"}}, False),
        (
            Check.RECEIVED_OVER_ORDERED,
            {"receipts": {1: "r1;1;120;2026-07-10", 2: "r2;2;13;2026-07-10"}},
            True,
        ),
        (
            Check.RECEIVED_OVER_ORDERED,
            {"receipts": {1: "r1;1;12,5;2026-07-10", 2: "r2;2;12,5;2026-07-10"}},
            False,
        ),
        # A receipt and its reversal are nothing received.
        (
            Check.RECEIVED_OVER_ORDERED,
            {"receipts": {21: "r21;1;10;2026-07-10", 22: "r22;1;-10;2026-07-10"}},
            False,
        ),
        (
            Check.INVOICED_OVER_RECEIVED,
            {"invoices": {1: "i1;1;20;C62;2026-07-10", 2: "i2;2;20;;2026-07-10"}},
            True,
        ),
        # Cases of a dozen are another unit than pieces.
        (
            Check.INVOICED_OVER_RECEIVED,
            {"invoices": {1: "i1;1;20;CS;2026-07-10", 2: "i2;2;20;CS;2026-07-10"}},
            False,
        ),
        (Check.RECEIPTS_FIND_ORDER, {"receipts": {1: "r1;X;10;2026-07-10"}}, False),
        (
            Check.RECEIPTS_FIND_ORDER,
            {"receipts": {1: "r1;X;10;2026-07-10", 2: "r2;Y;10;2026-07-10"}},
            True,
        ),
        # An invoice without an order is a normal case.
        (
            Check.INVOICES_FIND_ORDER,
            {"invoices": {1: "i1;;10;C62;2026-07-10", 2: "i2;;10;C62;2026-07-10"}},
            False,
        ),
        (Check.DATES_IN_FUTURE, {"receipts": {1: "r1;1;10;2026-10-01 12:00"}}, False),
        (Check.DATES_IN_FUTURE, {"receipts": {1: "r1;1;10;2026-10-01 12:01"}}, True),
        (Check.DATES_FAR_OFF, {"receipts": {1: "r1;1;10;1996-10-02"}}, False),
        (Check.DATES_FAR_OFF, {"receipts": {1: "r1;1;10;1926-07-10"}}, True),
        (Check.DATES_FAR_OFF, {"items": {1: "a;C62;1926-07-10"}}, False),
        (Check.UNKNOWN_UNITS, {"items": {1: "a;Stuecklein;2020-01-01"}}, True),
        (Check.CURRENCIES_WITHOUT_RATE, {"orders": {1: "1;a;10;USD;2026-07-01"}}, True),
    ],
)
def test_a_check_finds_what_is_implausible_and_not_what_is_usual(
    observe: Observe, check, changed, found
):
    assert result(observe(**changed), check).found is found


def quantities(text: str, count: int = 20) -> dict[int, str]:
    return {k: f"r{k};{k};{text};2026-07-10" for k in range(1, count + 1)}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (quantities("10.500"), True),
        (quantities("10.500") | {1: "r1;1;0;2026-07-10", 2: "r2;2;00;2026-07-10"}, True),
        (quantities("10.500") | {1: "r1;1;500;2026-07-10"}, False),
        (quantities("10.500") | {1: "r1;1;1.010.500;2026-07-10"}, False),
        (quantities("10.500,5"), False),
        (quantities("10,500"), False),
    ],
)
def test_a_thousands_mark_in_every_number_looks_like_a_decimal_mark(observe: Observe, rows, found):
    marks = result(observe(receipts=rows), Check.DECIMAL_MARK)
    assert marks.found is found
    if found:
        assert marks.examples[0].startswith("QTY for receipts.quantity_received: all of ")


SQL = '''
[raw.GOODS]
file = "receipts.csv"
columns = ["NO", "LINE", "QTY", "AT"]
[tables.receipts]
sql = """
SELECT NO AS receipt_id, LINE AS po_line_id, 1 * number(QTY) AS quantity_received,
       "AT" AS happened_at, "AT" AS known_at
FROM GOODS
"""
'''


@pytest.mark.parametrize(("quantity", "found"), [("10.500", True), ("10,500", False)])
def test_texts_that_sql_computes_with_are_checked_as_well(tmp_path: Path, write, quantity, found):
    write(receipts=quantities(quantity))
    base = MAPPING[: MAPPING.index("[tables.items]")]
    (tmp_path / "S09.toml").write_text(base + SQL, encoding="utf-8")
    check = SiteCheck(load_mapping(tmp_path / "S09.toml"), NOW)
    list(observe_extract(tmp_path, [check]))
    marks = result(check.report(), Check.DECIMAL_MARK)
    assert marks.found is found
    assert not found or marks.examples == ("QTY of GOODS: all of 20, such as '10.500'",)


def test_a_finding_is_a_sentence_with_its_first_rows(observe: Observe):
    wrong = {1: "r1;1;120;2026-07-10", 2: "r2;2;13;2026-07-10", 3: "r3;X;5;2027-07-10"}
    report = observe(receipts=wrong)
    assert report.warnings == [
        (
            "S09: received_over_ordered: on 2 of 19 (10.5 %) order lines the quantity received is more "
            "than 125% of that ordered; on the median line it is 100%: 1: ordered 10, received 120; 2: "
            "ordered 10, received 13"
        ),
        (
            "S09: dates_in_future: 2 dates of 61 rows lie after 2026-10-01 12:00 UTC, which is now: "
            "receipts row 4 of S09/receipts.csv: happened_at 2027-07-10; receipts row 4 of "
            "S09/receipts.csv: known_at 2027-07-10"
        ),
    ]


def test_the_mapping_says_what_follows(observe: Observe, write, tmp_path: Path):
    late = {1: "r1;1;10;2026-10-02"}
    assert observe('[checks]\ndates_in_future = "ignore"', receipts=late).warnings == []
    check = write('[checks]\ndates_in_future = "refuse"', receipts=late)
    with pytest.raises(ImplausibleExtractError, match="S09: dates_in_future: 2 dates of 61 rows"):
        list(read_checked_extract(tmp_path, [check]))
    assert check.report().levels[Check.DATES_IN_FUTURE] is CheckLevel.REFUSE


@pytest.mark.parametrize(
    ("loaded", "shares"),
    [
        ({"old1", "old2"}, ("20 of 20 (100.0 %)", False)),
        ({"old1"}, ("19 of 20 (95.0 %)", False)),
        (set(), ("18 of 20 (90.0 %)", True)),
    ],
)
def test_receipts_of_a_delta_find_orders_that_earlier_loads_brought(
    write, tmp_path: Path, loaded, shares
):
    write(receipts={1: "r1;old1;10;2026-07-10", 2: "r2;old2;10;2026-07-10"})
    check = SiteCheck(
        load_mapping(tmp_path / "S09.toml"), NOW, earlier_orders=lambda: frozenset(loaded)
    )
    assert list(observe_extract(tmp_path, [check]))
    found = result(check.report(), Check.RECEIPTS_FIND_ORDER)
    sentence, finds = shares
    assert (found.sentence, found.found) == (
        f"{sentence} rows of receipts find their order line",
        finds,
    )


def test_a_delta_without_orders_is_held_against_those_of_earlier_loads(write, tmp_path: Path):
    write(orders=dict.fromkeys(range(1, 21), ""))
    mapping = load_mapping(tmp_path / "S09.toml")
    alone, later = (
        SiteCheck(mapping, NOW, earlier_orders=lambda there=there: there)
        for there in (frozenset(), frozenset(str(k) for k in range(1, 19)))
    )
    assert list(observe_extract(tmp_path, [alone]))
    assert list(observe_extract(tmp_path, [later]))
    assert result(alone.report(), Check.RECEIPTS_FIND_ORDER).found is None
    assert result(later.report(), Check.RECEIPTS_FIND_ORDER).found is True


def test_a_table_without_rows_is_named(observe: Observe):
    rows = dict.fromkeys(range(1, 21), "")
    assert result(observe(receipts=rows), Check.EMPTY_TABLES).examples == ("receipts",)


def test_codes_are_counted(observe: Observe):
    report = observe()
    assert "codes of S09" not in str(report)  # no column with a list of codes is mapped
    assert "  ok          receipts_find_order: 20 of 20 (100.0 %) rows" in str(report)
