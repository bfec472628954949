"""What Brightspace reads in an import of grades (FORMATS, section 11)."""

import csv
import io
import re


class Refused(Exception):
    """Brightspace would not take the file."""


def read(content, org_ids, items):
    """Grades by (item, org id). items: their maxima by name; a greater grade is cut."""
    header, *rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    if header[-1] != "End-of-Line Indicator":
        raise Refused("no end of line")
    if not {"OrgDefinedId", "Username"} & set(header):
        raise Refused("no key")
    grades = {}
    for row in filter(None, rows):
        if row[-1] != "#" or len(row) != len(header):
            raise Refused(f"a line ends in {row[-1]}")
        person = row[header.index("OrgDefinedId")].removeprefix("#")
        if person not in org_ids:
            raise Refused(f"unknown {person}")
        for at, name in enumerate(header):
            seen = re.fullmatch(r"(.*) Points Grade(?: <.*>)?", name)
            if seen and row[at]:
                grades[seen[1], person] = min(float(row[at]), items[seen[1]])
    return grades
