"""A new table for a platform's import: a row for each student with a score, who is known by ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader import formatting
from grader.exporters.export import Export, ExportContext
from grader.exporters.gradebook import csv_line, safe_cell
from grader.exporters.grades import Grade, decimal, grades, with_several
from grader.exporters.sheets.persons import id_of
from grader.intake.persons import folded
from grader.model.artifact import Artifact
from grader.model.student_result import StudentResult

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class IdColumn:
    """A column that the platform can tell students by."""

    header: str
    kinds: tuple[str, ...]
    """The student's ids that may stand there, the best first."""


@dataclass(frozen=True, slots=True)
class ImportFormat:
    """The columns of an import file, besides that of the scores."""

    name: str
    """Of the file."""

    ids: tuple[IdColumn, ...]
    above: str
    """The platform's way with a score above the maximum."""
    has_names: bool = False
    last: tuple[tuple[str, str], ...] = ()
    """The header and the cells of each column after that of the scores."""


def import_table(
    results: Sequence[StudentResult], context: ExportContext, layout: ImportFormat, title: str
) -> Export:
    """The students with a score as CSV, with each column of ids that all of them have.

    One without an id in a platform's key column can be taken for the person in the row before, so such a student is a problem, or left out
    with --set unmatched=skip.
    """
    found = grades(results)
    columns, without = _columns(found.given, layout.ids)
    given = [each for each in found.given if each not in without]
    problems = [*with_several(results), *_faults(given, columns)]
    headers = formatting.listing([each.header for each in layout.ids], "or")
    if without and context.settings.get("unmatched") != "skip":
        who = formatting.several([each.who for each in without], _SHOWN)
        problems.append(
            f"{formatting.count(len(without), 'student')} without an id for {headers}: {who}. Grade again with a roster"
            " that has it, or go on without them with --set unmatched=skip"
        )
    if problems:
        return Export(problems=tuple(problems))
    names = ("Full name",) if layout.has_names else ()
    headers_after, cells_after = ([each[at] for each in layout.last] for at in (0, 1))
    lines = [csv_line(*(each.header for each in columns), *names, safe_cell(title), *headers_after)]
    for grade in given:
        student = grade.result.student
        shown = "" if student is None or student.name is None else safe_cell(student.name)
        cells = (*(id_of(grade.result, each.kinds) or "" for each in columns), *([shown] if names else []))
        lines.append(csv_line(*cells, decimal(grade.score), *cells_after))
    content = "".join(lines).encode()
    return Export(
        (Artifact(layout.name, "text/csv", content),) if given else (),
        matched=len(given),
        scores=tuple((each.who, each.words) for each in given),
        left_out=tuple(f"{each.who}: no id for {headers}" for each in without),
        remarks=_above(given, layout),
        **found.told,
    )


def _above(given: Sequence[Grade], layout: ImportFormat) -> tuple[str, ...]:
    who = [f"{each.who}: {each.words}" for each in given if each.max_score and each.score > each.max_score]
    return (f"above the maximum, which {layout.above}: {formatting.several(who, _SHOWN)}",) if who else ()


def _columns(
    given: Sequence[Grade], columns: Sequence[IdColumn]
) -> tuple[Sequence[IdColumn], Sequence[Grade]]:
    """The columns that are filled in all rows, and the students for whom there is no such row."""
    lacking = {
        each.header: [grade for grade in given if id_of(grade.result, each.kinds) is None] for each in columns
    }
    fewest = min(map(len, lacking.values()))
    without = next(each for each in lacking.values() if len(each) == fewest)
    kept = [each for each in columns if all(grade in without for grade in lacking[each.header])]
    return kept, without


def _faults(given: Sequence[Grade], columns: Sequence[IdColumn]) -> Iterator[str]:
    """Ids that two students share, or that a spreadsheet would change."""
    for column in columns:
        owners: defaultdict[str, list[Grade]] = defaultdict(list)
        for grade in given:
            value = id_of(grade.result, column.kinds) or ""
            owners[folded(value)].append(grade)
            if safe_cell(value) != value:
                yield (
                    f"{grade.who}: the {column.header} {formatting.printable(value)!r} is not valid: a spreadsheet could run it as a"
                    " formula; correct the roster and grade again"
                )
        for value, several in owners.items():
            if len({each.who for each in several}) > 1:
                who = formatting.listing([f"{each.who} ({each.result.id})" for each in several])
                yield f"{column.header} {formatting.printable(value)} is an id of {who}: which one is it?"
