"""A row with an error is quarantined with its message; the other rows are ingested."""

import json

import pytest

HEADER = "NO;PO;POS;QTY;UNIT;DAMAGED;DONE;CAME;POSTED\n"
GOOD = "1;4711;10;2;KAR;0,5;X;01.03.2026 10:00;01.03.2026 11:30\n"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            ";2;",
            ";2.50;",
            (
                "quantity_received '2.50' is not a number with decimal mark ',' and thousands mark "
                "'.'; it looks like decimal mark '.' (source: S07/goods.csv, column QTY)"
            ),
        ),
        (
            ";2;",
            ";two;",
            (
                "quantity_received 'two' is not a number with decimal mark ',' and thousands mark '.'"
                " (source: S07/goods.csv, column QTY)"
            ),
        ),
        (
            ";2;",
            ";;",
            "quantity_received is missing (source: S07/goods.csv, column QTY)",
        ),
        (
            "KAR",
            "PAL",
            (
                "quantity_received 'PAL' in UNIT is not one of ST, KAR"
                " (source: S07/goods.csv, column QTY)"
            ),
        ),
        (
            "0,5",
            "-0,5",
            "quantity_damaged -0.5 is not at least 0 (source: S07/goods.csv, column DAMAGED)",
        ),
        (
            ";X;",
            ";J;",
            "final 'J' is not one of X, blank (source: S07/goods.csv, column DONE)",
        ),
        (
            "4711",
            "",
            (
                "po_line_id '-10' is not complete: it takes PO and POS"
                " (source: S07/goods.csv, column PO and POS)"
            ),
        ),
        (
            "01.03.2026 10:00",
            "2026-03-01 10:00",
            (
                "happened_at '2026-03-01 10:00' is not a time in the form %d.%m.%Y %H:%M"
                " (source: S07/goods.csv, column CAME)"
            ),
        ),
        (
            "01.03.2026 10:00",
            "31.02.2026 10:00",
            (
                "happened_at '31.02.2026 10:00' is not a time in the form %d.%m.%Y %H:%M"
                " (source: S07/goods.csv, column CAME)"
            ),
        ),
        (
            "01.03.2026 10:00",
            "01.03.2026 10:00+01:00",
            (
                "happened_at '01.03.2026 10:00+01:00' has an offset, the mapping reads local times of"
                " Europe/Berlin (%d.%m.%Y %H:%M) (source: S07/goods.csv, column CAME)"
            ),
        ),
        (
            "01.03.2026 11:30",
            "29.03.2026 02:30",
            (
                "known_at '29.03.2026 02:30' is a time that clocks in Europe/Berlin never show"
                " (source: S07/goods.csv, column POSTED)"
            ),
        ),
        (
            "01.03.2026 11:30",
            "01.02.2026 11:30",
            (
                "known_at 2026-02-01T10:30:00+00:00 is not at or after happened_at"
                " 2026-03-01T09:00:00+00:00 (source: S07/goods.csv, column POSTED)"
            ),
        ),
        (
            "01.03.2026 11:30",
            "31.12.9999 00:00",
            (
                "known_at 9999-12-30T23:00:00+00:00 is not a moment with a time zone between 1900 and"
                " 2200 (source: S07/goods.csv, column POSTED)"
            ),
        ),
        (
            ";X;",
            ";X;;",
            "has 10 fields, the header has 9 (source: S07/goods.csv)",
        ),
        (
            ";X;01.03.2026 10:00",
            "",
            "has 7 fields, the header has 9 (source: S07/goods.csv)",
        ),
    ],
)
def test_a_broken_row_is_put_aside_with_its_reason(extract, old, new, message):
    broken = GOOD.replace(old, new, 1)
    good = GOOD.replace("1;", "2;", 1)
    done = extract(HEADER + broken + good)
    assert done.message == f"receipts row 2: {message}"
    assert done.receipts["receipt_id"].tolist() == ["S07-2"]


def test_a_decimal_comma_that_is_not_declared_is_recognised(extract):
    changes = (('decimal = ","', 'decimal = "."'), ('thousands = "."', 'thousands = ""'))
    assert extract(HEADER + GOOD, *changes).message == (
        "receipts row 2: quantity_damaged '0,5' is not a number with decimal mark '.'; "
        "it looks like decimal mark ',' (source: S07/goods.csv, column DAMAGED)"
    )


def test_a_time_without_offset_among_times_with_one_is_put_aside(extract):
    with_offset = GOOD.replace("10:00", "10:00 +0100").replace("11:30", "11:30 +0100")
    without = GOOD.replace("1;", "2;", 1).replace("11:30", "11:30 +0100")
    done = extract(HEADER + with_offset + without, ('%H:%M"', '%H:%M %z"'))
    assert done.message == (
        "receipts row 3: happened_at '01.03.2026 10:00' has no offset, the mapping reads "
        "%d.%m.%Y %H:%M %z (source: S07/goods.csv, column CAME)"
    )


def test_a_duplicate_key_names_the_first_row_and_an_exact_copy_is_one_too(extract):
    changed = GOOD.replace("KAR", "ST")
    done = extract(HEADER + GOOD + changed + GOOD)
    assert list(done.report.messages) == [
        (
            "receipts row 3: receipt_id 'S07-1' repeats the key of row 2 of S07/goods.csv "
            "(source: S07/goods.csv, column NO)"
        ),
        (
            "receipts row 4: receipt_id 'S07-1' repeats the key of row 2 of S07/goods.csv "
            "(source: S07/goods.csv, column NO)"
        ),
    ]
    assert done.receipts["quantity_received"].tolist() == [24.0]


def test_a_broken_row_does_not_take_the_key_from_a_good_one(extract):
    done = extract(HEADER + GOOD.replace("KAR", "PAL") + GOOD)
    assert done.receipts["receipt_id"].tolist() == ["S07-1"]


def test_lines_are_lines_of_the_file_past_blank_lines_and_breaks_in_quotes(extract):
    rows = HEADER + "\n" + GOOD.replace("1;", '"1\n1";', 1) + "\n" + GOOD.replace("KAR", "PAL")
    assert extract(rows).message.startswith("receipts row 6: ")


def test_the_quarantine_keeps_the_row_as_it_came(extract):
    entry = extract(HEADER + GOOD.replace("KAR", "PAL")).quarantine.iloc[0]
    assert entry["source"] == "S07/goods.csv"
    assert entry["line"] == "2"
    assert (entry["column"], entry["source_column"]) == ("quantity_received", "QTY")
    assert (entry["value"], entry["expected"]) == ("'PAL'", "in UNIT is not one of ST, KAR")
    assert json.loads(entry["row"]) == {
        "NO": "1",
        "PO": "4711",
        "POS": "10",
        "QTY": "2",
        "UNIT": "PAL",
        "DAMAGED": "0,5",
        "DONE": "X",
        "CAME": "01.03.2026 10:00",
        "POSTED": "01.03.2026 11:30",
    }


def test_the_report_accounts_for_rows_and_quantities(extract):
    damaged = GOOD.replace("1;", "2;", 1).replace("0,5", "-1")
    text = str(extract(HEADER + GOOD + damaged).report).splitlines()
    assert text[0] == "table     rows read  accepted  quarantined"
    assert text[1] == "receipts          2         1            1"
    assert text[-1] == (
        "  receipts row 3: quantity_damaged -1 is not at least 0 "
        "(source: S07/goods.csv, column DAMAGED)"
    )
    assert "receipts.quantity_received  48.00     24.00        24.00" in text
    assert any(line.endswith("every row and total is accounted for") for line in text)
