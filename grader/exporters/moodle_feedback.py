"""Moodle: the students' feedback pages, as the feedback files of an assignment."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from grader import formatting
from grader.exporters.export import Export, ExportContext
from grader.exporters.grades import Grade, grades
from grader.exporters.moodle import can_be_a_team, id_columns
from grader.exporters.sheets.grid import SheetError, read_grid
from grader.exporters.sheets.layout import header_row, name_columns
from grader.exporters.sheets.persons import Ids, id_of
from grader.intake.persons import have_a_word_in_common
from grader.intake.roster_columns import participant_number
from grader.model.artifact import Artifact
from grader.model.student_result import StudentResult

_PARTICIPANT = re.compile(r"[0-9]{1,20}")
_NOT_IN_A_NAME = re.compile(r'[_/\\:*?"<>|\x00-\x1f\x7f]+')


def export(results: Sequence[StudentResult], context: ExportContext) -> Export:
    """A file feedback.html for each student with a score, in a folder named as in Moodle's download.

    Refused for team work: a team's number is not that of a participant, and would reach somebody else. With the worksheet as sheet the
    participants are found by their other ids too, and compared with the names in it.
    """
    found = grades(results)
    teams = _teams(results)
    if teams:
        words = (
            f"team work: {formatting.several(teams)}. Moodle takes feedback files by the number of a participant, and a"
            " team's number may be somebody else's: fill in the worksheet with --set feedback=COLUMN instead"
        )
        return Export(problems=(words,))
    try:
        numbers, problems = _participants(results, context)
    except SheetError as error:
        return Export(problems=(f"{formatting.printable(context.sheet_name) or 'the sheet'}: {error}",))
    artifacts: list[Artifact] = []
    left_out: list[str] = []
    for grade in found.given:
        number = numbers.get(id(grade.result))
        if number is None:
            left_out.append(f"{grade.who}: no number of a Moodle participant")
        elif (page := context.page(grade.result.id)) is None:
            left_out.append(f"{grade.who}: no feedback page; run grader batch again, with pages")
        else:
            name = f"{_name(grade)}_{number}_assignsubmission_file_/feedback.html"
            artifacts.append(Artifact(name, "text/html", page))
    if found.given and not numbers and not problems:
        problems.append(
            "nobody has the number of a Moodle participant: give the grading worksheet that Moodle exported with --sheet"
        )
    if problems:
        return Export(problems=tuple(problems), left_out=tuple(left_out))
    return Export(
        tuple(artifacts),
        matched=len(artifacts),
        withheld=tuple(each for _, each in found.withheld),
        left_out=tuple(left_out),
        not_submitted=tuple(formatting.printable(each.words) for each in found.not_submitted),
        remarks=_remarks(is_sure=context.sheet is not None) if artifacts else (),
    )


def _remarks(*, is_sure: bool) -> tuple[str, ...]:
    told = "Moodle tells the students at once that there is feedback"
    if is_sure:
        return (told,)
    check = (
        "only for work that each student handed in alone: a team's number may be somebody else's. Give the worksheet with"
        " --sheet, and the numbers are compared with the names in it"
    )
    return (told, check)


def _participants(
    results: Sequence[StudentResult], context: ExportContext
) -> tuple[Mapping[int, str], list[str]]:
    """The participant's number of each result by identity, and what is wrong with the others."""
    owners: defaultdict[str, list[StudentResult]] = defaultdict(list)
    problems: list[str] = []
    if context.sheet is None:
        for result in results:
            found = id_of(result, ("moodle",))
            if found is not None and _PARTICIPANT.fullmatch(found):
                owners[found].append(result)
    else:
        for number, result, fault in _in_worksheet(results, context.sheet):
            owners[number].append(result)
            problems += [fault] if fault else []
    for number, several in owners.items():
        if len(several) > 1:
            who = formatting.listing([formatting.printable(each.words) for each in several])
            problems.append(f"participant {number} is {who}: which one is it?")
    numbers = {id(result): number for number, several in owners.items() for result in several}
    if len(numbers) < sum(map(len, owners.values())):
        problems.append("the worksheet has a student in several rows: download it again")
    return numbers, problems


def _in_worksheet(
    results: Sequence[StudentResult], sheet: bytes
) -> list[tuple[str, StudentResult, str | None]]:
    """The participants who are students of the class, with what speaks against it. SheetError if it is not a worksheet."""
    grid = read_grid(sheet)
    at = header_row(grid)
    keys, names = id_columns(grid, at), name_columns(grid, at)
    ids = Ids(results)
    found: list[tuple[str, StudentResult, str | None]] = []
    for line in grid.lines[at + 1 :]:
        number = participant_number(line[keys[0].column])
        owners = ids.owners(line, keys)
        for each in owners.results:
            result, fault = results[each], None
            called = " ".join(filter(None, (line[column] for column in names)))
            own = None if result.student is None else result.student.name
            differs = bool(called and own) and not have_a_word_in_common(called, own or "")
            if differs and owners.agreeing == 1 and can_be_a_team(own or ""):
                fault = (
                    f"participant {number} is {formatting.printable(called)} in the worksheet, but here"
                    f" {formatting.printable(result.words)}: another person, or a team?"
                )
            found.append((number, result, fault))
    return found


def _teams(results: Sequence[StudentResult]) -> list[str]:
    """Submissions of several students, or whose number may be a team's."""
    times = Counter(each.id for each in results if each.report is not None)
    several = [name for name, count in times.items() if count > 1]
    perhaps = [each.id for each in results if any("is it a team?" in remark for remark in each.remarks)]
    return [formatting.printable(each) for each in dict.fromkeys((*several, *perhaps))]


def _name(grade: Grade) -> str:
    """The name that begins the folder, of which Moodle reads only where it ends: no `_`, nothing that leads elsewhere."""
    student = grade.result.student
    name = student.name if student is not None and student.name else "Participant"
    plain = " ".join(_NOT_IN_A_NAME.sub(" ", formatting.printable(name)).split()).lstrip(".~ ")
    return plain[:100].rstrip() or "Participant"
