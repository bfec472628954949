"""`grader spec ...`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from grader.errors import SpecError

app = typer.Typer(name="spec", help="List, show and validate specs.", no_args_is_help=True)


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
    from grader import terminal
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
    from grader.report import report_schema
    from grader.spec import spec_schema

    typer.echo(json.dumps(report_schema() if report else spec_schema(), indent=2))
