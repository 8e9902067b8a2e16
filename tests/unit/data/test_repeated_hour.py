"""In the hour that clocks show twice, the row's other clock may leave one reading."""

import pandas as pd
import pytest

HEADER = "NO;PO;POS;QTY;UNIT;DAMAGED;DONE;CAME;POSTED\n"

NIGHT = [
    # came, posted, ambiguous_time, when the goods came and were posted in UTC
    ("02:50", "02:30", "earlier", "00:50", "01:30"),  # posted 40 minutes later, in winter time
    ("02:50", "02:30", "later", "00:50", "01:30"),
    ("02:50", "02:30", "quarantine", "00:50", "01:30"),
    ("02:10", "02:20", "earlier", "00:10", "00:20"),
    ("02:10", "02:20", "later", "01:10", "01:20"),
    ("02:10", "02:20", "quarantine", None, None),
    ("01:50", "02:30", "later", "23:50", "01:30"),  # either fits: as the mapping says
    ("01:50", "02:30", "quarantine", None, None),
    ("02:30", "03:10", "earlier", "00:30", "02:10"),
    ("02:30", "03:10", "quarantine", None, None),
    ("03:10", "02:30", "earlier", None, None),  # posted before the goods came, in any reading
]


@pytest.mark.parametrize(("came", "posted", "how", "came_utc", "posted_utc"), NIGHT)
def test_a_posting_is_not_before_the_goods(extract, came, posted, how, came_utc, posted_utc):
    row = f"1;4711;10;2;ST;0;X;25.10.2026 {came};25.10.2026 {posted}\n"
    done = extract(HEADER + row, ('ambiguous_time = "earlier"', f'ambiguous_time = "{how}"'))
    if came_utc is None:
        assert done.report.accepted == 0
        return
    day = "2026-10-24" if came_utc == "23:50" else "2026-10-25"
    assert done.receipts["happened_at"].tolist() == [pd.Timestamp(f"{day}T{came_utc}Z")]
    assert done.receipts["known_at"].tolist() == [pd.Timestamp(f"2026-10-25T{posted_utc}Z")]


def test_a_night_of_many_rows_is_read_row_by_row(extract):
    rows = "".join(
        f"{n};4711;10;2;ST;0;X;25.10.2026 02:{came:02d};25.10.2026 02:{posted:02d}\n"
        for n, (came, posted) in enumerate([(50, 30), (10, 20), (59, 0)])
    )
    known = extract(HEADER + rows).receipts["known_at"].dt.strftime("%H:%M").tolist()
    assert known == ["01:30", "00:20", "01:00"]
