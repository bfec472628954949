"""The command line. Heavy imports wait until a command needs them: `grader --help` imports neither torch nor NumPy."""

from __future__ import annotations

import io
import json
import logging
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from grader import __version__, interruption
from grader.errors import DeviceError, GraderError, OutputError, SandboxError, SpecError

if TYPE_CHECKING:
    from grader.batch import ReportStore
    from grader.extract import Extracted
    from grader.judged import Settings
    from grader.report import Report
    from grader.sandbox.host import Sandbox
    from grader.spec import LoadedSpec
    from grader.submission import Submission

EXIT_FAILED, EXIT_USAGE, EXIT_GRADER_FAULT, EXIT_INTERRUPTED = 1, 2, 3, 130

app = typer.Typer(
    name="grader",
    help="Grade linear classifier assignments. The student's code never runs in the process that judges it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
spec_app = typer.Typer(name="spec", help="List, show and validate specs.", no_args_is_help=True)
app.add_typer(spec_app)


class DeviceChoice(StrEnum):
    """Where the student's code runs."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


class IsolationChoice(StrEnum):
    """The least isolation of the student's process that a class is graded with."""

    confined = "confined"
    partial = "partial"
    process = "process"


SubmissionArgument = Annotated[
    Path,
    typer.Argument(help="A notebook (.ipynb), a module (.py), a folder or a .zip.", metavar="SUBMISSION"),
]
SpecOption = Annotated[
    str | None,
    typer.Option(
        "--spec", help="A spec's name (see `grader spec list`) or a .toml file.", metavar="NAME|FILE"
    ),
]
JsonOption = Annotated[
    str | None, typer.Option("--json", help="Write the JSON there; - for standard output.", metavar="FILE|-")
]
DeviceOption = Annotated[DeviceChoice, typer.Option("--device", help="Where the student's code runs.")]
SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed", min=0, max=(1 << 63) - 1, help="Repeat a report's draws; without it they are drawn afresh."
    ),
]


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"grader {__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """The options that stand before a command."""


@app.command()
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
) -> None:
    """Grade one submission. Exit code 0: all passed; 1: some check did not; 2: unreadable; 3: the grader's fault."""
    with _sandbox() as sandbox:
        from grader import terminal
        from grader.grade import grade
        from grader.progress import check_progress
        from grader.submission import load_submission

        handed_in = load_submission(submission)
        loaded = _find_spec(spec, handed_in)
        settings = _settings(loaded, device, seed, only or [])
        with check_progress() as progress:
            report = grade(handed_in, loaded, sandbox, settings, progress)
    if json_path != "-":
        terminal.show_report(terminal.make_console(), report)
    if json_path is not None:  # after the score: a path that cannot be written does not cost the sight of it
        _write_json(json_path, report.to_json())
        if json_path != "-":
            typer.echo(f"Report: {json_path}")
    raise typer.Exit(_exit_code(report, only or []))


def _exit_code(report: Report, only: list[str]) -> int:
    if report.has_grader_faults:
        return EXIT_GRADER_FAULT
    asked_for = [each for each in report.checks if not only or each.id in only]
    return 0 if all(each.status == "passed" for each in asked_for) else EXIT_FAILED


@app.command()
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
    regrade: Annotated[
        bool, typer.Option("--regrade", help="Grade also what has not changed since its report.")
    ] = False,
) -> None:
    """Grade a class. Each report is on disk before the next submission begins; the same command goes on after a stop."""
    with _sandbox() as sandbox:
        from grader import terminal
        from grader.batch import ReportStore, find_hand_ins, grade_batch, left_out
        from grader.progress import batch_progress
        from grader.sandbox.isolation import IsolationLevel
        from grader.spec import load_spec

        loaded = load_spec(spec)
        if out.resolve() == submissions.resolve():
            raise OutputError(f"--out {out} is the folder of the class itself; give another one", path=out)
        hand_ins = find_hand_ins(submissions, besides=out)
        settings = _settings(loaded, device, seed, [])
        store = ReportStore(out)
        done = 0
        try:
            with batch_progress(len(hand_ins)) as progress:

                def count(outcome: Any, number: int, total: int) -> None:
                    nonlocal done
                    done = number
                    progress(outcome, number, total)

                result = grade_batch(
                    hand_ins,
                    loaded,
                    sandbox,
                    store,
                    settings,
                    regrade=regrade,
                    pinned_seed=seed,
                    least_isolation=IsolationLevel(isolation.value),
                    progress=count,
                )
        except KeyboardInterrupt:
            typer.echo(
                f"\nStopped after {done} of {len(hand_ins)} submissions. Their reports are in {store.reports_folder};"
                " the same command goes on from here.",
                err=True,
            )
            raise typer.Exit(EXIT_INTERRUPTED) from None
    reports = [outcome.report for outcome in result.outcomes]
    terminal.show_batch_summary(terminal.make_console(), reports, loaded.spec.title)
    _echo_places(store, left_out(submissions))
    raise typer.Exit(EXIT_GRADER_FAULT if result.has_grader_faults else 0)


def _echo_places(store: ReportStore, others: tuple[str, ...]) -> None:
    """What was passed over in the class's folder, and where everything is."""
    if others:
        typer.echo(f"Left out (no notebook, module, folder or archive): {', '.join(others)}")
    typer.echo(f"Reports:   {store.reports_folder.resolve()}")
    typer.echo(f"Gradebook: {store.gradebook_path.resolve()}")


@app.command()
def extract(submission: SubmissionArgument, spec: SpecOption = None, json_path: JsonOption = None) -> None:
    """Show what would be graded, where it stands, and what is left out and why. Nothing is run."""
    from grader import terminal
    from grader.extract import extract as extract_functions
    from grader.submission import load_submission

    handed_in = load_submission(submission)
    loaded = _find_spec(spec, handed_in)
    extracted = extract_functions(handed_in, list(loaded.spec.functions))
    if json_path is not None:
        _write_json(json_path, json.dumps(_extracted_as_json(extracted), indent=2) + "\n")
    if json_path != "-":
        terminal.show_extracted(terminal.make_console(), extracted, loaded.spec.functions)


@app.command()
def doctor() -> None:
    """Look at this machine: Python, torch, device, isolation, temporary folder, and what to do about each."""
    from grader import terminal
    from grader.doctor import examine

    console = terminal.make_console()
    findings = examine()
    for finding in findings:
        terminal.show_finding(console, finding.name, finding.seen, finding.advice, is_good=finding.is_good)
    raise typer.Exit(0 if all(finding.is_good for finding in findings if finding.is_needed) else EXIT_FAILED)


@spec_app.command("list")
def list_specs() -> None:
    """Name the specs that are shipped."""
    from grader import formatting
    from grader.spec import load_spec, shipped_specs

    for name in shipped_specs():
        loaded = load_spec(name)
        checks = formatting.count(len(loaded.spec.checks), "check")
        typer.echo(f"{name}  {loaded.spec.title} ({checks})")


@spec_app.command("show")
def show_spec(spec: Annotated[str, typer.Argument(metavar="NAME|FILE")]) -> None:
    """Show a spec's functions and checks with their points."""
    from grader import terminal
    from grader.spec import load_spec

    terminal.show_spec(terminal.make_console(), load_spec(spec).spec)


@spec_app.command("validate")
def validate_spec(files: Annotated[list[str], typer.Argument(metavar="NAME|FILE...")]) -> None:
    """Check specs: file, field, what was expected and what was seen."""
    from grader import formatting
    from grader.spec import load_spec

    faults = []
    for name in files:
        try:
            loaded = load_spec(name)
        except SpecError as error:
            faults.append(str(error))
            continue
        checks = formatting.count(len(loaded.spec.checks), "check")
        points = formatting.points(loaded.spec.max_score)
        typer.echo(f"{loaded.path}: valid, {checks}, {points} points")
    if faults:
        raise SpecError("\n".join(faults))


@spec_app.command("schema")
def print_schema(
    report: Annotated[
        bool, typer.Option("--report", help="The schema of a report instead of a spec.")
    ] = False,
) -> None:
    """Print the JSON Schema of specs, or of reports."""
    from grader.report import report_schema
    from grader.spec import spec_schema

    typer.echo(json.dumps(report_schema() if report else spec_schema(), indent=2))


@contextmanager
def _sandbox() -> Iterator[Sandbox]:
    """A sandbox that began to import torch before anything else of ours was imported."""
    from grader.sandbox.launch import make_launcher

    launcher = make_launcher()
    try:
        from grader.sandbox.host import Sandbox
    except BaseException:
        launcher.close()
        raise
    with Sandbox(launcher) as sandbox:
        yield sandbox


def _find_spec(name: str | None, submission: Submission) -> LoadedSpec:
    from grader.guess import guess_spec
    from grader.spec import load_spec

    return load_spec(name) if name is not None else guess_spec(submission)


def _settings(loaded: LoadedSpec, device: DeviceChoice, seed: int | None, only: list[str]) -> Settings:
    from grader.judged import Settings

    if device is DeviceChoice.cuda:
        raise DeviceError(
            "--device cuda: this version grades on the CPU only; leave it out, or say --device cpu"
        )
    known = [each.id for each in loaded.spec.checks]
    for name in only:
        if name not in known:
            raise SpecError(f"--only {name}: {loaded.spec.name} has no such check; it has {', '.join(known)}")
    drawn = seed if seed is not None else loaded.spec.seed
    return Settings(
        seed=secrets.randbits(48) if drawn is None else drawn,
        only=frozenset(only) if only else None,
        device="cpu",
    )


def _write_json(place: str, text: str) -> None:
    if place == "-":
        typer.echo(text.encode(), nl=False)  # UTF-8, whatever the terminal's encoding is
        return
    from grader.batch.store import write_atomically

    write_atomically(Path(place), text)


def _extracted_as_json(extracted: Extracted) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "functions": {name: asdict(function) for name, function in extracted.functions.items()},
        "missing": dict(extracted.missing),
        "chunks": [asdict(chunk) for chunk in extracted.chunks],
        "left_out": [asdict(left) for left in extracted.left_out],
        "duplicates": [asdict(duplicate) for duplicate in extracted.duplicates],
        "stand_ins": list(extracted.stand_ins),
        "notes": list(extracted.notes),
    }


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(f"grader: {message}", err=True)
    sys.exit(code)


def main() -> None:
    """Run the command line; every foreseen fault is one clear sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot write is no fault
    logging.basicConfig(format="grader: %(message)s", stream=sys.stderr)
    interruption.catch()
    try:
        app(prog_name="grader")
    except SandboxError as error:
        _stop(f"{error} (`grader doctor` looks at this machine)", EXIT_GRADER_FAULT)
    except GraderError as error:
        _stop(str(error), EXIT_USAGE)
    except OSError as error:
        _stop(f"the output could not be written: {error.strerror or error}", EXIT_USAGE)
    except Exception:
        logging.getLogger("grader").exception("this is a fault of the grader, not of the submission")
        sys.exit(EXIT_GRADER_FAULT)


if __name__ == "__main__":
    main()
