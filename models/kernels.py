"""Compiled walks over trees. Importing this takes numba, a second: only who scores does.

Compiled for the processor when first called, and kept on the disk where that is allowed. No
fast mathematics: every sum is rounded as it is written, the same on every machine. `walk`
adds up leaves in the order of the trees, as LightGBM does, so its margins are LightGBM's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from models.vectors import load, spread, store

ZERO = float(np.float32(1e-35))  # what LightGBM takes for zero
CATEGORICAL, DEFAULT_LEFT, MISSING_SHIFT = 1, 2, 2  # of LightGBM's `decision_type`
MISSING_IS_ZERO, MISSING_IS_NAN = 1, 2
WORD = 32


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function in machine code; other threads run meanwhile."""
    try:
        made: Callable[..., Any] = numba.njit(function, nogil=True, cache=True)
    except RuntimeError:  # no folder that it could be kept in
        made = numba.njit(function, nogil=True)
    return made


@compiled
def goes_left(row: Any, node: Any, bits: Any) -> Any:
    """Whether a row goes to the left at a node, as LightGBM decides it."""
    value = row[node.feature]
    how = node.decision
    if how & CATEGORICAL:
        if not -1 < value < WORD * node.words:  # cut to a whole number; a missing one is none
            return False
        code = int(value)
        return (bits[node.words_from + code // WORD] >> (code % WORD)) & 1 == 1
    missing = (how >> MISSING_SHIFT) & 3
    if value != value:  # noqa: PLR0124 - NaN is unlike itself
        if missing == MISSING_IS_NAN:
            return how & DEFAULT_LEFT != 0
        value = 0.0
    if -ZERO <= value <= ZERO:
        if missing == MISSING_IS_ZERO:
            return how & DEFAULT_LEFT != 0
        value = 0.0
    return value <= node.number


@compiled
def walk(matrix: Any, margins: Any, starts: Any, nodes: Any, bits: Any) -> None:
    """Add each row's leaves to its (n, M) margins, in the order of the trees."""
    outputs = margins.shape[1]
    for i in range(matrix.shape[0]):
        row = matrix[i]
        for tree in range(starts.shape[0] - 1):
            begin = starts[tree]
            place = 0
            while nodes[begin + place].feature >= 0:
                node = nodes[begin + place]
                place = place + 1 if goes_left(row, node, bits) else node.right
            margins[i, tree % outputs] += nodes[begin + place].number


@compiled
def explain(  # noqa: C901, PLR0912, PLR0915 - one walk: a call a node would cost as much again
    matrix: Any,
    parts: Any,
    at: Any,
    weight: Any,
    trees: Any,
    widest: Any,
    starts: Any,
    nodes: Any,
    edges: Any,
    bits: Any,
) -> None:
    """Add what some trees give to the (n, M, F + 1) parts; see `models.treeshap`.

    at, weight: tuples, so that their length, the number of points, is known when this is
    compiled: what is said of a node is said of all points at once (`models.vectors`).
    """
    # Of each node, at each point: the product of the factors above it, the sum of the leaves
    # below it, one over the factor of its own feature, for those that pass, and what its leaves
    # count for that feature. The root stands for "no edge of that feature above": its factor is 1.
    points = len(at)
    down = np.empty((widest, points))
    up = np.empty((widest, points))
    inverse = np.empty((widest, points))
    counts = np.empty((widest, points))
    passes = np.empty(widest, np.bool_)
    to_left = np.empty(widest, np.bool_)
    outputs, width = parts.shape[1], matrix.shape[1]
    sums = np.empty((outputs * width, points))
    table = np.empty((1, points))
    for k in range(points):
        table[0, k] = at[k]
    zero, one, place = spread(0.0, at), spread(1.0, at), load(table, 0, at)
    rest = one - place
    cold = zero - one / rest
    store(down, 0, one)
    store(inverse, 0, one)
    passes[0] = True
    for i in range(matrix.shape[0]):
        row = matrix[i]
        sums[:] = 0.0
        for tree in trees:
            begin = starts[tree]
            size = starts[tree + 1] - begin
            own = (tree % outputs) * width
            to_left[0] = goes_left(row, nodes[begin], bits)
            for n in range(1, size):
                node, edge = nodes[begin + n], edges[begin + n]
                p, q = edge.parent, edge.before
                hot = to_left[p] == (n == p + 1)
                passes[n] = hot and passes[q]
                here = load(down, p, at)
                if not passes[q]:
                    here = here * spread(edge.step, at)
                elif hot:
                    factor = place + rest * spread(edge.share, at)
                    freed = one / factor
                    store(inverse, n, freed)
                    store(counts, n, spread(1.0 - edge.share, at) * freed)
                    here = here * (factor * load(inverse, q, at))
                else:
                    store(counts, n, cold)
                    here = here * (rest * spread(edge.share, at) * load(inverse, q, at))
                store(down, n, here)
                if node.feature >= 0:
                    to_left[n] = goes_left(row, node, bits)
                    store(up, n, zero)
                else:
                    store(up, n, here * spread(node.number, at))
            for n in range(size - 1, 0, -1):
                edge = edges[begin + n]
                p, q = edge.parent, edge.before
                below = load(up, n, at)
                if p > 0:
                    store(up, p, load(up, p, at) + below)
                if not passes[q]:
                    continue  # what it adds for the feature the edge above takes away
                f = own + nodes[begin + p].feature
                total = load(sums, f, at) + below * load(counts, n, at)
                if q > 0:  # these leaves were counted at the edge above, as if by it alone
                    total = total - below * load(counts, q, at)
                store(sums, f, total)
        for m in range(outputs):
            for f in range(width):
                whole = 0.0
                for k in range(points):
                    whole += weight[k] * sums[m * width + f, k]
                parts[i, m, f] += whole
