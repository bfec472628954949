"""Which checks are run for what was asked, and why nothing can be."""

from __future__ import annotations

import re
from collections.abc import Sequence

from grader import formatting
from grader.errors import UsageError
from grader.extract.missing import is_plain
from grader.frontends.notebook.executed import Broken, Executed
from grader.frontends.notebook.request import Request
from grader.intake.submission import SourceFile
from grader.model.report import Report
from grader.spec import LoadedSpec

_OF_CODE = re.compile(r"^\s*(?:def|class|import|from|async def)\s", re.MULTILINE)
_NOT_PYTHON = re.compile(r"\s*(?:[%!#]|import grader\b|$)")


def reason_empty(done: Executed, files: Sequence[SourceFile]) -> str:
    """Why there is nothing at all to check, and what to do; empty if there is something."""
    if not all(_NOT_PYTHON.match(line) for text in _texts(done, files) for line in text.split("\n")):
        return ""
    if (broken := _last_broken(done)) is not None:
        return f"{broken}; correct it, run the cell again, then check again"
    return "nothing has been executed in this notebook yet; run the cells that define your functions, then check again"


def is_said(names: Sequence[str], done: Executed, files: Sequence[SourceFile]) -> bool:
    """Whether one of the names that were asked for is anywhere in the code; True if none was asked for."""
    words = [re.compile(rf"\b{re.escape(name)}\b") for name in names]
    return not words or any(word.search(text) for text in _texts(done, files) for word in words)


def is_nothing_there(names: Sequence[str], report: Report) -> bool:
    """Whether none of the functions that were asked for is there, and there is no more to say of it than that."""
    parts = [report.functions[name] for name in names]
    return bool(parts) and all(
        part.status == "missing" and part.where is None and all(map(is_plain, part.notes)) for part in parts
    )


def why_undefined(names: Sequence[str], done: Executed) -> str:
    """Why none of the functions that were asked for can be checked, and what to do."""
    subject = f"{formatting.listing(names)} {'is' if len(names) == 1 else 'are'} not defined yet"
    broken = next((each for each in reversed(done.broken) if any(map(each.defines, names))), None)
    if broken is not None:
        return f"{subject}: {broken}; correct it, run the cell again, then check again"
    it = "it" if len(names) == 1 else "them"
    return f"{subject}; run the cell that defines {it}, then check again"


def hint_broken(done: Executed) -> str:
    """Where code that might be the assignment's was not run; empty if that is nowhere."""
    broken = _last_broken(done)
    return (
        "" if broken is None else f". {broken}: what was not run does not count; correct it and run it again"
    )


def _last_broken(done: Executed) -> Broken | None:
    """The last execution of which Python did not run some code that may be the assignment's."""
    return next((each for each in reversed(done.broken) if each.fault or _OF_CODE.search(each.source)), None)


def require_known(names: Sequence[str], loaded: LoadedSpec) -> None:
    """UsageError if the assignment does not have a function of this name."""
    spec = loaded.spec
    for name in names:
        if name not in spec.functions:
            meant = formatting.near(name, spec.functions)
            raise UsageError(
                f"{spec.name} has no function {name!r}{f' ({meant})' if meant else ''};"
                f" choose from {', '.join(spec.functions)}"
            )


def _texts(done: Executed, files: Sequence[SourceFile]) -> list[str]:
    return [*done.cells, *(file.content.decode("utf-8", "replace") for file in files)]


def checks_of(request: Request, loaded: LoadedSpec) -> tuple[str, ...]:
    """The ids of the checks to run; empty for all. UsageError if there are none.

    Functions that are asked for by name have their visible checks run: a hidden one's points would tell what it is about.
    """
    spec, names = loaded.spec, request.functions
    if not names:
        return ()
    own = [
        check
        for check in spec.checks
        if check.visibility == "visible" and not set(names).isdisjoint(check.functions)
    ]
    listed = formatting.listing(names)
    if not own:
        raise UsageError(f"{spec.name} has no check of its own for {listed}; `%grader` runs all checks")
    chosen = tuple(check.id for check in own if request.is_full or not check.is_slow)
    if not chosen:
        raise UsageError(
            f"all checks of {listed} time or train, which takes a while; `%grader {' '.join(names)} --full` runs them"
        )
    return chosen
