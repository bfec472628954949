"""From a submission to what is graded of it: reads every file by syntax tree and executes nothing."""

from __future__ import annotations

import ast
import contextlib
import gc
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from grader.errors import UnreadableNotebook
from grader.extract.closure import Closure, Dependencies
from grader.extract.effects import is_main_guard
from grader.extract.extracted import Chunk, Duplicate, Extracted, ExtractedFunction, LeftOut
from grader.extract.importing import SUBMISSION_PACKAGE, ModuleFinder
from grader.extract.missing import Explainer, left_out_reason
from grader.extract.parsing import Statement, statements_of
from grader.extract.program import Definition, Program
from grader.extract.safety import MAIN_GUARD, Judge
from grader.notebook import read_notebook
from grader.submission import SourceFile, Submission, decode_source

SUBMISSION_CHARACTERS = 8_000_000
"""How much source text of one submission is parsed, files that mention a graded name first."""


def extract(submission: Submission, names: Sequence[str]) -> Extracted:
    """Find the functions and classes in `names` and all that they need; see Extracted.

    Nothing of the submission is executed or imported. Raises UnreadableNotebook where no file can be read;
    one unreadable notebook beside other files is a note.
    """
    with warnings.catch_warnings(), _collector_paused():
        warnings.simplefilter("ignore")  # a student's "\d" is no warning of ours
        sources, notes = _read(submission.files, names)
        program = Program(sources, ModuleFinder(sources))
        return _Assembly(program, names, notes).result()


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Syntax trees are many small objects that all stay: looking for garbage among them takes longer than parsing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read(files: Iterable[SourceFile], names: Sequence[str]) -> tuple[dict[str, list[Statement]], list[str]]:
    """The statements of each file that can be read, and a note for each that cannot."""
    wanted = [name.encode() for name in names]
    sources: dict[str, list[Statement]] = {}
    notes: list[str] = []
    failure: UnreadableNotebook | None = None
    characters_left = SUBMISSION_CHARACTERS
    for file in sorted(files, key=lambda file: (not any(name in file.content for name in wanted), file.path)):
        if len(file.content) > 64 and characters_left <= 0:
            notes.append(
                f"{file.path} was not read: the submission is longer than {SUBMISSION_CHARACTERS:,} characters"
            )
            continue
        statements: list[Statement] = []
        if file.path.lower().endswith(".ipynb"):
            try:
                cells = read_notebook(file.content, file.path)
            except UnreadableNotebook as error:
                failure = failure or error
                notes.append(str(error))
                continue
            for cell in cells:
                characters_left -= len(cell.source)
                if characters_left >= 0:
                    statements += statements_of(file.path, cell.number, cell.source)
        else:
            text = decode_source(file.content)
            characters_left -= len(text)
            if characters_left >= 0:
                statements = statements_of(file.path, None, text)
        if characters_left < 0:
            notes.append(
                f"{file.path} was not read to its end: the submission is longer than {SUBMISSION_CHARACTERS:,} characters"
            )
        sources[file.path] = statements
    if failure is not None and not sources:
        raise failure
    return sources, notes


class _Assembly:
    """Builds one Extracted."""

    def __init__(self, program: Program, names: Sequence[str], notes: list[str]) -> None:
        self._program = program
        self._names = tuple(dict.fromkeys(names))
        self._notes = notes
        self._judge = Judge(program, frozenset(names))
        self._dependencies = Dependencies(program, self._judge)
        self._duplicates: list[Duplicate] = []
        self._missing: dict[str, str] = {}
        self._failed: dict[int, None] = {}

    def result(self) -> Extracted:
        targets = {name: number for name in self._names if (number := self._target(name)) is not None}
        closures = self._united(
            {name: self._dependencies.closure([number]) for name, number in targets.items()}
        )
        kept = frozenset[int]().union(*(closure.numbers for closure in closures.values()))
        numbering = {
            number: position
            for position, number in enumerate(
                number for number in self._dependencies.order(kept) if not self._is_dropped(number)
            )
        }
        explainer = Explainer(self._program, self._names)
        for name in self._names:
            if name not in targets and name not in self._missing:
                self._missing[name] = explainer.reason(name)
        functions = {
            name: self._function(name, targets[name], closure, numbering)
            for name, closure in closures.items()
        }
        chunks = tuple(self._chunk(number, position) for number, position in numbering.items())
        return Extracted(
            functions=MappingProxyType(functions),
            missing=MappingProxyType(
                {name: self._missing[name] for name in self._names if name in self._missing}
            ),
            chunks=chunks,
            left_out=self._left_out(kept, closures, targets),
            duplicates=tuple(self._duplicates),
            stand_ins=tuple(sorted({top for function in functions.values() for top in function.stand_ins})),
            modules=MappingProxyType(self._modules(kept)),
            notes=tuple(self._notes),
        )

    # Finding

    def _target(self, name: str) -> int | None:
        """The statement whose execution binds `name` for good, in the file that is graded for it."""
        candidates = self._files_defining(name)
        for path in candidates:
            resolved = self._judge.resolve(path, name, None)
            for number in resolved.left_out:
                self._failed.setdefault(number)
            if not resolved.needed:
                continue
            self._note_choice(name, path, candidates)
            self._note_broken(name, resolved.left_out, resolved.needed[0])
            self._record_duplicate(name, path)
            return resolved.needed[0]
        for path in candidates:
            number = next(self._program.events(path, name, None))
            statement = self._program.statements[number]
            if statement.node is not None:
                left_out = statement.left_out(self._judge.reason(number) or "", (name,))
                self._missing[name] = left_out_reason(name, left_out)
        return None

    def _files_defining(self, name: str) -> list[str]:
        """Files with a definition of `name`, the one that defines the most graded names first."""
        found = [path for path in self._program.namespaces if self._defines(path, name)]
        counts = {path: sum(self._defines(path, other) for other in self._names) for path in found}
        return sorted(found, key=lambda path: (-counts[path], path.count("/"), path))

    def _defines(self, path: str, name: str) -> bool:
        """Whether the file itself binds the name; an import counts where it gives the name to something else."""
        for number in self._program.namespaces[path].events.get(name, ()):
            node = self._program.statements[number].node
            if isinstance(node, ast.Import | ast.ImportFrom):
                if any(
                    alias.asname == name != alias.name for alias in node.names
                ) and self._program.modules_of(number):
                    return True
            elif node is not None:
                return True
        return False

    def _note_choice(self, name: str, path: str, candidates: Sequence[str]) -> None:
        others = [candidate for candidate in candidates if candidate != path]
        if others:
            count = sum(self._defines(path, other) for other in self._names)
            self._notes.append(
                f"{name} is defined in {', '.join(sorted(candidates))}; the one in {path} is graded, the file that "
                f"defines {count} of the {len(self._names)} graded names"
            )

    def _note_broken(self, name: str, left_out: Iterable[int], number: int) -> None:
        for other in left_out:
            statement = self._program.statements[other]
            self._notes.append(
                f"{name} is graded as it stands at {self._program.statements[number].place}; "
                f"the later one at {statement.place} is left out: {self._judge.reason(other)}"
            )

    def _record_duplicate(self, name: str, path: str) -> None:
        events = self._program.namespaces[path].events[name]
        statements = [self._program.statements[number] for number in events]
        places = tuple(statement.place for statement in statements if isinstance(statement.node, Definition))
        if len(places) > 1:
            self._duplicates.append(Duplicate(name, places))

    # Joining

    def _united(self, closures: dict[str, Closure]) -> dict[str, Closure]:
        """The closures, those that share a name bound more than once made one.

        A worker executes each chunk once, when the first function needs it: an earlier binding that only the second
        function needs must not come after the later one that the first has executed.
        """
        binders: dict[tuple[str, str], set[int]] = {}
        for number in frozenset[int]().union(*(closure.numbers for closure in closures.values())):
            for name in self._program.names_bound_by(number):
                binders.setdefault((self._program.statements[number].unit.file, name), set()).add(number)
        rebound = frozenset[int]().union(*(numbers for numbers in binders.values() if len(numbers) > 1))
        joined = [name for name, closure in closures.items() if closure.numbers & rebound]
        union = frozenset[int]().union(*(closures[name].numbers for name in joined))
        return {
            name: Closure(union, closure.left_out) if name in joined else closure
            for name, closure in closures.items()
        }

    def _is_dropped(self, number: int) -> bool:
        """Future imports: the worker compiles every chunk by the same rules."""
        node = self._program.statements[number].node
        return isinstance(node, ast.ImportFrom) and node.module == "__future__" and not node.level

    def _chunk(self, number: int, position: int) -> Chunk:
        statement = self._program.statements[number]
        binds = self._program.names_bound_by(number)
        return Chunk(position, statement.unit.file, statement.place, statement.source, binds)

    def _function(
        self, name: str, target: int, closure: Closure, numbering: Mapping[int, int]
    ) -> ExtractedFunction:
        statement = self._program.statements[target]
        return ExtractedFunction(
            name=name,
            place=statement.place,
            source=statement.source,
            chunks=tuple(sorted(numbering[number] for number in closure.numbers if number in numbering)),
            stand_ins=tuple(sorted({top for number in closure.numbers for top in self._stand_ins(number)})),
            lacks=tuple(self._as_left_out(number) for number in closure.left_out),
            mentions_cuda=any(_mentions_cuda(self._program.statements[number]) for number in closure.numbers),
        )

    def _stand_ins(self, number: int) -> Iterable[str]:
        """Modules that will be inert: their top level, or the whole name where the submission has files below it."""
        for dotted in self._program.strangers_of(number):
            top = dotted.partition(".")[0]
            if not self._program.finder.is_real(top):
                is_shared = top == SUBMISSION_PACKAGE or self._program.finder.has_folder(top)
                yield dotted if is_shared else top

    def _modules(self, kept: Iterable[int]) -> dict[str, str]:
        modules = {
            module.dotted: module.file for number in kept for module in self._program.modules_of(number)
        }
        return dict(sorted(modules.items()))

    # What is left out

    def _as_left_out(self, number: int) -> LeftOut:
        reason = self._judge.reason(number) or "nothing that is graded needs it"
        return self._program.statements[number].left_out(reason, self._program.names_bound_by(number))

    def _left_out(
        self, kept: frozenset[int], closures: Mapping[str, Closure], targets: Mapping[str, int]
    ) -> tuple[LeftOut, ...]:
        """Top-level statements worth a word, of the files that anything is graded from; of all where nothing is."""
        lacking = {number for closure in closures.values() for number in closure.left_out} | set(self._failed)
        files = {
            self._program.statements[number].unit.file for number in (*kept, *targets.values(), *lacking)
        }
        found = []
        for path in sorted(files or self._program.namespaces):
            space = self._program.namespaces[path]
            for number in range(space.first, space.first + len(space.statements)):
                if number in kept:
                    continue
                if number in lacking:
                    found.append(self._as_left_out(number))
                elif (reason := self._noteworthy(number)) is not None:
                    binds = self._program.names_bound_by(number)
                    found.append(self._program.statements[number].left_out(reason, binds))
        return tuple(found)

    def _noteworthy(self, number: int) -> str | None:
        """Why a statement that no graded function needs is named among what is left out; None where it is not."""
        statement = self._program.statements[number]
        match statement.node:
            case None:
                return statement.obstacle
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return None
            case ast.Expr():
                if self._judge.setting(number) is not None:
                    return None
                return self._judge.rash_call(number) or "a bare expression, which no graded function needs"
            case ast.If(test=test) if is_main_guard(test):
                return MAIN_GUARD
            case ast.For() | ast.AsyncFor() | ast.While():
                return self._judge.rash_call(number) or "a loop at top level, which no graded function needs"
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                return self._judge.rash_call(number)
            case ast.If() | ast.Try() | ast.With() | ast.AsyncWith() | ast.Match():
                if (reason := self._judge.rash_call(number)) is not None:
                    return reason
                is_idle = not self._program.names_bound_by(number)
                return "binds nothing that a graded function needs" if is_idle else None
            case _:
                return None


def _mentions_cuda(statement: Statement) -> bool:
    """Whether the statement says cuda in code or in a string; comments and docstrings do not count."""
    if statement.node is None or "cuda" not in statement.source.lower():
        return False
    documents = {id(item.value) for item in ast.walk(statement.node) if isinstance(item, ast.Expr)}
    for item in ast.walk(statement.node):
        texts: tuple[object, ...] = ()
        match item:
            case ast.Name(id=text) | ast.Attribute(attr=text) | ast.keyword(arg=text) | ast.arg(arg=text):
                texts = (text,)
            case ast.Constant(value=text) if id(item) not in documents:
                texts = (text,)
            case ast.alias(name=text, asname=other):
                texts = (text, other)
            case _:
                continue
        if any(isinstance(text, str) and "cuda" in text.lower() for text in texts):
            return True
    return False
