"""Python 2 as Python 3: code of 2015 and 2016 is converted by fissix, the maintained lib2to3, and keeps its lines.

Only fixers that the grammar needs, or that keep the meaning of old builtins. Division of numbers that are surely integers
becomes `//`, unless the file imports it from the future.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from grader.extract.source.floors import with_floors
from grader.extract.source.ipython import LineScanner
from grader.extract.source.syntax import Fault, parse

if TYPE_CHECKING:
    from fissix.refactor import RefactoringTool

PART_CHARACTERS = 10_000
"""The longest statement that is converted; of a longer class, each method. fissix takes up to a second for it."""

SUBMISSION_CHARACTERS = 100_000
"""Most text converted of one submission; a statement counts as at least 100."""

_GREATEST_DEPTH = 30
"""Most brackets within each other, levels of indentation, and lambdas."""

_FIXERS = (
    *(
        "except",
        "exec",
        "filter",
        "map",
        "ne",
        "numliterals",
        "paren",
        "print",
        "raise",
        "repr",
        "tuple_params",
    ),
    *("xrange", "zip"),
)

_SYNTAX = re.compile(
    r"\bprint[ \t]+(?!(?:in|is|and|or|not|if|else|for)\b)[\w\"'`~-]|\bprint[ \t]*>>|\bexec[ \t]+[\w\"'`]"
    r"|\bexcept\b[^:\n]{0,100},[^:\n]{0,100}:|\braise[ \t]+[^\n#:]{1,100},|<>|`|(?<![\w.])0\d+(?![\w.])|(?<!\w)(?:0[xX][\da-fA-F]+|\d+)[lL]\b"
    r"|\bfor\b[^\n:\]]{0,100}\bin\b[^\n:\]]{0,100},|\b[uU][rR][\"']|\blambda[ \t]*\(|\bdef[ \t]+\w+[ \t]*\([^)\n]{0,200}\(|(?m:^[ \t]*print[ \t]*$)"
)
"""Syntax that only Python 2 has, roughly: what does not match is not worth a try. Bounded, for lines without an end."""

_BUILTINS = re.compile(
    r"\b(?:basestring|filter|has_key|iter(?:items|keys|values)|long|map|maxint|range|raw_input|unichr|unicode|xrange|zip)\b|/"
)
"""Names and operators that mean something else in Python 3."""

_IS_OLD = re.compile(r"\b(?:xrange|raw_input|basestring)\b|\.iter(?:items|keys|values)\(|\.has_key\(")

_RENAMED: Mapping[str, str] = {
    **{f"iter{kind}": kind for kind in ("items", "keys", "values")},
    **{f"view{kind}": kind for kind in ("items", "keys", "values")},
    "has_key": "__contains__",
    "maxint": "maxsize",
}
"""Attributes by their name in Python 3."""

_BUILTINS_RENAMED: Mapping[str, str] = {
    **dict.fromkeys(("basestring", "unicode"), "str"),
    **dict.fromkeys(("ur", "uR", "Ur", "UR"), "r"),
    "long": "int",
    "raw_input": "input",
    "unichr": "chr",
}
"""Builtins, and prefixes of strings."""

_OLD_NAME = re.compile(
    r"(?<=\.)(?:"
    + "|".join(_RENAMED)
    + r")\b|(?<![\w.])(?:(?:basestring|long|raw_input|unichr|unicode)\b(?!=)|[uU][rR](?=[\"']))"
)
_TRUE_DIVISION = re.compile(r"^from[ \t]+__future__[ \t]+import\b.*\bdivision\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Signs:
    """What the whole of a module or cell says about its Python."""

    is_old: bool
    """Whether it has words or syntax of Python 2."""
    has_true_division: bool
    """Whether it imports the division of Python 3."""

    @classmethod
    def of(cls, text: str) -> Self:
        is_old = (_SYNTAX.search(text) or _IS_OLD.search(text)) is not None
        return cls(is_old, _TRUE_DIVISION.search(text) is not None)


class Converter:
    """Converts the Python 2 in one submission, up to a bound."""

    def __init__(self) -> None:
        self._characters_left = SUBMISSION_CHARACTERS
        self._tool: RefactoringTool | None = None

    def converted(self, text: str, signs: Signs, *, is_known: bool = False) -> str | None:
        """A statement that only Python 2 accepts as Python 3, on as many lines; None if it cannot be converted.

        Args:
            text: The statement.
            signs: Those of the module or cell it stands in.
            is_known: Whether that is Python 2, so that a statement that parses is converted too if it needs that.
        """
        if len(text) > min(PART_CHARACTERS, self._characters_left):
            return None
        is_worth_it = _SYNTAX.search(text) or (
            _BUILTINS.search(text) if is_known else signs.is_old and "\t" in text
        )
        if not is_worth_it:
            return None
        self._characters_left -= max(100, len(text))
        source = _without_tabs(text) if "\t" in text else text
        if is_known or isinstance(parse(source), Fault):
            if _depth(source) > _GREATEST_DEPTH:
                return None
            source = self._fixed(source)
        nodes = parse(source)
        missing = text.count("\n") - source.count("\n")
        if isinstance(nodes, Fault) or missing < 0:
            return None
        source += "\n" * missing  # a backslash before the end of a line is lost with it
        return source if signs.has_true_division else with_floors(source, nodes)

    def _fixed(self, text: str) -> str:
        """What fissix makes of the text; the text itself where it is not Python 2."""
        self._tool = self._tool or _tool()
        names = {**_RENAMED, **_BUILTINS_RENAMED}
        try:
            tree = self._tool.refactor_string(text + "\n", "")
            return _OLD_NAME.sub(lambda match: names[match[0]], str(tree)[:-1])
        except _faults():
            return text


def _tool() -> RefactoringTool:
    """fissix, without the cache of its grammar that it keeps in the home directory."""
    from fissix.pgen2 import driver, pgen

    def load(path: str, *_: Any, **__: Any) -> Any:
        return pgen.generate_grammar(path)

    driver.load_grammar = load
    from fissix.refactor import RefactoringTool

    class Quiet(RefactoringTool):  # type: ignore[misc]  # fissix carries no types
        def log_message(self, msg: str, *args: object) -> None:
            """Nothing: the caller says it."""

        log_debug = log_message

    return Quiet([f"fissix.fixes.fix_{name}" for name in _FIXERS])


def _faults() -> tuple[type[Exception], ...]:
    """What fissix raises on text that is not Python 2."""
    from fissix.pgen2.parse import ParseError
    from fissix.pgen2.tokenize import TokenError

    own = (ParseError, TokenError, SyntaxError, RecursionError, MemoryError)
    return (*own, AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError)


def _without_tabs(text: str) -> str:
    """The text with spaces for the tabs that indent its lines: in Python 2 a tab goes to the next eighth column."""
    scanner = LineScanner()
    lines = []
    for line in text.split("\n"):
        is_start = scanner.begins_statement(line)
        scanner.feed(line)
        rest = line.lstrip(" \t")
        lines.append(line[: len(line) - len(rest)].expandtabs(8) + rest if is_start else line)
    return "\n".join(lines)


def _depth(text: str) -> int:
    """Brackets within each other, or levels of indentation; strings and comments count too."""
    depth = deepest = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth = max(0, depth - 1)
    indents = {len(line) - len(line.lstrip()) for line in text.split("\n") if line.strip()}
    return max(deepest, len(indents), text.count("lambda"))
