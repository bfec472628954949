"""Answers requests: makes a submission of the cells, grades it, and tells the student what came out."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from grader.api import Grader, load_spec_for
from grader.errors import GraderError, NotebookError, SandboxError, SpecError
from grader.frontends.notebook.asking import (
    checks_of,
    hint_broken,
    is_nothing_there,
    is_said,
    reason_empty,
    require_known,
    why_undefined,
)
from grader.frontends.notebook.executed import NOTEBOOK, executed
from grader.frontends.notebook.own_modules import own_files, saved_files, without_writes
from grader.frontends.notebook.request import Request, pack
from grader.frontends.notebook.snapshot import is_found
from grader.frontends.notebook.telling import told
from grader.grading.grade import guarded
from grader.intake.submission import SourceFile, Submission
from grader.sandbox import interruption
from grader.spec import LoadedSpec, shipped_specs

FAULT = (
    "this is a fault of the grader, not of your code. Check again; if it comes back, save the notebook and run"
    " `grader check` on it, or tell your instructor"
)


@dataclass(eq=False)
class Answering:
    """Answers with one warm grader, for as long as requests name the same data set. send: takes progress on the way."""

    send: Callable[[bytes], object]
    _running: ExitStack = field(default_factory=ExitStack)
    _grader: Grader | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with (
            interruption.deferred()
        ):  # the kernel's end is an EOF and a signal: the second must not break this off
            self._running.close()

    def answer(self, request: Request) -> bytes:
        """The result as JSON: text, html and report; or the error in a sentence."""
        try:
            answer = guarded(lambda: self._checked(request), GraderError)
        except SandboxError as error:
            return pack(error=f"{error} (`!grader doctor` looks at this machine)")
        except GraderError as error:
            return pack(error=str(error).removeprefix("notebook: "))
        interruption.check()
        return pack(error=FAULT) if answer is None else answer

    def _checked(self, request: Request) -> bytes:
        snapshot, names = request.snapshot, request.functions
        done = executed(snapshot)
        files, notes = own_files(snapshot, done.cells)
        done = replace(done, cells=without_writes(done.cells, files))
        if reason := reason_empty(done, files):
            raise NotebookError(reason)
        submission = Submission("notebook", (SourceFile(NOTEBOOK, done.notebook), *files), notes)
        is_undefined = not is_said(names, done, files)
        try:
            loaded = load_spec_for(submission, _place(request.spec, snapshot.folder))
        except SpecError as error:
            if is_undefined and request.spec is None:
                raise NotebookError(why_undefined(names, done)) from error
            if request.spec is None and (hint := hint_broken(done)):
                raise NotebookError(f"{error}{hint}") from error
            raise
        require_known(names, loaded)
        if is_undefined:
            raise NotebookError(why_undefined(names, done))
        saved = tuple(saved_files(snapshot, loaded.spec.file_names))
        submission = replace(submission, files=(*submission.files, *saved))
        grader = self._grader_for(request, loaded)
        grader.only = checks_of(request, loaded)
        grader.quick, grader.seed = not request.is_full, request.seed
        report = grader.regrade(submission, self._progress).report
        if is_nothing_there(names, report):
            raise NotebookError(why_undefined(names, done))
        return told(request, report, loaded, done)

    def _progress(self, number: int, total: int, title: str) -> None:
        self.send(pack(number=number, total=total, title=title))

    def _grader_for(self, request: Request, loaded: LoadedSpec) -> Grader:
        """The warm one, told the spec; a new one for another data set, which is read once."""
        data = None if request.data is None else Path(request.snapshot.folder, request.data)
        if self._grader is None or self._grader.data != data:
            self._running.close()
            self._grader = self._running.enter_context(Grader(loaded.path, data=data))
        self._grader.spec = loaded.path
        return self._grader


def _place(spec: str | None, folder: str) -> str | None:
    """A spec's path below the kernel's folder, unless it is a name."""
    if spec is None or spec in shipped_specs():
        return spec
    place = Path(folder, spec)
    is_path = len(Path(spec).parts) > 1 or Path(spec).suffix or is_found(place.exists)
    return str(place) if is_path else spec
