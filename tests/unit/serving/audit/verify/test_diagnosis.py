"""Diagnoses of inconsistent entries, as tables on handmade rows without a database."""

from dataclasses import replace

import pytest

from serving.audit.log.entry import ENVELOPE_FIELDS, GENESIS_HASH, Envelope
from serving.audit.log.sequence_ranges import merge_ranges
from serving.audit.verify.diagnosis import Suspects, diagnose
from serving.audit.verify.raw_rows import RawRow
from serving.audit.verify.verdict import Fault

LAST = 12


def envelopes(count=LAST):
    previous = GENESIS_HASH
    for n in range(1, count + 1):
        made = Envelope(
            f"about {n}", f"{n:064x}", f"id {n}", "recommendation", False, previous, n / 2,
            "2026-11-01T00:00:00+00:00", "r", 2, n, "site", "task", "default",
        )  # fmt: skip
        previous = made.leaf()
        yield made


LOG = list(envelopes())


def row(envelope, stored=None):
    return RawRow((*(getattr(envelope, n) for n in ENVELOPE_FIELDS), stored or envelope.leaf()))


def log():
    return {e.sequence: row(e) for e in LOG}


def changed(n, **fields):
    """With another value, and the hash it had."""
    return row(replace(LOG[n - 1], **fields), LOG[n - 1].leaf())


def rehashed(n, **fields):
    """With another value, and the hash of that."""
    return row(replace(LOG[n - 1], **fields))


def numbered(source, number, *, anew=False):
    moved = replace(LOG[source - 1], sequence=number)
    return row(moved, None if anew else LOG[source - 1].leaf())


def renumbered(first, step, *, anew=False):
    """Return the rows from `first` on, renumbered by `step`."""
    return {n + step: numbered(n, n + step, anew=anew) for n in range(first, LAST + 1)}


FORGED = replace(LOG[4], id="forged", previous=LOG[3].leaf())
KEPT = {n: r for n, r in log().items() if n < 5}

CASES = {
    "a column": ({5: changed(5, site="x")}, (), (Fault.EDITED, 5)),
    "a column of the first": ({1: changed(1, site="x")}, (), (Fault.EDITED, 1)),
    "a column of the last": ({12: changed(12, site="x")}, (), (Fault.EDITED, 12)),
    "a column, rehashed": ({5: rehashed(5, site="x")}, (), (Fault.EDITED, 5)),
    "the first, rehashed": ({1: rehashed(1, site="x")}, (), (Fault.EDITED, 1)),
    "the last, rehashed": ({12: rehashed(12, site="x")}, (), (Fault.EDITED, 12)),
    "a link": ({5: changed(5, previous="a" * 64)}, (), (Fault.EDITED, 5)),
    "a link, rehashed": ({5: rehashed(5, previous="a" * 64)}, (), (Fault.EDITED, 5)),
    "link and column": ({5: changed(5, previous="a" * 64, site="x")}, (), (Fault.EDITED, 5)),
    "the first's link": ({1: rehashed(1, previous="a" * 64)}, (), (Fault.EDITED, 1)),
    "a hash": ({5: row(LOG[4], "a" * 64)}, (), (Fault.EDITED, 5)),
    "a value of no kind": ({5: changed(5, picked=2)}, (), (Fault.EDITED, 5)),
    "one gone": ({5: None}, (), (Fault.DELETED, 5)),
    "three gone": ({5: None, 6: None, 7: None}, (), (Fault.DELETED, 5)),
    "the first gone": ({1: None}, (), (Fault.DELETED, 1)),
    "gone, renumbered": ({**renumbered(6, -1), 12: None}, (), (Fault.DELETED, 5)),
    "gone, renumbered and rehashed": (
        {**renumbered(6, -1, anew=True), 12: None},
        (),
        (Fault.DELETED, 5),
    ),
    "put in": ({5: row(FORGED), **renumbered(5, 1)}, (), (Fault.INSERTED, 5)),
    "swapped": ({5: numbered(9, 5), 9: numbered(5, 9)}, (), (Fault.REORDERED, 5)),
    "swapped neighbours": ({5: numbered(6, 5), 6: numbered(5, 6)}, (), (Fault.REORDERED, 5)),
    "swapped and rehashed": (
        {5: numbered(9, 5, anew=True), 9: numbered(5, 9, anew=True)},
        (),
        (Fault.REORDERED, 5),
    ),
    "contents swapped": (
        {
            5: row(replace(LOG[8], sequence=5, previous=LOG[4].previous), LOG[4].leaf()),
            9: row(replace(LOG[4], sequence=9, previous=LOG[8].previous), LOG[8].leaf()),
        },
        (),
        (Fault.REORDERED, 5),
    ),
    "rotated": (
        {5: numbered(6, 5), 6: numbered(7, 6), 7: numbered(5, 7)},
        (),
        (Fault.REORDERED, 5),
    ),
    "numbered far away": ({5: None}, (numbered(5, 5000),), (Fault.EDITED, 5)),
    "numbered by a text": ({5: None}, (changed(5, sequence="five"),), (Fault.EDITED, 5)),
    "a stranger": ({}, (row(replace(FORGED, sequence=99)),), (Fault.INSERTED, 99)),
    "one twice": ({}, (row(LOG[4]),), (Fault.INSERTED, 5)),
}


def suspects(changes, strays=(), known=None):
    """As gathering makes them: neighbours that do not fit, and those beside them."""
    rows = {n: r for n, r in (log() | changes).items() if r is not None}
    last = max(rows)
    odd = set()
    for n in range(1, last + 1):
        here, before = rows.get(n), rows.get(n - 1)
        if here is None or here.leaf != here.stored:
            odd.add(n)
        elif here.previous != (before.stored if before else GENESIS_HASH):
            odd |= {n, n - 1} - {0}
    end = LOG[-1].leaf()
    if rows[last].stored != end and last == LAST:
        odd.add(last)
    missing = [(n, n) for n in range(1, last + 1) if n not in rows]
    return Suspects(
        rows=rows,
        clusters=merge_ranges((n, n) for n in odd),
        gaps=merge_ranges(missing),
        strays=strays,
        last=last,
        end=end if last == LAST else "",
        known=known or {},
    )


@pytest.mark.parametrize(("changes", "strays", "expected"), CASES.values(), ids=list(CASES))
def test_tampering_is_reported_at_the_first_entry(changes, strays, expected):
    found = list(diagnose(suspects(changes, strays)))
    assert [(f.fault, f.sequence) for f in found] == [expected]


def test_a_whole_log_has_no_suspects():
    assert not suspects({}).clusters
    assert not list(diagnose(suspects({})))


def test_mirror_findings_outrank_chain_findings():
    """Rehashed from 5 to 7: the links say 7, the leaves kept elsewhere say 5."""
    forged = rehashed(5, site="x")
    chain = {5: forged}
    for n in (6, 7):
        chain[n] = rehashed(n, previous=chain[n - 1].leaf)
    known = {e.sequence: e.leaf() for e in LOG}
    by_links = suspects(chain)
    assert min(by_links.bad) == 7
    assert min(suspects(chain, known=known).bad) == 5


def test_neighbours_that_were_both_rehashed_are_told_where_doubt_is_due():
    made = suspects({5: rehashed(5, site="x"), 6: rehashed(6, site="x")})
    assert min(made.bad) == 6  # it may be one entry, changed together with its link
    assert min(replace(made, distrust_previous=True).bad) == 5


def test_every_changed_entry_is_mended_to_what_was_recorded():
    made = suspects({5: changed(5, site="x"), 8: rehashed(8, site="x")})
    assert made.bad == {5, 8}
    assert {n: made.expected[n] for n in made.bad} == {n: LOG[n - 1].leaf() for n in (5, 8)}
