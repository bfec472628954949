"""The command line. Heavy imports wait until a command needs them: `grader --help` imports neither torch nor NumPy."""

from __future__ import annotations

import gc
import io
import logging
import os
import sys
import warnings
from typing import TYPE_CHECKING, Annotated, NoReturn, TextIO

import typer

from grader import __version__
from grader.errors import GraderError, SandboxError
from grader.frontends.commands import grading, looking, specs
from grader.frontends.commands.options import EXIT_GRADER_FAULT, EXIT_USAGE, Command, Group
from grader.sandbox import interruption

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

app = typer.Typer(
    name="grader",
    cls=Group,
    help="Grade linear classifier assignments. The student's code never runs in the process that judges it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (grading.check, grading.batch, looking.extract, looking.doctor):
    app.command(cls=Command)(command)
app.add_typer(specs.app)


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
    """The options before a command."""


class _Output(io.FileIO):
    """Standard output whose reader may leave early, as `head` does. Any other failure is raised once."""

    is_lost = False

    def write(self, content: ReadableBuffer) -> int:
        if not self.is_lost:
            try:
                return super().write(content)
            except OSError as error:
                self.is_lost = True
                if not isinstance(error, BrokenPipeError):
                    raise
        return memoryview(content).nbytes


def _patient(stream: TextIO) -> TextIO:
    raw = _Output(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, line_buffering=stream.isatty())


def _hold_standard_streams() -> None:
    """Open the null device for each standard stream that is closed, or a pipe of ours would get its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # as Python leaves it
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, "w")))


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(f"grader: {message}", err=True)
    sys.exit(code)


def main() -> None:
    """Run the command line; every foreseen fault is one clear sentence and an exit code."""
    _hold_standard_streams()
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout = _patient(sys.stdout)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names that the terminal cannot write
    if not sys.warnoptions:
        warnings.simplefilter(
            "ignore"
        )  # libraries' remarks on a student's numbers are nothing for the instructor
    logging.basicConfig(format="grader: %(message)s", stream=sys.stderr)
    interruption.catch()
    # What is imported stays: at the default of 700 objects, looking for garbage takes a tenth of a short run.
    gc.set_threshold(50_000)
    # NumPy reads this once. A second thread of ours would spin on the core of a timed worker.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
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
