"""The tree of the record against the definition of RFC 9162."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.audit.transparency.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    leaf_hash,
    node_hash,
    root_of,
)
from tests.support import merkle_oracle as oracle

entries = st.lists(st.binary(max_size=4), max_size=70)


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots_come_out(size):
    assert root_of(map(leaf_hash, oracle.LEAVES[:size])) == oracle.ROOTS[size]
    assert oracle.mth(oracle.LEAVES[:size]) == oracle.ROOTS[size]


def test_leaf_and_node_of_the_same_bytes_differ():
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert leaf_hash(left + right) != node_hash(left, right)


@given(entries)
def test_the_root_is_that_of_the_definition(data):
    assert root_of(map(leaf_hash, data)) == oracle.mth(data)


@given(entries, st.lists(st.integers(0, 70)))
def test_however_the_leaves_come_the_frontier_is_the_same(data, cuts):
    leaves = [leaf_hash(one) for one in data]
    frontier, edges = Frontier(), sorted({0, *(c for c in cuts if c < len(data)), len(data)})
    for begin, end in itertools.pairwise(edges):
        frontier, _ = frontier.with_leaves(leaves[begin:end])
    assert frontier == Frontier().with_leaves(leaves)[0]
    assert Frontier.read(frontier.size, frontier.text()) == frontier


def test_every_complete_subtree_of_256_and_65536_leaves_is_told_once():
    leaves = [leaf_hash(n.to_bytes(4)) for n in range(65_536 + 300)]
    _, some = Frontier().with_leaves(leaves[:700])
    frontier, _ = Frontier().with_leaves(leaves[:700])
    _, rest = frontier.with_leaves(leaves[700:])
    low = [Node(8, n, root_of(leaves[n * 256 : (n + 1) * 256])) for n in range(257)]
    high = [Node(16, 0, root_of(leaves[:65_536]))]
    assert sorted([*some, *rest]) == [*low, *high]


@pytest.mark.parametrize(("size", "text"), [(1, ""), (3, "00" * 32), (2, "00" * 64), (1, "00")])
def test_a_frontier_of_another_size_is_refused(size, text):
    with pytest.raises(ValueError, match="peaks"):
        Frontier.read(size, text)


def test_the_empty_tree_has_the_hash_of_nothing():
    assert Frontier().root() == EMPTY_ROOT == oracle.ROOTS[0]
