"""The reports of a class on disk. Each file is complete or not there."""

from __future__ import annotations

import contextlib
import errno
import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader import formatting
from grader.batch import lock
from grader.batch.class_record import ClassRecord, parse_class_record
from grader.errors import OutputError, ReportError
from grader.exporters import gradebook
from grader.model.report import SCHEMA_VERSION, Report, parse_report
from grader.model.student_result import StudentResult
from grader.output_files import HALF, not_written, read_own, write_atomically

ROSTER_NAME = "roster.csv"
RULES_NAME = "class.toml"
OVERRIDES_NAME = "overrides.toml"

_BEGINNING = f'{{\n  "schema_version": "{SCHEMA_VERSION}",'.encode()
"""Of every report that this version writes."""

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReportStore:
    """The output folder of a class: reports/ID.json, class.json, the instructor's own files, and what is derived from them."""

    folder: Path

    @property
    def reports_folder(self) -> Path:
        """The folder of the reports."""
        return self.folder / "reports"

    @property
    def feedback_folder(self) -> Path:
        """The folder of the students' pages."""
        return self.folder / "feedback"

    @property
    def class_page_path(self) -> Path:
        """The instructor's page on the class."""
        return self.folder / "index.html"

    @property
    def gradebook_path(self) -> Path:
        """The table of scores."""
        return self.folder / "gradebook.csv"

    def page_path(self, submission_id: str) -> Path:
        """The path of the student's page on a submission."""
        return self.feedback_folder / f"{submission_id}.html"

    @property
    def record_path(self) -> Path:
        """The record of the class."""
        return self.folder / "class.json"

    @property
    def roster_path(self) -> Path:
        """The copy of the roster that was given last."""
        return self.folder / ROSTER_NAME

    @property
    def rules_path(self) -> Path:
        """The copy of the rules that were given last."""
        return self.folder / RULES_NAME

    @property
    def overrides_path(self) -> Path:
        """The overrides of `grader override`."""
        return self.folder / OVERRIDES_NAME

    def report_path(self, submission_id: str) -> Path:
        """The path of the report on a submission."""
        return self.reports_folder / f"{submission_id}.json"

    def require_files(self) -> None:
        """OutputError if a pipe, a device or a folder is where the instructor's own files are."""
        for path in (self.roster_path, self.rules_path, self.overrides_path):
            if path.exists() and not path.is_file():
                raise OutputError.at(path, "is not a file; remove it")

    def prepare(self) -> None:
        """Make the folders and try to write there: OutputError now rather than after the first submission."""
        try:
            self.reports_folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.reports_folder).close()
        except OSError as error:
            raise not_written(self.reports_folder, error) from error

    @contextlib.contextmanager
    def held(self, advice: str = lock.ADVICE) -> Iterator[None]:
        """Prepare the folder, and keep other runs out of it. OutputError, with the advice, if one is at work here.

        Half files of a run that was killed while it wrote are removed.
        """
        self.prepare()
        with lock.held(self.folder, advice):
            for folder in (self.folder, self.reports_folder, self.feedback_folder):
                for half in folder.glob(HALF):
                    with contextlib.suppress(OSError):
                        half.unlink()
            yield

    def read(self, submission_id: str) -> Report | None:
        """The report on disk; None if there is none or this version cannot read it."""
        try:
            return parse_report(read_own(self.report_path(submission_id)))
        except (OSError, UnicodeDecodeError, ReportError):
            return None

    def has_report(self, submission_id: str) -> bool:
        """Whether a report of this version is there, as its beginning tells: to read it all takes far longer."""
        path = self.report_path(submission_id)
        if not path.is_file():  # a pipe could keep us waiting
            return False
        try:
            with path.open("rb") as file:
                return file.read(len(_BEGINNING)) == _BEGINNING
        except OSError:
            return False

    def write(self, submission_id: str, report: Report) -> Path:
        """Put a report on disk."""
        path = self.report_path(submission_id)
        self._put(path, report.to_json())
        return path

    def restore(self, reports: Mapping[str, Report], record: ClassRecord | None = None) -> None:
        """Write those again whose files were removed, as with the whole folder, and the record of the class.

        Reports that are held for a class have no curves and pictures; the warning says so.
        """
        if record is not None and not self.record_path.exists():
            self.write_record(record)
        gone = [each for each in reports if not self.report_path(each).exists()]
        if gone:
            _log.warning(
                "%d of the reports in %s were removed during the run; they are written again, without curves and pictures",
                len(gone),
                formatting.printable(str(self.reports_folder)),
            )
        for each in gone:
            self.write(each, reports[each])

    def read_record(self) -> ClassRecord | None:
        """The record of the class; None if there is none (an older folder) or this version cannot read it."""
        try:
            return parse_class_record(read_own(self.record_path))
        except (OSError, UnicodeDecodeError):
            return None

    @property
    def had_record(self) -> bool:
        """Whether a run wrote a record of the class: a folder of an older version has none, and no roster."""
        return self.record_path.exists() or self.roster_path.exists()

    def write_record(self, record: ClassRecord) -> None:
        """Put the record of the class on disk."""
        self._put(self.record_path, record.to_json())

    def keep(self, own_files: Mapping[str, bytes]) -> None:
        """Put copies of the instructor's own files into the folder, by name."""
        for name, content in own_files.items():
            self._put(self.folder / name, content)

    def write_page(self, submission_id: str, page: str) -> None:
        """Put the student's page on disk."""
        self._put(self.page_path(submission_id), page)

    def write_class_page(self, page: bytes) -> None:
        """Put the instructor's page on disk."""
        self._put(self.class_page_path, page)

    def write_gradebook(self, results: Sequence[StudentResult]) -> None:
        """Derive gradebook.csv: a line for each student, in the given order."""
        self._put(self.gradebook_path, gradebook(results).content.decode())

    def _put(self, path: Path, text: str | bytes) -> None:
        try:
            write_atomically(path, text)
        except OutputError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in _FULL:
                advice = "free some space and run the same command again; finished reports are kept"
                raise OutputError(f"{error}; {advice}", path=path) from error.__cause__
            raise
