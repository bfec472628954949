"""Arguments and options that commands share, their exit codes, and the file that --json names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.api import DeviceName

EXIT_FAILED, EXIT_USAGE, EXIT_GRADER_FAULT, EXIT_INTERRUPTED = 1, 2, 3, 130


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
    str | None,
    typer.Option("--json", help="Write the report as JSON; - for standard output.", metavar="FILE|-"),
]

DeviceOption = Annotated[
    DeviceName,
    typer.Option("--device", help="Where the student's code runs; auto: on an NVIDIA GPU if there is one."),
]

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="GRADER_DATA",
        help="CIFAR-10 as a folder or .tar.gz, python or binary version; if left out, a synthetic stand-in.",
        metavar="PATH",
    ),
]

QuickOption = Annotated[
    bool, typer.Option("--quick", help="Leave out the checks that time or train; the score is without them.")
]

SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed", min=0, max=(1 << 63) - 1, help="Random seed; a new one for every run if left out."
    ),
]


def write_json(place: str, text: str) -> None:
    """Write to a file, or to standard output if the place is "-". OutputError if it cannot be written."""
    if place == "-":
        typer.echo(text.encode(), nl=False)  # UTF-8 in any terminal
        return
    from grader.batch.store import write_atomically

    write_atomically(Path(place), text)
