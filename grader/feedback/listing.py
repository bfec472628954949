"""The student's files as a page shows them: highlighted lines with the annotations below the lines they speak of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup
from pygments.lexers.python import PythonLexer
from pygments.token import Token

from grader import formatting
from grader.errors import SubmissionError
from grader.feedback.annotations import Annotation, Place
from grader.intake.notebook import read_text_cells
from grader.intake.submission import SourceFile, decode_source

COLORED = 12_000
"""Tokens of one page that are colored, about a thousand lines, which takes a tenth of a second of CPU; the rest is plain."""

SHOWN = 600_000
"""Characters of one page that are shown at all."""

_LINE = 1_000
"""Characters of one line."""

_LINE_COST = 60
"""Characters that an empty line takes in the page."""

_TOO_LONG = "Not shown: the page would be too long."

_CLASSES = (
    (Token.Comment, "c"),
    (Token.Literal.String, "s"),
    (Token.Literal.Number, "n"),
    (Token.Keyword, "k"),
    (Token.Operator.Word, "k"),
    (Token.Name.Builtin, "b"),
    (Token.Name.Function, "d"),
    (Token.Name.Class, "d"),
    (Token.Name.Decorator, "d"),
)
"""Kinds of tokens that are colored, and their classes in the style sheet."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its number and id, and the annotations below it."""

    number: int
    anchor: str
    code: Markup
    annotations: tuple[Annotation, ...]

    @property
    def tone(self) -> str:
        """The tone of its first annotation; empty if there is none."""
        return self.annotations[0].tone if self.annotations else ""


@dataclass(frozen=True, slots=True)
class Block:
    """A cell or a module.

    Attributes:
        title: names the cell; empty for a module.
        lines: its lines of code.
        text: of a cell that is not code; empty for the others.
        fault: why its code is not shown; empty if it is.
    """

    title: str
    lines: tuple[Line, ...] = ()
    text: str = ""
    fault: str = ""

    @property
    def is_annotated(self) -> bool:
        """Whether any of its lines has an annotation."""
        return any(line.annotations for line in self.lines)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Blocks in a row that are all shown, or all folded away."""

    is_open: bool
    blocks: tuple[Block, ...]

    @property
    def title(self) -> str:
        """What is folded away."""
        cells = [block.title for block in self.blocks if not block.text]
        texts = len(self.blocks) - len(cells)
        words = []
        if cells:
            first, last = cells[0], cells[-1].rpartition(" ")[2]
            joined = "and" if len(cells) == 2 else "to"
            words.append(first if len(cells) == 1 else f"cells {first.rpartition(' ')[2]} {joined} {last}")
        if texts:
            words.append(formatting.count(texts, "text cell"))
        told = formatting.listing(words)
        return f"{told[:1].upper()}{told[1:]}, without feedback"


@dataclass(frozen=True, slots=True)
class Listing:
    """A file of the submission. fault: why it is not shown; empty if it is."""

    path: str
    stretches: tuple[Stretch, ...] = ()
    fault: str = ""


class _Budget:
    """The characters of a page that may still be shown, and the tokens that may be colored."""

    def __init__(self) -> None:
        self.shown, self.colored = SHOWN, COLORED

    def takes(self, text: str, *, is_wanted: bool) -> bool:
        """Whether there is room for the text, which is then taken. Half of it is kept for code with feedback: is_wanted."""
        cost = len(text) + _LINE_COST * text.count("\n")
        has_room = cost <= self.shown - (0 if is_wanted else SHOWN // 2)
        self.shown -= cost if has_room else 0
        return has_room


def anchor_of(place: Place, paths: Sequence[str]) -> str:
    """The id of a line in the page; empty if its file is not shown."""
    path, cell, line = place
    if path not in paths:
        return ""
    return f"f{paths.index(path)}-{'' if cell is None else f'c{cell}-'}l{line}"


def listings(
    files: Iterable[SourceFile], found: Mapping[Place, tuple[Annotation, ...]]
) -> tuple[Listing, ...]:
    """The files that have annotations."""
    paths = {path for path, _, _ in found}
    budget = _Budget()
    shown = [file for file in files if file.path in paths]
    order = [file.path for file in shown]
    return tuple(_listing(file, found, order, budget) for file in shown)


def _listing(
    file: SourceFile, found: Mapping[Place, tuple[Annotation, ...]], paths: Sequence[str], budget: _Budget
) -> Listing:
    if not file.path.lower().endswith(".ipynb"):
        lines = _lines(decode_source(file.content), (file.path, None), found, paths, budget)
        if lines is None:
            return Listing(file.path, fault=_TOO_LONG)
        return Listing(file.path, (Stretch(is_open=True, blocks=(Block("", lines),)),))
    try:
        cells, texts = read_text_cells(file.content, file.path)
    except SubmissionError as error:
        return Listing(file.path, fault=str(error))
    blocks: list[Block] = []
    beside = {number: [text for text in texts if text.after == number] for number in range(len(cells) + 1)}
    for cell in (None, *cells):
        if cell is not None:
            lines = _lines(cell.source, (file.path, cell.number), found, paths, budget)
            blocks.append(
                Block(f"Cell {cell.number}", lines or (), fault="" if lines is not None else _TOO_LONG)
            )
        for text in beside[0 if cell is None else cell.number]:
            words = formatting.shortened(formatting.printable_lines(text.source.strip()), 2_000)
            if words and budget.takes(words, is_wanted=False):
                blocks.append(
                    Block("Text" if text.kind == "Markdown" else text.kind.capitalize(), text=words)
                )
    stretches = (
        Stretch(is_open, tuple(group)) for is_open, group in groupby(blocks, lambda block: block.is_annotated)
    )
    return Listing(file.path, tuple(stretches))


def _lines(
    source: str,
    place: tuple[str, int | None],
    found: Mapping[Place, tuple[Annotation, ...]],
    paths: Sequence[str],
    budget: _Budget,
) -> tuple[Line, ...] | None:
    """None if there is no more room in the page."""
    text = "\n".join(formatting.shortened(line, _LINE) for line in source.rstrip().split("\n"))
    is_wanted = any(each[:2] == place for each in found)
    if not budget.takes(text, is_wanted=is_wanted):
        return None
    rows = list(_colored("\n".join(map(formatting.unstacked, text.split("\n"))), budget))
    last = len(rows)
    by_line: dict[int, list[Annotation]] = {}
    for (path, cell, line), each in found.items():
        if (path, cell) == place:
            by_line.setdefault(min(max(line, 1), last), []).extend(each)
    return tuple(
        Line(number, anchor_of((*place, number), paths), row, tuple(by_line.get(number, ())))
        for number, row in enumerate(rows, 1)
    )


def _colored(text: str, budget: _Budget) -> Iterator[Markup]:
    """The lines of Python code, each as HTML."""
    line = Markup()
    for name, value in _pieces(text, budget):
        for at, part in enumerate(value.split("\n")):
            if at:
                yield line
                line = Markup()
            if part:
                words = _seen(part)
                line += Markup('<span class="{}">{}</span>').format(name, words) if name else words
    yield line


def _pieces(text: str, budget: _Budget) -> Iterator[tuple[str, str]]:
    """The tokens with their classes; without one from where the budget is spent."""
    # The lexer's own options would strip blank lines and expand tabs.
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    for start, kind, value in lexer.get_tokens_unprocessed(text):
        if budget.colored <= 0:
            yield "", text[start:]
            return
        budget.colored -= 1
        yield next((name for parent, name in _CLASSES if kind in parent), ""), value


def _seen(words: str) -> str:
    """Code in which everything can be seen: marks that turn the direction of writing too."""
    return words if words.isascii() and words.isprintable() else re.sub(r"[^\t]+", _shown, words)


def _shown(match: re.Match[str]) -> str:
    return formatting.printable(match[0])
