"""Exact TreeSHAP in time linear in the nodes, by Gauss-Legendre quadrature.

A feature's Shapley value in the game of one leaf is the integral over t in [0, 1] of

    (own - share) * value * product over the other features of (t * own + (1 - t) * share)

where `own` is 1 if the row passes all splits on the feature above the leaf, and `share` is the
product of the shares of training rows that do. The integrand is a polynomial, so a
Gauss-Legendre rule of half as many points as there are features on a tree's longest path gives
it exactly, and one pass down and one up a tree gives it for all leaves and features at once.
Path-dependent, as LightGBM's `pred_contrib`: equal to it but for the last bits.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.estimator.forest import LEAF, Forest, UnknownTreesError

Floats = NDArray[np.float64]

QUADRATURE_POINTS = (4, 8, 16, 32)  # a kernel for each is compiled when trees first need it
NODES_PER_THREAD = 50_000  # looked at in a millisecond or two: fewer are done before it has begun


@dataclass(frozen=True)
class QuadratureRule:
    """A Gauss-Legendre rule over [0, 1], and the trees that it is exact for."""

    at: tuple[float, ...]
    weight: tuple[float, ...]
    trees: NDArray[np.int64]


@dataclass(frozen=True)
class TreeShap:
    """Precomputed state from which the contributions of rows are computed.

    Attributes:
        base: (M,) mean margins over the training rows.
        rules: quadrature rules; every tree is of the first rule that is exact for it, or of no
            rule if it has no split.
    """

    forest: Forest
    base: Floats
    rules: tuple[QuadratureRule, ...]

    @classmethod
    def of(cls, forest: Forest) -> TreeShap:
        """Precompute the state for a forest."""
        most = forest.longest.max(initial=0)
        if most > 2 * QUADRATURE_POINTS[-1]:
            raise UnknownTreesError(
                f"{most} features on a path; {2 * QUADRATURE_POINTS[-1]} are read"
            )
        rules, covered = [], 0
        for points in QUADRATURE_POINTS:
            trees = np.flatnonzero((forest.longest > covered) & (forest.longest <= 2 * points))
            if len(trees):
                rules.append(_quadrature_rule(points, trees))
            covered = 2 * points
        return cls(forest, _mean_margins(forest), tuple(rules))

    def contributions(self, matrix: Floats, threads: int = 1) -> Floats:
        """(n, M, F + 1) parts of the margins of an (n, F) matrix; the last is the base.

        Each row's parts depend on that row only, bit for bit, however many threads there are.
        """
        rows, width = matrix.shape
        parts = np.zeros((rows, self.forest.outputs, width + 1))
        parts[:, :, -1] = self.base
        work = rows * len(self.forest.nodes)
        matrix, shares = np.ascontiguousarray(matrix), min(threads, rows, work // NODES_PER_THREAD)
        if shares < 2:
            self._add(matrix, parts)
            return parts
        # Compiled code runs beside other threads; the last share needs none of its own.
        split = zip(np.array_split(matrix, shares), np.array_split(parts, shares), strict=True)
        *other_shares, own_share = split
        waited = [_thread_pool().submit(self._add, *share) for share in other_shares]
        self._add(*own_share)
        for one in waited:
            one.result()
        return parts

    def _add(self, matrix: Floats, parts: Floats) -> None:
        from models.estimator.tree_kernels import add_contributions  # noqa: PLC0415 - takes a second

        forest = self.forest
        plain = forest.widest, forest.starts, forest.nodes, forest.edges, forest.bits
        for rule in self.rules:
            add_contributions(matrix, parts, rule.at, rule.weight, rule.trees, *plain)


@cache
def _thread_pool() -> ThreadPoolExecutor:
    """Return the threads for explanations; started on first use, as they cost more than a row."""
    return ThreadPoolExecutor(os.cpu_count(), "explaining")


def _quadrature_rule(points: int, trees: NDArray[np.int64]) -> QuadratureRule:
    at, weight = np.polynomial.legendre.leggauss(points)
    return QuadratureRule(tuple(((at + 1) / 2).tolist()), tuple((weight / 2).tolist()), trees)


def _mean_margins(forest: Forest) -> Floats:
    """(M,) mean margin over the training rows, tree after tree."""
    base = np.zeros(forest.outputs)
    for tree in range(len(forest.starts) - 1):
        nodes = forest.nodes[forest.starts[tree] : forest.starts[tree + 1]]
        edges = forest.edges[forest.starts[tree] : forest.starts[tree + 1]]
        reach = edges["step"].copy()
        for place in range(1, len(reach)):
            reach[place] *= reach[edges["parent"][place]]
        base[tree % forest.outputs] += np.sum((reach * nodes["number"])[nodes["feature"] == LEAF])
    return base
