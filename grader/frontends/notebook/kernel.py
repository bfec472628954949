"""Reads a kernel: the executed cells, the namespace, and the student's own modules. Nothing of it is changed or called."""

from __future__ import annotations

import inspect
import re
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import CodeType, FrameType, FunctionType, ModuleType, TracebackType
from typing import Any

from grader.frontends.notebook.snapshot import Snapshot, is_found

OURS = frozenset({"grader", "reference", "test_specs"})
"""Packages that are the grader's."""

_OUR_ROOT = Path(__file__).resolve().parents[3]
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_MOST_MODULES = 1_000
_NUMBERED = re.compile(r"<ipython-input-(\d+)-")
"""How older IPythons, as Colab's, name a cell's code."""


@dataclass(eq=False)
class Kernel:
    """The shell that `%load_ext grader` was executed in, and what became of the cells since."""

    shell: Any
    """IPython's InteractiveShell, which carries no types."""
    stopped: dict[int, int] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)

    def watch(self) -> None:
        """Note from now on how each cell ends."""
        self.shell.events.register("post_run_cell", self.note)

    def unwatch(self) -> None:
        """Note it no longer."""
        self.shell.events.unregister("post_run_cell", self.note)

    def note(self, result: Any) -> None:
        """Take note of a cell's end: IPython's ExecutionResult, or None if it was interrupted before it began."""
        if result is None:
            return
        info, number = result.info, result.execution_count
        if info is None or not info.store_history or not isinstance(number, int):
            return
        if result.error_before_exec is not None:
            self.stopped[number] = 0
        elif result.error_in_exec is not None:
            line = self._line_in(number, _frames_of(result.error_in_exec.__traceback__))
            self.stopped[number] = line + _blank_lines(info.raw_cell) if line else 1
        else:
            self.ended.add(number)

    def snapshot(self, frame: FrameType | None) -> Snapshot:
        """The kernel now. frame: one within the call that asks."""
        cells = tuple(map(str, self.shell.history_manager.input_hist_raw[1:]))
        number = len(cells)
        line = self._line_in(number, _frames_outside(frame)) if cells else 0
        namespace: Mapping[Any, Any] = self.shell.user_ns
        folders = tuple(map(str, own_folders()))
        return Snapshot(
            cells=cells,
            stopped=dict(self.stopped),
            ended=frozenset(self.ended),
            names=frozenset(name for name in tuple(namespace) if isinstance(name, str)),
            live=dict(self._live(namespace)),
            current=(number, line + _blank_lines(cells[-1]) if line else 0),
            folder=str(Path.cwd()),
            folders=folders,
            modules=tuple(_own_modules(folders)),
        )

    def _line_in(self, number: int, frames: Iterator[tuple[CodeType, int]]) -> int:
        """The line of the execution that the outermost of these frames is in; 0 if none is in it."""
        return next((line for code, line in frames if self._number_of(code) == number), 0)

    def _number_of(self, code: CodeType) -> int | None:
        """The execution that the code comes from; None if it is not a cell's."""
        by_name: object = getattr(self.shell.compile, "_filename_map", None)
        number = by_name.get(code.co_filename) if isinstance(by_name, dict) else None
        if number is None and (named := _NUMBERED.match(code.co_filename)):
            number = int(named[1])
        return number

    def _live(self, namespace: Mapping[Any, Any]) -> Iterator[tuple[str, tuple[int, int]]]:
        for name, value in tuple(namespace.items()):
            code = _code_of(value, name)
            number = None if code is None else self._number_of(code)
            if code is not None and number is not None and number > 0:
                yield name, (number, code.co_firstlineno)


def _code_of(value: object, name: str) -> CodeType | None:
    """The code of a function, or of a class's first method, if it has this name."""
    kind = type(value)
    if kind is FunctionType:
        code: CodeType = value.__code__  # type: ignore[attr-defined]
        return code if code.co_name == name else None
    if kind is type and value.__name__ == name:  # type: ignore[attr-defined]
        methods = (each for each in vars(value).values() if type(each) is FunctionType)
        own = (each.__code__ for each in methods if each.__qualname__.startswith(f"{name}."))
        return next(own, None)
    return None


def _frames_of(traceback: TracebackType | None) -> Iterator[tuple[CodeType, int]]:
    """From the outermost frame inwards."""
    while traceback is not None:
        yield traceback.tb_frame.f_code, traceback.tb_lineno
        traceback = traceback.tb_next


def _frames_outside(frame: FrameType | None) -> Iterator[tuple[CodeType, int]]:
    """From the outermost frame inwards."""
    frames = []
    while frame is not None:
        frames.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    yield from reversed(frames)


def _blank_lines(text: str) -> int:
    """How many lines IPython takes off the top of a cell before it counts."""
    lines = text.split("\n")
    return next((at for at, line in enumerate(lines) if line.strip()), 0)


def own_folders() -> list[Path]:
    """The working folder, and the folders of the path that are neither Python's nor for installed packages, nor ours."""
    found = dict.fromkeys(Path(entry or ".").absolute() for entry in ("", *_path()))
    here = Path.cwd()
    return [each for each in found if is_found(each.is_dir) and (each == here or not _is_installed(each))]


def _path() -> list[str]:
    """The kernel's path, but for what is not text: anything may be in it."""
    entries: list[object] = list(sys.path)
    return [each for each in entries if isinstance(each, str)]


def _is_installed(path: Path) -> bool:
    """Whether what lies here was installed: with Python, with a package manager, or it is the grader itself."""
    return (
        not _INSTALLED.isdisjoint(path.parts)
        or any(path.is_relative_to(each) for each in _pythons_folders())
        or path.resolve() == _OUR_ROOT
    )


@cache  # a module of each installed package is asked about, in each check
def _pythons_folders() -> frozenset[Path]:
    standard = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    return frozenset(standard | {Path(sys.prefix), Path(sys.base_prefix)} - {Path("/"), Path("/usr")})


def judge_path() -> list[str]:
    """The path of the judge's process: no folder of the student's, whose files may have the names of Python's modules."""
    own = set(map(str, own_folders()))
    kept = [
        each
        for each in _path()
        if each and is_found(Path(each).exists) and str(Path(each).absolute()) not in own
    ]
    return [*kept, str(_OUR_ROOT)]


def _own_modules(folders: tuple[str, ...]) -> Iterator[str]:
    """The files of imported modules below these folders."""
    count = 0
    loaded: list[tuple[str, object]] = list(sys.modules.items())  # anything may be in it
    for name, module in loaded:
        if not isinstance(module, ModuleType) or name.partition(".")[0] in {*OURS, "__main__"}:
            continue
        file = inspect.getattr_static(module, "__file__", None)
        if not isinstance(file, str) or not file.endswith(".py") or count == _MOST_MODULES:
            continue
        path = Path(file)
        if any(path.is_relative_to(folder) for folder in folders) and not _is_installed(path):
            count += 1
            yield file
