"""Proofs of RFC 9162: those that are published, and as many more as hypothesis thinks of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.audit.log.entry import Draft
from serving.audit.log.entry_kind import EntryKind
from serving.audit.log.store import AuditStore
from serving.audit.transparency.merkle import (
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from serving.audit.transparency.tiled_tree import TILE_WIDTH, TiledTree
from serving.audit.verify.proof_creation import consistency_proof, inclusion_proof, root_at
from tests.support import merkle_oracle as oracle
from tests.tampering.rows import unguarded

logs = st.lists(st.binary(max_size=2), min_size=1, max_size=40).map(
    lambda data: [bytes([n]) + one for n, one in enumerate(data)]  # no two leaves are equal
)
EMPTY, SOME = oracle.ROOTS[0], leaf_hash(b"some")


def read(texts):
    return [bytes.fromhex(text) for text in texts]


def flipped(data, place):
    changed = bytearray(data)
    changed[place % len(data)] ^= 1 << (place % 8)
    return bytes(changed)


@pytest.mark.parametrize(("index", "size"), oracle.INCLUSION)
def test_the_published_inclusion_proofs_are_made_and_verify(index, size):
    path = read(oracle.INCLUSION[index, size])
    assert TiledTree(size, oracle.tile_reader(oracle.LEAVES)).inclusion(index) == path
    leaf = leaf_hash(oracle.LEAVES[index])
    assert verify_inclusion(leaf, index, size, path, oracle.ROOTS[size])


@pytest.mark.parametrize(("first", "second"), oracle.CONSISTENCY)
def test_the_published_consistency_proofs_are_made_and_verify(first, second):
    path = read(oracle.CONSISTENCY[first, second])
    assert TiledTree(second, oracle.tile_reader(oracle.LEAVES)).consistency(first) == path
    assert verify_consistency(first, second, oracle.ROOTS[first], oracle.ROOTS[second], path)


@pytest.mark.parametrize(("index", "size"), [k for k in oracle.INCLUSION if k != (0, 1)])
def test_the_published_attacks_on_inclusion_proofs_fail(index, size):
    path, leaf = read(oracle.INCLUSION[index, size]), leaf_hash(oracle.LEAVES[index])
    root = oracle.ROOTS[size]
    attacks = {
        "index - 1": (leaf, index - 1, size, path, root),
        "index + 1": (leaf, index + 1, size, path, root),
        "index ^ 2": (leaf, index ^ 2, size, path, root),
        "size * 2": (leaf, index, size * 2, path, root),
        "size // 2": (leaf, index, size // 2, path, root),
        "wrong leaf": (b"WrongLeaf", index, size, path, root),
        "empty root": (leaf, index, size, path, EMPTY),
        "random root": (leaf, index, size, path, SOME),
        "trailing garbage": (leaf, index, size, [*path, b""], root),
        "trailing root": (leaf, index, size, [*path, root], root),
        "preceding garbage": (leaf, index, size, [b"", *path], root),
        "preceding root": (leaf, index, size, [root, *path], root),
        "removed": (leaf, index, size, path[:-1], root),
        "inserted": (leaf, index, size, [path[0], SOME, *path[1:]], root),
    }
    assert [name for name, attack in attacks.items() if verify_inclusion(*attack)] == []


@pytest.mark.parametrize(("first", "second"), [k for k in oracle.CONSISTENCY if k != (1, 1)])
def test_the_published_attacks_on_consistency_proofs_fail(first, second):
    path = read(oracle.CONSISTENCY[first, second])
    one, two = oracle.ROOTS[first], oracle.ROOTS[second]
    attacks = {
        "first - 1": (first - 1, second, one, two, path),
        "first + 1": (first + 1, second, one, two, path),
        "first ^ 2": (first ^ 2, second, one, two, path),
        "second * 2": (first, second * 2, one, two, path),
        "second // 2": (first, second // 2, one, two, path),
        "wrong first root": (first, second, b"WrongRoot", two, path),
        "wrong second root": (first, second, one, b"WrongRoot", path),
        "swapped roots": (first, second, two, one, path),
        "empty": (first, second, one, two, []),
        "trailing garbage": (first, second, one, two, [*path, b""]),
        "trailing root": (first, second, one, two, [*path, two]),
        "preceding root": (first, second, one, two, [one, *path]),
        "doubled": (first, second, one, two, [path[0], *path]),
        "truncated": (first, second, one, two, path[:-1]),
    }
    assert [name for name, attack in attacks.items() if verify_consistency(*attack)] == []


@pytest.mark.parametrize(
    ("first", "second", "one", "two", "path", "holds"),
    [
        (0, 0, EMPTY, EMPTY, [], True),
        (0, 5, EMPTY, oracle.ROOTS[5], [], True),
        (0, 5, SOME, oracle.ROOTS[5], [], False),
        (0, 5, EMPTY, oracle.ROOTS[5], [SOME], False),
        (5, 5, oracle.ROOTS[5], oracle.ROOTS[5], [], True),
        (5, 5, oracle.ROOTS[5], SOME, [], False),
        (5, 5, oracle.ROOTS[5], oracle.ROOTS[5], [SOME], False),
        (5, 4, oracle.ROOTS[5], oracle.ROOTS[4], [], False),
        (-1, 4, oracle.ROOTS[0], oracle.ROOTS[4], [], False),
        (1, 2, oracle.ROOTS[1], oracle.ROOTS[2], [], False),
    ],
)
def test_trees_that_need_no_path(first, second, one, two, path, holds):
    assert verify_consistency(first, second, one, two, path) is holds


def test_a_path_that_leads_above_the_root_of_that_size_does_not_verify():
    zero, one = (leaf_hash(data) for data in oracle.LEAVES[:2])
    assert verify_inclusion(one, 1, 2, [zero], oracle.ROOTS[2])
    assert not verify_inclusion(one, 0, 1, [zero], oracle.ROOTS[2])


@given(logs, st.data())
def test_every_inclusion_proof_is_that_of_the_definition_and_verifies(log, data):
    index = data.draw(st.integers(0, len(log) - 1))
    path = TiledTree(len(log), oracle.tile_reader(log)).inclusion(index)
    assert path == oracle.path(index, log)
    assert verify_inclusion(leaf_hash(log[index]), index, len(log), path, oracle.mth(log))


@given(logs, st.data())
def test_every_consistency_proof_is_that_of_the_definition_and_verifies(log, data):
    first = data.draw(st.integers(0, len(log)))
    path = TiledTree(len(log), oracle.tile_reader(log)).consistency(first)
    assert path == (oracle.proof(first, log) if first else [])
    assert verify_consistency(first, len(log), oracle.mth(log[:first]), oracle.mth(log), path)


@given(logs, st.data())
def test_an_inclusion_proof_of_anything_else_does_not_verify(log, data):
    index = data.draw(st.integers(0, len(log) - 1))
    size, root, leaf = len(log), oracle.mth(log), leaf_hash(log[index])
    path, place = oracle.path(index, log), data.draw(st.integers(0, 31))
    for n in range(len(path)):
        bad = [*path[:n], flipped(path[n], place), *path[n + 1 :]]
        assert not verify_inclusion(leaf, index, size, bad, root)
    assert not verify_inclusion(flipped(leaf, place), index, size, path, root)
    assert not verify_inclusion(leaf, index, size, path, flipped(root, place))
    for other in set(range(-1, size + 2)) - {index}:
        assert not verify_inclusion(leaf, other, size, path, root)
    for shorter in range(size):  # no other state of the log has that root
        assert not verify_inclusion(leaf, index, shorter, path, oracle.mth(log[:shorter]))


@given(logs, st.data())
def test_a_consistency_proof_of_anything_else_does_not_verify(log, data):
    first = data.draw(st.integers(1, len(log)))
    one, two, size = oracle.mth(log[:first]), oracle.mth(log), len(log)
    path, place = oracle.proof(first, log), data.draw(st.integers(0, 31))
    for n in range(len(path)):
        bad = [*path[:n], flipped(path[n], place), *path[n + 1 :]]
        assert not verify_consistency(first, size, one, two, bad)
    assert not verify_consistency(first, size, flipped(one, place), two, path)
    assert not verify_consistency(first, size, one, flipped(two, place), path)
    for other in set(range(1, size + 1)) - {first}:
        assert not verify_consistency(other, size, one, two, path)
    for shorter in range(first + 1, size):  # no other state of the log has that root
        assert not verify_consistency(first, shorter, one, oracle.mth(log[:shorter]), path)


def test_a_proof_in_a_log_of_three_tile_levels_reads_two_tiles_a_level():
    leaves = [leaf_hash(n.to_bytes(4)) for n in range(65_536 + 700)]
    roots = [root_of(leaves[n : n + TILE_WIDTH]) for n in range(0, 66_048, TILE_WIDTH)]
    kept, asked = [leaves, roots, [root_of(leaves[:65_536])]], []

    def tiles(level, index):
        asked.append((level, index))
        return kept[level][index * TILE_WIDTH : (index + 1) * TILE_WIDTH]

    root = root_of(leaves)
    for index in (0, 40_000, 65_535, 65_536, len(leaves) - 1):
        asked.clear()
        path = TiledTree(len(leaves), tiles).inclusion(index)
        assert verify_inclusion(leaves[index], index, len(leaves), path, root)
        assert all(len([1 for level, _ in asked if level == n]) <= 2 for n in range(3)), asked
    for first in (1, 255, 256, 40_000, 65_536, 65_900):
        path = TiledTree(len(leaves), tiles).consistency(first)
        assert verify_consistency(first, len(leaves), root_of(leaves[:first]), root, path)


def drafts(count):
    return [
        Draft(f"e{n}", EntryKind.DECISION, "", "", "", "", 0.0, "2026-03-10T08:00:00+00:00", {})
        for n in range(count)
    ]


@pytest.fixture
def store(audit_url):
    opened = AuditStore.open(audit_url)
    opened.append(drafts(600))
    yield opened
    opened.close()


def test_an_entry_of_a_store_is_proven_at_every_size_it_was_part_of(store):
    leaves = [bytes.fromhex(entry.hash) for entry in store.all()]
    for sequence, size in ((1, None), (1, 1), (256, 256), (256, 257), (300, 511), (600, 600)):
        root = root_of(leaves[:size])
        assert root_at(store, size or 600) == root
        path = inclusion_proof(store, sequence, size)
        assert verify_inclusion(leaves[sequence - 1], sequence - 1, size or 600, path, root)


def test_a_store_proves_that_it_only_grew(store):
    leaves = [bytes.fromhex(entry.hash) for entry in store.all()]
    for first, second in ((0, 600), (1, 2), (256, 600), (257, 512), (599, 600), (600, 600)):
        path = consistency_proof(store, first, second)
        roots = root_of(leaves[:first]), root_of(leaves[:second])
        assert verify_consistency(first, second, *roots, path)


def test_a_size_the_log_never_had_and_an_entry_it_did_not_hold_are_named(store):
    with pytest.raises(ValueError, match="600 entries; it cannot be proven at size 601"):
        inclusion_proof(store, 1, 601)
    with pytest.raises(ValueError, match="leaves 0 to 99; got 100"):
        inclusion_proof(store, 101, 100)
    with pytest.raises(ValueError, match="does not begin with one of 11"):
        consistency_proof(store, 11, 10)


def test_an_entry_that_is_missing_is_named_not_proven_around(audit_url):
    store = AuditStore.open(audit_url)
    store.append(drafts(10))
    with store.engine.begin() as connection:
        unguarded(connection)
        connection.exec_driver_sql("DELETE FROM entries WHERE sequence = 4")
    with pytest.raises(LookupError, match="the hash of entry 4 is missing"):
        inclusion_proof(store, 1)
    store.close()
