"""Runs trials on the student's functions or on the reference's, each in workers with the same confinement."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import lru_cache
from typing import Literal, Self

import numpy as np

from grader.extract import Extracted, extract
from grader.intake.submission import SourceFile, Submission
from grader.model.assignment import Assignment
from grader.model.observation import Missing, Observation
from grader.model.trial import Argument, Device, FileArgument, Tensor, Trial
from grader.sandbox.protocols import Budget, SandboxLike, SessionLike
from reference import TIMED_FUNCTIONS, Convention, timed_source
from reference.in_worker.saved import SAVED_FUNCTIONS, saved_sources
from reference.in_worker.searched import SEARCH_FUNCTIONS, searched_source


def budget_of(assignment: Assignment) -> Budget:
    """The spec's limits for the sandbox."""
    limits = assignment.limits
    return Budget(
        load_seconds=limits.load_seconds,
        function_seconds=limits.function_seconds,
        memory_bytes=limits.memory_bytes,
        device_memory_bytes=limits.device_memory_bytes,
    )


class Sessions:
    """The sessions of one submission: the student's, and the reference's once a trial asks for it.

    The student's workers are stopped while the reference runs: a busy thread of theirs would slow it down.
    """

    def __init__(
        self,
        sandbox: SandboxLike,
        extracted: Extracted,
        assignment: Assignment,
        device: Device,
        files: Sequence[SourceFile] = (),
    ) -> None:
        self._files = files
        self._sandbox = sandbox
        self._assignment = assignment
        self._device = device
        self._budget = budget_of(assignment)
        self._student = sandbox.session(
            extracted,
            self._budget,
            redirect_cuda=device == "cpu",
            device=device,
            default_device="cpu" if assignment.handout_device == "cuda" else device,
            partners=assignment.partners,
            needs_torch=assignment.backend == "torch" or _mentions_torch(extracted),
        )
        self._reference: SessionLike | None = None
        self._is_student_held = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with ExitStack() as both:
            both.callback(self._student.close)
            if self._reference is not None:
                both.callback(self._reference.close)

    def run(self, trial: Trial) -> Observation:
        """Make the call. SandboxError if no worker can be started."""
        filled = _with_files(trial, self._files)
        if isinstance(filled, Missing):
            return filled
        is_held = filled.runner == "reference"
        if is_held != self._is_student_held:
            self._student.hold(is_held=is_held)
            self._is_student_held = is_held
        if filled.runner == "student":
            return self._student.run(filled)
        if self._reference is None:
            self._reference = self._sandbox.session(
                _reference_code(self._assignment.backend, self._assignment.convention),
                self._budget,
                redirect_cuda=False,
                is_shared=True,
                device=self._device,
                needs_torch=self._assignment.backend == "torch",
            )
        if self._device == "cuda":
            self._sandbox.settle()
        if filled.replaced:  # nothing of the student's is in there
            filled = replace(filled, replaced=())
        return self._reference.run(filled)


@lru_cache(maxsize=8)
def _reference_code(backend: Literal["torch", "numpy"], convention: Convention) -> Extracted:
    texts = {
        **saved_sources(),
        "reference.py": timed_source(backend, convention),
        "searched.py": searched_source(),
    }
    files = tuple(SourceFile(path, text.encode()) for path, text in texts.items())
    names = [*TIMED_FUNCTIONS, *SAVED_FUNCTIONS, *SEARCH_FUNCTIONS.values()]
    return extract(Submission("reference", files), names)


def _mentions_torch(extracted: Extracted) -> bool:
    """Whether code that may run says torch. A worker without torch whose code hides it is replaced by one with torch."""
    return any("torch" in chunk.source for chunk in extracted.chunks)


def _with_files(trial: Trial, files: Sequence[SourceFile]) -> Trial | Missing:
    """The trial with the bytes of the files that it names; Missing if the submission lacks one."""
    if not any(isinstance(argument, FileArgument) for argument in trial.positional):
        return trial
    positional: list[Argument] = []
    for argument in trial.positional:
        if not isinstance(argument, FileArgument):
            positional.append(argument)
            continue
        found = (file_named(files, name) for name in argument.names)
        nearest = next((each for each in found if each is not None), None)
        if nearest is None:
            return Missing(f"the submission has no file {argument.name}")
        positional.append(Tensor(np.frombuffer(nearest.content, np.uint8)))
    return replace(trial, positional=tuple(positional))


def file_named(files: Sequence[SourceFile], name: str) -> SourceFile | None:
    """The file of this name; of several, the one nearest to the top."""
    named = [file for file in files if file.path.rpartition("/")[2] == name]
    return min(named, key=lambda file: (file.path.count("/"), file.path), default=None)
