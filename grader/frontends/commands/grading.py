"""`grader check` and `grader batch`."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from grader import formatting
from grader.api import Grader, IsolationName, grade_class
from grader.errors import UsageError
from grader.frontends.class_progress import ClassProgress
from grader.frontends.commands.options import (
    EXIT_FAILED,
    EXIT_GRADER_FAULT,
    EXIT_INTERRUPTED,
    DataOption,
    DeviceOption,
    FullOption,
    HtmlOption,
    JsonOption,
    QuickOption,
    SeedOption,
    SpecOption,
    SubmissionArgument,
    output_folder,
    require_writable,
    submission_path,
    write_json,
)
from grader.frontends.progress import check_progress
from grader.model.format import FormatName

if TYPE_CHECKING:
    from grader.batch import ClassResult
    from grader.intake.folder import ClassFiles
    from grader.model.report import Report


def check(
    submission: SubmissionArgument,
    spec: SpecOption = None,
    quick: QuickOption = False,
    full: FullOption = False,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Keep running, and after each save regrade what changed. Ctrl-C stops."),
    ] = False,
    json_path: JsonOption = None,
    html_path: HtmlOption = None,
    view: Annotated[
        Literal["student", "instructor"],
        typer.Option("--view", help="What to print and write; the instructor's view includes hidden checks."),
    ] = "student",
    device: DeviceOption = "auto",
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help="Run only this check, even with --quick: an id from `grader spec show`; may be repeated.",
            metavar="CHECK",
        ),
    ] = None,
    seed: SeedOption = None,
    data: DataOption = None,
) -> None:
    """Grade one submission.

    Exit code 0: all checks passed; 1: a check failed; 2: wrong usage or an
    unreadable file; 3: the grader's fault; 130: stopped. With --watch, 0:
    stopped while waiting for a save.
    """
    if watch and json_path == "-":
        raise UsageError("--watch writes more than one report; give --json a file")
    if html_path == "-":
        raise UsageError("--html writes a page to look at; give it a file")
    if html_path is not None and html_path == json_path:
        raise UsageError("--json and --html name the same file; give two")
    require_writable(json_path)
    require_writable(html_path, "--html", "a page")
    with Grader(
        spec,
        quick=quick,
        full=full,
        seed=seed,
        only=only or [],
        device=device,
        data=data,
        for_page=html_path is not None,
    ) as grader:
        from grader.frontends import terminal
        from grader.model.report import student_view

        if watch:
            from grader.frontends.watch import Watcher

            seen_as, quiet = (
                (student_view, _without_tracebacks) if view == "student" else (_whole, nullcontext)
            )
            page = partial(_write_page, html_path, submission, quiet)
            Watcher(grader, submission, spec, json_path, seen_as, quiet, page).run()
            raise typer.Exit
        logged = _without_tracebacks() if view == "student" else nullcontext()
        with check_progress() as progress, logged:
            report = grader.grade(submission, progress)
    shown = student_view(report) if view == "student" else report
    try:
        if json_path is not None:
            write_json(json_path, shown.to_json())
        is_page = _write_page(html_path, submission, _without_tracebacks, report)
    finally:  # even if the file cannot be written, show the score
        if json_path != "-":
            terminal.show_report(terminal.make_console(), shown)
    if json_path not in {None, "-"}:
        typer.echo(f"Report: {json_path}")
    if is_page:
        typer.echo(f"Page: {html_path}")
    raise typer.Exit(_exit_code(report))


def _write_page(
    html_path: str | None,
    submission: Path,
    logged: Callable[[], AbstractContextManager[None]],
    report: Report,
) -> bool:
    """Whether --html names a file and the page is in it. A page that cannot be made costs no grade."""
    if html_path is None:
        return False
    from grader.frontends.page_file import NOT_MADE, write_page

    with logged():
        is_made = write_page(html_path, submission, report)
    if not is_made:
        typer.echo(NOT_MADE, err=True)
    return is_made


def _whole(report: Report) -> Report:
    return report


@contextmanager
def _without_tracebacks() -> Iterator[None]:
    """Log a fault of ours as one sentence: its traceback may show a hidden check."""
    log = logging.getLogger("grader")
    log.addFilter(_drop_traceback)
    try:
        yield
    finally:
        log.removeFilter(_drop_traceback)


def _drop_traceback(record: logging.LogRecord) -> bool:
    record.exc_info = None
    return True


def _exit_code(report: Report) -> int:
    if report.has_grader_faults:
        return EXIT_GRADER_FAULT
    return 0 if all(check.status in {"passed", "not_run"} for check in report.checks) else EXIT_FAILED


def _job_count(text: str) -> int | Literal["auto"]:
    if text == "auto":
        return "auto"
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"-j {text}: give a number of submissions to grade at a time, or auto") from None


def _announce(found: ClassFiles) -> None:
    for line in (found.words, *found.remarks):
        typer.echo(line)


def batch(
    submissions: Annotated[
        Path,
        typer.Argument(
            help="The platform's download, or a folder or a .zip with one entry for each submission.",
            metavar="FOLDER|ZIP",
            parser=submission_path,
        ),
    ],
    spec: Annotated[
        str,
        typer.Option(
            "--spec", help="A spec's name, a .toml file or a folder with one.", metavar="NAME|FILE|FOLDER"
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            help="Folder for reports/ID.json, the students' pages feedback/ID.html, the class's page index.html and"
            " gradebook.csv.",
            metavar="DIR",
            parser=output_folder,
        ),
    ],
    quick: QuickOption = False,
    full: FullOption = False,
    device: DeviceOption = "auto",
    isolation: Annotated[
        IsolationName,
        typer.Option(
            "--isolation", help="The least isolation to grade with; `grader doctor` shows this machine's."
        ),
    ] = "confined",
    seed: SeedOption = None,
    data: DataOption = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            help="Grade only submissions that match this pattern; may be repeated.",
            metavar="PATTERN",
        ),
    ] = None,
    download_format: Annotated[
        FormatName,
        typer.Option(
            "--format",
            help="The platform the download is from, if its names do not show it; folder: one entry per submission.",
        ),
    ] = "auto",
    roster: Annotated[
        Path | None,
        typer.Option(
            "--roster",
            help="Who is in the class: a CSV with ids, logins, emails or names, as your platform exports it; may have a"
            " column of extensions. A copy is kept in DIR and used by later runs.",
            metavar="CSV",
        ),
    ] = None,
    class_rules: Annotated[
        Path | None,
        typer.Option(
            "--class",
            help="The rules of the class: due date, late policy, extensions, overrides (`grader spec schema --class`)."
            " A copy is kept in DIR and used by later runs.",
            metavar="FILE",
        ),
    ] = None,
    regrade: Annotated[
        bool,
        typer.Option("--regrade", help="Regrade unchanged submissions too; with --select only those."),
    ] = False,
    jobs: Annotated[
        str,
        typer.Option(
            "-j",
            "--jobs",
            help="Submissions to grade at a time; auto: as many as the cores and the free memory allow.",
            metavar="N|auto",
        ),
    ] = "auto",
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            help="Grade on the workers of this Dask scheduler instead (-j is then not used); see docs/cluster.md.",
            metavar="tcp://HOST:PORT",
        ),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option(
            "--anyway",
            help="Grade a class even if most submissions have no function of the spec, or DIR was graded with another spec.",
        ),
    ] = False,
) -> None:
    """Grade a class. Each report is saved as soon as it is done; after a stop, run the same command again to continue.

    Exit code 0: all are graded, whatever their scores; 2: wrong usage or an
    unreadable file; 3: the grader's fault; 130: stopped.
    """
    with ClassProgress() as progress:
        try:
            result = grade_class(
                submissions,
                spec,
                out,
                quick=quick,
                full=full,
                seed=seed,
                device=device,
                data=data,
                isolation=isolation,
                select=select or [],
                rules=class_rules,
                regrade=regrade,
                anyway=anyway,
                jobs=_job_count(jobs),
                scheduler=scheduler,
                format=download_format,
                roster=roster,
                announce=_announce,
                progress=progress,
                working=progress.work_on,
            )
        except KeyboardInterrupt:
            if not progress.is_shown:
                raise
            progress.close()
            _say_stopped(progress, out)
            raise typer.Exit(EXIT_INTERRUPTED) from None
    _show_class(result, out)
    raise typer.Exit(EXIT_GRADER_FAULT if result.has_grader_faults else 0)


def _say_stopped(progress: ClassProgress, out: Path) -> None:
    kept = f" {out} has their reports and the gradebook so far." if progress.done else ""
    again = progress.to_be_timed_again
    rest = f", {again} of them to be timed again" if again else ""
    typer.echo(
        f"\nStopped after {progress.done} of {progress.total} submissions{rest}.{kept}"
        " Run the same command again to continue.",
        err=True,
    )


def _show_class(result: ClassResult, out: Path) -> None:
    """The class in short, what is nobody's, what changed, and where everything is."""
    from grader.batch import ReportStore
    from grader.batch.overview.statistics import class_statistics
    from grader.frontends.class_statistics import show_class_briefly
    from grader.frontends.terminal import make_console

    show_class_briefly(make_console(), class_statistics(result.results))
    if result.skipped:
        typer.echo(f"Skipped (not a submission): {', '.join(result.skipped)}")
    if result.earlier:
        typer.echo(f"Earlier attempts, not graded: {', '.join(result.earlier)}")
    if result.changes:
        number = formatting.count(len(result.changes), "score")
        typer.echo(f"{number} changed: {formatting.several(result.changes, 10)}")
    for words in (*result.applied_words, *result.remarks):
        typer.echo(formatting.sentence(words))
    store = ReportStore(out)
    typer.echo(f"Reports:   {store.reports_folder.resolve()}")
    typer.echo(f"Pages:     {store.feedback_folder.resolve()}")
    typer.echo(f"Class:     {store.class_page_path.resolve()}")
    typer.echo(f"Gradebook: {store.gradebook_path.resolve()}")
    typer.echo(f"More:      grader results {shlex.quote(str(out))}")
    if result.without_page:
        named = formatting.several(result.without_page)
        typer.echo(f"No page for {named}; this is the grader's fault. Their grades stand.", err=True)
