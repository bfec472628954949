"""`grader results`: a class that was graded, from its output folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader import formatting
from grader.errors import UsageError
from grader.frontends.commands.options import EXIT_USAGE

if TYPE_CHECKING:
    from grader.batch.overview.statistics import CheckStatistics


def results(
    folder: Annotated[
        Path, typer.Argument(help="The folder that grader batch wrote with --out.", metavar="DIR")
    ],
    check_id: Annotated[
        str | None,
        typer.Option(
            "--check",
            help="List who did not pass this check and why: an id from the list, or from `grader spec show`.",
            metavar="ID",
        ),
    ] = None,
) -> None:
    """Show a graded class: scores, the checks that fail most, the most common mistakes, and students to look at.

    Exit code 0: shown; 2: not a folder of a class, no such check, or a report
    or class.json cannot be read (the others are shown).
    """
    from grader.batch import ReportStore
    from grader.batch.left_out import left_out, require_class
    from grader.batch.overview.statistics import class_statistics
    from grader.batch.results import derived
    from grader.frontends.class_statistics import show_check, show_class, show_left_out, show_remarks
    from grader.frontends.terminal import make_console

    store = ReportStore(folder)
    require_class(store)
    made = derived(store)
    outside = left_out(store, made.results)
    statistics = class_statistics(each for each in made.results if each.id not in outside.unread)
    console = make_console()
    if check_id is not None:
        for check in _chosen(check_id, statistics.checks):
            show_check(console, check)
    elif statistics.students:
        show_class(console, statistics)
        show_remarks(console, made.remarks)
    elif not outside.unread and not outside.not_graded:
        typer.echo(f"There are no reports in {formatting.printable(str(store.reports_folder))} yet.")
    show_left_out(console, outside)
    if check_id is None and store.class_page_path.is_file():
        typer.echo(f"\nWith everybody's page: {formatting.printable(str(store.class_page_path))}")
    raise typer.Exit(EXIT_USAGE if outside.unread or outside.has_unread_record else 0)


def _chosen(check_id: str, checks: tuple[CheckStatistics, ...]) -> list[CheckStatistics]:
    """The check with this id, of each assignment that has one."""
    chosen = [check for check in checks if check.id == check_id]
    if not chosen:
        ids = list(dict.fromkeys(check.id for check in checks))
        words = f"no report has a check {formatting.printable(check_id)!r}"
        meant = formatting.near(check_id, ids)
        if meant:
            words += f" ({meant})"
        raise UsageError(
            f"{words}; choose from {', '.join(ids)}" if ids else f"{words}: no check was run yet"
        )
    return chosen
