"""The reports of a class on disk. Each file is complete or not there."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader import __version__, formatting
from grader.errors import OutputError, ReportError
from grader.exporters import gradebook
from grader.model.report import Report, parse_report
from grader.sandbox.isolation import IsolationLevel


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, and a crash loses neither.

    A path that is not a regular file (/dev/stdout, a named pipe) is written to and not replaced.
    Raises OutputError when it cannot be written: no folder, no permission, no space.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise _not_written(path, error) from error
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _not_written(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    if isinstance(error, FileExistsError | NotADirectoryError):
        above = next((each for each in path.parents if each.exists()), path.parent)
        reason = f"{above} is not a folder"
    return OutputError(formatting.printable(f"{path}: cannot be written: {reason}"), path=path)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Everything that a report depends on: one that fits need not be made again."""

    submission_sha256: str
    spec_sha256: str
    device: str
    seed: int | None
    """None for any."""
    least_isolation: IsolationLevel
    data: str
    not_run: frozenset[str] = frozenset()
    """Ids of the checks that the run leaves out."""
    grader_version: str = __version__

    def fits(self, report: Report) -> bool:
        """Whether the report was made from the same things."""
        return (
            report.status == "graded"
            and report.submission.sha256 == self.submission_sha256
            and report.assignment.spec_sha256 == self.spec_sha256
            and report.environment.grader_version == self.grader_version
            and report.environment.device == self.device
            and report.environment.data == self.data
            and self.seed in {None, report.environment.seed}
            and self.not_run == {check.id for check in report.checks if check.status == "not_run"}
            and IsolationLevel(report.environment.isolation).rank >= self.least_isolation.rank
        )


@dataclass(frozen=True, slots=True)
class ReportStore:
    """The output folder of a class: reports/ID.json, and the tables that are derived from them."""

    folder: Path

    @property
    def reports_folder(self) -> Path:
        """The folder of the reports."""
        return self.folder / "reports"

    @property
    def gradebook_path(self) -> Path:
        """The table of scores."""
        return self.folder / "gradebook.csv"

    def report_path(self, submission_id: str) -> Path:
        """The path of the report on a submission."""
        return self.reports_folder / f"{submission_id}.json"

    def prepare(self) -> None:
        """Make the folders; OutputError early rather than after the first submission."""
        probe = self.reports_folder / ".writable"
        try:
            write_atomically(probe, "")
        except OutputError as error:
            if isinstance(error.__cause__, OSError):
                raise _not_written(self.reports_folder, error.__cause__) from error.__cause__
            raise
        with contextlib.suppress(OSError):
            probe.unlink()

    def read(self, submission_id: str) -> Report | None:
        """The report on disk; None if there is none that this version can read."""
        try:
            return parse_report(self.report_path(submission_id).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ReportError):
            return None

    def write(self, submission_id: str, report: Report) -> Path:
        """Put a report on disk."""
        path = self.report_path(submission_id)
        write_atomically(path, report.to_json())
        return path

    def write_gradebook(self, reports: Iterable[tuple[str, Report]]) -> None:
        """Derive gradebook.csv from the reports: a line for each submission, in the given order."""
        write_atomically(self.gradebook_path, gradebook(list(reports)).content.decode())
