"""The statements of every readable file of a submission, and of the files that its cells write."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.errors import UnreadableNotebook
from grader.extract.source.exports import Piece, pieces_of, quoted_cells
from grader.extract.source.file_magics import python_below_magics, written_files
from grader.extract.source.parsing import Statement, statements_of
from grader.extract.source.python_2 import Converter
from grader.intake.notebook import read_notebook
from grader.intake.submission import SourceFile, decode_source

SUBMISSION_CHARACTERS = 2_000_000
"""Source text parsed of one submission; files that mention a graded name come first."""

SUBMISSION_STATEMENTS = 50_000
"""Cells and top-level statements looked at in one submission: each costs up to 0.2 ms, however short it is."""

_QUOTES = 5
"""How many strings within strings are read."""


@dataclass(frozen=True, slots=True)
class _Written:
    """The text that a cell of the file `origin` writes to the file `path`."""

    path: str
    is_appended: bool
    origin: str
    piece: Piece


def read_sources(
    files: Iterable[SourceFile], names: Sequence[str]
) -> tuple[dict[str, list[Statement]], list[str]]:
    """The statements of each readable file, and a note for each other one.

    Raises UnreadableNotebook if no file can be read.
    """
    wanted = [name.encode() for name in names]
    sources: dict[str, list[Statement]] = {}
    texts: dict[str, str] = {}
    written: list[_Written] = []
    notes: list[str] = []
    failure: UnreadableNotebook | None = None
    converter = Converter()
    characters_left = SUBMISSION_CHARACTERS
    statements_left = SUBMISSION_STATEMENTS
    too_long = f"the submission is longer than {SUBMISSION_CHARACTERS:,} characters"
    for file in sorted(files, key=lambda file: (not any(name in file.content for name in wanted), file.path)):
        if len(file.content) > 64 and characters_left <= 0:
            notes.append(f"{file.path} was not read: {too_long}")
            continue
        try:
            pieces = _pieces_of(file)
        except UnreadableNotebook as error:
            failure = failure or error
            notes.append(str(error))
            continue
        statements: list[Statement] = []
        cells = 0
        for piece in pieces:
            if cells + len(statements) > statements_left:
                break
            cells += piece.is_cell
            characters_left -= len(piece.text)
            if characters_left >= 0:
                statements += _statements_of(file.path, piece, written, converter)
        _put_in_order(statements, pieces)
        if characters_left < 0:
            notes.append(f"{file.path} was not read to the end: {too_long}")
        if cells + len(statements) > statements_left:
            kinds = "cells and statements" if cells else "statements"
            notes.append(
                f"{file.path} was not read to the end: the submission has more than {SUBMISSION_STATEMENTS:,} {kinds}"
            )
        sources[file.path] = statements[:statements_left]
        statements_left = max(0, statements_left - cells - len(statements))
        texts[file.path] = "".join(piece.text for piece in pieces[:1])
    if failure is not None and not sources:
        raise failure
    notes += _add_written(sources, written, texts, statements_left, converter)
    return sources, notes


def _put_in_order(statements: list[Statement], pieces: Sequence[Piece]) -> None:
    """Put the statements of a module's pieces in the order of their lines."""
    if len(pieces) > 1 and not pieces[0].is_cell:
        statements.sort(key=lambda statement: statement.location.line)


def _pieces_of(file: SourceFile) -> list[Piece]:
    """The cells of a notebook, or the pieces of a module."""
    is_notebook = file.path.lower().endswith(".ipynb")
    text = "" if is_notebook else decode_source(file.content)
    if is_notebook or (text.lstrip().startswith("{") and '"nbformat"' in text):  # a notebook named x.py
        cells = read_notebook(file.content, file.path)
        return [Piece(cell.source, cell.number, is_cell=True) for cell in cells]
    return pieces_of(text)


def _statements_of(
    path: str, piece: Piece, written: list[_Written], converter: Converter, depth: int = _QUOTES
) -> Iterator[Statement]:
    """The statements of a piece; the text that it writes to a file is added to `written` instead."""
    if piece.is_cell:
        text = python_below_magics(piece.text)
        for target in (targets := written_files(text)):
            lines = text.split("\n")[: target.last]
            lines[: target.line] = [""] * target.line
            body = Piece("\n".join(lines), piece.cell, quote=piece.quote)
            whole = posixpath.normpath(posixpath.join(posixpath.dirname(path), target.path.lstrip("/")))
            parts = [part for part in whole.split("/") if part not in {"", ".."}]
            written.append(_Written("/".join(parts), target.is_appended, path, body))
        if targets:
            return
    else:
        text = piece.text
    quote = piece.quote
    if quote is not None and text[: quote[1]] == "\n" * quote[1]:  # messages count the lines of the text
        text, quote = text[quote[1] :], (quote[0], 0)
    found = statements_of(path, piece.cell, text, quote=quote, is_cell=piece.is_cell, converter=converter)
    has_quotes = "run_cell_magic" in text or "_unparsable_cell" in text
    for statement in found:
        inner = []
        if depth and has_quotes and statement.node is not None:
            inner = list(quoted_cells(statement.node, statement.first_line))
        for quoted in inner:
            quote = quoted.quote or piece.quote
            if quote is not None and piece.quote is not None:
                quote = piece.quote[0], quote[1]
            moved = Piece(quoted.text, piece.cell, is_cell=True, quote=quote)
            yield from _statements_of(path, moved, written, converter, depth - 1)
        if not inner:
            yield statement


def _add_written(
    sources: dict[str, list[Statement]],
    written: Iterable[_Written],
    texts: Mapping[str, str],
    statements_left: int,
    converter: Converter,
) -> Iterator[str]:
    """Put what cells write in the place of files of the same path, and note where that is another text."""
    for each in written:
        is_same = each.piece.text.strip() == texts.get(each.path, "").strip()
        if is_same and each.path in texts:
            continue
        statements = statements_of(
            each.path,
            each.piece.cell,
            each.piece.text,
            origin=each.origin,
            quote=each.piece.quote,
            converter=converter,
        )
        del statements[statements_left:]
        statements_left -= len(statements)
        if each.is_appended:
            sources.setdefault(each.path, []).extend(statements)
            continue
        if each.path in texts:
            place = "" if each.piece.cell is None else f"cell {each.piece.cell} of "
            yield (
                f"{each.path}: {place}{each.origin} writes this file when it is run, so its text is read"
                " instead of the file handed in"
            )
        sources[each.path] = statements
