"""The accuracies that a student's notebooks print, beside those that were measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from grader import formatting
from grader.errors import UnreadableNotebook
from grader.grading.check_result import CheckResult
from grader.intake.printed import PrintedCell, last_number, printed_cells
from grader.intake.submission import Submission
from grader.model.report import ClaimPart, FlagPart
from grader.spec.claims import Claim

FAR = 0.05
"""A share of the images: the same weights label the same images alike, and another run of the same cells differs by less."""


def claims_of(
    submission: Submission, claims: Sequence[Claim], results: Sequence[CheckResult], *, has_data: bool
) -> tuple[ClaimPart, ...]:
    """What each claim's cell printed last, in the spec's order; nothing where it printed no such number.

    has_data: numbers were measured on CIFAR-10. Those of the stand-in say nothing about what a notebook prints.
    """
    if not claims:
        return ()
    cells = dict(_cells(submission))
    by_id = {result.check.id: result for result in results}
    found = []
    for claim in claims:
        printed = _printed(claim, cells)
        if printed is None:
            continue
        path, cell, number = printed
        result = by_id.get(claim.check) if claim.check is not None else None
        is_open = result is not None and result.check.visibility == "visible"
        measured = (
            result.verdict.measured.get(claim.number or "") if result is not None and has_data else None
        )
        measured = measured if is_open and 0 <= number <= 1 else None
        found.append(
            ClaimPart(
                title=claim.title,
                file=path,
                cell=cell,
                printed=number,
                measured=measured,
                message=_words(number, measured, result if is_open else None, has_data=has_data),
            )
        )
    return tuple(found)


def far_off(claims: Sequence[ClaimPart]) -> Iterator[FlagPart]:
    """A flag for the instructor for each number that is far from what was measured."""
    for each in claims:
        if each.measured is not None and abs(each.printed - each.measured) > FAR:
            yield FlagPart(
                kind="suspect_accuracy",
                message=(
                    f"{each.title}: {each.file}, cell {each.cell}, prints {formatting.number(each.printed, 4)}, but"
                    f" {formatting.number(each.measured, 4)} was measured with CIFAR-10. The cell may be from"
                    " another run, or edited, or the data may have been prepared differently. Printed"
                    " numbers neither earn nor cost points."
                ),
                audience="instructor",
            )


def _cells(submission: Submission) -> Iterator[tuple[str, tuple[PrintedCell, ...]]]:
    """The tagged cells by notebook, those nearest to the top first."""
    notebooks = [file for file in submission.sources if file.path.lower().endswith(".ipynb")]
    for file in sorted(notebooks, key=lambda each: (each.path.count("/"), each.path)):
        try:
            yield file.path, printed_cells(file.content, file.path)
        except UnreadableNotebook:
            continue  # extraction tells


def _printed(claim: Claim, cells: Mapping[str, tuple[PrintedCell, ...]]) -> tuple[str, int, float] | None:
    """The notebook, the cell and the number."""
    for path, tagged in cells.items():
        if claim.notebook.lower() not in path.rpartition("/")[2].lower():
            continue
        for cell in reversed(tagged):
            number = last_number(cell.text, claim.before) if cell.tag == claim.tag else None
            if number is not None and abs(number) <= 1e6:
                return path, cell.number, number
    return None


def _words(printed: float, measured: float | None, result: CheckResult | None, *, has_data: bool) -> str:
    words = f"printed {formatting.number(printed, 4)}"
    if result is None:
        return f"{words}; nothing to compare it with"
    is_own = result.check.kind == "saved"
    if measured is not None:
        by = "on your saved weights" if is_own else "in our training of your code, which differs from yours"
        return f"{words}, measured {formatting.number(measured, 4)} {by}"
    if not has_data:
        return f"{words}; not measured, because that needs CIFAR-10 (--data)"
    if not 0 <= printed <= 1:
        return f"{words}; not a fraction of the images, so it was not compared"
    return f"{words}; {'your saved weights' if is_own else 'it'} could not be measured"
