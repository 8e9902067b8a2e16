"""Vectors of compiled code: what a loop over the numbers gives, bit for bit."""

import operator

import numba
import numpy as np
import pytest

from models.estimator.simd_vectors import broadcast_number, load_vector, store_vector

ODD = [0.0, -0.0, 1.0, -1.5, 1e-320, 1e308, float("inf"), float("nan"), 0.1, 1 / 3, 7e-9, 2.0**53]


@pytest.mark.parametrize("lanes", [4, 8, 16, 32])
@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.truediv])
def test_an_operation_is_that_of_each_number(lanes, operation):
    drawn = np.random.default_rng(lanes)
    table = drawn.choice(ODD, (3, lanes)) * drawn.choice([1.0, 3.0, 1e-7], (3, lanes))

    @numba.njit
    def vectors(table, like):
        made = np.zeros((2, len(like)))
        store_vector(made, 1, operation(load_vector(table, 0, like), load_vector(table, 2, like)))
        return made

    with np.errstate(all="ignore"):
        expected = operation(table[0], table[2])
    made = vectors(table, (0.0,) * lanes)
    assert made[1].tobytes() == expected.tobytes() or np.array_equal(
        made[1], expected, equal_nan=True
    )
    assert not made[0].any(), "another row was written to"


def test_no_product_and_sum_are_fused():
    """Fused, 1/3 * 3 - 1 would keep what rounding takes away."""

    @numba.njit
    def vectors(table, like):
        made = np.zeros((1, len(like)))
        store_vector(
            made,
            0,
            load_vector(table, 0, like) * broadcast_number(3.0, like) - broadcast_number(1.0, like),
        )
        return made

    table = np.full((1, 8), 1 / 3)
    assert vectors(table, (0.0,) * 8).tolist() == [[1 / 3 * 3.0 - 1.0] * 8]
