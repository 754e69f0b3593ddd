"""The size of a pass: a number, or arithmetic over $WIDTH, $HEIGHT and the shader's own inputs, read without eval."""

import math
import re
from collections.abc import Callable, Mapping

_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)|\$?([A-Za-z_]\w*)|(\*\*|[-+*/%(),]))")
_FUNCTIONS: dict[str, tuple[int, Callable[..., float]]] = {
    "floor": (1, math.floor), "ceil": (1, math.ceil), "round": (1, round), "abs": (1, abs), "sqrt": (1, math.sqrt),
    "max": (2, max), "min": (2, min), "pow": (2, math.pow), "mod": (2, math.fmod),
}
_MAX_DEPTH = 32

Node = Callable[[Mapping[str, float]], float]


class SizeExpression:
    """``text`` (a number, or a string such as ``"floor($WIDTH / max($n, 2.0))"``) ready to be evaluated each frame.

    Args:
        text: what stands in the header. names: the inputs that may be named beside WIDTH and HEIGHT.

    Raises:
        ValueError: with a plain reason, where ``text`` is no such expression.
    """

    def __init__(self, text: object, names: frozenset[str] = frozenset()) -> None:
        self.text = str(text)
        self.used: set[str] = set()
        self._names = names | {"WIDTH", "HEIGHT"}
        if isinstance(text, bool) or not isinstance(text, int | float | str):
            raise ValueError("is neither a number nor a string")
        self._tokens = self._split(self.text)
        self._at = 0
        self._node = self._sum(0)
        if self._at < len(self._tokens):
            raise ValueError(f"has a stray {self._tokens[self._at]!r}")

    def evaluate(self, values: Mapping[str, float], fallback: float, limit: int = 16384) -> int:
        """The size in whole pixels, 1..limit; ``fallback`` where the arithmetic has no answer."""
        try:
            size = float(self._node(values))
        except (ZeroDivisionError, OverflowError, ValueError, TypeError):
            size = fallback
        if not math.isfinite(size):
            size = fallback
        return int(min(max(math.floor(size + 1e-6), 1), limit))

    @staticmethod
    def _split(text: str) -> list[str]:
        tokens, at = [], 0
        text = text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match:
                raise ValueError(f"has a stray {text[at:].strip()[:1]!r}")
            tokens.append(match.group(1) or match.group(2) or match.group(3))
            at = match.end()
        if not tokens:
            raise ValueError("is empty")
        if len(tokens) > 256:
            raise ValueError("is too long")
        return tokens

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _sum(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise ValueError("is nested too deeply")
        left = self._product(depth)
        while self._peek() in ("+", "-"):
            left = _binary(self._take(), left, self._product(depth))
        return left

    def _product(self, depth: int) -> Node:
        left = self._unary(depth)
        while self._peek() in ("*", "/", "%"):
            left = _binary(self._take(), left, self._unary(depth))
        return left

    def _unary(self, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise ValueError("is nested too deeply")
        if self._peek() == "-":
            self._take()
            inner = self._unary(depth + 1)
            return lambda v: -inner(v)
        if self._peek() == "+":
            self._take()
        return self._atom(depth)

    def _atom(self, depth: int) -> Node:
        token = self._take()
        if token == "(":
            inner = self._sum(depth + 1)
            if self._take() != ")":
                raise ValueError("has a bracket that is not closed")
            return inner
        if token and (token[0].isdigit() or token[0] == "."):
            number = float(token)
            return lambda _: number
        if self._peek() == "(" and token.lower() in _FUNCTIONS:
            return self._call(token.lower(), depth)
        if token in self._names:
            self.used.add(token)
            return lambda v: v[token]
        if token and (token[0].isalpha() or token[0] == "_"):
            raise ValueError(f"names {token!r}, which is no input")
        raise ValueError(f"has a stray {token!r}" if token else "ends too early")

    def _call(self, name: str, depth: int) -> Node:
        count, function = _FUNCTIONS[name]
        self._take()
        args = [self._sum(depth + 1)]
        while self._peek() == ",":
            self._take()
            args.append(self._sum(depth + 1))
        if self._take() != ")":
            raise ValueError("has a bracket that is not closed")
        if len(args) < count or (len(args) > count and name not in ("max", "min")):
            raise ValueError(f"gives {name} {len(args)} values")
        return lambda v: function(*(arg(v) for arg in args))


def _binary(operator: str, left: Node, right: Node) -> Node:
    if operator == "+":
        return lambda v: left(v) + right(v)
    if operator == "-":
        return lambda v: left(v) - right(v)
    if operator == "*":
        return lambda v: left(v) * right(v)
    if operator == "/":
        return lambda v: left(v) / right(v)
    return lambda v: math.fmod(left(v), right(v))
