"""`grader spec ...`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from grader.api import selftest_spec
from grader.errors import SpecError, UsageError
from grader.frontends.commands.options import EXIT_FAILED, EXIT_GRADER_FAULT, Command, Group, SeedOption
from grader.frontends.progress import LateProgress, selftest_progress

app = typer.Typer(
    name="spec", cls=Group, help="List, show, validate, test and start specs.", no_args_is_help=True
)

_WHICH = "A spec's name (see `grader spec list`), a .toml file, or a folder with spec.toml."
SpecArgument = Annotated[str, typer.Argument(help=_WHICH, metavar="NAME|FILE|FOLDER")]


@app.command("list", cls=Command)
def list_specs() -> None:
    """List the shipped specs."""
    from grader.frontends import terminal
    from grader.spec import load_spec, shipped_specs

    terminal.show_specs(terminal.make_console(), [load_spec(name).spec for name in shipped_specs()])


@app.command("show", cls=Command)
def show_spec(spec: SpecArgument) -> None:
    """Show a spec's functions and checks with their points."""
    from grader.frontends import terminal
    from grader.spec import load_spec

    terminal.show_spec(terminal.make_console(), load_spec(spec).spec)


@app.command("validate", cls=Command)
def validate_spec(
    files: Annotated[list[str], typer.Argument(help=_WHICH, metavar="NAME|FILE|FOLDER")],
) -> None:
    """Check specs and report every error with its file, field, expected and actual value."""
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


@app.command("new", cls=Command)
def new_spec(
    folder: Annotated[
        Path, typer.Argument(help="The folder to write; its name is the spec's.", metavar="NAME")
    ],
) -> None:
    """Write a spec folder to start from: a small assignment that already works."""
    from grader.spec.starting import write_new_spec

    for place in write_new_spec(folder):
        typer.echo(str(place))
    typer.echo(
        f"\nNext: grader spec selftest {folder}\nThen change it, a little at a time (docs/own-assignment.md)."
    )


@app.command("schema", cls=Command)
def print_schema(
    report: Annotated[
        bool, typer.Option("--report", help="The schema of a report instead of a spec.")
    ] = False,
    class_rules: Annotated[
        bool, typer.Option("--class", help="The schema of class.toml, the rules of a class.")
    ] = False,
    push: Annotated[
        bool, typer.Option("--push", help="The schema of the settings of `grader push`.")
    ] = False,
) -> None:
    """Print the JSON Schema of specs, of reports, of class.toml, or of the settings of a push."""
    from grader.batch.rules.class_rules import rules_schema
    from grader.model.report import report_schema
    from grader.push.config import push_schema
    from grader.spec import spec_schema

    if report + class_rules + push > 1:
        raise UsageError("give one of --report, --class and --push")
    schema = (
        report_schema()
        if report
        else rules_schema()
        if class_rules
        else push_schema()
        if push
        else spec_schema()
    )
    typer.echo(json.dumps(schema, indent=2))


@app.command("selftest", cls=Command)
def selftest(
    spec: SpecArgument,
    seed: SeedOption = None,
    mutants: Annotated[
        bool, typer.Option("--mutants/--no-mutants", help="Also grade mutants of a correct solution.")
    ] = True,
) -> None:
    """Grade implementations known to be right or wrong, and report wrong ones that pass and right ones that lose points.

    Exit code 0: no false pass or fail; 1: at least one; 3: the grader's fault.
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
