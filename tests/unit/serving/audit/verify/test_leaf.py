"""The quick hash of a leaf is the slow one, for every value that a column can have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.audit.log.canonical_json import canonicalize
from serving.audit.log.entry import ENVELOPE_FIELDS, Envelope, envelope_leaf_hash
from serving.audit.transparency.merkle import leaf_hash
from serving.audit.verify.raw_rows import HASH_COLUMN, SEQUENCE_COLUMN, RawRow

TEXT = st.text()
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
ENVELOPES = st.builds(
    Envelope,
    picked=st.booleans(),
    priority=st.floats(allow_nan=False, allow_infinity=False),
    schema=WHOLE,
    sequence=WHOLE,
    **dict.fromkeys(set(ENVELOPE_FIELDS) - {"picked", "priority", "schema", "sequence"}, TEXT),
)


def values(envelope, stored="", **changes):
    fields = vars(envelope) | changes
    return (*(fields[name] for name in ENVELOPE_FIELDS), stored)


@given(ENVELOPES)
def test_the_quick_hash_is_that_of_the_canonical_envelope(envelope):
    slow = leaf_hash(canonicalize(dict(vars(envelope))).encode())
    assert envelope_leaf_hash(values(envelope)) == slow
    assert envelope_leaf_hash(values(envelope, picked=int(envelope.picked))) == slow
    assert envelope.leaf() == slow.hex()


PLAIN = Envelope(
    "about", "c" * 64, "id", "recommendation", False, "0" * 64, 1.5, "2026-11-01T00:00:00+00:00",
    "reference", 2, 7, "site", "task", "default",
)  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("picked", 2),
        ("picked", -1),
        ("picked", "yes"),
        ("priority", 1),
        ("priority", "1.5"),
        ("priority", float("inf")),
        ("priority", float("nan")),
        ("schema", 2.0),
        ("schema", True),
        ("schema", 2**53),
        ("sequence", "7"),
        ("site", None),
        ("site", b"site"),
        ("site", 7),
        ("task", "\udcff"),
    ],
)
def test_values_that_no_entry_can_hold_have_no_leaf_hash(column, value):
    with pytest.raises((TypeError, ValueError)):
        envelope_leaf_hash(values(PLAIN, **{column: value}))
    assert RawRow(values(PLAIN, **{column: value})).leaf == ""


def test_a_row_tells_the_hash_it_would_have_elsewhere():
    row = RawRow(values(PLAIN, "stored"))
    moved = list(row.values)
    moved[SEQUENCE_COLUMN] = 9
    assert row.placed(sequence=9) == envelope_leaf_hash(moved).hex() != row.leaf
    assert row.placed(previous="f" * 64) not in {row.leaf, row.placed(sequence=9)}
    assert (row.sequence, row.stored, row.values[HASH_COLUMN]) == (7, "stored", "stored")
