"""The errors that a user of the grader can meet.

    GraderError                      base of all; str(error) is a message that can be shown to the user
    ├── FileError                    an error about one file or folder
    │   ├── SubmissionError          a submission cannot be read at all
    │   │   ├── SubmissionNotFound   nothing exists at the given path
    │   │   ├── UnsupportedFile      not a .ipynb, a .py, a folder or a .zip
    │   │   ├── SubmissionUnavailable  this machine cannot read it: permissions, disk
    │   │   ├── UnreadableNotebook   the .ipynb is not a valid notebook
    │   │   └── UnsafeArchive        a .zip that must not be unpacked: paths, links, count or size
    │   ├── RosterError              the list of the class is not there, cannot be read, or mixes up two students
    │   ├── DataError                the data set is missing, or its files are short or wrong
    │   └── OutputError              a report or table could not be written: permissions, space
    ├── UsageError                   an argument of a function of grader.api has a value that it must not have
    ├── NotebookError                there is no notebook to check, or nothing in it to check yet
    ├── TomlError                    an error about a TOML file of the instructor's
    │   ├── SpecError                the spec was not found, is invalid, or is not that of the submissions
    │   ├── RulesError               the rules of a class, or its overrides, are not found, are invalid, or fit nobody
    │   └── PushError                the settings, key, users or journal of a push are not found, are invalid, or are not the platform's
    ├── SandboxError                 no worker could be started: our fault, or the machine's
    ├── ClusterError                 a Dask cluster cannot be reached, or none of its workers can grade
    ├── PlatformError                a learning platform cannot be reached, or takes no scores
    ├── IsolationError               this machine cannot isolate the student's code as well as requested
    ├── DeviceError                  the requested device is not available
    └── ReportError                  a text is not a report, or one of another schema version

A student's wrong answer is not an error: it is a failed verdict.
"""

from __future__ import annotations

import copyreg
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from grader import formatting


class GraderError(Exception):
    """Base of every error that the grader raises on purpose."""

    expected: str | None
    """The accepted values, or the condition that failed, in words; None if the message says it all."""
    seen: str | None
    """The value found instead, in words."""

    def __init__(self, message: str, *, expected: str | None = None, seen: str | None = None) -> None:
        super().__init__(message)
        self.expected = expected
        self.seen = seen

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without calling `__init__`, whose keywords are not in `args`."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class FileError(GraderError):
    """Base of the errors about one file or folder, `path`."""

    def __init__(
        self, message: str, *, path: Path, expected: str | None = None, seen: str | None = None
    ) -> None:
        super().__init__(message, expected=expected, seen=seen)
        self.path = path

    @classmethod
    def at(cls, path: Path, words: str) -> Self:
        """The error whose message starts with the path."""
        return cls(f"{formatting.printable(str(path))}: {words}", path=path)

    @classmethod
    def unlike(cls, path: Path, expected: str, seen: str, advice: str = "") -> Self:
        """The error for a file that is not what it should be; advice: what to do about it."""
        error = cls.at(path, f"expected {expected}, found {seen}" + (f"; {advice}" if advice else ""))
        error.expected, error.seen = expected, seen
        return error


class SubmissionError(FileError):
    """Raised when a submission cannot be read at all."""


class SubmissionNotFound(SubmissionError):
    """Raised when nothing exists at the given path."""


class UnsupportedFile(SubmissionError):
    """Raised when the path is not a notebook, a module, a folder or a .zip."""


class SubmissionUnavailable(SubmissionError):
    """Raised when this machine cannot read a file (permissions, disk): not the student's fault."""


class UnreadableNotebook(SubmissionError):
    """Raised when a .ipynb is not a valid notebook."""


class UnsafeArchive(SubmissionError):
    """Raised when a .zip must not be unpacked: member path, link, count or size."""


class RosterError(FileError):
    """Raised when a roster is missing, is not a table that names students, or has two students under one id."""


class DataError(FileError):
    """Raised when --data is not CIFAR-10, or when files of it are missing, short or wrong."""


class OutputError(FileError):
    """Raised when a report or table cannot be written."""


class UsageError(GraderError):
    """Raised when an argument has a value that it must not have; the message names the argument."""


class NotebookError(GraderError):
    """Raised when there is no notebook to check, or nothing in it to check yet."""


@dataclass(frozen=True, slots=True)
class SpecFault:
    """One fault of a TOML file; str() is a sentence."""

    where: str
    """The field, as checks[3].points, or the line."""

    expected: str
    """The rest of the sentence, as in `must be a valid number`."""

    seen: str = ""
    """The value in the file, in TOML's words; empty if there is none."""

    advice: str = ""
    """Did you mean 'points'?"""

    @classmethod
    def not_one_of(cls, where: str, seen: object, names: Collection[str]) -> SpecFault:
        """A name that is not one of the allowed ones."""
        words = formatting.choices(names)
        return cls(where, f"must be one of {words}", formatting.toml(seen), formatting.near(seen, names))

    def __str__(self) -> str:
        details = [f"got {self.seen}"] if self.seen else []
        details += [self.advice] if self.advice else []
        return f"{self.where} {self.expected}" + (f" ({'; '.join(details)})" if details else "")


class TomlError(GraderError):
    """Base of the errors about a TOML file of the instructor's; `faults` lists those of its fields."""

    def __init__(
        self,
        message: str,
        *,
        faults: tuple[SpecFault, ...] = (),
        expected: str | None = None,
        seen: str | None = None,
    ) -> None:
        super().__init__(message, expected=expected, seen=seen)
        self.faults = faults


class SpecError(TomlError):
    """Raised when a spec is not found, not valid, or not the submission's."""


class RulesError(TomlError):
    """Raised when the rules of a class or its overrides are not found, not valid, or fit nobody."""


class PushError(TomlError):
    """Raised when the settings, key, users or journal of a push are not found, not valid, or not what the platform knows."""


class SandboxError(GraderError):
    """Raised when no worker can be started: the grader's fault or the machine's, never the student's."""


class ClusterError(GraderError):
    """Raised when a Dask cluster cannot be reached, was lost, or has no worker that can grade."""


class PlatformError(GraderError):
    """Raised when a learning platform cannot be reached, or lets no score through."""


class IsolationError(GraderError):
    """Raised when this machine cannot isolate the student's process to the requested level."""


class DeviceError(GraderError):
    """Raised when this machine does not have the requested device."""


class ReportError(GraderError):
    """Raised when a text is not a report, or a report of another schema version."""
