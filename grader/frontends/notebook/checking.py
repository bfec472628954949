"""`grader.check`, and one kernel's checks: the cells as executed so far, asked of one warm judge."""

from __future__ import annotations

import atexit
import operator
import os
import sys
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, SupportsIndex

from grader.errors import GraderError, NotebookError
from grader.frontends.notebook.kernel import Kernel
from grader.frontends.notebook.link import LEAVING_SECONDS, Link, Progress
from grader.frontends.notebook.request import Request
from grader.frontends.notebook.result import Result

STOPPED = "Stopped: this check does not count, and nothing is still running. Check again whenever you like."

_ATTRIBUTE = "_linear_classifier_grader"
"""Of IPython's shell: one kernel has one judge, however it is asked."""


class Stopped(KeyboardInterrupt):
    """A check that was interrupted; the cell ends there."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in the place of a traceback."""
        return [STOPPED]


class Refused(NotebookError):
    """Why a check could not be made, shown as a sentence."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in the place of a traceback."""
        return [f"grader: {self}"]


@dataclass(eq=False)
class Checker:
    """Makes the checks of one kernel."""

    kernel: Kernel
    link: Link = field(default_factory=Link)

    def check(
        self,
        functions: tuple[str, ...],
        frame: FrameType | None,
        *,
        spec: str | None,
        is_full: bool,
        data: str | None,
        seed: int | None,
        progress: Progress | None = None,
    ) -> Result:
        """The result. Refused with a sentence, or Stopped by an interrupt."""
        if data is None:
            data = os.environ.get("GRADER_DATA") or None
        if os.name != "posix":
            raise Refused(
                "on Windows, notebooks cannot be checked from inside; save it and run `grader check FILE`"
            )
        try:
            request = Request(self.kernel.snapshot(frame), functions, spec, is_full, data, seed)
            answer = self.link.ask(request, progress)
        except KeyboardInterrupt:
            raise Stopped from None
        except FileNotFoundError:
            raise Refused("the kernel's working folder no longer exists; restart the kernel") from None
        except GraderError as error:
            raise Refused(str(error)) from None
        return Result(answer["text"], answer["html"], answer["report"])


def checker_of(shell: Any) -> Checker:
    """The shell's, made at its first use."""
    checker: Checker | None = vars(shell).get(_ATTRIBUTE)
    if checker is None:
        checker = Checker(Kernel(shell))
        checker.kernel.watch()
        atexit.register(checker.link.close, LEAVING_SECONDS)
        vars(shell)[_ATTRIBUTE] = checker
    return checker


def forget(shell: Any) -> None:
    """End the shell's checker and all its processes."""
    checker: Checker | None = vars(shell).pop(_ATTRIBUTE, None)
    if checker is not None:
        checker.kernel.unwatch()
        checker.link.close(LEAVING_SECONDS)
        atexit.unregister(checker.link.close)


def check(
    *functions: str,
    spec: str | os.PathLike[str] | None = None,
    full: bool = False,
    data: str | os.PathLike[str] | None = None,
    seed: SupportsIndex | None = None,
) -> Result:
    """Check functions of this notebook, as executed so far; all that are defined if none is named.

    Your code is not run in this kernel but in processes of its own. The result is shown if the call is the last line of a cell.

    Args:
        functions: their names.
        spec: the assignment: a name, a .toml file or a folder with one; None to detect it from the functions.
        full: run the checks that time or train as well, which take a while.
        data: CIFAR-10 as a folder or .tar.gz; None for the synthetic stand-in.
        seed: random seed of all inputs; None for a new one.

    Raises:
        NotebookError: there is no notebook, or its cells cannot be checked; the message says what to do.

    """
    for name in functions:
        if not isinstance(name, str):
            raise Refused(f"give the names of functions as strings, not {type(name).__name__}")
    for option, value in (("spec", spec), ("data", data)):
        if not isinstance(value, str | os.PathLike | None):
            raise Refused(f"{option} must be a string or a path, not {type(value).__name__}")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, SupportsIndex)):
        raise Refused(f"seed must be an integer of at least 0 and below 2**63, not {seed!r}")
    shell = shell_here()
    if shell is None:
        raise NotebookError(
            "grader.check grades the cells of a notebook, but this is not a notebook; to grade a file, call"
            " grader.api.grade_path(FILE), or run `grader check FILE` in a terminal"
        )
    return checker_of(shell).check(
        functions,
        sys._getframe(1),  # noqa: SLF001  the cell that calls
        spec=None if spec is None else os.fspath(spec),
        is_full=full,
        data=None if data is None else os.fspath(data),
        seed=None if seed is None else operator.index(seed),  # NumPy's integers too
    )


def shell_here() -> Any | None:
    """IPython's shell, if this process has one."""
    ipython = sys.modules.get("IPython")
    return None if ipython is None else ipython.get_ipython()
