"""The second timing of checks whose credit the first left open: which they are, and how it goes into the report."""

from __future__ import annotations

from grader.model.report import CheckPart, Report, total


def open_checks(report: Report) -> frozenset[str]:
    """Ids of the checks to measure again: too noisy to decide, and worth points."""
    if report.status != "graded":
        return frozenset()
    return frozenset(check.id for check in report.checks if check.timing == "open" and check.points)


def with_second(report: Report, again: Report) -> Report:
    """The report with the second timing of its open checks, from a report on these alone.

    What the grader could not measure again stays open.
    """
    measured = {each.id: each for each in again.checks if each.status in {"passed", "failed"}}
    ids = open_checks(report) & measured.keys()
    if not ids:
        return report
    checks = tuple(
        _decided(check, measured[check.id]) if check.id in ids else check for check in report.checks
    )
    new = (  # without a function it is on the whole run, which was not only these checks
        flag
        for flag in again.flags
        if flag.function is not None and flag.kind != "grader_fault" and flag not in report.flags
    )
    return report.model_copy(
        update={
            "checks": checks,
            "score": total(checks),
            "flags": (*report.flags, *new),
            "seconds": round(report.seconds + again.seconds, 3),
        }
    )


def _decided(first: CheckPart, second: CheckPart) -> CheckPart:
    """The second timing where it is clear, up or down; else the one that gives more points."""
    is_open = second.timing == "open"
    words = "it is still too noisy" if is_open else "that counts"
    counted = first if is_open and second.points < first.points else second
    message = f"{counted.message} It was measured again alone after the class, and {words}."
    return counted.model_copy(update={"message": message, "timing": "repeated"})
