"""The statements of every readable file of a submission."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grader.errors import UnreadableNotebook
from grader.extract.parsing import Statement, statements_of
from grader.extract.python_2 import Converter
from grader.intake.notebook import read_notebook
from grader.intake.submission import SourceFile, decode_source

SUBMISSION_CHARACTERS = 2_000_000
"""Source text parsed of one submission; files that mention a graded name come first."""

SUBMISSION_STATEMENTS = 50_000
"""Top-level statements looked at in one submission: each costs up to 0.2 ms, however short it is."""


def read_sources(
    files: Iterable[SourceFile], names: Sequence[str]
) -> tuple[dict[str, list[Statement]], list[str]]:
    """The statements of each readable file, and a note for each other one.

    Raises UnreadableNotebook if no file can be read.
    """
    wanted = [name.encode() for name in names]
    sources: dict[str, list[Statement]] = {}
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
            texts = _texts_of(file)
        except UnreadableNotebook as error:
            failure = failure or error
            notes.append(str(error))
            continue
        statements: list[Statement] = []
        for cell, text in texts:
            characters_left -= len(text)
            if characters_left >= 0:
                statements += statements_of(file.path, cell, text, converter)
        if characters_left < 0:
            notes.append(f"{file.path} was not read to the end: {too_long}")
        if len(statements) > statements_left:
            notes.append(
                f"{file.path} was not read to the end: the submission has more than {SUBMISSION_STATEMENTS:,} statements"
            )
        sources[file.path] = statements[:statements_left]
        statements_left -= len(sources[file.path])
    if failure is not None and not sources:
        raise failure
    return sources, notes


def _texts_of(file: SourceFile) -> list[tuple[int | None, str]]:
    """The cells of a notebook with their numbers, or the text of a module."""
    if file.path.lower().endswith(".ipynb"):
        return [(cell.number, cell.source) for cell in read_notebook(file.content, file.path)]
    return [(None, decode_source(file.content))]
