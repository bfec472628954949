"""`grader spec ...`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from grader.api import selftest_spec
from grader.errors import SpecError
from grader.frontends.commands.options import EXIT_FAILED, EXIT_GRADER_FAULT, SeedOption
from grader.frontends.progress import LateProgress, selftest_progress

app = typer.Typer(name="spec", help="List, show, validate and test specs.", no_args_is_help=True)


@app.command("list")
def list_specs() -> None:
    """List the shipped specs."""
    from grader import formatting
    from grader.spec import load_spec, shipped_specs

    for name in shipped_specs():
        loaded = load_spec(name)
        checks = formatting.count(len(loaded.spec.checks), "check")
        typer.echo(f"{name}  {loaded.spec.title} ({checks})")


@app.command("show")
def show_spec(spec: Annotated[str, typer.Argument(metavar="NAME|FILE")]) -> None:
    """Show a spec's functions and checks with their points."""
    from grader.frontends import terminal
    from grader.spec import load_spec

    terminal.show_spec(terminal.make_console(), load_spec(spec).spec)


@app.command("validate")
def validate_spec(files: Annotated[list[str], typer.Argument(metavar="NAME|FILE...")]) -> None:
    """Validate specs: each fault with its file and field, the value expected and the value found."""
    from grader import formatting
    from grader.spec import load_spec

    errors: list[SpecError] = []
    for name in files:
        try:
            loaded = load_spec(name)
        except SpecError as error:
            errors.append(error)
            continue
        checks = formatting.count(len(loaded.spec.checks), "check")
        points = formatting.points(loaded.spec.max_score)
        typer.echo(f"{loaded.path}: valid, {checks}, {points} points")
    if errors:
        faults = tuple(fault for error in errors for fault in error.faults)
        raise SpecError("\n".join(map(str, errors)), faults=faults)


@app.command("schema")
def print_schema(
    report: Annotated[
        bool, typer.Option("--report", help="The schema of a report instead of a spec.")
    ] = False,
) -> None:
    """Print the JSON Schema of specs, or of reports."""
    from grader.model.report import report_schema
    from grader.spec import spec_schema

    typer.echo(json.dumps(report_schema() if report else spec_schema(), indent=2))


@app.command("selftest")
def selftest(
    spec: Annotated[str, typer.Argument(metavar="NAME|FILE")],
    seed: SeedOption = None,
    mutants: Annotated[
        bool, typer.Option("--mutants/--no-mutants", help="Grade mutants of the solution too.")
    ] = True,
) -> None:
    """Grade implementations that are known to be right or wrong: which wrong ones pass, which right ones lose points?

    Exit code 0: none; 1: some; 3: the grader's fault.
    """
    with LateProgress(selftest_progress) as progress:
        result = selftest_spec(spec, seed=seed, mutants=mutants, progress=progress)
    from grader.frontends import terminal
    from grader.frontends.selftest_result import show_result
    from grader.spec import load_spec

    show_result(terminal.make_console(), load_spec(spec).spec, result)
    if result.grader_faults:
        raise typer.Exit(EXIT_GRADER_FAULT)
    raise typer.Exit(0 if result.is_clean else EXIT_FAILED)
