"""The engine brings invoice units to base units as the features of a case do."""

import itertools

import numpy as np
import pandas as pd
import pytest

from data.reference.units import UNITS, same_unit, unit_key
from data.store import Store
from features.history.invoice_units import with_unit_size
from features.tasks.invoice_mismatch.base_units import base_units_in
from tests.spec.tables import canonical

TEXTS = [None, "EA", "Stk.", "H87", "pcs", "St.", "ST", "DZN", "kg", "GRM", "XCS", "case", " Cs ",
         "XPX", "SET", "Gebinde", "gebinde.", "m", "in"]  # fmt: skip
SIZES = [np.nan, 0.0, 12.0]
PACKS = """
    item_id | supplier_id | unit    | base_units | known_at
    bolt    |             | XCS     | 10         | 2026-01-01
    bolt    | acme        | XCS     | 12.5       | 2026-01-02
    bolt    | bolts       | XCS     | 99         | 2026-01-01
    bolt    |             | Gebinde | 6          | 2026-01-01
    bolt    |             | XPX     | 480        | 2026-03-01
    bolt    |             | EA      | 7          | 2026-01-01
    nut     |             | XPX     | 0          | 2026-01-01 """
OF_ITEM = {"bolt": {"Gebinde": 6.0, "EA": 7.0, "XCS": 12.5}, "nut": {"XPX": 0.0}, "pin": {}}


def test_both_ways_give_the_same_size_of_any_unit():
    rows = [
        (f"line-{n}", unit, base, size, item)
        for n, (unit, base, size, item) in enumerate(
            itertools.product(TEXTS, TEXTS, SIZES, OF_ITEM)
        )
    ]
    names = ["invoice_line_id", "invoice_unit", "base_unit", "pack_size", "item_id"]
    lines = pd.DataFrame(rows, columns=names)
    lines = lines.assign(supplier_id="acme", known_at=pd.Timestamp("2026-02-01", tz="UTC"))
    frames = {"item_units": canonical("item_units", PACKS)}
    with Store.from_frames(frames, threads=1) as store:
        created = store.connection.create_table("lines", lines)
        sized = with_unit_size(created, store.table("item_units")).to_pandas()
    found = dict(zip(sized["invoice_line_id"], sized["unit_size"], strict=True))
    assert len(sized) == len(rows)
    for line, unit, base, size, item in rows:
        wanted = base_units_in(unit, base, None if np.isnan(size) else size, OF_ITEM[item])
        got = None if pd.isna(found[line]) else found[line]
        assert got == (None if wanted is None else float(wanted)), (unit, base, size, item)


@pytest.mark.parametrize("code", UNITS)
def test_units_are_the_same_where_their_keys_are(code):
    for other in ["Gebinde", "St.", *UNITS]:
        assert (unit_key(code) == unit_key(other)) == same_unit(code, other)


def test_a_unit_that_is_not_known_is_its_own_text_in_any_case():
    assert unit_key("Gebinde.") == unit_key(" GEBINDE ") == "gebinde"
    assert unit_key("St.") == "st."
    assert unit_key("ST") == "ST"
    assert unit_key(None) is None
