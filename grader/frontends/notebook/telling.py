"""A report on a notebook in words: as text, as HTML, and as data. The student's view, whatever comes before."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console

from grader import formatting
from grader.checks import is_slow
from grader.extract.missing import is_plain
from grader.feedback.brief import brief
from grader.frontends import terminal
from grader.frontends.notebook.executed import NOTEBOOK, Executed, cells_in_words, is_defined_in
from grader.frontends.notebook.request import Request, pack
from grader.model.report import CheckPart, Report, student_view
from grader.spec import LoadedSpec

_COLUMNS = 80
_OF_THE_COMMAND_LINE = ("Quick run: ", "Only selected checks were run: ")
"""How the notes on what was left out begin, which name options of `grader check`."""


def told(request: Request, report: Report, loaded: LoadedSpec, done: Executed) -> bytes:
    """The answer to a request."""
    seen = student_view(report)
    flags = tuple(each for each in seen.flags if not each.message.startswith(_OF_THE_COMMAND_LINE))
    seen = seen.model_copy(update={"flags": flags})
    has_hidden = any(check.visibility == "hidden" for check in loaded.spec.checks)
    remarks = [*_broken(request, seen, done), *left_out(request, seen, has_hidden=has_hidden)]
    seen = _what_ran(request, seen)
    written = io.StringIO()
    console = Console(file=written, width=_COLUMNS, highlight=False, emoji=False, color_system=None)
    terminal.show_report(console, _by_execution(seen))
    for words in remarks:
        console.print(terminal.plain(words), markup=False)
    return pack(
        text="\n".join(line.rstrip() for line in written.getvalue().rstrip().split("\n")),
        html=cells_in_words(brief(seen, request.functions, remarks)),
        report=json.loads(seen.to_json()),
    )


def left_out(request: Request, seen: Report, *, has_hidden: bool) -> Iterator[str]:
    """The checks that were not run and their points, and the hidden ones, a sentence or two for each reason."""
    names = set(request.functions)
    away = [check for check in seen.checks if check.status == "not_run" and check.visibility == "visible"]
    waiting = [check for check in seen.checks if check.status == "skipped"]
    if waiting:
        undefined = [name for name in _undefined(seen) if any(name in check.functions for check in waiting)]
        wait = "waits" if len(waiting) == 1 else "wait"
        count = f"{formatting.count(len(waiting), 'check')}, worth {_worth(waiting)}, {wait} for"
        it = "it" if len(undefined) == 1 else "them"
        if undefined:
            yield f"Not defined yet: {formatting.listing(undefined)}; {count} {it}."
        else:
            yield f"{count} functions that cannot be used."
    own = [check for check in away if not names or not names.isdisjoint(check.functions)]
    slow = [check for check in own if is_slow(check.kind)]
    if slow and not request.is_full:
        titles = "; ".join(f"{check.title} ({formatting.worth(check.max_points)})" for check in slow)
        it, them = ("it times or trains", "it") if len(slow) == 1 else ("they time or train", "them")
        command = " ".join(["%grader", *request.functions, "--full"])
        yield f"Left out, because {it}: {titles}. {command} runs {them}."
    others = [check for check in away if check not in own]
    rest = [f"{formatting.count(len(others), 'check')} of other functions ({_worth(others)})"] * bool(others)
    rest += ["hidden checks"] * (bool(names) and has_hidden)
    if rest:
        yield (
            f"Not asked for: {formatting.listing(rest)}. %grader alone checks everything, with --full"
            " including what takes a while."
        )
    hidden = [check for check in seen.checks if check.visibility == "hidden"]
    if hidden:
        is_one = len(hidden) == 1
        yield (
            f"{formatting.count(len(hidden), 'check')} {'is' if is_one else 'are'} hidden, worth {_worth(hidden)}:"
            f" you see {'its' if is_one else 'their'} points, not what {'it tests' if is_one else 'they test'}."
        )


def _what_ran(request: Request, seen: Report) -> Report:
    """As if the checks that wait for a function had been left out; without functions that are not there or nobody asked for."""
    checks = tuple(
        check.model_copy(update={"status": "not_run"}) if check.status == "skipped" else check
        for check in seen.checks
    )
    ran = {name for check in checks if check.status != "not_run" for name in check.functions}
    is_asked = {name: not request.functions or name in ran for name in seen.functions}
    undefined = set(_undefined(seen))
    functions = {
        name: part for name, part in seen.functions.items() if is_asked[name] and name not in undefined
    }
    return seen.model_copy(update={"checks": checks, "functions": functions})


def _undefined(seen: Report) -> list[str]:
    """The functions of which there is no more to say than that they are not there, and that no other failure is due to."""
    blamed = {name for check in seen.checks for name in check.caused_by if check.status == "failed"}
    return [
        name
        for name, part in seen.functions.items()
        if part.status == "missing" and part.where is None and name not in blamed
        if all(map(is_plain, part.notes))
    ]


def _broken(request: Request, seen: Report, done: Executed) -> Iterator[str]:
    """Executions that were to define a function anew, and did not."""
    for name in request.functions or seen.functions:
        broken = next((each for each in reversed(done.broken) if each.defines(name)), None)
        last = max((at for at, text in enumerate(done.cells, 1) if is_defined_in(text, name)), default=0)
        if broken is not None and broken.number > last:
            is_there = seen.functions[name].status != "missing"
            became = "is graded as it was before" if is_there else "is still not defined"
            ran = "Python ran nothing of it" if broken.fault else "the rest of it was not run"
            yield f"{broken}, so {ran}: {name} {became}. Correct it and run the cell again."


def _worth(checks: list[CheckPart]) -> str:
    return formatting.worth(sum(check.max_points for check in checks))


def _by_execution(report: Report) -> Report:
    """The report with In [7] for cell 7 of the notebook, in words and as the file of a location."""
    return Report.model_validate_json(json.dumps(_renamed(json.loads(report.to_json()))))


def _renamed(value: Any) -> Any:
    match value:
        case str():
            return cells_in_words(value)
        case list():
            return [_renamed(each) for each in value]
        case {"file": file, "cell": int(cell), **rest} if file == NOTEBOOK:
            return {**rest, "file": f"In [{cell}]", "cell": None}
        case dict():
            return {key: _renamed(each) for key, each in value.items()}
        case _:
            return value
