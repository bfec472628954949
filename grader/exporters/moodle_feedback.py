"""Moodle: the students' feedback pages, as the feedback files of an assignment."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grader import formatting
from grader.exporters.export import Export, ExportContext
from grader.exporters.grades import grades
from grader.exporters.moodle import can_be_a_team, id_columns
from grader.exporters.sheets.grid import SheetError, read_grid
from grader.exporters.sheets.layout import header_row, name_columns
from grader.exporters.sheets.persons import Ids, id_of
from grader.intake.matching import TEAM_DOUBT
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
            f"team work: {formatting.several(teams)}. Moodle takes feedback files by the number of a"
            " participant, and a team's number may belong to somebody else: fill in the worksheet with --set"
            " feedback=COLUMN instead"
        )
        return Export(problems=(words,))
    try:
        participants, problems = _participants(results, context)
    except SheetError as error:
        return Export(problems=(f"{formatting.printable(context.sheet_name) or 'the sheet'}: {error}",))
    artifacts: list[Artifact] = []
    left_out: list[str] = []
    scores: list[tuple[str, str]] = []
    for grade in found.given:
        participant = participants.get(id(grade.result))
        if participant is None:
            left_out.append(f"{grade.who}: no Moodle participant number")
        elif (page := context.page(grade.result.id)) is None:
            left_out.append(f"{grade.who}: no feedback page; run grader batch again, with pages")
        else:
            name = f"{_plain(participant.name)}_{participant.number}_assignsubmission_file_/feedback.html"
            artifacts.append(Artifact(name, "text/html", page))
            scores.append((grade.who, f"{grade.words}, participant {participant.number}"))
    if found.given and not participants and not problems:
        problems.append(
            "no student has a Moodle participant number: give the grading worksheet that Moodle exported"
            " with --sheet"
        )
    if problems:
        return Export(problems=tuple(problems))
    return Export(
        tuple(artifacts),
        matched=len(artifacts),
        scores=tuple(scores),
        left_out=tuple(left_out),
        **found.told,
        remarks=_remarks(is_sure=context.sheet is not None) if artifacts else (),
    )


def _remarks(*, is_sure: bool) -> tuple[str, ...]:
    told = "Moodle notifies the students at once"
    if is_sure:
        return (told,)
    check = (
        "only for individual work: a team's number may belong to somebody else. Give the worksheet with"
        " --sheet, and the numbers are compared with the names in it"
    )
    return (told, check)


@dataclass(frozen=True, slots=True)
class _Participant:
    """A student as Moodle knows them in one assignment."""

    result: StudentResult
    number: str
    name: str
    """As in the worksheet, else as the class has it; empty if unknown."""

    fault: str = ""
    """What speaks against it."""


def _participants(
    results: Sequence[StudentResult], context: ExportContext
) -> tuple[Mapping[int, _Participant], list[str]]:
    """The participants by their results' identity, and what is wrong with some. SheetError if the sheet is no worksheet."""
    found = _known(results) if context.sheet is None else _in_worksheet(results, context.sheet)
    problems = [each.fault for each in found if each.fault]
    owners: defaultdict[str, dict[int, _Participant]] = defaultdict(dict)
    participants: dict[int, _Participant] = {}
    for each in found:
        owners[each.number][id(each.result)] = each
        before = participants.setdefault(id(each.result), each)
        if before.number != each.number:
            who = each.result.words
            problems.append(
                f"{who} is participant {before.number} and {each.number} in the worksheet: download it again"
            )
    for number, several in owners.items():
        if len(several) > 1:
            who = formatting.listing([each.result.words for each in several.values()])
            problems.append(f"participant {number} is {who}: which one is it?")
    return participants, problems


def _known(results: Sequence[StudentResult]) -> list[_Participant]:
    """By the numbers of Moodle's download or of the roster."""
    numbers = ((each, id_of(each, ("moodle",))) for each in results)
    return [
        _Participant(each, number, _own_name(each))
        for each, number in numbers
        if number is not None and _PARTICIPANT.fullmatch(number)
    ]


def _in_worksheet(results: Sequence[StudentResult], sheet: bytes) -> list[_Participant]:
    """By any id that a worksheet has; names are compared."""
    grid = read_grid(sheet)
    at = header_row(grid)
    keys, names = id_columns(grid, at), name_columns(grid, at)
    ids = Ids(results)
    found: list[_Participant] = []
    for line in grid.lines[at + 1 :]:
        number = participant_number(line[keys[0].column])
        owners = ids.owners(line, keys)
        called = line.joined(names)
        for each in owners.results if _PARTICIPANT.fullmatch(number) else ():
            own, fault = _own_name(results[each]), ""
            differs = bool(called and own) and not have_a_word_in_common(called, own)
            if differs and owners.agreeing == 1 and can_be_a_team(own):
                fault = (
                    f"participant {number} is {formatting.printable(called)} in the worksheet, but here"
                    f" {results[each].words}: another person, or a team?"
                )
            found.append(_Participant(results[each], number, called or own, fault))
    return found


def _teams(results: Sequence[StudentResult]) -> list[str]:
    """Submissions of several students, or whose number may be a team's."""
    times = Counter(each.id for each in results if each.report is not None)
    several = [name for name, count in times.items() if count > 1]
    perhaps = [each.id for each in results if any(TEAM_DOUBT in remark for remark in each.remarks)]
    return [formatting.printable(each) for each in dict.fromkeys((*several, *perhaps))]


def _own_name(result: StudentResult) -> str:
    return "" if result.student is None else result.student.name or ""


def _plain(name: str) -> str:
    """The name that begins the folder, of which Moodle reads only where it ends: no `_`, nothing that leads elsewhere."""
    plain = " ".join(_NOT_IN_A_NAME.sub(" ", formatting.printable(name)).split()).lstrip(".~ ")
    return plain[:100].rstrip() or "Participant"
