"""Reads what an autograder printed, and files of grades in bulk, by Autolab's rules."""

import csv
import io
import json
import re


def read_printed(output, problems, before=None):
    """The scores of an assessment's problems after a run that printed this. before: those that were there."""
    scores = dict(before or {})
    try:
        given = _parsed(output)
    except ValueError:
        given = {}
    scores.update({name: points for name, points in given.items() if name in problems})
    if not given or set(given) - set(problems):  # an error: every problem without a score gets 0, released
        scores.update({name: 0 for name in problems if name not in scores})
    return scores


def _parsed(output):
    last = output.rstrip().split("\n")[-1]
    found = json.loads(re.sub(r"([a-zA-Z0-9]+):", r'"\1":', last))
    return found["scores"] if found and "scores" in found else {}


def read_feedback(output):
    """{stage: {case: passed, or a value}} of the line before the last. ValueError if the page could not show it."""
    data = json.loads(output.rstrip().split("\n")[-2])
    if data["_presentation"] != "semantic":
        raise ValueError("unknown presentation")
    stages = data["stages"]
    rest = set(data) - {"_presentation", "stages"}
    if set(stages) != rest or any(name.startswith("_") for name in rest):
        raise ValueError(f"stages {stages} and keys {sorted(rest)} differ")
    for cases in data.values():
        for case in cases.values() if isinstance(cases, dict) else ():
            if isinstance(case, dict) and (
                set(case) - {"passed", "hint"} or not isinstance(case["passed"], bool)
            ):
                raise ValueError(f"not a case: {case}")
    for stage in stages:
        kinds = {isinstance(case, dict) for case in data[stage].values()}
        if len(kinds) > 1:
            raise ValueError(f"{stage}: cases and values in one table, where Autolab shows neither well")
        if any(name.startswith("_") for name in data[stage]):
            raise ValueError(f"{stage}: a case that Autolab does not show")
    return {stage: data[stage] for stage in stages}


def read_bulk(text, problems, emails, before):
    """{email: {problem: points}} after the upload, with those that were there before. ValueError: nothing is taken."""
    entries: dict[str, dict[str, float]] = {}
    for row in csv.reader(io.StringIO(text)):
        if not row:
            continue
        email, cells, rest = row[0], row[1 : 1 + len(problems)], row[1 + len(problems) :]
        if email not in emails:
            raise ValueError(f"unknown email {email}")
        if rest and rest[0] not in {"", "normal", "zeroed", "excused"}:
            raise ValueError(f"unknown kind of grade {rest[0]}")
        filled = zip(problems, cells, strict=False)
        entries[email] = {name: float(cell) for name, cell in filled if cell.strip()}
    after = {email: dict(scores) for email, scores in before.items()}
    for email, scores in entries.items():
        after.setdefault(email, {}).update(scores)
    return after
