"""Reports on disk: the record of a batch. Each file is complete or not there."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from grader import __version__, formatting
from grader.errors import OutputError, ReportError
from grader.model.report import Report, parse_report
from grader.sandbox.isolation import IsolationLevel

_FORMULA_STARTS = ("=", "+", "-", "@")
_BLANKS = str.maketrans("\t\r\n\v\f", "     ")


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, and a crash loses neither.

    What is there and is no file (/dev/stdout, a named pipe) is written to as it stands: it must not be replaced.
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
        reason = f"{above} is no folder"
    return OutputError(formatting.printable(f"{path}: cannot be written: {reason}"), path=path)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a report depends on; one with the same fingerprint need not be made again."""

    submission_sha256: str
    spec_sha256: str
    grader_version: str
    device: str
    seed: int | None
    least_isolation: IsolationLevel
    data: str

    @classmethod
    def wanted(
        cls,
        submission_sha256: str,
        spec_sha256: str,
        device: str,
        seed: int | None,
        least_isolation: IsolationLevel,
        data: str,
    ) -> Fingerprint:
        """The fingerprint that a report made now would have; seed None where any draw will do."""
        return cls(submission_sha256, spec_sha256, __version__, device, seed, least_isolation, data)

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
            and IsolationLevel(report.environment.isolation).rank >= self.least_isolation.rank
        )


@dataclass(frozen=True, slots=True)
class ReportStore:
    """The output folder of a batch: reports/ID.json, and the tables that are derived from them."""

    folder: Path

    @property
    def reports_folder(self) -> Path:
        """Where the reports are."""
        return self.folder / "reports"

    @property
    def gradebook_path(self) -> Path:
        """The table of scores."""
        return self.folder / "gradebook.csv"

    def report_path(self, submission_id: str) -> Path:
        """Where the report on a submission is."""
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
        """Derive gradebook.csv from the reports, one line for each submission in the given order."""
        write_atomically(self.gradebook_path, gradebook(list(reports)))


def gradebook(reports: list[tuple[str, Report]]) -> str:
    """The table of scores as CSV; a cell that a spreadsheet would take for a formula is quoted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    check_ids = list(dict.fromkeys(check.id for _, report in reports for check in report.checks))
    writer.writerow(["submission", "student", "status", "score", "max_score", *check_ids, "note"])
    for submission_id, report in reports:
        by_id = {check.id: check for check in report.checks if check.status not in {"not_run", "errored"}}
        student = report.submission.student
        cells = [submission_id, "" if student is None else student.name or student.id, report.status]
        score = "" if report.score is None else formatting.points(report.score)
        points = [
            formatting.points(by_id[check_id].points) if check_id in by_id else "" for check_id in check_ids
        ]
        writer.writerow(
            [*map(_safe_cell, cells), score, formatting.points(report.max_score), *points, _note(report)]
        )
    return text.getvalue()


def _note(report: Report) -> str:
    """The flags in words, such as a submission that could not be read."""
    return _safe_cell(" ".join(flag.message for flag in report.flags))


def _safe_cell(cell: str) -> str:
    """The cell on one line, and with a quote before it where a spreadsheet would calculate it."""
    line = formatting.printable(cell.translate(_BLANKS))
    return f"'{line}" if line.lstrip().startswith(_FORMULA_STARTS) else line
