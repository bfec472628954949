"""Moodle: the students' feedback pages, as the feedback files of an assignment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from grader import formatting
from grader.exporters.export import Export, ExportContext
from grader.exporters.grades import Grade, grades
from grader.exporters.sheets.persons import id_of
from grader.intake.persons import have_a_word_in_common
from grader.intake.roster import parse_roster
from grader.intake.table import TableError, text_of
from grader.model.artifact import Artifact
from grader.model.roster import RosterStudent
from grader.model.student_result import StudentResult

_PARTICIPANT = re.compile(r"[0-9]{1,20}")
_NOT_IN_A_NAME = re.compile(r'[_/\\:*?"<>|\x00-\x1f\x7f]+')


def export(results: Sequence[StudentResult], context: ExportContext) -> Export:
    """A file feedback.html for each student with a score, in a folder named as in Moodle's download.

    Refused for team work: a team's number is not that of a participant, and would reach somebody else.
    """
    found = grades(results)
    teams = _teams(results)
    if teams:
        return Export(
            problems=(
                (
                    f"team work: {formatting.several(teams)}. Moodle takes feedback files by the number of a participant, and"
                    " a team's number may be somebody else's: fill in the worksheet with --set feedback instead"
                ),
            )
        )
    try:
        enrolled = None if context.sheet is None else _participants(context.sheet)
    except TableError as error:
        return Export(problems=(f"{formatting.printable(context.sheet_name)}: {error}",))
    artifacts: list[Artifact] = []
    left_out: list[str] = []
    problems: list[str] = []
    owners = Counter(_participant(each.result) for each in found.given)
    for grade in found.given:
        participant = _participant(grade.result)
        if participant is None:
            left_out.append(f"{grade.who}: no number of a Moodle participant")
        elif owners[participant] > 1:
            problems.append(
                f"{grade.who}: participant {participant} is also another student; which one is it?"
            )
        elif enrolled is not None and (fault := _stranger(grade, enrolled.get(participant))):
            problems.append(f"{grade.who}: participant {participant} {fault}")
        elif (page := context.page(grade.result.id)) is None:
            left_out.append(f"{grade.who}: no feedback page; grade again without --no-pages")
        else:
            name = f"{_name(grade)}_{participant}_assignsubmission_file_/feedback.html"
            artifacts.append(Artifact(name, "text/html", page))
    if found.given and not any(owners[each] for each in owners if each is not None):
        problems.append(
            "nobody has the number of a Moodle participant: grade Moodle's own download, or with its worksheet as roster"
        )
    if problems:
        return Export(problems=tuple(problems), left_out=tuple(left_out))
    return Export(
        tuple(artifacts),
        matched=len(artifacts),
        withheld=tuple(each for _, each in found.withheld),
        left_out=tuple(left_out),
        not_submitted=tuple(formatting.printable(each.words) for each in found.not_submitted),
        remarks=_remarks(is_sure=enrolled is not None) if artifacts else (),
    )


def _remarks(*, is_sure: bool) -> tuple[str, ...]:
    told = "Moodle tells the students at once that there is feedback"
    if is_sure:
        return (told,)
    return (
        told,
        (
            "only for work that each student handed in alone: a team's number may be somebody else's. Give the worksheet with"
            " --sheet, and each number is compared with the names in it"
        ),
    )


def _participants(sheet: bytes) -> Mapping[str, RosterStudent]:
    """The participants of a worksheet by number. TableError if it is not one."""
    roster, _ = parse_roster(text_of(sheet))
    found = {each.ids["moodle"]: each for each in roster.students if "moodle" in each.ids}
    if not found:
        raise TableError("not a grading worksheet of Moodle: no column with cells such as Participant 1001")
    return found


def _stranger(grade: Grade, participant: RosterStudent | None) -> str | None:
    """Why a number is not this student's."""
    if participant is None:
        return "is not in the worksheet; is it a team's number?"
    own = None if grade.result.student is None else grade.result.student.name
    if own is None or participant.name is None or have_a_word_in_common(own, participant.name):
        return None
    return f"is {formatting.printable(participant.name)} in the worksheet; is it a team's number?"


def _teams(results: Sequence[StudentResult]) -> list[str]:
    """Submissions of several students, or with a number that belongs to nobody on the roster."""
    times = Counter(each.id for each in results if each.report is not None)
    several = [name for name, count in times.items() if count > 1]
    perhaps = [each.id for each in results if any("is it a team?" in remark for remark in each.remarks)]
    return [formatting.printable(each) for each in dict.fromkeys((*several, *perhaps))]


def _participant(result: StudentResult) -> str | None:
    found = id_of(result, ("moodle",))
    return found if found is not None and _PARTICIPANT.fullmatch(found) else None


def _name(grade: Grade) -> str:
    """The name that begins the folder, of which Moodle reads only where it ends: no `_`, nothing that leads elsewhere."""
    student = grade.result.student
    name = student.name if student is not None and student.name else "Participant"
    plain = " ".join(_NOT_IN_A_NAME.sub(" ", formatting.printable(name)).split()).lstrip(".~ ")
    return plain[:100].rstrip() or "Participant"
