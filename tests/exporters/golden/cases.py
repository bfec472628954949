"""What the golden files are made from: a format, and what it is given besides the class of `school`."""

from dataclasses import replace

from grader.exporters import EXPORTERS, ExportContext
from grader.model.export_format import ExportName
from grader.model.student_result import StudentResult
from tests.exporters import school_sheets
from tests.exporters.school import CONTEXT, RESULTS

CLASSROOM50 = {
    "classroom": "cs231n-s26",
    "assignment": "a1",
    "owner": "student1",
    "submission": "submit/2026-04-20T20-58-10Z-a1b2c3d",
    "commit": "https://github.example/o/r/commit/a1b2c3d",
    "release": "https://github.example/o/r/releases/tag/s",
}


def of_sheet(sheet, column=None, **settings):
    """The context with a sheet."""
    return replace(CONTEXT, sheet=sheet, sheet_name="sheet.csv", column=column, settings=settings)


def page_of(submission):
    """The student's page on a submission."""
    return f"<p>{submission}</p>".encode()


CASES: dict[str, tuple[ExportName, tuple[StudentResult, ...], ExportContext]] = {
    "autolab": ("autolab", RESULTS, CONTEXT),
    "autolab-bulk": ("autolab-bulk", RESULTS, CONTEXT),
    "blackboard": ("blackboard", RESULTS, of_sheet(school_sheets.BLACKBOARD)),
    "brightspace": ("brightspace", RESULTS, of_sheet(school_sheets.BRIGHTSPACE)),
    "brightspace-new": ("brightspace", RESULTS, replace(CONTEXT, column="Mini")),
    "canvas": ("canvas", RESULTS, of_sheet(school_sheets.CANVAS, "90210")),
    "check50": ("check50", RESULTS, CONTEXT),
    "classroom50": ("classroom50", RESULTS[:1], replace(CONTEXT, settings=CLASSROOM50)),
    "coursera": ("coursera", RESULTS, CONTEXT),
    "csv": ("csv", RESULTS, CONTEXT),
    "edx": ("edx", RESULTS, CONTEXT),
    "github-actions": ("github-actions", RESULTS, CONTEXT),
    "gradescope": ("gradescope", RESULTS, CONTEXT),
    "json": ("json", RESULTS, CONTEXT),
    "junit": ("junit", RESULTS, CONTEXT),
    "moodle": ("moodle", RESULTS, of_sheet(school_sheets.MOODLE, feedback="Feedback comments")),
    "moodle-feedback": (
        "moodle-feedback",
        RESULTS[:5],
        replace(of_sheet(school_sheets.MOODLE), page=page_of),
    ),
    "moodle-new": ("moodle", RESULTS, CONTEXT),
    "nbgrader": ("nbgrader", RESULTS, CONTEXT),
    "prairielearn": ("prairielearn", RESULTS, CONTEXT),
    "sheet": (
        "sheet",
        RESULTS,
        replace(of_sheet(school_sheets.OTHER, "Points", feedback="Words"), key="Number"),
    ),
}
"""By the name of their folder: the format, the results, the context."""


def made(name):
    """The export of a case."""
    format_name, results, context = CASES[name]
    return EXPORTERS[format_name].exporter(results, context)


def files(name):
    """The files of a case, by name."""
    export = made(name)
    assert not export.problems, export.problems
    return {each.name: each.content for each in export.artifacts}
