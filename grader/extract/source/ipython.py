"""IPython's additions to Python (magics, shell commands, help) and where logical lines begin."""

from __future__ import annotations

import re
from dataclasses import dataclass

PYTHON_CELL_MAGICS = frozenset({"time", "timeit", "capture", "prun", "py", "python3", "debug"})
"""Cell magics whose body is Python of the notebook's own namespace."""

_TOKEN = re.compile(
    r"""\#|\"{3}|'{3}|"(?:[^"\\]++|\\.)*+"|'(?:[^'\\]++|\\.)*+'|["']|[\[({]|[\])}]|\\$""",
)
_TRIPLE_END = {
    '"""': re.compile(r'(?:[^"\\]++|\\.|"(?!"")|\\$)*+"""'),
    "'''": re.compile(r"(?:[^'\\]++|\\.|'(?!'')|\\$)*+'''"),
}
# No expression can go on with these at column 0: an open bracket before them was never closed.
_FRESH_START = re.compile(r"(?:async[ \t]+def|def|class|import|from)[ \t]+[^\W\d]")
_CELL_MAGIC = re.compile(r"%%(\w+)")
_LINE_MAGIC = re.compile(r"%%?[^\W\d]")
_RUNS_FILE = re.compile(r"%(run|aimport)[ \t]+(.+)")
_HELP = re.compile(r"(?:\?{1,2}[ \t]*%{0,2}[\w.*]+|%{0,2}[\w.*\[\]'\"]+\?{1,2})[ \t]*;?[ \t]*(?:#.*)?$")

_CLASSIC_PROMPT = re.compile(r"^(?:>>>|\.\.\.)(?: |$)")
_IPYTHON_PROMPT = re.compile(r"^(?:(?:(?:\[nav\]|\[ins\])? )?In \[\d+\]: |\s*\.{3,}: ?)")
_PROMPTS = ((re.compile(r">>>(?: |$)"), _CLASSIC_PROMPT), (_IPYTHON_PROMPT, _IPYTHON_PROMPT))
"""IPython's patterns: of the first line's prompt and of the others'."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """Lines that are not Python; `line` counts from 1, `binds` are the names they assign."""

    line: int
    text: str
    reason: str
    binds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlainLines:
    """Lines with IPython's own syntax blanked, so line numbers stay, and what was removed."""

    lines: list[str]
    replaced: tuple[Replaced, ...]


class LineScanner:
    """Follows strings and brackets from line to line, to tell which lines begin a statement.

    It forgets an open bracket at a `def`, `class` or import in column 0: the bracket was never closed.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._triple = ""
        self._is_continued = False

    def begins_statement(self, line: str) -> bool:
        """Whether the next line is outside strings, brackets and continuations."""
        if self._triple:
            return False
        if (self._depth or self._is_continued) and _FRESH_START.match(line):
            self._depth, self._is_continued = 0, False
        return not self._depth and not self._is_continued

    def feed(self, line: str) -> None:
        """Take one line of Python into account."""
        at = 0
        self._is_continued = False
        if self._triple:
            end = _TRIPLE_END[self._triple].match(line)
            if end is None:
                return
            self._triple, at = "", end.end()
        while token := _TOKEN.search(line, at):
            text, at = token[0], token.end()
            if text in _TRIPLE_END:
                end = _TRIPLE_END[text].match(line, at)
                if end is None:
                    self._triple = text
                    return
                at = end.end()
            elif text in "#\"'":  # a comment, or a string that the line does not end
                self._is_continued = text != "#" and line.endswith("\\")
                return
            elif text in "([{":
                self._depth += 1
            elif text in ")]}":
                self._depth = max(0, self._depth - 1)
            elif text == "\\":
                self._is_continued = True


def foreign_cell(text: str) -> str | None:
    """The name of the cell magic whose body is not Python, or None."""
    match = _CELL_MAGIC.match(text.lstrip())
    return match[1] if match and match[1] not in PYTHON_CELL_MAGICS else None


def as_ipython_reads(lines: list[str]) -> list[str]:
    """The lines of a cell without the indent and the prompts that IPython removes; their number stays.

    Prompts count only on the first two lines, as in IPython.core.inputtransformer2.
    """
    start = next((index for index, line in enumerate(lines) if line and not line.isspace()), len(lines))
    cell = dedented(lines[start:])
    for initial, prompt in _PROMPTS:
        if any(pattern.match(line) for pattern, line in zip((initial, prompt), cell, strict=False)):
            cell = [prompt.sub("", line, count=1) for line in cell]
    return [""] * start + cell


def dedented(lines: list[str]) -> list[str]:
    """The lines without the first one's indent: IPython accepts a cell that is indented as a whole."""
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    return [line.removeprefix(indent) for line in lines] if indent else lines


def plain_lines(lines: list[str]) -> PlainLines:
    """Blank magics, shell commands and help requests where a statement may begin; takes linear time."""
    scanner = LineScanner()
    plain: list[str] = []
    replaced: list[Replaced] = []
    index = 0
    is_head = True
    while index < len(lines):
        line = lines[index]
        found = _reason(line.strip()) if scanner.begins_statement(line) else None
        if found is None:
            is_head = is_head and not line.strip()
            scanner.feed(line)
            plain.append(line)
            index += 1
            continue
        reason, binds = found
        first = index
        while lines[index].endswith("\\") and index + 1 < len(lines):
            index += 1
        index += 1
        indent = line[: len(line) - len(line.lstrip())]
        # The line may be the only one of its block, which must not become empty; in column 0 it ends a function.
        is_head = is_head and line.startswith("%%")
        if indent and (command := _RUNS_FILE.match(line.strip())):
            # It counts if its block does, so it stays a statement of the block.
            plain.append(f"{indent}get_ipython().run_line_magic({command[1]!r}, {command[2]!r})")
            plain.extend("" for _ in range(index - first - 1))
            continue
        plain.append("" if is_head else f"{indent}pass")
        plain.extend("" for _ in range(index - first - 1))
        replaced.append(Replaced(first + 1, line.strip(), reason, binds))
    return PlainLines(plain, tuple(replaced))


def _reason(line: str) -> tuple[str, tuple[str, ...]] | None:
    """Why a line is not Python, and the names it assigns; None if it may be Python."""
    if line.startswith("!"):
        return "a shell command", ()
    if _LINE_MAGIC.match(line):
        return "an IPython magic", ()
    if ("?" in line) and len(line) < 500 and _HELP.match(line):
        return "a request for help", ()
    left, equals, right = line.partition("=")
    right = right.lstrip()
    if equals and (right.startswith("!") or _LINE_MAGIC.match(right)):
        names = [name.strip() for name in left.split(",")]
        if all(name.isidentifier() for name in names):
            reason = "a shell command" if right.startswith("!") else "an IPython magic"
            return f"the output of {reason}", tuple(names)
    return None
