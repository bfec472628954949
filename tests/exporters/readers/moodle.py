"""What Moodle reads: the grading worksheet, the grade import and the zip of feedback files (FORMATS, section 9)."""

import csv
import io
import re
from dataclasses import dataclass, field
from datetime import datetime


class Refused(Exception):
    """Moodle would take nothing of the file."""


@dataclass
class Participant:
    """Somebody in an assignment."""

    grade: float | None = None
    modified: datetime | None = None
    is_locked: bool = False
    feedback: str = ""


@dataclass
class WorksheetImport:
    """What the import of a worksheet did."""

    grades: dict[int, float] = field(default_factory=dict)
    feedback: dict[int, str] = field(default_factory=dict)
    skipped: dict[int, str] = field(default_factory=dict)
    """Why, which Moodle does not say."""


def read_worksheet(content, participants, maximum, ignore_modified=False, delimiter=",", encoding="utf-8"):
    """The import of a grading worksheet in English."""
    text = content.decode(encoding).removeprefix("\ufeff")
    header, *rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    for needed in ("Identifier", "Grade", "Last modified (grade)"):
        if needed not in header:
            raise Refused(needed)
    done = WorksheetImport()
    for row in filter(any, rows):
        cells = dict(zip(header, row, strict=False))
        number = int(cells["Identifier"].removeprefix("Participant "))
        if number not in participants:
            done.skipped[number] = "unknown"
            continue
        person = participants[number]
        is_stale = not ignore_modified and _is_stale(person, cells["Last modified (grade)"])
        grade = float(cells["Grade"].replace(",", ".")) if cells["Grade"].strip() else None
        reason = _why_skipped(person, grade, maximum, is_stale=is_stale)
        if reason is None and grade is not None:
            done.grades[number] = grade
        elif reason is not None:
            done.skipped[number] = reason
        comments = cells.get("Feedback comments", person.feedback)
        if comments != person.feedback and not is_stale:
            done.feedback[number] = comments
    return done


def _is_stale(person, written):
    """Whether the grade was changed after the worksheet was made; a date that PHP cannot read is before all others."""
    try:
        modified = datetime.strptime(f"{written} +0000", "%A, %d %B %Y, %I:%M %p %z")
    except ValueError:
        return person.modified is not None
    return person.modified is not None and (person.modified - modified).total_seconds() > 60


def _why_skipped(person, grade, maximum, *, is_stale):
    reasons = {
        "equal": grade is not None and grade == person.grade,
        "blank": grade is None or grade < 0,
        "stale": is_stale,
        "locked": person.is_locked,
        "above": grade is not None and grade > maximum,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def read_grades(content, users, identified_by, item, maximum):
    """The grade import: all rows or none. users: (id number, email) of those in the course."""
    header, *rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
    at, place = header.index(item), header.index(identified_by)
    known = {each[("ID number", "Email address").index(identified_by)]: each for each in users}
    grades, person = {}, None
    for row in rows:
        if row[place].strip():
            person = known.get(row[place].strip())
        if person is None:
            raise Refused(f"unknown user {row[place]}")
        value = row[at].strip()
        if value not in {"", "-"} and not re.fullmatch(r"-?\d+(\.\d+)?", value):
            raise Refused(f"bad grade {value}")
        grade = None if value in {"", "-"} else float(value)
        if grade is not None and grade > maximum:
            raise Refused(f"too high {value}")
        grades[person] = grade  # a row without an identifier goes to the person before
    return grades


_PLUGINS = {("assignsubmission", "file"), ("assignsubmission", "onlinetext"), ("assignfeedback", "comments")}


def owner_of_file(path, participants):
    """Whose feedback file it is, and its name; None if Moodle passes over it."""
    name = path.rpartition("/")[2]
    if name.startswith((".", "~")):
        return None
    parts = path.split("/")
    while parts:
        info = parts.pop(0).split("_", 4)
        if len(info) < 4 or not re.fullmatch(r"[0-9]+(\.[0-9]+)?", info[1].strip()):
            continue
        number = int(float(info[1]))
        if number not in participants or (info[2], info[3]) not in _PLUGINS:
            continue
        return number, "/".join([*(info[4:] or [""]), *parts])
    return None
