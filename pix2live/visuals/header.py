"""Reads the JSON header of an ISF file as it is found in the wild, and knows the line of every entry."""

import re
from pathlib import Path
from typing import Any

from pix2live.errors import ShaderError

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z_$][\w$-]*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_WORDS = {"true": True, "false": False, "null": None}
_MAX_DEPTH = 32


class Entry(dict[str, Any]):
    """A JSON object with upper-case look-up and the file's line of itself and of each of its keys."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def find(self, key: str, default: Any = None) -> Any:
        """The value of ``key`` in any letter case."""
        for name, value in self.items():
            if name.upper() == key:
                return value
        return default

    def line_of(self, key: str) -> int:
        """The line on which ``key`` (in any letter case) stands, or that of the object."""
        return next((line for name, line in self.lines.items() if name.upper() == key.upper()), self.line)


def split_header(text: str, path: Path) -> tuple[Entry, int, int]:
    """Find and read the header comment: its JSON object, and the span of the comment in ``text``.

    The header is the first block comment that begins with a brace, so that a licence may stand before it.

    Raises:
        ShaderError: naming file and line, where there is no header or it is not JSON.
    """
    for match in re.finditer(r"/\*(.*?)\*/", text, re.DOTALL):
        if match.group(1).lstrip("*! \t\r\n").startswith("{"):
            return _Reader(text, match.start(1), match.end(1), path).document(), match.start(), match.end()
    begin = re.search(r"/\*[*!\s]*\{", text)
    if begin:
        line = text.count("\n", 0, begin.start()) + 1
        raise ShaderError("the header comment is not closed", f"{path}:{line}", "end it with */")
    raise ShaderError("no ISF header", f"{path}:1", 'begin the file with /*{ "ISFVSN": "2" }*/')


class _Reader:
    """A recursive reader of JSON that also takes comments, trailing or missing commas, bare keys and single quotes."""

    def __init__(self, text: str, start: int, end: int, path: Path) -> None:
        self.text, self.at, self.end, self.path = text, start, end, path

    def document(self) -> Entry:
        while self.at < self.end and self.text[self.at] != "{":
            self.at += 1
        value = self.value(0)
        self.skip()
        if self.at < self.end:
            self.fail("something stands after the header's closing brace")
        return value

    def fail(self, what: str) -> None:
        raise ShaderError(f"header: {what}", f"{self.path}:{self.line()}", "mend the JSON at the top of the file")

    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def peek(self) -> str:
        self.skip()
        return self.text[self.at] if self.at < self.end else ""

    def skip(self) -> None:
        text = self.text
        while self.at < self.end:
            if text[self.at].isspace() or text[self.at] == "\ufeff":
                self.at += 1
            elif text.startswith("//", self.at) or text[self.at] == "#":
                newline = text.find("\n", self.at, self.end)
                self.at = self.end if newline < 0 else newline
            else:
                return

    def value(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            self.fail(f"more than {_MAX_DEPTH} levels deep")
        char = self.peek()
        if char == "{":
            return self.object(depth)
        if char == "[":
            return self.list(depth)
        if char and char in "\"'":
            return self.string()
        number = _NUMBER.match(self.text, self.at, self.end)
        if number:
            self.at = number.end()
            digits = number.group()
            return int(digits) if re.fullmatch(r"[+-]?\d{1,18}", digits) else float(digits)
        word = _WORD.match(self.text, self.at, self.end)
        if word and word.group().lower() in _WORDS:
            self.at = word.end()
            return _WORDS[word.group().lower()]
        self.fail(f"expected a value, found {char!r}" if char else "ends in the middle of a value")

    def object(self, depth: int) -> Entry:
        entry = Entry(self.line())
        self.at += 1
        while (char := self.peek()) != "}":
            if not char:
                self.fail("a brace is not closed")
            line = self.line()
            if char in "\"'":
                key = self.string()
            else:
                word = _WORD.match(self.text, self.at, self.end)
                if not word:
                    self.fail(f"expected a key, found {char!r}")
                key = word.group() if word else ""
                self.at += len(key)
            if self.peek() != ":":
                self.fail(f'expected ":" after "{key}"')
            self.at += 1
            entry[key] = self.value(depth + 1)
            entry.lines[key] = line
            self.commas()
        self.at += 1
        return entry

    def list(self, depth: int) -> list[Any]:
        values: list[Any] = []
        self.at += 1
        while (char := self.peek()) != "]":
            if not char:
                self.fail("a bracket is not closed")
            values.append(self.value(depth + 1))
            self.commas()
        self.at += 1
        return values

    def commas(self) -> None:
        while self.peek() == ",":
            self.at += 1

    def string(self) -> str:
        quote, first = self.text[self.at], self.at
        out: list[str] = []
        self.at += 1
        while self.at < self.end and (char := self.text[self.at]) != quote:
            if char == "\\" and self.at + 1 < self.end:
                self.at += 1
                char = self.text[self.at]
                code = self.text[self.at + 1 : min(self.at + 5, self.end)]
                if char == "u" and re.fullmatch(r"[0-9a-fA-F]{4}", code):
                    char = chr(int(code, 16))
                    self.at += 4
                else:
                    char = _ESCAPES.get(char, char)
            out.append(char)
            self.at += 1
        if self.at >= self.end:
            self.at = first
            self.fail("a string is not closed")
        self.at += 1
        return "".join(out)
