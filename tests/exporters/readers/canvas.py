"""What Canvas reads in an uploaded gradebook: its rules for header, rows and numbers (FORMATS, section 7)."""

import csv
import io
import re
from dataclasses import dataclass, field

_NOT_ASSIGNMENTS = (
    "Current Score", "Current Points", "Current Grade", "Final Score", "Final Points", "Final Grade",
    "Override Score", "Override Grade", "Override Status",
)  # fmt: skip


_OF_POSTING = re.compile(r"\s*(Muted|Manual Posting.*)?\s*", re.IGNORECASE)


class Refused(Exception):
    """Canvas would not take the file."""


@dataclass
class Upload:
    """What the upload would do."""

    grades: dict[str, dict[int, str]] = field(default_factory=dict)
    """By assignment id and user id; only cells that differ from what Canvas has."""
    new_assignments: list[str] = field(default_factory=list)
    unknown_students: list[str] = field(default_factory=list)
    points_possible: dict[str, str] = field(default_factory=dict)


def read(content, students, stored, titles=()):
    """An upload into a course.

    students: by user id (sis id, login, name); stored: grades by (assignment id, user id); titles: of known assignments by id.
    """
    text = content.removeprefix(b"\xef\xbb\xbf").decode()
    header, *rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True))
    upload = Upload()
    columns = _assignments(header, dict(titles), upload)
    points = {}
    for cells in rows:
        row = [_converted(cell) for cell in cells]
        if "Points Possible" in row[0]:
            points = {each: row[at] for each, at in columns.items()}
        elif "".join(row).strip(";, ") and not all(map(_OF_POSTING.fullmatch, row)):
            _take(header, row, columns, students, stored, upload)
    upload.points_possible = points
    for each, value in points.items():
        if re.search(r"read\s+only", value):
            upload.grades.pop(each, None)
    return upload


def _assignments(header, titles, upload):
    """The columns of known assignments by id; the first of equal headers."""
    columns = {}
    for name in header[_student_columns(header) :]:
        if any(each in name for each in _NOT_ASSIGNMENTS):
            continue
        seen = re.fullmatch(r"(.*)\((\d+)\)", name)
        same = next((each for each, title in titles.items() if title == name), None)
        known = seen[2] if seen and seen[2] in titles else same
        if known is None:
            upload.new_assignments.append(name)
        else:
            columns[known] = header.index(name)
    return columns


def _take(header, row, columns, students, stored, upload):
    user = _student(header, row, students)
    if user is None:
        upload.unknown_students.append(row[0])
        return
    for each, at in columns.items():
        new, old = row[at].strip() if at < len(row) else "", stored.get((each, user), "")
        if not _is_same(new, old):
            upload.grades.setdefault(each, {})[user] = new


def _delimiter(text):
    """A semicolon if each of the first three lines has as many fields by it, and more than by commas."""
    counts = {}
    for delimiter in ";,":
        try:
            widths = [
                len(next(csv.reader([line], delimiter=delimiter, strict=True), []))
                for line in text.splitlines()[:3]
            ]
        except csv.Error:
            widths = [0, 1]
        counts[delimiter] = widths[0] if len(set(widths)) == 1 else 0
    return ";" if counts[";"] > counts[","] else ","


def _student_columns(header):
    if len(header) <= 3 or "Student" not in header[0] or "ID" not in header[1]:
        raise Refused("Invalid header row")
    width = 3
    if re.search(r"SIS\s+Login\s+ID", header[2]):
        width = 4
    elif re.search(r"SIS\s+User\s+ID", header[2]) and re.search(r"SIS\s+Login\s+ID", header[3]):
        width = 5 + bool(re.search(r"Integration\s+ID", header[4]))
        width += bool(re.search(r"Root\s+Account", header[width - 1]))
    if "Section" not in header[width - 1]:
        raise Refused("Invalid header row")
    return width


def _converted(cell):
    """The decimal comma, and separators of thousands, over every cell: also over an id."""
    if not re.match(r"^-?[0-9.,]+%?$", cell):
        return cell
    *whole, last = re.split("[,.]", cell)
    return f"{''.join(whole)}.{last}" if whole else last


def _student(header, row, students):
    number = re.match(r"\d+", row[1])
    if number and int(number[0]) in students:
        return int(number[0])
    for name, at in (("SIS User ID", 0), ("SIS Login ID", 1)):
        if name in header and (value := row[header.index(name)]):
            for user, known in students.items():
                if known[at] == value:
                    return user
    return next((user for user, known in students.items() if known[2] == row[0]), None)


def _is_same(new, old):
    if new == old or (new in {"", "-"} and old in {"", "-"}):
        return True
    if not new or not old or "EX" in {new.upper(), old.upper()}:
        return False
    try:
        return f"{float(new):.2f}" == f"{float(old):.2f}"
    except ValueError:
        return False
