"""Grades one submission the way that one of a class is: whatever its files are, a report comes back."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.api import IsolationName
    from grader.intake.entry import ClassEntry
    from grader.model.report import Report
    from grader.sandbox.protocols import SandboxLike
    from grader.spec import LoadedSpec


def grade_entry(
    entry: ClassEntry,
    loaded: LoadedSpec,
    sandbox: SandboxLike,
    *,
    is_quick: bool = False,
    isolation: IsolationName = "process",
) -> Report:
    """The report on a submission, also on one that cannot be read.

    IsolationError if its code would be isolated less than asked for, SandboxError if no worker can be started.
    """
    from grader.execution.job import GradeJob, run
    from grader.grading.settings import Settings
    from grader.sandbox.isolation import IsolationLevel

    pinned = loaded.spec.seed
    seed = secrets.randbits(48) if pinned is None else pinned
    settings = Settings(seed=seed, device="cpu", is_quick=is_quick)
    return run(GradeJob(entry, loaded, settings, IsolationLevel(isolation)), sandbox)
