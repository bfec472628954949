"""What Blackboard reads in an upload of the grade center (FORMATS, section 10)."""

import csv
import io
import re


def read(content, usernames):
    """Grades by (column id, username), and the headers that would become new columns."""
    mark = content[:2]
    text = content.decode("utf-16") if mark in {b"\xff\xfe", b"\xfe\xff"} else content.decode("utf-8-sig")
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    header, *rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    key = header.index("Username")
    known = {"Last Name", "First Name", "Username", "Student ID", "Last Access", "Availability"}
    columns = {at: seen[1] for at, name in enumerate(header) if (seen := re.search(r"\|\s*(\d+)$", name))}
    new = [name for at, name in enumerate(header) if at not in columns and name not in known]
    grades = {
        (column, row[key]): row[at]
        for row in rows
        if row and row[key] in usernames
        for at, column in columns.items()
        if row[at]
    }
    return grades, new
