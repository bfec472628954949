"""Arguments and options that commands share, their exit codes, and the file that --json names."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from grader.api import DeviceName
from grader.errors import OutputError

EXIT_FAILED, EXIT_USAGE, EXIT_GRADER_FAULT, EXIT_INTERRUPTED = 1, 2, 3, 130


class Command(TyperCommand):
    """A command whose help gives flags no type and arguments no braces."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _without_flag_types(super().get_params(ctx))

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [re.sub("[{}]", "", piece) for piece in super().collect_usage_pieces(ctx)]


class Group(TyperGroup):
    """A group of commands with the same help."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _without_flag_types(super().get_params(ctx))


def _without_flag_types(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return parameters


def submission_path(text: str) -> Path:
    """The path on the command line; "" is not the current folder."""
    if not text:
        raise typer.BadParameter("give the path of a notebook, module, folder or .zip")
    return Path(text)


def output_folder(text: str) -> Path:
    """The folder on the command line; "", from a variable that is not set, is not the current folder."""
    if not text:
        raise typer.BadParameter("give the path of a folder")
    return Path(text)


def _seed(text: str | int) -> int:
    try:
        seed = int(text)
    except ValueError:
        seed = -1
    if not 0 <= seed < 1 << 63:
        raise typer.BadParameter(f"expected a whole number from 0 to 2**63 - 1, found {text!r}")
    return seed


SubmissionArgument = Annotated[
    Path,
    typer.Argument(
        help="A notebook (.ipynb), a module (.py), a folder or a .zip.",
        metavar="SUBMISSION",
        parser=submission_path,
    ),
]

SpecOption = Annotated[
    str | None,
    typer.Option(
        "--spec",
        help="A spec's name (see `grader spec list`), a .toml file, or a folder with spec.toml.",
        metavar="NAME|FILE|FOLDER",
    ),
]

JsonOption = Annotated[
    str | None,
    typer.Option("--json", help="Write the report as JSON; - for standard output.", metavar="FILE|-"),
]

HtmlOption = Annotated[
    str | None,
    typer.Option(
        "--html",
        help="Write the student's page: the results beside the code, in one HTML file.",
        metavar="FILE",
    ),
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
    bool,
    typer.Option("--quick", help="Leave out the checks that time or train; they are ignored in the score."),
]

FullOption = Annotated[
    bool,
    typer.Option("--full", help="Train to the end, even once the accuracy is clear of the bars."),
]

SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed", help="Random seed; a new one for every run if left out.", metavar="INT", parser=_seed
    ),
]


_READ_SUFFIXES = frozenset({".ipynb", ".py", ".zip", ".toml", ".pt", ".pth"})
"""Of submissions and specs. A report in the place of one would be somebody's lost work."""


def require_writable(place: str | None, option: str = "--json", written: str = "a report") -> None:
    """OutputError, before the work is done, if an option names a file that cannot be written. No folder is made."""
    if place is None or (place == "-" and option == "--json"):
        return
    path = Path(place)
    if path.suffix.lower() in _READ_SUFFIXES:
        suffix = f".{option.removeprefix('--')}"
        raise OutputError.at(
            path, f"{option} writes {written}, and would replace this file; give a {suffix} file"
        )
    try:
        if path.is_dir():
            raise OutputError.at(path, "is a folder; give the path of a file")
        if not path.parent.is_dir():
            raise OutputError.at(path, f"cannot be written: there is no folder {path.parent}; make it first")
        if path.is_file() or not path.exists():  # a device or a pipe is written to, others are replaced
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise OutputError.at(path, f"cannot be written: {error.strerror or error}") from error


def write_json(place: str, text: str) -> None:
    """Write to a file, or to standard output if the place is "-". OutputError if it cannot be written."""
    if place == "-":
        typer.echo(text.encode(), nl=False)  # UTF-8 in any terminal
        return
    from grader.output_files import write_to

    write_to(Path(place), text)
