"""The statements of every file of a submission, as far as they can be read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grader.errors import UnreadableNotebook
from grader.extract.parsing import Statement, statements_of
from grader.notebook import read_notebook
from grader.submission import SourceFile, decode_source

SUBMISSION_CHARACTERS = 8_000_000
"""How much source text of one submission is parsed, files that mention a graded name first."""


def read_sources(
    files: Iterable[SourceFile], names: Sequence[str]
) -> tuple[dict[str, list[Statement]], list[str]]:
    """The statements of each file that can be read, and a note for each that cannot.

    Raises UnreadableNotebook where that leaves nothing.
    """
    wanted = [name.encode() for name in names]
    sources: dict[str, list[Statement]] = {}
    notes: list[str] = []
    failure: UnreadableNotebook | None = None
    characters_left = SUBMISSION_CHARACTERS
    for file in sorted(files, key=lambda file: (not any(name in file.content for name in wanted), file.path)):
        if len(file.content) > 64 and characters_left <= 0:
            notes.append(
                f"{file.path} was not read: the submission is longer than {SUBMISSION_CHARACTERS:,} characters"
            )
            continue
        statements: list[Statement] = []
        if file.path.lower().endswith(".ipynb"):
            try:
                cells = read_notebook(file.content, file.path)
            except UnreadableNotebook as error:
                failure = failure or error
                notes.append(str(error))
                continue
            for cell in cells:
                characters_left -= len(cell.source)
                if characters_left >= 0:
                    statements += statements_of(file.path, cell.number, cell.source)
        else:
            text = decode_source(file.content)
            characters_left -= len(text)
            if characters_left >= 0:
                statements = statements_of(file.path, None, text)
        if characters_left < 0:
            notes.append(
                f"{file.path} was not read to its end: the submission is longer than {SUBMISSION_CHARACTERS:,} characters"
            )
        sources[file.path] = statements
    if failure is not None and not sources:
        raise failure
    return sources, notes
