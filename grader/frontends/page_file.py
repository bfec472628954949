"""The file that --html names."""

from __future__ import annotations

import contextlib
from functools import partial
from pathlib import Path

from grader.errors import SubmissionError
from grader.feedback.page import student_page
from grader.grading.grade import guarded
from grader.intake.submission import load_submission
from grader.model.report import Report
from grader.output_files import write_to

NOT_MADE = "The page could not be made; this is the grader's fault. The grade stands."


def write_page(place: str, submission: Path, report: Report) -> bool:
    """Write the student's page; False if the grader failed to make it. OutputError if it cannot be written.

    The code in it is read again, and left out if it has changed since it was graded.
    """
    files = None
    with contextlib.suppress(SubmissionError):
        files = load_submission(submission)
    page = guarded(partial(student_page, report, files))
    if page is None:
        return False
    write_to(Path(place), page.content.decode())
    return True
