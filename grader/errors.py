"""The errors that a user of the grader can meet.

    GraderError                  base of all; str(error) is one sentence that can be shown as it stands
    ├── SubmissionError          the student's file cannot be read at all
    │   ├── SubmissionNotFound   there is nothing at the path that was given
    │   ├── UnsupportedFile      what is there is neither .ipynb, .py, a folder nor a .zip
    │   ├── SubmissionUnavailable  this machine does not let it be read: permission, disk
    │   ├── UnreadableNotebook   the .ipynb is no notebook: not JSON, or JSON of another shape
    │   └── UnsafeArchive        a .zip that must not be unpacked: path, link, count or size
    ├── SpecError                the course's file is wrong: not found, invalid TOML, or a field that does not fit
    ├── DataError                the data set that was asked for is not there, or its files are short or wrong
    ├── SandboxError             no worker could be started, or the zygote is gone: ours, or the machine's, fault
    ├── IsolationError           this machine cannot isolate the student's code as well as was asked for
    ├── DeviceError              a device was asked for that is not there
    ├── OutputError              a report could not be written: no permission, no space
    └── ReportError              a report that was written earlier cannot be used

A student's wrong answer is none of these: it is a failed verdict.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from grader import formatting


class GraderError(Exception):
    """Base of every error that the grader raises on purpose."""


class SubmissionError(GraderError):
    """Raised when a submission cannot be read at all; `path` is what was given."""

    def __init__(self, message: str, *, path: Path) -> None:
        super().__init__(message)
        self.path = path


class SubmissionNotFound(SubmissionError):
    """Raised when nothing is at the path that was given."""


class UnsupportedFile(SubmissionError):
    """Raised when the path is neither a notebook, a module, a folder nor a .zip."""


class SubmissionUnavailable(SubmissionError):
    """Raised when this machine does not let a file be read (permission, disk): not the student's fault."""


class UnreadableNotebook(SubmissionError):
    """Raised when a .ipynb holds no notebook."""


class UnsafeArchive(SubmissionError):
    """Raised when a .zip must not be unpacked: member path, link, count or size."""


@dataclass(frozen=True, slots=True)
class SpecFault:
    """One thing that is wrong with a spec; str() is a sentence."""

    where: str
    """The field, as checks[3].points, or the line."""

    expected: str
    """The rest of the sentence: must be a valid number."""

    seen: str = ""
    """What the file says, in TOML's words; empty where it says nothing."""

    advice: str = ""
    """Did you mean 'points'?"""

    @classmethod
    def not_one_of(cls, where: str, seen: object, names: Collection[str]) -> SpecFault:
        """A name that is not among those it may be."""
        words = formatting.choices(names)
        return cls(where, f"must be one of {words}", formatting.toml(seen), formatting.near(seen, names))

    def __str__(self) -> str:
        details = [f"got {self.seen}"] if self.seen else []
        details += [self.advice] if self.advice else []
        return f"{self.where} {self.expected}" + (f" ({'; '.join(details)})" if details else "")


class SpecError(GraderError):
    """Raised when a spec is not found or does not fit the model; `faults` holds what is wrong with it."""

    def __init__(self, message: str, *, faults: tuple[SpecFault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class DataError(GraderError):
    """Raised when --data is no CIFAR-10, or one with files that are missing, short or wrong; `path` is the file."""

    def __init__(self, message: str, *, path: Path) -> None:
        super().__init__(message)
        self.path = path


class SandboxError(GraderError):
    """Raised when no worker can be had: the fault is the grader's or the machine's, never the student's."""


class IsolationError(GraderError):
    """Raised when this machine cannot hold the student's process to the level that was asked for."""


class DeviceError(GraderError):
    """Raised when a device was asked for that this machine does not have."""


class OutputError(GraderError):
    """Raised when a report or table cannot be written; `path` is where it should have gone."""

    def __init__(self, message: str, *, path: Path) -> None:
        super().__init__(message)
        self.path = path


class ReportError(GraderError):
    """Raised when a text is not a report, or a report of another schema version."""
