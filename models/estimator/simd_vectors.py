"""SIMD vectors for Numba: several floats at once, each rounded as if computed alone.

A loop over a few numbers stays scalar where the compiler cannot tell that arrays lie apart. Here
the vector is said outright: loaded, computed with, stored. No operation is fused or reordered, so
every number is what a loop would have made of it, to the last bit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.datamodel import models as data_models
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, register_model

OPERATIONS = {
    operator.add: "fadd",
    operator.sub: "fsub",
    operator.mul: "fmul",
    operator.truediv: "fdiv",
}


def vector_intrinsic(emit: Callable[..., Any]) -> Any:
    """Return a Numba intrinsic whose types and instructions the function `emit` supplies."""
    return intrinsic(emit)


class Vector(types.Type):
    """Numba type of a vector of float64 with a fixed number of lanes."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        super().__init__(name=f"vector of {lanes}")


@register_model(Vector)
class _VectorModel(data_models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Vector) -> None:
        super().__init__(manager, kind, ir.VectorType(ir.DoubleType(), kind.lanes))


@vector_intrinsic
def load_vector(context: Any, array: Any, row: Any, like: Any) -> Any:
    """Load a row of an (n, lanes) array as a vector with as many lanes as the tuple `like`."""
    kind = Vector(like.count)

    def made(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.load(
            _element_pointer(target, builder, sig.args[0], args[0], args[1], kind), align=8
        )

    return kind(array, types.intp, like), made


@vector_intrinsic
def store_vector(context: Any, array: Any, row: Any, vector: Any) -> Any:
    """Write a vector to a row of an (n, lanes) array."""

    def made(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _element_pointer(target, builder, sig.args[0], args[0], args[1], vector)
        builder.store(args[2], place, align=8)
        return target.get_dummy_value()

    return types.none(array, types.intp, vector), made


@vector_intrinsic
def broadcast_number(context: Any, number: Any, like: Any) -> Any:
    """Fill a vector with one number; it has as many lanes as the tuple `like`."""
    kind = Vector(like.count)

    def made(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = ir.VectorType(ir.DoubleType(), kind.lanes)
        first = builder.insert_element(ir.Constant(whole, ir.Undefined), args[0], _int_constant(0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), kind.lanes), None)
        return builder.shuffle_vector(first, ir.Constant(whole, ir.Undefined), zeros)

    return kind(types.float64, like), made


def _element_pointer(
    target: Any, builder: Any, kind: Any, array: Any, row: Any, vector: Vector
) -> Any:
    data = target.make_array(kind)(target, builder, array).data
    begin = builder.mul(row, ir.Constant(row.type, vector.lanes))
    whole = ir.VectorType(ir.DoubleType(), vector.lanes).as_pointer()
    return builder.bitcast(builder.gep(data, [begin]), whole)


def _int_constant(value: int) -> Any:
    return ir.Constant(ir.IntType(32), value)


def _register_operation(function: Any, name: str) -> None:
    @infer_global(function)
    class _Typing(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if all(isinstance(one, Vector) for one in args):
                return signature(args[0], *args)
            return None

    @lower_builtin(function, Vector, Vector)
    def lowered(target: Any, builder: Any, sig: Any, args: Any) -> Any:
        return getattr(builder, name)(*args)


for _function, _name in OPERATIONS.items():
    _register_operation(_function, _name)
