"""The commands together, and how a fault of one becomes a sentence and an exit code.

Heavy imports wait until a command needs them: `grader --help` imports neither torch nor NumPy.
"""

from __future__ import annotations

import logging
import sys
from typing import Annotated, NoReturn

import typer

from grader import __version__, formatting
from grader.errors import ClusterError, GraderError, PlatformError, SandboxError
from grader.frontends.commands import (
    exporting,
    grading,
    looking,
    overriding,
    packaging,
    pushing,
    results,
    similarity,
    specs,
)
from grader.frontends.commands.options import EXIT_GRADER_FAULT, EXIT_USAGE, Command, Group
from grader.sandbox import interruption

app = typer.Typer(
    name="grader",
    cls=Group,
    help="Grade linear classifier assignments. Student code never runs in the process that judges it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for command in (
    grading.check,
    grading.batch,
    results.results,
    overriding.override,
    similarity.similar,
    exporting.export,
    packaging.package,
    looking.extract,
    looking.doctor,
):
    app.command(cls=Command)(command)
app.add_typer(pushing.app)
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


def _stop(message: str, code: int) -> NoReturn:
    typer.echo(f"grader: {message}", err=True)
    sys.exit(code)


def run() -> NoReturn:
    """Run the command that the command line names, and exit; every foreseen fault is one clear sentence."""
    logging.basicConfig(format="grader: %(message)s", stream=sys.stderr)
    try:
        app(prog_name="grader")
    except SandboxError as error:
        _stop(f"{error} (`grader doctor` looks at this machine)", EXIT_GRADER_FAULT)
    except (ClusterError, PlatformError) as error:
        _stop(str(error), EXIT_GRADER_FAULT)
    except GraderError as error:
        _stop(str(error), EXIT_USAGE)
    except OSError as error:
        words = error.strerror or str(error)
        if error.filename is None:
            _stop(f"the output could not be written: {words}", EXIT_USAGE)
        _stop(f"{formatting.printable(str(error.filename))}: cannot be used: {words}", EXIT_USAGE)
    except Exception:
        interruption.check()  # pydantic and others wrap a Ctrl-C in an error of their own
        logging.getLogger("grader").exception("this is a fault of the grader, not of the submission")
        sys.exit(EXIT_GRADER_FAULT)
    sys.exit(0)
