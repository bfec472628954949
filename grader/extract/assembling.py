"""Extraction: from a submission to the functions that are graded and everything they need."""

from __future__ import annotations

import ast
import contextlib
import gc
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from grader import formatting
from grader.extract.choosing import Choice
from grader.extract.closure import Closure, Dependencies
from grader.extract.effects import mentions_cuda
from grader.extract.elsewhere import definitions_elsewhere
from grader.extract.missing import Explainer
from grader.extract.omissions import lack, omissions
from grader.extract.program import ImportedName, Program
from grader.extract.pruning import without_harmful_lines
from grader.extract.safety import Safety
from grader.extract.source.binding import ALWAYS_BOUND, Reads
from grader.extract.source.extracted import (
    NOT_HANDED_IN,
    Absence,
    Chunk,
    Duplicate,
    Extracted,
    ExtractedFunction,
)
from grader.extract.source.importing import SUBMISSION_PACKAGE, ModuleFinder
from grader.extract.source.parsing import Statement
from grader.extract.source.reading import read_sources
from grader.extract.source.scopes import Definition
from grader.extract.surroundings.flattening import flattened
from grader.extract.surroundings.running import mark_run, with_runs
from grader.intake.submission import Submission

_PRUNINGS = 4
"""How often harmful lines are taken out: what is left of a statement may need another one."""


def extract(submission: Submission, names: Sequence[str], paths: Sequence[str] = ()) -> Extracted:
    """Find the functions and classes in `names` and everything they need.

    paths: of the handout's files; where several files define a name, these come first. Nothing of the submission is executed or imported. Raises UnreadableNotebook if no file can be read;
    one unreadable notebook beside other files is a note.
    """
    with warnings.catch_warnings(), _collector_paused():
        warnings.simplefilter("ignore")  # a student's "\d" is not our warning
        sources, notes = read_sources(submission.sources, names)
        finder = ModuleFinder(sources)
        mark_run(sources, finder)
        program = Program(with_runs(flattened(sources, finder), finder), finder)
        for _ in range(_PRUNINGS):
            assembly = _Assembly(submission, program, names, paths, list(notes))
            extracted = assembly.result()
            if (pruned := assembly.pruned()) is None:
                break
            program = Program(pruned, finder)
        return extracted


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Pause garbage collection: looking through the many small nodes of syntax trees takes longer than parsing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Assembly:
    """Builds one Extracted."""

    def __init__(
        self,
        submission: Submission,
        program: Program,
        names: Sequence[str],
        paths: Sequence[str],
        notes: Sequence[str],
    ) -> None:
        self._sources = submission.sources
        self._program = program
        self._names = tuple(dict.fromkeys(names))
        self._choice = Choice(program, self._names, paths)
        self._notes = [*submission.notes, *notes]
        self._safety = Safety(program, frozenset(names))
        self._dependencies = Dependencies(self._safety)
        self._duplicates: list[Duplicate] = []
        self._choices: dict[tuple[str, str, str], list[str]] = {}
        """Names by the files that define them, the file that counts, and the reason."""
        self._broken: dict[str, str] = {}
        self._failed: set[int] = set()
        self._lacking: frozenset[int] = frozenset()
        self._starred: Mapping[str, AbstractSet[str]] = {}

    def result(self) -> Extracted:
        targets = {name: number for name in self._names if (number := self._target(name)) is not None}
        closures = self._united(
            {name: self._dependencies.closure([number]) for name, number in targets.items()}
        )
        included = _union(closure.numbers for closure in closures.values())
        self._starred = self._names_from_absent_stars(included)
        executed = [number for number in self._dependencies.order(included) if not self._is_future(number)]
        positions = {number: position for position, number in enumerate(executed)}
        missing = [name for name in self._names if name not in targets]
        explainer = Explainer(self._program, self._names, definitions_elsewhere(self._sources, missing))
        faults = {name: explainer.fault(name) for name in missing if name not in self._broken}
        functions = {
            name: self._function(name, targets[name], closure, positions)
            for name, closure in closures.items()
        }
        self._lacking = frozenset(self._failed.union(*(closure.left_out for closure in closures.values())))
        modules = {each.dotted: each.file for number in included for each in self._program.modules_of(number)}
        return Extracted(
            functions=MappingProxyType(functions),
            missing=MappingProxyType(
                {name: self._broken.get(name) or explainer.reason(name) for name in missing}
            ),
            chunks=tuple(self._chunk(number, position) for number, position in positions.items()),
            left_out=omissions(self._safety, included, self._lacking),
            duplicates=tuple(self._duplicates),
            stubs=tuple(sorted({top for function in functions.values() for top in function.stubs})),
            absences=self._absences(included),
            modules=MappingProxyType(dict(sorted(modules.items()))),
            notes=(*self._notes, *self._choice_notes()),
            unparsed=MappingProxyType({name: place for name, place in faults.items() if place is not None}),
        )

    def pruned(self) -> dict[str, list[Statement]] | None:
        """All statements, with less in those that functions need and that are left out; None if nothing helps."""
        return without_harmful_lines(self._program, self._safety, self._lacking)

    # Finding

    def _target(self, name: str) -> int | None:
        """The statement that gives `name` its final value, in the file that is graded for it."""
        candidates = self._choice.files(name)
        for path in candidates:
            resolved = self._safety.resolve(path, name, None)
            self._failed.update(resolved.left_out)
            if not resolved.needed:
                continue
            self._note_choice(name, path, candidates)
            self._note_broken(
                name, [*resolved.left_out, *self._broken_elsewhere(name, path)], resolved.needed[0]
            )
            self._record_duplicate(name, path)
            return resolved.needed[0]
        for path in candidates:
            number = next(self._program.events(path, name, None))
            statement = self._program.statements[number]
            if statement.node is not None:
                reason = self._safety.reason(number)
                self._broken[name] = f"{name} ({statement.location}) cannot be loaded: {reason}"
        return None

    def _note_choice(self, name: str, path: str, candidates: Sequence[str]) -> None:
        other = next((candidate for candidate in candidates if candidate != path), None)
        if other is not None:
            files, reason = (
                ", ".join(formatting.first(sorted(candidates), 5)),
                self._choice.reason(name, path, other),
            )
            self._choices.setdefault((files, path, reason), []).append(name)

    def _choice_notes(self) -> Iterator[str]:
        for (files, path, reason), names in self._choices.items():
            is_one = len(names) == 1
            are, graded = ("is", "the one in {} is") if is_one else ("are", "those in {} are")
            yield (
                f"{formatting.listing(names)} {are} defined in {files}; {graded.format(path)} graded,"
                f" because {reason}"
            )

    def _broken_elsewhere(self, name: str, path: str) -> Iterator[int]:
        """The definitions in other files that do not parse and would have been the last ones there."""
        for other in self._program.namespaces:
            number = None if other == path else next(self._program.events(other, name, None), None)
            if number is not None and self._program.statements[number].fault_line is not None:
                yield number

    def _note_broken(self, name: str, left_out: Iterable[int], number: int) -> None:
        graded = self._program.statements[number]
        for other in left_out:
            statement = self._program.statements[other]
            reason = self._safety.reason(other)
            which = "later" if statement.unit.file == graded.unit.file else "other"
            told = f"at {statement.location} cannot be loaded: {reason}"
            if statement.fault_line is not None:
                told = f"({statement.location.place}) {reason}"
            self._notes.append(
                f"{name}: the definition at {graded.location} is graded; the {which} one {told}"
            )

    def _record_duplicate(self, name: str, path: str) -> None:
        events = self._program.namespaces[path].events[name]
        statements = [self._program.statements[number] for number in events]
        places = tuple(each.location for each in statements if isinstance(each.node, Definition))
        if len(places) > 1:
            self._duplicates.append(Duplicate(name, places))

    def _definition(self, name: str, target: int) -> int:
        """The statement that holds the code: not one that only changes the name's value or wraps it once more."""
        space = self._program.space_of(target)
        for number in reversed(space.events[name]):
            node = self._program.statements[number].node
            if number > target or node is None or self._safety.reason(number) is not None:
                continue
            if isinstance(node, Definition | ast.Import | ast.ImportFrom):
                return number
            if name in self._program.bindings(number).whole:
                reads = self._program.reads(number)
                if isinstance(reads, str) or name not in reads.load:
                    return number
            elif any(isinstance(item, Definition) and item.name == name for item in ast.walk(node)):
                return number
        return target

    # Joining

    def _united(self, closures: dict[str, Closure]) -> dict[str, Closure]:
        """The closures, with those that share a rebound name made one.

        A worker executes each chunk once, when the first function needs it. An earlier binding that only the second
        function needs must not come after the later one that the first has already executed.
        """
        binders: dict[tuple[str, str], set[int]] = {}
        for number in _union(closure.numbers for closure in closures.values()):
            for name in self._program.names_bound_by(number):
                binders.setdefault((self._program.statements[number].unit.file, name), set()).add(number)
        rebound = _union(numbers for numbers in binders.values() if len(numbers) > 1)
        joined = [name for name, closure in closures.items() if closure.numbers & rebound]
        union = _union(closures[name].numbers for name in joined)
        return {
            name: Closure(union, closure.left_out) if name in joined else closure
            for name, closure in closures.items()
        }

    def _is_future(self, number: int) -> bool:
        """Whether this is a future import; the worker compiles every chunk by the same rules."""
        node = self._program.statements[number].node
        return isinstance(node, ast.ImportFrom) and node.module == "__future__" and not node.level

    def _chunk(self, number: int, position: int) -> Chunk:
        statement = self._program.statements[number]
        binds = self._program.names_bound_by(number)
        borrows = dict.fromkeys(name for each in self._absent(number) for name in self._borrowed(each))
        return Chunk(
            position, statement.unit.file, statement.location, statement.source, binds, tuple(borrows)
        )

    def _function(
        self, name: str, target: int, closure: Closure, positions: Mapping[int, int]
    ) -> ExtractedFunction:
        statement = self._program.statements[self._definition(name, target)]
        return ExtractedFunction(
            name=name,
            file=statement.unit.file,
            location=statement.location,
            source=statement.source,
            chunks=tuple(sorted(positions[number] for number in closure.numbers if number in positions)),
            stubs=tuple(sorted({top for number in closure.numbers for top in self._stubs(number)})),
            not_handed_in=self._not_handed_in(closure.numbers),
            lacks=(
                *(lack(self._safety, number) for number in closure.left_out),
                *(
                    lost
                    for each in sorted(closure.numbers)
                    for lost in self._program.statements[each].lost_methods
                ),
            ),
            mentions_cuda=any(mentions_cuda(self._program.statements[each]) for each in closure.numbers),
            is_python_2=any(self._program.statements[each].is_converted for each in closure.numbers),
        )

    def _stubs(self, number: int) -> Iterable[str]:
        """Modules to stub: by their top level, or by the whole name where the submission has files below it."""
        for each in self._absent(number):
            top = each.dotted.partition(".")[0]
            is_shared = top == SUBMISSION_PACKAGE or self._program.finder.has_folder(top)
            yield each.dotted if is_shared else top

    def _absent(self, number: int) -> Iterator[ImportedName]:
        """All that a statement imports from modules that are not there."""
        for each in self._program.strangers_of(number):
            if not self._program.finder.is_real(each.dotted.partition(".")[0]):
                yield each

    def _borrowed(self, imported: ImportedName) -> Iterable[str]:
        return self._starred.get(imported.dotted, ()) if imported.name == "*" else (imported.bound,)

    def _names_from_absent_stars(self, numbers: Iterable[int]) -> dict[str, set[str]]:
        """Under each module that is not there the names that the statements can only have from its star import."""
        found: dict[str, set[str]] = {}
        for number in numbers:
            path, reads = self._program.statements[number].unit.file, self._program.reads(number)
            wanted = {(path, name) for name in (reads.load | reads.late if isinstance(reads, Reads) else ())}
            wanted |= {(each.file, each.name) for each in self._program.modules_of(number) if each.name}
            for file, name in wanted:
                space = self._program.namespaces.get(file)
                if space is None or not space.stars or name in space.events or name in ALWAYS_BOUND:
                    continue
                for star in self._program.starred(file, name).imports:
                    for each in self._absent(star):
                        if each.name == "*" and self._program.finder.absence(each.dotted)[1] == NOT_HANDED_IN:
                            found.setdefault(each.dotted, set()).add(name)
        return found

    def _absences(self, numbers: Iterable[int]) -> tuple[Absence, ...]:
        dotted = sorted({each.dotted for number in numbers for each in self._absent(number)})
        finder = self._program.finder
        return tuple(
            Absence(each, *finder.absence(each), tuple(sorted(self._starred.get(each, ()))))
            for each in dotted
        )

    def _not_handed_in(self, numbers: Iterable[int]) -> tuple[str, ...]:
        """The files that the statements import and that are not there, except for a star import that no name needs."""
        found = set()
        for number in numbers:
            for each in self._absent(number):
                subject, predicate = self._program.finder.absence(each.dotted)
                if predicate == NOT_HANDED_IN and (each.name != "*" or self._starred.get(each.dotted)):
                    found.add(subject)
        return tuple(sorted(found))


def _union(sets: Iterable[AbstractSet[int]]) -> frozenset[int]:
    return frozenset[int]().union(*sets)
