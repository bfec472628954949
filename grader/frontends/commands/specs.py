"""`grader spec ...`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from grader.errors import SpecError
from grader.frontends.commands.options import EXIT_FAILED, EXIT_GRADER_FAULT, DeviceChoice, SeedOption

GREATEST_SANDBOXES = 8
"""Of a selftest; each grades on a core of its own."""

app = typer.Typer(name="spec", help="List, show, validate and try specs.", no_args_is_help=True)


@app.command("list")
def list_specs() -> None:
    """Name the specs that are shipped."""
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
    import os
    from contextlib import ExitStack

    from grader.frontends.commands import common

    with ExitStack() as stack:
        sandboxes = [stack.enter_context(common.sandbox())]
        from grader.frontends import terminal
        from grader.frontends.progress import selftest_progress
        from grader.frontends.selftest_result import show_result
        from grader.selftest import implementations_for, make_mutants, run_selftest
        from grader.spec import load_spec

        loaded = load_spec(spec)
        settings = common.settings(loaded, sandboxes[0], DeviceChoice.cpu, seed, [])
        known = implementations_for(loaded.spec)
        if mutants and any(each.family is None for each in known):
            known += make_mutants()
        more = min(os.cpu_count() or 1, GREATEST_SANDBOXES) - 1
        sandboxes += [stack.enter_context(common.sandbox()) for _ in range(more)]
        with selftest_progress() as progress:
            result = run_selftest(known, loaded, sandboxes, settings.seed, progress)
    show_result(terminal.make_console(), loaded.spec, result)
    if result.grader_faults:
        raise typer.Exit(EXIT_GRADER_FAULT)
    raise typer.Exit(0 if result.is_clean else EXIT_FAILED)
