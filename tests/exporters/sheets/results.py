"""Results of students made by hand, with ids of some kinds."""

from grader.model.report import StudentPart
from grader.model.student_result import StudentResult
from tests.samples import check_part, report_of


def result(name, score=87.5, *, maximum=100.0, submission=None, email=None, changes=(), remarks=(), **ids):
    """A student with a score; None for a fault of the grader."""
    status = "errored" if score is None else "failed"
    report = report_of(
        status="incomplete" if score is None else "graded",
        score=score,
        max_score=maximum,
        checks=[
            check_part(
                status=status,
                points=score or 0.0,
                max_points=maximum,
                message="2 * reg * W is missing <b>&amp;",
            )
        ],
    )
    identifier = submission or name.replace(" ", "").lower()
    return StudentResult(identifier, part(name, email, ids), report, tuple(changes), remarks=tuple(remarks))


def absent(name, *, is_awaited=False, email=None, **ids):
    """A student who handed in nothing, or is not graded yet."""
    return StudentResult(name.replace(" ", "").lower(), part(name, email, ids), None, is_awaited=is_awaited)


def part(name, email, ids):
    identifier = next(iter(ids.values()), email or name)
    return StudentPart(id=identifier, name=name, email=email, platform=ids)
