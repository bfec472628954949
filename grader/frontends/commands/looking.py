"""`grader extract` and `grader doctor`: neither runs a student's code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from grader.api import load_spec_for
from grader.frontends.commands.options import (
    EXIT_FAILED,
    DataOption,
    SpecOption,
    SubmissionArgument,
    require_writable,
    write_json,
)

if TYPE_CHECKING:
    from grader.extract import Extracted


def extract(
    submission: SubmissionArgument,
    spec: SpecOption = None,
    json_path: Annotated[
        str | None,
        typer.Option(
            "--json", help="Write this extraction as JSON; - for standard output.", metavar="FILE|-"
        ),
    ] = None,
) -> None:
    """Show which code would be graded, and which is left out and why. Nothing is run."""
    require_writable(json_path)
    from grader.extract import extract as extract_functions
    from grader.frontends import terminal
    from grader.intake.submission import load_submission

    loaded_submission = load_submission(submission)
    loaded = load_spec_for(loaded_submission, spec)
    extracted = extract_functions(loaded_submission, list(loaded.spec.functions))
    if json_path is not None:
        write_json(json_path, json.dumps(_extracted_as_json(extracted), indent=2) + "\n")
    if json_path != "-":
        terminal.show_extracted(terminal.make_console(), extracted, loaded.spec.functions)


def _extracted_as_json(extracted: Extracted) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "functions": {name: asdict(function) for name, function in extracted.functions.items()},
        "missing": dict(extracted.missing),
        "chunks": [asdict(chunk) for chunk in extracted.chunks],
        "left_out": [asdict(left) for left in extracted.left_out],
        "duplicates": [asdict(duplicate) for duplicate in extracted.duplicates],
        "stubs": list(extracted.stubs),
        "notes": list(extracted.notes),
    }


def doctor(data: DataOption = None) -> None:
    """Check this machine: Python, torch, memory, device, isolation, temporary folder, data; and how to fix problems.

    Exit code 0: it can grade; 1: it cannot.
    """
    from grader.frontends import terminal
    from grader.frontends.doctor import examine

    console = terminal.make_console()
    findings = examine(data)
    for finding in findings:
        terminal.show_finding(console, finding.name, finding.seen, finding.advice, is_good=finding.is_good)
    raise typer.Exit(0 if all(finding.is_good for finding in findings if finding.is_needed) else EXIT_FAILED)
