"""`grader override`: points that a person gives in place of the grader's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader import formatting
from grader.errors import UsageError

if TYPE_CHECKING:
    from grader.batch.overriding import Overridden
    from grader.batch.rules.class_rules import Override
    from grader.model.student_result import StudentResult


def override(
    out: Annotated[Path, typer.Argument(help="The --out folder of `grader batch`.", metavar="DIR")],
    name: Annotated[
        str | None,
        typer.Argument(
            help="A submission, or a student's id or email; if left out, the overrides are listed.",
            metavar="ID",
        ),
    ] = None,
    points: Annotated[
        float | None,
        typer.Option("--points", help="The final score; no late penalty is applied to it.", metavar="N"),
    ] = None,
    checks: Annotated[
        list[str] | None,
        typer.Option(
            "--check",
            help="The points of one check, before a late penalty; may be repeated.",
            metavar="CHECK=N",
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", help="The reason, which the student may read.", metavar="TEXT")
    ] = "",
    bonus: Annotated[
        bool, typer.Option("--bonus", help="Allow more points than the check or the assignment is worth.")
    ] = False,
    remove: Annotated[
        bool,
        typer.Option(
            "--remove", help="Remove this student's overrides, or with --check CHECK only that one."
        ),
    ] = False,
) -> None:
    """Override points by hand, with a reason. Overrides survive regrades; the gradebook and pages change at once.

    The report stays unchanged; the points are kept in overrides.toml in DIR.
    """
    from grader.batch import ReportStore, overriding

    store = ReportStore(out)
    if name is None:
        if points is not None or checks or reason or bonus or remove:
            raise UsageError("whose points? Give the id of a submission, or a student's id or email")
        _list(overriding.given(store))
        return
    if remove:
        if points is not None or reason or bonus:
            raise UsageError("--remove takes no --points, --reason or --bonus")
        done = overriding.remove(store, name, frozenset(checks) if checks else None)
    else:
        from datetime import UTC, datetime

        done = overriding.give(
            store, name, _amounts(points, checks or []), reason, datetime.now(UTC), may_exceed=bonus
        )
    _show(done)
    typer.echo(f"Gradebook: {store.gradebook_path.resolve()}")
    typer.echo(f"Class:     {store.class_page_path.resolve()}")
    if done.without_page:
        named = formatting.several(done.without_page)
        typer.echo(f"The page of {named} could not be updated; this is the grader's fault.", err=True)


def _amounts(points: float | None, checks: list[str]) -> dict[str | None, float]:
    if (points is None) == (not checks):
        raise UsageError("give either --points N, the final score, or --check CHECK=N")
    if points is not None:
        return {None: points}
    amounts: dict[str | None, float] = {}
    for each in checks:
        check, equals, number = each.partition("=")
        try:
            amount = float(number)
        except ValueError:
            equals = ""
        if not check or not equals:
            raise UsageError(f"--check {formatting.printable(each)}: write CHECK=N, as in --check f_values=8")
        if check in amounts:
            raise UsageError(f"--check {formatting.printable(check)} is given twice")
        amounts[check] = amount
    return amounts


def _list(overrides: tuple[Override, ...]) -> None:
    for each in overrides:
        what = each.check or "the total"
        when = "" if each.at is None else f" ({each.at:%Y-%m-%d})"
        typer.echo(
            f"{formatting.printable(each.id)}: {formatting.points(each.points)} for {formatting.printable(what)}"
            f"{when}: {formatting.printable(each.reason)}"
        )
    if not overrides:
        typer.echo("No overrides.")


def _show(done: Overridden) -> None:
    from grader.batch.student_name import StudentName

    for before, after in zip(done.before, done.after, strict=True):
        who = formatting.printable(str(StudentName.of(after)))
        typer.echo(f"{who}: {_score(before)} -> {_score(after)}")
    for remark in done.remarks:
        typer.echo(f"Note: {remark}.")


def _score(result: StudentResult) -> str:
    return "no score" if result.score is None else formatting.points(result.score)
