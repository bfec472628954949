"""The line magic `%grader`: its words, its help, its completion, and its output in the cell."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

from grader import formatting
from grader.frontends.notebook.checking import Refused, Stopped, checker_of, forget, shell_here
from grader.frontends.notebook.result import Result

HELP = """Check functions of this notebook, as executed so far.

    %grader svm_loss_vectorized            one function; or several, with spaces between
    %grader                                everything that is defined

Your code runs in processes of its own, never in this kernel. Only cells that you have
executed count, and files that they import count as they are on disk.

    --full              also run the checks that time or train, which take a while
    --spec NAME|FILE|FOLDER
                        the assignment; if left out, detected from your functions
    --data PATH         CIFAR-10 as a folder or .tar.gz; if left out, a synthetic stand-in
    --seed N            random seed of all inputs; if left out, a new one
    --help              show this

The interrupt button stops a check. From code: grader.check("svm_loss_vectorized").
"""

_WITH_VALUES = ("--spec", "--data", "--seed")
_FLAGS = ("--full", "--quick", "--help", "-h")
_SPECS = Path(__file__).resolve().parents[3] / "test_specs"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a line of `%grader` asks for."""

    functions: tuple[str, ...] = ()
    spec: str | None = None
    data: str | None = None
    seed: int | None = None
    is_full: bool = False
    is_help: bool = False


def parse(line: str) -> Asked:
    """The words of the line. Refused if they are not understood."""
    try:
        words = iter(shlex.split(line, comments=True))
    except ValueError:
        raise Refused("a quotation mark is not closed") from None
    names: dict[str, None] = {}
    values: dict[str, str] = {}
    flags: set[str] = set()
    for word in words:
        option, equals, value = word.partition("=")
        if option in _WITH_VALUES:
            values[option] = value if equals else next(words, "")
            if not values[option]:
                raise Refused(f"{option} needs a value; `%grader --help` shows the options")
        elif word in _FLAGS:
            flags.add(word)
        elif word.startswith("-"):
            meant = formatting.near(option, (*_WITH_VALUES, *_FLAGS))
            raise Refused(
                f"there is no option {option}{f' ({meant})' if meant else ''}; `%grader --help` shows the options"
            )
        else:
            names.update(dict.fromkeys(part.removesuffix("()") for part in word.split(",") if part))
    if {"--full", "--quick"} <= flags:
        raise Refused("--quick and --full cannot be combined; without either, a check is quick")
    seed = None if "--seed" not in values else _seed(values["--seed"])
    is_help = not flags.isdisjoint({"--help", "-h"})
    return Asked(tuple(names), values.get("--spec"), values.get("--data"), seed, "--full" in flags, is_help)


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text[:30]) >= 1 << 63:
        raise Refused(f"--seed: expected a whole number from 0 to 2**63 - 1, found {text!r}")
    return int(text)


class _Output:
    """The cell's output: progress while it lasts, then the result in its place."""

    def __init__(self, shell: Any) -> None:
        from IPython.display import DisplayHandle  # noqa: PLC0415  the kernel has it

        self._can_update = getattr(shell, "kernel", None) is not None
        self._handle: Any = DisplayHandle()  # type: ignore[no-untyped-call]
        self._is_shown = False

    def progress(self, number: int, total: int, title: str) -> None:
        """Say which check is being run, where that can be taken back."""
        if self._can_update:
            self._show(_plain(f"Checking: {number + 1} of {total}, {title}"))

    def result(self, result: Result) -> None:
        """Show the result."""
        self._show({"text/plain": result.text, "text/html": result.html})

    def words(self, words: str) -> None:
        """Show a sentence."""
        self._show(_plain(words))

    def clear(self) -> None:
        """Take back the progress."""
        if self._is_shown:
            self._show(_plain(""))

    def _show(self, bundle: dict[str, str]) -> None:
        if self._is_shown:
            self._handle.update(bundle, raw=True)
        else:
            self._handle.display(bundle, raw=True)
        self._is_shown = True


def _plain(words: str) -> dict[str, str]:
    """Text, and nothing else: what is in it may be a student's."""
    return {"text/plain": words}


def grader(line: str = "") -> None:
    """Stand here for IPython's help, which shows `HELP` instead."""
    output: _Output | None = None
    try:
        shell = shell_here()
        output = _Output(shell)
        _answer(shell, line, output, sys._getframe(1))  # noqa: SLF001  the cell that calls
    except KeyboardInterrupt:
        if output is not None:
            with contextlib.suppress(KeyboardInterrupt):
                output.clear()
        raise Stopped from None


def _answer(shell: Any, line: str, output: _Output, frame: FrameType) -> None:
    try:
        asked = parse(line)
        if asked.is_help:
            output.words(HELP)
            return
        result = checker_of(shell).check(
            asked.functions,
            frame,
            spec=asked.spec,
            is_full=asked.is_full,
            data=asked.data,
            seed=asked.seed,
            progress=output.progress,
        )
    except Refused as error:
        output.words(f"grader: {error}")
    else:
        output.result(result)


grader.__doc__ = HELP


def complete(shell: Any, event: Any) -> list[str]:
    """The words that may come next: options, shipped specs, and the functions and classes of the notebook."""
    before = str(event.line)[: len(str(event.line)) - len(str(event.symbol))].split()
    if before[-1:] == ["--spec"]:
        return sorted(path.stem for path in _SPECS.glob("*.toml"))
    if str(event.symbol).startswith("-"):
        return [*_WITH_VALUES, "--full", "--help"]
    return sorted(_defined(shell.user_ns.items()))


def _defined(namespace: Iterable[tuple[Any, Any]]) -> Iterator[str]:
    for name, value in tuple(namespace):
        kind = type(value)
        if kind in {FunctionType, type} and not name.startswith("_"):
            yield name


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext grader`: add the magic."""
    checker_of(shell)
    shell.register_magic_function(grader, "line", "grader")
    shell.set_hook("complete_command", complete, str_key="%grader")


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext grader`: take it away, and end all its processes."""
    shell.magics_manager.magics["line"].pop("grader", None)
    forget(shell)
