"""Autolab: the last two lines of an autograder's output, and the file of grades in bulk."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from grader import formatting
from grader.exporters.each import export_each
from grader.exporters.export import Export, ExportContext
from grader.exporters.grades import grades, rounded, with_several
from grader.exporters.seen import Seen, seen, whole
from grader.model.artifact import Artifact
from grader.model.student_result import StudentResult

DEFAULT_PROBLEM = "Score"

_BROKEN = re.compile(r"[a-zA-Z0-9]:")
"""Autolab puts quotes around what is before such a colon, wherever it is, before it reads the line."""

_STAGES = "stages"
"""A key of Autolab's own, as all are that begin with an underscore."""

_EMAIL = re.compile(r"[^@\s,\"=+\-][^@\s,\"]*@[^@\s,\"]+\.[^@\s,\".]+")


def export(results: Sequence[StudentResult], context: ExportContext) -> Export:
    """The lines to print last, for each student: feedback by stages, then the points of each problem.

    Of a student whose grading failed, the problems that are not graded are left out, and keep what Autolab has.
    """
    faults = _setting_problems(context)
    if faults:
        return Export(problems=faults)
    made = export_each(
        results,
        "autoresult.txt",
        "text/plain",
        lambda grade, seen: _printed(grade.result, seen, context),
        withheld_content=lambda result, seen: _printed(result, seen, context),
        problems=lambda _, seen: _problems(seen, context),
    )
    return replace(made, remarks=(*made.remarks, *_remarks(results, context)))


def export_bulk(results: Sequence[StudentResult], context: ExportContext) -> Export:
    """The file of grades in bulk: an email and a cell for each problem. It has no header.

    A cell without points is empty, and changes nothing. A student without any has no line, which would create a
    submission. With a problem for each check, a cell is a check by its place alone, so all lines must have the same ones.
    """
    faults = [*_setting_problems(context)]
    if faults:
        return Export(problems=tuple(faults))
    found = grades(results)
    faults += with_several(results)
    others = set() if _is_one(context) else _with_other_checks(results)
    if scored := [each.words for each in results if id(each) in others and each.score is not None]:
        faults.append(
            f"{formatting.several(scored)}: graded with other checks than the rest (--quick, or another spec), so their points"
            " would go to the wrong problems; grade them again"
        )
    left_out: list[str] = []
    rows: list[tuple[str, ...]] = []
    scores: list[tuple[str, str]] = []
    owners: dict[str, str] = {}
    for result in results:
        cells = () if id(result) in others else _cells(result, context)
        if not any(cells):
            if result.score is not None:
                left_out.append(
                    f"{result.words}: points without a submission, which have no place among checks"
                )
            continue
        email = None if result.student is None else result.student.email
        if email is None or not _EMAIL.fullmatch(email):
            why = "no email" if email is None else f"{formatting.printable(email)!r} is not an email"
            left_out.append(f"{result.words}: {why}; Autolab knows students by email: give --roster")
            continue
        if email.casefold() in owners:
            faults.append(f"{email} is the email of {owners[email.casefold()]} and of {result.words}")
        owners[email.casefold()] = result.words
        if result.report is not None:
            view = seen(result, result.report)
            faults += (f"{result.words}: {each}" for each in _problems(view, context))
        rows.append((email, *cells, ""))
        scores.append((result.words, formatting.listing([each or "unchanged" for each in cells])))
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(rows)
    without = [each.words for each in results if each.report is None and each.score is not None]
    remarks = [*_remarks(results, context)]
    if without:
        remarks.append(
            f"Autolab makes an empty submission for {formatting.several(without)}, who did not submit"
        )
    remarks.append("if Autolab does not know one of the emails in this course, it refuses the whole file")
    return Export(
        (Artifact("autolab_grades.csv", "text/csv", written.getvalue().encode()),) if rows else (),
        matched=len(rows),
        scores=tuple(scores),
        left_out=tuple(left_out),
        **found.told,
        remarks=tuple(remarks),
        problems=tuple(faults),
    )


def _with_other_checks(results: Sequence[StudentResult]) -> set[int]:
    """Those, by identity, whose report has not the checks of most others, in the same order."""
    checks = {
        id(each): tuple(check.id for check in each.report.checks if check.status != "not_run")
        for each in results
        if each.report is not None
    }
    scored = [checks[id(each)] for each in results if id(each) in checks and each.score is not None]
    usual = Counter(scored or checks.values()).most_common(1)
    return {each for each, own in checks.items() if own != usual[0][0]}


def _cells(result: StudentResult, context: ExportContext) -> tuple[str, ...]:
    """A cell for each problem; empty where there are no points."""
    if result.report is not None:
        scores = _scores(result, seen(result, result.report), context)
    else:
        scores = {} if result.score is None or not _is_one(context) else {"": rounded(result.score)}
    return tuple("" if points is None else formatting.points(points) for points in scores.values())


def _is_one(context: ExportContext) -> bool:
    """Whether there is one problem for the score, rather than one for each check."""
    return context.settings.get("problems", "score") != "checks"


def _setting_problems(context: ExportContext) -> tuple[str, ...]:
    given = context.settings.get("problems", "score")
    if given not in {"score", "checks"}:
        return (f"--set problems={formatting.printable(given)}: write problems=score or problems=checks",)
    if not _is_one(context) and context.column is not None:
        return ("--column names the one problem for the score; leave it out with problems=checks",)
    name = context.column or DEFAULT_PROBLEM
    return tuple(f"--column {formatting.printable(name)!r}: {each}" for each in _name_faults(name))


def _name_faults(name: str) -> Iterator[str]:
    if not name.strip() or not name.isprintable():
        yield "not a valid problem name in Autolab"
    if _BROKEN.search(name):
        yield "Autolab cannot read a name with a colon after a letter or digit; rename the problem"


def _problems(seen: Seen, context: ExportContext) -> Iterator[str]:
    if _is_one(context):
        return
    changed = [line for line in seen.lines if line.points and line.name != "Rounding"]
    for line in changed:
        yield (
            f"{line.name} ({line.words}) changes the total, which has no place when each check is a problem;"
            " leave"
            " out problems=checks"
        )
    for check in seen.checks:
        yield from (f"check {check.id!r}: {each}" for each in _name_faults(check.id))


def _scores(result: StudentResult, seen: Seen, context: ExportContext) -> Mapping[str, float | None]:
    """The points of each problem; None where there are none yet."""
    if _is_one(context):
        score = result.score
        return {context.column or DEFAULT_PROBLEM: None if score is None else rounded(score)}
    return {check.id: check.points for check in seen.checks}


def _printed(result: StudentResult, seen: Seen, context: ExportContext) -> bytes:
    scores = _scores(result, seen, context)
    known = {name: whole(points) for name, points in scores.items() if points is not None}
    # An empty map would be 0 for every problem. Null for one of them is not a score.
    last = {"scores": known or dict.fromkeys([*scores][:1])}
    lines = (json.dumps(each, ensure_ascii=False, allow_nan=False) for each in (_feedback(seen), last))
    return "".join(f"{line}\n" for line in lines).encode()


def _feedback(seen: Seen) -> dict[str, Any]:
    """The page's tables. One of cases that passed or failed has no other values, or Autolab shows neither well."""
    stages: dict[str, dict[str, Any]] = {}
    faults: dict[str, str] = {}
    for check in seen.checks:
        if check.status == "fault":
            faults[_key(check.title)] = check.words
            continue
        title = check.title.removeprefix(f"{check.group}: ")
        hint = {"hint": check.words} if check.status == "failed" and check.words else {}
        case = {"passed": check.status == "passed", **hint}
        stages.setdefault(_key(check.group), {})[_key(title)] = case
    for name, values in (
        ("Not graded yet", faults),
        ("About the score", {line.name: line.words for line in seen.lines}),
    ):
        if values:
            stages[f"{name} (besides)" if name in stages else name] = {**values}
    return {"_presentation": "semantic", _STAGES: [*stages], **stages}


def _key(name: str) -> str:
    """A name that Autolab shows: those with an underscore before them are its own, and so is `stages`."""
    return f"({name})" if name.startswith("_") or name == _STAGES else name


def _remarks(results: Sequence[StudentResult], context: ExportContext) -> Iterator[str]:
    if _is_one(context):
        most = sorted({each.max_score for each in results if each.max_score is not None})
        worth = formatting.listing([formatting.points(each) for each in most], "or")
        name = formatting.printable(context.column or DEFAULT_PROBLEM)
        yield f"Autolab must have one problem, {name!r}, worth {worth or 'the score'}: a name Autolab does not know gives everybody 0"
        if any(each.kind == "late" for result in results for each in result.changes):
            yield "the late penalty is in the score: turn off Autolab's own"
        return
    worths = dict.fromkeys(
        f"{check.id} ({formatting.points(check.max_points)})"
        for each in results
        if each.report is not None
        for check in seen(each, each.report).checks
    )
    yield (
        "Autolab must have exactly these problems, in this order: "
        f"{', '.join(worths)}; a name Autolab does not know gives everybody 0"
    )
