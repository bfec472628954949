"""Python's grammar: the statements of a text, or why it does not parse, in words for its author."""

from __future__ import annotations

import ast
import contextlib
import html
import re
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from grader.extract.source.newer import newer_syntax

GREATEST_PARTS = 200
"""Most parts of a dotted name: Python's parser stores each beginning of `import a.b.c`, which is quadratic."""

_MISCOUNTS = 5
"""How often a text is parsed again after a fault of the parser itself."""

_QUOTED = 40
"""How much of a line is quoted."""

_DOTTED = re.compile(r"(?:\.[\s\\]*+\w++[\s\\]*+)++")
_DETECTED = re.compile(r" \(detected at line \d+\)")
_ODD = re.compile(r"invalid (?:non-printable )?character .*?\(?U\+([0-9A-F]{4,6})\)?$")
_LINE_NUMBER = re.compile(r"( on line )(\d{1,9})")
_PYTHON_2 = re.compile(
    r"Missing parentheses in call to '(?P<call>\w+)'|multiple exception types must be parenthesized"
    r"|leading zeros in decimal integer literals"
)
_REMEDIES = {
    "unexpected indent": "it is indented deeper than the line before, which opens no block",
    "unindent does not match any outer indentation level": "indent it to match the line it belongs to",
    "inconsistent use of tabs and spaces in indentation": "use spaces only",
    "unexpected character after line continuation character": "nothing may follow the backslash, not even a space",
}

_DEFINES = r"(?:async[ \t]+def|def|class)[ \t]+[^\W\d]\w*|@[^\W\d]"
_PASTED = (
    (
        re.compile(r"(?:<{7}|>{7}|\|{7})(?: .*)?$|={7}$"),
        "is a Git conflict marker: keep one version and delete the markers",
    ),
    (re.compile(r"(?:`{3,}|~{3,})[ \t]*[\w{}.+-]*[ \t]*$"), "is a Markdown fence, not Python: delete it"),
    (
        re.compile(r"[ \t]*(?:>>>|\.\.\.|(?:In|Out)[ \t]?\[[ \d*]*\]:|\.{3,}:)(?=\s|$)"),
        "was pasted with its prompt: delete the prompts",
    ),
    (
        re.compile(
            r"[ \t]*(?:Traceback \(most recent call last\)|File \"[^\"]*\", line \d|-+> ?\d+ "
            r"|<ipython-input-|[A-Z]\w*(?:Error|Exception|Interrupt)(?:: |[ \t]+Traceback|$))"
        ),
        "is from an error message, not code: delete it",
    ),
    (
        re.compile(
            r"@@ -\d|diff --git |[+-]{3} [ab]/|[+-](?=[ \t]{2,}\S|(?:import|from|return)\b|" + _DEFINES + ")"
        ),
        "was pasted from a diff: delete the mark at the beginning of each line",
    ),
    (
        re.compile(r"[ \t]*\d+[:.|)]?(?:[ \t]+(?=[^\W\d]|[@#\"'(\[])|\t)"),
        "was pasted with its line number: delete the numbers",
    ),
    (re.compile(r"%%\w"), "is a cell magic, which must be the first line of its cell"),
)
"""Lines that are not the student's code, and what they are; the mark itself is what the pattern matches."""

_HTML = re.compile(r"&(?:lt|gt|amp|quot|nbsp|#\d+);")

_ALIKE = {
    '"': "\u201c\u201d\u201e\u201f\u00ab\u00bb\uff02",
    "'": "\u2018\u2019\u201a\u201b\u2032\uff07\u00b4",
    "-": "\u2212\u2013\u2014\u2010\u2011\u2012\u2015\uff0d",
    "*": "\u00d7\u2217\u22c5\u00b7",
    "/": "\u00f7\u2215",
    "...": "\u2026",
    "==": "\u2261",
    "<=": "\u2264",
    ">=": "\u2265",
    "!=": "\u2260",
}
"""For what Python writes, the characters that look like it or mean it."""

_LOOKS_LIKE = {odd: plain for plain, odds in _ALIKE.items() for odd in odds}
_NAMES = {
    "\ufeff": "byte order mark",
    "\0": "null character",
    "\x0b": "vertical tab",
    "\x1b": "escape character",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text does not parse; `line` counts from 1 within it, and so does `column`, which is 0 if it is unknown."""

    message: str
    line: int
    column: int = 0


def parse(text: str) -> list[ast.stmt] | Fault:
    """The statements of a text, or why it does not parse; the caller has silenced SyntaxWarning."""
    if any(match[0].count(".") > GREATEST_PARTS for match in _DOTTED.finditer(text)):
        return Fault(f"a name has more than {GREATEST_PARTS} parts", 1)
    if "\0" in text:
        before = text[: text.index("\0")]
        line = before.count("\n") + 1
        return Fault("source code cannot contain null bytes", line, len(before) - before.rfind("\n"))
    try:
        return tree_of(text).body
    except SyntaxError as error:
        return Fault(
            (error.msg or "invalid syntax").split("\n", 1)[0][:200], error.lineno or 1, error.offset or 0
        )
    except (RecursionError, MemoryError):
        return Fault("nested too deeply", 1)
    except ValueError:
        return Fault("it contains characters that are not allowed in Python source", 1)


def tree_of(text: str) -> ast.Module:
    """The syntax tree. CPython 3.11 miscounts its own recursion if another thread parses meanwhile, and says SystemError."""
    for _ in range(_MISCOUNTS):
        with contextlib.suppress(SystemError):
            return ast.parse(text)
    return ast.parse(text)


def parsed_quietly(text: str) -> list[ast.stmt] | None:
    """The statements of a text; None if it does not parse. Nothing is printed on a student's warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nodes = parse(text)
    return None if isinstance(nodes, Fault) else nodes


def explained(fault: Fault, lines: Sequence[str], offset: int, end: int) -> Fault:
    """A fault in words that begin with the line, which now counts in `lines`.

    Args:
        fault: As `parse` found it.
        lines: The whole text.
        offset: The line of `lines` before the text that was parsed; -1 if one was put above it.
        end: The last line that was parsed.
    """
    number = max(1, min(offset + fault.line, end))
    line = lines[number - 1]
    if odd := _odd_character(fault, line):
        return Fault(f"line {number}, column {fault.column} has {odd}", number, fault.column)
    if told := pasted(line):
        return Fault(f"{named(lines, number - 1)} {told}", number)
    words = newer_syntax(line) or _in_words(fault.message)
    message = _LINE_NUMBER.sub(lambda match: f"{match[1]}{int(match[2]) + offset}", words)
    return Fault(f"{named(lines, number - 1)}: {message}", number)


def _in_words(message: str) -> str:
    if match := _PYTHON_2.search(message):
        detail = f"{match['call']} without parentheses" if match["call"] else message
        return f"it is Python 2 ({detail}) and could not be converted to Python 3"
    message = _DETECTED.sub("", message)
    remedy = _REMEDIES.get(message)
    return f"{message}: {remedy}" if remedy else message


def named(lines: Sequence[str], index: int) -> str:
    """A line as a message names it, with the beginning of its text."""
    text = lines[index][: 10 * _QUOTED].strip()
    if len(text) > _QUOTED:
        text = text[: _QUOTED - 1] + "…"
    quoted = text if "`" in text else f"`{text}`"
    return f"line {index + 1} ({quoted})" if text else f"line {index + 1}"


def pasted(line: str) -> str | None:
    """What a line is that was pasted with the code, and what to do; None for a line that may be code."""
    told = next((told for pattern, told in _PASTED if pattern.match(line[:1000])), None)
    if told is None and (entity := _HTML.search(line[:1000])):
        return f"was pasted from a web page: {entity[0]} stands for {html.unescape(entity[0])!r}"
    return told


def pasted_mark(line: str) -> str:
    """The prompt, line number or mark that a pasted line begins with; empty if there is none."""
    found = (pattern.match(line[:1000]) for pattern, _ in _PASTED)
    return next((match[0] for match in found if match), "")


def visible(line: str) -> str:
    """The line as it looks: without invisible characters, and with plain spaces for the odd ones."""
    if line.isascii():
        return line
    return "".join(_seen(character) for character in line)


def _seen(character: str) -> str:
    if character.isascii():
        return character
    if character.isspace():
        return " "
    return "" if unicodedata.category(character) == "Cf" else character


def _odd_character(fault: Fault, line: str) -> str | None:
    """The name of the character that Python does not accept, and what to do; None for another fault."""
    match = _ODD.search(fault.message)
    if match is None and "null bytes" not in fault.message:
        return None
    odd = chr(int(match[1], 16)) if match else "\0"
    name = _NAMES.get(odd) or unicodedata.name(odd, "a character without a name").lower()
    called = f"U+{ord(odd):04X} ({name})"
    count = line.count(odd)
    them = "it" if count <= 1 else f"all {count} in this line"
    plain = _LOOKS_LIKE.get(odd) or unicodedata.normalize("NFKC", odd)
    if _seen(odd) == " ":
        return f"{called} instead of a space: retype {them}"
    if unicodedata.category(odd) in {"Cf", "Cc"}:
        return f"{called}, which is invisible: delete {them}"
    if plain.isascii():
        return f"{called} instead of {plain!r}: retype {them}"
    return f"{called}, which Python does not accept here: retype {them}"
