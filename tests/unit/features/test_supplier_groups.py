"""Suppliers belong together that share a VAT id or a bank account, directly or through others."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from features.supplier_groups import group_suppliers, related_suppliers

IDS = st.sampled_from([None, "", "DE1", "de 1", "DE2", "-"])
SUPPLIERS = st.lists(st.tuples(IDS, IDS, st.integers(1, 4)), max_size=7).map(
    lambda drawn: [
        {
            "supplier_id": f"V{n}",
            "vat_id": vat,
            "bank_account": account,
            "known_at": datetime(2026, 1, day, tzinfo=UTC),
        }
        for n, (vat, account, day) in enumerate(drawn)
    ]
)


@given(SUPPLIERS)
def test_at_any_moment_the_related_suppliers_are_those_of_one_group(suppliers):
    pairs = related_suppliers(suppliers)
    assert len({pair[:2] for pair in pairs}) == len(pairs)
    for moment in {row["known_at"] for row in suppliers}:
        party = group_suppliers([row for row in suppliers if row["known_at"] <= moment])
        together = {(a, b) for a in party for b in party if a != b and party[a] == party[b]}
        assert {(a, b) for a, b, since in pairs if since <= moment} == together


def test_a_number_that_nobody_stated_holds_nobody_together():
    rows = [
        {"supplier_id": name, "vat_id": vat, "bank_account": account, "known_at": 0}
        for name, vat, account in (
            ("V3", None, "A 1"),
            ("V2", "DE1", "a1"),
            ("V1", "de-1", None),
            ("V4", "--", ""),
            ("V5", None, None),
        )
    ]
    assert group_suppliers(rows) == {"V1": "V1", "V2": "V1", "V3": "V1", "V4": "V4", "V5": "V5"}
