"""The roster of a class at the start of a run: given or kept from an earlier one, matched, and recorded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from grader import formatting
from grader.batch.class_record import ClassRecord, UnmatchedPart, entry_parts
from grader.batch.store import ROSTER_NAME, ReportStore
from grader.intake.entry import ClassEntry
from grader.intake.folder import ClassFiles
from grader.intake.matching import Matched, known_ids, match
from grader.intake.roster import ReadRoster, read_roster
from grader.model.roster import Roster
from grader.spec import Spec

_COLUMN_WORDS = {
    "canvas": "Canvas id",
    "sis": "SIS id",
    "moodle": "participant",
    "github": "GitHub login",
    "submitted": "time of submission",
}


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who is in the class, if anybody told."""

    read: ReadRoster | None = None

    remarks: tuple[str, ...] = ()
    """Sentences for the instructor."""

    own_files: tuple[tuple[str, bytes], ...] = ()
    """What to keep in the output folder."""

    @property
    def roster(self) -> Roster | None:
        """The students."""
        return None if self.read is None else self.read.roster

    @property
    def ids(self) -> frozenset[str]:
        """All ids that may be in names of files."""
        return frozenset() if self.roster is None else known_ids(self.roster)

    def joined(self, found: ClassFiles, spec: Spec) -> tuple[ClassFiles, ClassRecord]:
        """The class with the students of the roster, and its record."""
        if self.roster is None:
            return found, _record(found, spec, None, None)
        matched = match(found.entries, self.roster)
        matched = replace(matched, entries=tuple(map(_timed, matched.entries)))
        record = _record(found, spec, self.roster, matched)
        return replace(found, entries=matched.entries, remarks=(*self.remarks, *matched.lines)), record


def enrolment(store: ReportStore, path: Path | None) -> Enrolment:
    """The roster at this path, else the one in the output folder. RosterError if it cannot be read or mixes up students."""
    if path is None and not store.roster_path.exists():
        return Enrolment()
    place = store.roster_path if path is None else path
    read = read_roster(place)
    columns = (
        f"{_COLUMN_WORDS.get(role, role.replace('_', ' '))} from {header!r}"
        for role, header in read.roster.columns.items()
    )
    count = formatting.count(len(read.roster.students), "student")
    remarks = [f"Roster: {count}; {', '.join(columns)}."]
    if path is None:
        remarks.append(
            f"It is the one of an earlier run, {store.roster_path}; pass --roster for another, or remove the file to grade"
            " without."
        )
    remarks += (f"Roster, {note}." for note in read.notes)
    own = () if path is None else ((ROSTER_NAME, read.content),)
    return Enrolment(read, tuple(map(formatting.printable, remarks)), own)


def _timed(entry: ClassEntry) -> ClassEntry:
    """The entry with the roster's time of submission, if the download has none."""
    if entry.submitted_at is not None:
        return entry
    known = (each.enrolled for each in entry.students)
    times = [each.submitted_at for each in known if each is not None and each.submitted_at is not None]
    return replace(entry, submitted_at=max(times)) if times else entry


def _record(found: ClassFiles, spec: Spec, roster: Roster | None, matched: Matched | None) -> ClassRecord:
    entries = found.entries if matched is None else matched.entries
    return ClassRecord(
        format=found.format,
        words=found.words,
        spec=spec.name,
        title=spec.title,
        entries=entry_parts(entries, None if matched is None else matched.notes),
        roster=roster,
        unmatched=tuple(
            UnmatchedPart(
                submission=each.submission,
                student=None if each.student is None else each.student.id,
                reason=each.reason,
                candidates=tuple(student.id for student in each.candidates),
            )
            for each in (() if matched is None else matched.unmatched)
        ),
        not_submitted=tuple(each.id for each in (() if matched is None else matched.not_submitted)),
    )
