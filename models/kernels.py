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

    at, weight: tuples, so that their length is known when this is compiled and the loops over
    the points become vector instructions.
    """
    # Of each node, at each point: the product of the factors above it, the sum of the
    # leaves below it, and one over the factor of its own feature, for those that pass.
    # The root stands for "no edge of that feature above": its factor is one.
    points = len(at)
    down = np.empty((widest, points))
    up = np.empty((widest, points))
    inverse = np.empty((widest, points))
    passes = np.empty(widest, np.bool_)
    to_left = np.empty(widest, np.bool_)
    outputs, width = parts.shape[1], matrix.shape[1]
    sums = np.empty((outputs, width, points))
    place = np.array(at)
    rest = 1.0 - place
    cold = 1.0 / rest
    down[0] = 1.0
    inverse[0] = 1.0
    passes[0] = True
    for i in range(matrix.shape[0]):
        row = matrix[i]
        sums[:] = 0.0
        for tree in trees:
            begin = starts[tree]
            size = starts[tree + 1] - begin
            own = sums[tree % outputs]
            to_left[0] = goes_left(row, nodes[begin], bits)
            for n in range(1, size):
                node, edge = nodes[begin + n], edges[begin + n]
                p, q, share = edge.parent, edge.before, edge.share
                hot = to_left[p] == (n == p + 1)
                passes[n] = hot and passes[q]
                if not passes[q]:
                    for k in range(points):
                        down[n, k] = down[p, k] * edge.step
                elif hot:
                    for k in range(points):
                        factor = place[k] + rest[k] * share
                        inverse[n, k] = 1.0 / factor
                        down[n, k] = down[p, k] * (factor * inverse[q, k])
                else:
                    for k in range(points):
                        down[n, k] = down[p, k] * (rest[k] * share * inverse[q, k])
                if node.feature >= 0:
                    to_left[n] = goes_left(row, node, bits)
                    for k in range(points):
                        up[n, k] = 0.0
                else:
                    for k in range(points):
                        up[n, k] = down[n, k] * node.number
            for n in range(size - 1, 0, -1):
                edge = edges[begin + n]
                p, q = edge.parent, edge.before
                if p > 0:
                    for k in range(points):
                        up[p, k] += up[n, k]
                if not passes[q]:
                    continue  # what it adds for the feature the edge above takes away
                f = nodes[begin + p].feature
                if passes[n]:
                    gain = 1.0 - edge.share
                    for k in range(points):
                        own[f, k] += up[n, k] * (gain * inverse[n, k])
                else:
                    for k in range(points):
                        own[f, k] -= up[n, k] * cold[k]
                if q > 0:  # these leaves were counted at the edge above, as if by it alone
                    gain = 1.0 - edges[begin + q].share
                    for k in range(points):
                        own[f, k] -= up[n, k] * (gain * inverse[q, k])
        for m in range(outputs):
            for f in range(width):
                total = 0.0
                for k in range(points):
                    total += weight[k] * sums[m, f, k]
                parts[i, m, f] += total
