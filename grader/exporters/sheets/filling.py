"""Fill in a sheet: scores into the rows of their students, matched by id, and words on everything that does not fit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from grader import formatting
from grader.exporters.export import Export, ExportContext
from grader.exporters.grades import Grade, Grades, decimal, grades, rounded, several_words
from grader.exporters.sheets.feedback_words import feedback_words
from grader.exporters.sheets.grid import Grid, Line, SheetError, filled, read_grid
from grader.exporters.sheets.layout import Layout, decimal_mark, number, require_apart
from grader.exporters.sheets.persons import Ids, Owners
from grader.intake.persons import have_a_word_in_common
from grader.model.artifact import Artifact
from grader.model.student_result import StudentResult

LayoutOf = Callable[[Grid, ExportContext], Layout]
"""Finds the columns of a platform's sheet. SheetError if it is not one, or none or several could be meant."""

_SHOWN = 200


def fill(results: Sequence[StudentResult], context: ExportContext, layout_of: LayoutOf) -> Export:
    """The sheet of the context with the students' scores. Students whose score is withheld keep their cells.

    All problems are found before anything is made.
    """
    found = grades(results)
    unmatched = context.settings.get("unmatched")
    if unmatched not in {None, "skip"}:
        words = f"--set unmatched={formatting.printable(str(unmatched))}: the only value is skip"
        return Export(problems=(words,))
    try:
        grid = read_grid(context.sheet or b"", context.settings.get("encoding"))
        layout = require_apart(layout_of(grid, context))
        return _Filling(results, found, grid, layout).export(context, is_going_on=unmatched == "skip")
    except SheetError as error:
        name = formatting.printable(context.sheet_name) or "the sheet"
        return Export(problems=(f"{name}: {error}",))


@dataclass(slots=True)
class _Filling:
    """What becomes of the rows."""

    results: Sequence[StudentResult]
    grades: Grades
    grid: Grid
    layout: Layout
    edits: dict[tuple[int, int], str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    remarks: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    left_out: list[str] = field(default_factory=list)
    scored: set[int] = field(default_factory=set)
    """Numbers of the students with a score: for the others nothing is written, so nothing can go wrong."""
    settled: set[int] = field(default_factory=set)
    """Numbers of students of whom a row was found, though perhaps not one to write to."""
    scores: list[tuple[str, str]] = field(default_factory=list)

    def export(self, context: ExportContext, *, is_going_on: bool) -> Export:
        """Match, write, prove."""
        scores = {id(grade.result): grade for grade in self.grades.given}
        self.scored.update(at for at, result in enumerate(self.results) if id(result) in scores)
        rows = self._rows()
        mark = decimal_mark(self.grid, self.layout)
        written: set[int] = set()
        for number_, row in rows.items():
            grade = scores.get(id(self.results[number_]))
            if grade is not None:
                self._write(row, grade, mark)
                written.add(row)
        absent = [
            grade
            for number_, result in enumerate(self.results)
            if (grade := scores.get(id(result))) is not None and number_ not in self.settled
        ]
        self._unmatched(absent, is_going_on=is_going_on or not rows)
        if self.problems:
            return Export(problems=tuple(self.problems))
        dropped = self._without_grade(written) if self.layout.drops_rows_without_grade else frozenset()
        content = filled(self.grid, self.edits, dropped)
        return Export(
            (Artifact(_own_name(context.sheet_name), "text/csv", content),) if written else (),
            matched=len(self.scores),
            scores=tuple(self.scores),
            left_out=tuple(self.left_out),
            remarks=self._remarks(),
            **self.grades.told,
        )

    def _rows(self) -> Mapping[int, int]:
        """The row of each student who has exactly one, by the student's number. The others are told."""
        ids = Ids(self.results)
        claims: defaultdict[int, list[int]] = defaultdict(list)
        nobodys: list[str] = []
        for row, line in self._persons():
            owners = ids.owners(line, self.layout.keys)
            self.settled.update(owners.results)
            if len(owners.results) > 1:
                if not self.scored.isdisjoint(owners.results):
                    self._several(line, owners.results)
            elif not owners.results:
                nobodys.append(self._called(line))
            elif self._is_checked(line, owners):
                claims[owners.results[0]].append(row)
        for number_, rows in claims.items():
            if len(rows) > 1 and number_ in self.scored:
                self.problems.append(
                    f"{self._lines(rows)} are all {self._who(number_)}: remove all but one, or export the sheet again"
                )
        if nobodys:
            kept = "not in the new file" if self.layout.drops_rows_without_grade else "left as they are"
            self.remarks[f"Rows of the sheet without a report, {kept} ({len(nobodys)})"] += nobodys
        self._repeated_keys(claims)
        if not claims and self.grades.given and not self.problems:
            self.problems.append(self._nobody_matched(ids))
        return {number_: rows[0] for number_, rows in claims.items() if len(rows) == 1}

    def _persons(self) -> list[tuple[int, Line]]:
        first = self.layout.header + 1
        return [
            (row, line)
            for row, line in enumerate(self.grid.lines[first:], first)
            if not line.is_blank and self.layout.is_person(line)
        ]

    def _several(self, line: Line, owners: Sequence[int]) -> None:
        """A row that two students could have."""
        students = {each.student.id for at in owners if (each := self.results[at]).student is not None}
        if len(students) == 1:
            words = several_words([self.results[each] for each in owners])
            self.problems.append(f"line {line.number}: {words}")
            return
        ids = [repr(formatting.printable(line[key.column])) for key in self.layout.keys if line[key.column]]
        who = formatting.listing([self._who(each) for each in owners])
        verb = "is an id of" if len(ids) == 1 else "are ids of"
        self.problems.append(
            f"line {line.number}: {formatting.listing(ids)} {verb} {who}: correct the sheet or the roster"
        )

    def _is_checked(self, line: Line, owners: Owners) -> bool:
        """Whether the names do not speak against a match by id. What they say is told."""
        result = self.results[owners.results[0]]
        if result.student is None:
            self.remarks["Matched by the name of the submission"].append(
                f"line {line.number}: {result.words}"
            )
        row_name = line.joined(self.layout.names)
        own_name = result.student.name if result.student is not None else None
        if not row_name or not own_name or have_a_word_in_common(row_name, own_name):
            return True
        shown = formatting.printable(row_name)
        who = result.words
        is_team = owners.agreeing == 1 and self.layout.is_a_team(own_name)
        if owners.is_certain and not is_team:
            self.remarks["Matched by id, under another name"].append(
                f"line {line.number} is called {shown}, the report {who}"
            )
            return True
        team = ", or a team" if is_team else ""
        self.problems.append(
            f"line {line.number} is {shown}, but by its id {who}: another person{team}? Give a roster with the ids of"
            " this platform and grade again"
        )
        return False

    def _repeated_keys(self, claims: Mapping[int, Sequence[int]]) -> None:
        """Rows of others that have one id: nothing is written there, but the platform may mix them up."""
        key = self.layout.keys[0]
        lines: defaultdict[str, list[int]] = defaultdict(list)
        taken = {row for number_, rows in claims.items() for row in rows if number_ in self.scored}
        for row, line in self._persons():
            if row not in taken and line[key.column]:
                lines[line[key.column]].append(row)
        for text, rows in lines.items():
            if len(rows) > 1:
                self.remarks["Duplicate ids"].append(f"{formatting.printable(text)} in {self._lines(rows)}")

    def _write(self, row: int, grade: Grade, mark: str) -> None:
        line, layout = self.grid.lines[row], self.layout
        width = len(self.grid.lines[layout.header].cells)
        if len(line.cells) > width:
            self.problems.append(
                f"line {line.number} ({grade.who}) has {formatting.count(len(line.cells), 'cell')}, the header {width}: is"
                " a comma in a name? Put the name in quotes"
            )
            return
        if (reason := layout.kept(line)) is not None:
            self.left_out.append(f"{grade.who} {reason}")
            return
        self.scores.append((grade.who, f"{grade.words}, {self._called(line)}"))
        old, most = line[layout.grade], layout.maximum_of(line)
        before = number(old)
        if before is None or rounded(before) != grade.score:
            self.edits[row, layout.grade] = decimal(grade.score).replace(".", mark)
            if old:
                self.remarks["Grades to be replaced"].append(
                    f"{grade.who}: {formatting.printable(formatting.shortened(old, 40))} becomes {decimal(grade.score)}"
                )
        if most is not None and grade.score > most + 1e-9:
            self.remarks[f"Above the maximum, which {layout.above}"].append(
                f"{grade.who}: {decimal(grade.score)} of {formatting.points(most)}"
            )
        elif (objection := layout.objection(line, grade.score)) is not None:
            self.remarks[f"{layout.platform} will skip"].append(f"{grade.who} {objection}")
        if most is not None and grade.max_score is not None and abs(most - grade.max_score) > 1e-9:
            self.remarks[
                f"The assignment is worth {formatting.points(grade.max_score)} points here and"
                f" {formatting.points(most)} in the sheet; scores are not scaled"
            ] = []
        if layout.feedback is not None and grade.result.report is not None:
            self._comment(row, line, grade, layout.feedback)

    def _comment(self, row: int, line: Line, grade: Grade, column: int) -> None:
        words = feedback_words(grade, is_html=self.layout.is_html)
        if line[column] == words:
            return
        self.edits[row, column] = words
        if line[column]:
            self.remarks["Feedback to be replaced"].append(grade.who)

    def _unmatched(self, absent: Sequence[Grade], *, is_going_on: bool) -> None:
        """Students with a score and without a row: a problem, unless the instructor said to go on."""
        words = [f"{grade.who}{hint}" for grade, hint in zip(absent, self._hints(absent), strict=True)]
        self.left_out += [f"{each}: no row of the sheet has one of their ids" for each in words]
        if words and not is_going_on:
            count = formatting.count(len(words), "student")
            self.problems.append(
                f"{count} with a score but no row in the sheet: {formatting.several(words, _SHOWN)}. Export"
                " the sheet"
                " again, or go on without them with --set unmatched=skip"
            )

    def _hints(self, absent: Sequence[Grade]) -> list[str]:
        """Where a spreadsheet has taken the zeros off an id of each."""
        lines = {line[key.column]: line.number for _, line in self._persons() for key in self.layout.keys}
        return [_hint(grade, lines) for grade in absent]

    def _nobody_matched(self, ids: Ids) -> str:
        columns = [
            repr(formatting.printable(self.grid.lines[self.layout.header][key.column]))
            for key in self.layout.keys
        ]
        kinds = formatting.listing(list(ids.kinds)) or "none"
        return (
            f"no row matches a student: the sheet has ids in {formatting.listing(columns)}, the class has ids of the kinds"
            f" {kinds}{self._hints(self.grades.given[:1])[0]}. Is it the sheet of this class? If it is,"
            " regrade with a roster that has these ids too"
        )

    def _without_grade(self, written: set[int]) -> frozenset[int]:
        """The rows of persons that get no grade."""
        return frozenset(row for row, _ in self._persons() if row not in written)

    def _remarks(self) -> tuple[str, ...]:
        told = (
            f"{heading}: {formatting.several(words, _SHOWN)}" if words else heading
            for heading, words in self.remarks.items()
        )
        return (*self.layout.remarks, *told)

    def _called(self, line: Line) -> str:
        ids = next((line[key.column] for key in self.layout.keys if line[key.column]), "")
        name = line.joined(self.layout.names)
        shown = formatting.printable(formatting.shortened(name or ids or "no id", 60))
        return f"line {line.number} ({shown})"

    def _lines(self, rows: Sequence[int]) -> str:
        return f"lines {formatting.listing([str(self.grid.lines[row].number) for row in rows])}"

    def _who(self, number_: int) -> str:
        return self.results[number_].words


def _hint(grade: Grade, lines: Mapping[str, int]) -> str:
    """Where a spreadsheet has taken the zeros off an id. lines: the sheet's ids with their lines."""
    student = grade.result.student
    for each in () if student is None else (student.id, *student.platform.values()):
        bare = each.lstrip("0")
        if bare != each and bare in lines:
            return f" (line {lines[bare]} has {bare}: a spreadsheet dropped the leading zeros of {each})"
    return ""


def _own_name(name: str) -> str:
    """Another name than the sheet's."""
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}-graded.{suffix}" if dot and stem else f"{name or 'sheet'}-graded"
