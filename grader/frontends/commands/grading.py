"""`grader check` and `grader batch`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.errors import OutputError
from grader.frontends.commands import common
from grader.frontends.commands.options import (
    EXIT_FAILED,
    EXIT_GRADER_FAULT,
    EXIT_INTERRUPTED,
    DataOption,
    DeviceChoice,
    DeviceOption,
    IsolationChoice,
    JsonOption,
    SeedOption,
    SpecOption,
    SubmissionArgument,
)

if TYPE_CHECKING:
    from grader.batch import ReportStore
    from grader.batch.run import Outcome, Progress
    from grader.model.report import Report


def check(
    submission: SubmissionArgument,
    spec: SpecOption = None,
    json_path: JsonOption = None,
    device: DeviceOption = DeviceChoice.auto,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Run this check alone; may be repeated.", metavar="CHECK"),
    ] = None,
    seed: SeedOption = None,
    data: DataOption = None,
) -> None:
    """Grade one submission. Exit code 0: all passed; 1: some check did not; 2: unreadable; 3: the grader's fault."""
    with common.sandbox() as sandbox:
        from grader.frontends import terminal
        from grader.frontends.progress import check_progress
        from grader.grading.grade import grade
        from grader.intake.submission import load_submission

        handed_in = load_submission(submission)
        loaded = common.find_spec(spec, handed_in)
        settings = common.settings(loaded, sandbox, device, seed, only or [], data)
        with check_progress() as progress:
            report = grade(handed_in, loaded, sandbox, settings, progress)
    if json_path != "-":
        terminal.show_report(terminal.make_console(), report)
    if json_path is not None:  # after the score: a path that cannot be written does not cost the sight of it
        common.write_json(json_path, report.to_json())
        if json_path != "-":
            typer.echo(f"Report: {json_path}")
    raise typer.Exit(_exit_code(report, only or []))


def _exit_code(report: Report, only: list[str]) -> int:
    if report.has_grader_faults:
        return EXIT_GRADER_FAULT
    asked_for = [each for each in report.checks if not only or each.id in only]
    return 0 if all(each.status == "passed" for each in asked_for) else EXIT_FAILED


def batch(
    submissions: Annotated[
        Path,
        typer.Argument(help="A folder, or a .zip, with one entry for each submission.", metavar="FOLDER|ZIP"),
    ],
    spec: Annotated[str, typer.Option("--spec", help="A spec's name or a .toml file.", metavar="NAME|FILE")],
    out: Annotated[
        Path, typer.Option("--out", help="Folder for reports/ID.json and gradebook.csv.", metavar="DIR")
    ],
    device: DeviceOption = DeviceChoice.auto,
    isolation: Annotated[
        IsolationChoice,
        typer.Option(
            "--isolation",
            help="The least isolation to grade with; `grader doctor` tells what this machine has.",
        ),
    ] = IsolationChoice.confined,
    seed: SeedOption = None,
    data: DataOption = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            "--select",
            help="Grade only those that fit this pattern; may be given several times.",
            metavar="PATTERN",
        ),
    ] = None,
    regrade: Annotated[
        bool, typer.Option("--regrade", help="Grade also what has not changed since its report.")
    ] = False,
) -> None:
    """Grade a class. Each report is on disk before the next submission begins; the same command goes on after a stop."""
    with common.sandbox() as sandbox:
        from grader.batch import ReportStore, find_entries, grade_batch, left_out, selected
        from grader.frontends import terminal
        from grader.frontends.progress import batch_progress
        from grader.sandbox.isolation import IsolationLevel
        from grader.spec import load_spec

        loaded = load_spec(spec)
        if out.resolve() == submissions.resolve():
            raise OutputError(f"--out {out} is the folder of the class itself; give another one", path=out)
        whole_class = find_entries(submissions, besides=out)
        hand_ins = selected(whole_class, select or [])
        settings = common.settings(loaded, sandbox, device, seed, [], data, isolation)
        store = ReportStore(out)
        done = _Done()
        try:
            with batch_progress(len(hand_ins)) as done.progress:
                result = grade_batch(
                    hand_ins,
                    loaded,
                    sandbox,
                    store,
                    settings,
                    regrade=regrade,
                    pinned_seed=seed,
                    least_isolation=IsolationLevel(isolation.value),
                    progress=done,
                    whole_class=whole_class,
                )
        except KeyboardInterrupt:
            _echo_stop(done.count, len(hand_ins), store)
            raise typer.Exit(EXIT_INTERRUPTED) from None
    reports = [outcome.report for outcome in result.outcomes]
    terminal.show_batch_summary(terminal.make_console(), reports, loaded.spec.title)
    _echo_places(store, left_out(submissions))
    raise typer.Exit(EXIT_GRADER_FAULT if result.has_grader_faults else 0)


class _Done:
    """Passes progress on, and keeps how many submissions are done."""

    def __init__(self) -> None:
        self.progress: Progress = lambda *_: None
        self.count = 0

    def __call__(self, outcome: Outcome, number: int, total: int) -> None:
        self.count = number
        self.progress(outcome, number, total)


def _echo_stop(done: int, total: int, store: ReportStore) -> None:
    typer.echo(
        f"\nStopped after {done} of {total} submissions. Their reports are in {store.reports_folder};"
        " the same command goes on from here.",
        err=True,
    )


def _echo_places(store: ReportStore, others: tuple[str, ...]) -> None:
    """What was passed over in the class's folder, and where everything is."""
    if others:
        typer.echo(f"Left out (no notebook, module, folder or archive): {', '.join(others)}")
    typer.echo(f"Reports:   {store.reports_folder.resolve()}")
    typer.echo(f"Gradebook: {store.gradebook_path.resolve()}")
