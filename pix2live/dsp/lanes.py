"""Sixteen numbers at once, for the innermost loops: one AVX-512 register, or what the processor has of it.

Kernels keep ``lanes`` in registers across a loop, which a compiler's own vectorising does not. All is as IEEE 754 says,
lane by lane, so every processor gives the same bits. ``+``, ``-`` and ``*`` work on two of one kind; whole numbers
wrap. In kernels only; those that hand lanes over to each other should be ``inlined``.
"""

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import intrinsic, models, overload, register_model

LANES = 16
_INDEX = ir.IntType(32)
_intrinsic: Any = intrinsic  # whose own types know nothing of the context that the compiler hands in


class _Lanes(types.Type):
    def __init__(self, number: str) -> None:
        self.number = number
        super().__init__(f"Lanes({number})")


_floats, _ints = _Lanes("float32"), _Lanes("int32")
_FLOATS, _INTS = ir.VectorType(ir.FloatType(), LANES), ir.VectorType(ir.IntType(32), LANES)
_ROWS = types.CPointer(types.float32)


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, lanes: _Lanes) -> None:
        super().__init__(manager, lanes, _FLOATS if lanes.number == "float32" else _INTS)


def _two(name: str, on_floats: str, on_ints: str) -> Any:
    def apply(context: Any, a: Any, b: Any) -> Any:
        method = on_floats if a == _floats else on_ints
        return a(a, b), lambda context, builder, signature, args: getattr(builder, method)(*args)

    apply.__name__ = name
    return _intrinsic(apply)


def _operate(symbol: Callable[[Any, Any], Any], apply: Any) -> None:
    # A lambda: its arguments must be written as those of the implementation are, without types.
    overload(symbol)(lambda a, b: (lambda a, b: apply(a, b)) if isinstance(a, _Lanes) and a == b else None)  # noqa: PLW0108


_operate(operator.add, _two("add", "fadd", "add"))
_operate(operator.sub, _two("subtract", "fsub", "sub"))
_operate(operator.mul, _two("multiply", "fmul", "mul"))


def _called(builder: Any, name: str, args: Any) -> Any:
    signature = ir.FunctionType(_FLOATS, [_FLOATS] * len(args))
    return builder.call(cgutils.get_or_insert_function(builder.module, signature, f"llvm.{name}.v{LANES}f32"), args)


def _cell(context: Any, builder: Any, kind: Any, array: Any, index: Any, lanes: Any) -> Any:
    memory = context.make_array(kind)(context, builder, array)
    return builder.bitcast(builder.gep(memory.data, [index]), lanes.as_pointer())


@_intrinsic
def splat(context: Any, number: Any) -> Any:
    """The same float32 or int32 in every lane."""
    kind, lanes = (_floats, _FLOATS) if isinstance(number, types.Float) else (_ints, _INTS)

    def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        one = builder.insert_element(ir.Constant(lanes, ir.Undefined), args[0], ir.Constant(_INDEX, 0))
        everywhere = ir.Constant(ir.VectorType(_INDEX, LANES), [0] * LANES)
        return builder.shuffle_vector(one, ir.Constant(lanes, ir.Undefined), everywhere)

    return kind(types.float32 if kind == _floats else types.int32), make


@_intrinsic
def count_up(context: Any) -> Any:
    """0, 1, 2 ... 15, whole."""
    return _ints(), lambda context, builder, signature, args: ir.Constant(_INTS, list(range(LANES)))


@_intrinsic
def as_float(context: Any, whole: Any) -> Any:
    """Whole numbers, rounded to float32."""
    return _floats(_ints), lambda context, builder, signature, args: builder.sitofp(args[0], _FLOATS)


@_intrinsic
def fma(context: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c``, rounded once."""
    return _floats(_floats, _floats, _floats), lambda context, builder, signature, args: _called(builder, "fma", args)


@_intrinsic
def magnitude(context: Any, x: Any) -> Any:
    """Without the sign."""
    return _floats(_floats), lambda context, builder, signature, args: _called(builder, "fabs", args)


@_intrinsic
def negative(context: Any, x: Any) -> Any:
    """With the other sign."""
    return _floats(_floats), lambda context, builder, signature, args: builder.fneg(args[0])


@_intrinsic
def load(context: Any, row: Any, first: Any) -> Any:
    """The numbers of a contiguous float32 or int32 row from ``first`` on; 16 of them must be there."""
    kind, lanes = (_floats, _FLOATS) if row.dtype == types.float32 else (_ints, _INTS)

    def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        loaded = builder.load(_cell(context, builder, row, args[0], args[1], lanes))
        loaded.align = 4
        return loaded

    return kind(row, types.intp), make


@_intrinsic
def store(context: Any, row: Any, first: Any, x: Any) -> Any:
    """Write into a contiguous float32 row from ``first`` on; it must have room for 16."""

    def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _cell(context, builder, row, args[0], args[1], _FLOATS)).align = 4
        return context.get_dummy_value()

    return types.void(row, types.intp, _floats), make


@_intrinsic(prefer_literal=True)
def rows(context: Any, count: Any) -> Any:
    """Room on the stack for ``count`` (a literal) rows of lanes: see ``put`` and ``pick``."""
    if not isinstance(count, types.IntegerLiteral):
        raise TypingError("the number of rows must be a literal")
    size = count.literal_value * LANES

    def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        memory = cgutils.alloca_once(builder, ir.ArrayType(ir.FloatType(), size))
        memory.align = 4 * LANES
        return builder.bitcast(memory, ir.FloatType().as_pointer())

    return _ROWS(count), make


@_intrinsic
def put(context: Any, memory: Any, row: Any, x: Any) -> Any:
    """Keep lanes as one of the ``rows``."""

    def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first = builder.mul(args[1], ir.Constant(args[1].type, LANES))
        place = builder.bitcast(builder.gep(args[0], [first]), _FLOATS.as_pointer())
        builder.store(args[2], place).align = 4 * LANES
        return context.get_dummy_value()

    return types.void(_ROWS, types.intp, _floats), make


@_intrinsic
def pick(context: Any, memory: Any, row: Any, lane: Any) -> Any:
    """One lane of one of the ``rows``."""

    def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first = builder.mul(args[1], ir.Constant(args[1].type, LANES))
        return builder.load(builder.gep(args[0], [builder.add(first, args[2])]))

    return types.float32(_ROWS, types.intp, types.intp), make


@_intrinsic
def put_one(context: Any, memory: Any, row: Any, lane: Any, number: Any) -> Any:
    """Change one lane of one of the ``rows``."""

    def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first = builder.mul(args[1], ir.Constant(args[1].type, LANES))
        builder.store(args[3], builder.gep(args[0], [builder.add(first, args[2])]))
        return context.get_dummy_value()

    return types.void(_ROWS, types.intp, types.intp, types.float32), make
