"""Whether a top-level statement may be executed before grading, or would load data, train or access the system.

So a function can be graded without running the student's whole notebook. This is not a defence: all code is confined.
"""

from __future__ import annotations

import ast
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TypeVar

from grader.extract.effects import (
    REACHING_BUILTINS,
    SETTINGS,
    body_calls_in,
    called_attributes,
    calls_in,
    is_callable,
    member_reason,
    shell_queries,
)
from grader.extract.program import Program
from grader.extract.source.binding import ALWAYS_BOUND, changed_name, root_name
from grader.extract.source.extracted import NOT_HANDED_IN
from grader.extract.source.importing import absolute_name, imports_in
from grader.extract.source.parsing import Statement
from grader.extract.source.scopes import Definition, Imported, bindings_in

_FALLBACKS = 50
"""How many left-out bindings of one name are passed over in search of one that can be executed."""

BARE_EXPRESSION = "an expression that no graded function needs"
IDLE = "it defines nothing that a graded function needs"
_TRAINING = "training or evaluation at top level"

_T = TypeVar("_T")

Question = tuple[str, int]
Examination = Generator[Question, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Where a name gets its value."""

    needed: tuple[int, ...]
    """The statements that together give it."""
    left_out: tuple[int, ...]
    """Later statements that would change it and are left out."""
    is_known: bool = True


class Safety:
    """Says of each statement whether it may be executed, and why not."""

    def __init__(self, program: Program, names: frozenset[str]) -> None:
        self.program = program
        self._names = names
        self._answers: dict[Question, str | None] = {}
        self._dotted_names: dict[int, dict[str, str]] = {}

    def reason(self, number: int) -> str | None:
        """Why the statement is left out, as a clause; None where it may be executed."""
        return self._answer(("load", number))

    def cause(self, number: int) -> int:
        """The statement for which this one is left out: itself, or another that it needs, or that needs."""
        passed: set[int] = set()
        while number not in passed:
            passed.add(number)
            statement = self.program.statements[number]
            reads = self.program.reads(number)
            if isinstance(reads, str) or statement.node is None or self.rash_call(number) is not None:
                return number
            for name in sorted(reads.load):
                resolved = self.resolve(statement.unit.file, name, number)
                if not resolved.needed and resolved.left_out:
                    number = resolved.left_out[0]
                    break
        return number

    def resolve(self, path: str, name: str, before: int | None) -> Resolved:
        """The statements that give `name` its value in the file, looking behind those left out."""
        return self._run(self._resolving(path, name, before))

    def setting(self, number: int) -> str | None:
        """The name of the module that a statement sets up, as torch.set_default_dtype(...) does; None for any other."""
        node = self.program.statements[number].node
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            path = self.program.statements[number].unit.file
            root, dotted = self._dotted(path, node.value.func, number)
            return root if dotted in SETTINGS else None
        return None

    def rash_call(self, number: int) -> str | None:
        """Why a call in the statement must not be made before grading; None where all may."""
        path = self.program.statements[number].unit.file
        for call in self._calls(number):
            if (reason := self._run(self._calling(path, call.func, number))) is not None:
                return reason
        return None

    def rash_part(self, number: int, part: ast.stmt) -> str | None:
        """The same for a part of the statement alone."""
        statement = self.program.statements[number]
        for call in _but_queries(statement, calls_in(part)):
            if (reason := self._run(self._calling(statement.unit.file, call.func, number))) is not None:
                return reason
        return None

    def lacking(self, number: int, names: Iterable[str]) -> str | None:
        """Why reading these names in the statement would fail, as far as other statements bind them."""
        return self._run(self._reading(number, frozenset(names)))

    def _calls(self, number: int) -> Iterable[ast.Call]:
        """Calls made when the statement is executed."""
        statement = self.program.statements[number]
        if statement.node is None or "(" not in statement.source:
            return ()
        return _but_queries(statement, calls_in(statement.node))

    def _run(self, steps: Generator[Question, str | None, _T]) -> _T:
        """Answer the questions that the steps ask; return their result."""
        answer = None
        try:
            while True:
                answer = self._answer(steps.send(answer))
        except StopIteration as stop:
            result: _T = stop.value
            return result

    def _answer(self, question: Question) -> str | None:
        """Run examinations that ask for one another on a stack of our own: chains may be long."""
        if question in self._answers:
            return self._answers[question]
        stack = [(question, self._examination(question))]
        active = {question}
        answer: str | None = None
        while stack:
            current, examination = stack[-1]
            try:
                wanted = examination.send(answer)
            except StopIteration as stop:
                answer = self._answers[current] = stop.value
                active.discard(current)
                stack.pop()
                continue
            answer = self._answers.get(wanted)
            # Statements that need each other are harmless unless something else in them is not.
            if wanted not in self._answers and wanted not in active:
                active.add(wanted)
                stack.append((wanted, self._examination(wanted)))
        return answer

    def _examination(self, question: Question) -> Examination:
        kind, number = question
        return self._loading(number) if kind == "load" else self._body(number)

    def _loading(self, number: int) -> Examination:
        """Why the statement cannot be executed by itself."""
        statement = self.program.statements[number]
        node, path = statement.node, statement.unit.file
        if node is None:
            return statement.obstacle
        reason = self._by_kind(number, node)
        if reason is not None:
            return reason
        reads = self.program.reads(number)
        if isinstance(reads, str):
            return reads
        if isinstance(node, ast.Import | ast.ImportFrom):
            return (yield from self._importing(number))
        # A decorator belongs to its definition: a stub returns the function, and any other runs under the deadline.
        decorators = {id(part) for item in getattr(node, "decorator_list", ()) for part in ast.walk(item)}
        for call in self._calls(number):
            if id(call) in decorators:
                continue
            if (reason := (yield from self._calling(path, call.func, number))) is not None:
                return reason
        return (yield from self._reading(number, reads.load))

    def _reading(self, number: int, names: frozenset[str]) -> Examination:
        """Why a statement that reads these names when it is executed would fail."""
        statement = self.program.statements[number]
        node, path = statement.node, statement.unit.file
        for name in sorted(names):
            resolved = yield from self._resolving(path, name, number)
            if not resolved.needed and resolved.left_out:
                return f"it needs `{name}`, which is left out"
            if not resolved.is_known and not isinstance(node, ast.Try | ast.If):
                return f"it uses `{name}`, which is not defined at top level"
        return None

    def _by_kind(self, number: int, node: ast.stmt) -> str | None:
        if isinstance(node, ast.Expr) and changed_name(node.value) is None and self.setting(number) is None:
            return None if self.program.statements[number].names else BARE_EXPRESSION
        idle = ast.Assert | ast.Delete | ast.Raise | ast.Return | ast.Pass | ast.Global | ast.Nonlocal
        if isinstance(node, idle):
            return IDLE
        return None

    def _importing(self, number: int) -> Examination:
        """Why an import from the submission's own files would fail: the name is missing or left out."""
        for module in self.program.modules_of(number):
            if module.name is None or module.name == "*" or module.file not in self.program.namespaces:
                continue
            resolved = yield from self._resolving(module.file, module.name, None)
            if not resolved.needed and resolved.left_out:
                return f"it needs `{module.name}` of {module.file}, which is left out"
            if not resolved.is_known:
                return f"it imports `{module.name}`, which {module.file} does not define"
        return None

    def _resolving(
        self, path: str, name: str, before: int | None
    ) -> Generator[Question, str | None, Resolved]:
        left_out: list[int] = []
        for tried, number in enumerate(self.program.events(path, name, before)):
            if (yield ("load", number)) is None:
                # An import does not lack left-out changes such as sys.path.append(...).
                is_import = isinstance(self.program.statements[number].node, ast.Import | ast.ImportFrom)
                return Resolved((number,), () if is_import else tuple(left_out))
            left_out.append(number)
            if tried == _FALLBACKS:
                break
        if left_out:
            return Resolved((), tuple(left_out))
        if self.program.namespaces[path].events.get(name):
            return Resolved((), ())
        starred = self.program.starred(path, name)  # these may replace builtins too
        if starred.file is None:
            return Resolved(starred.imports, (), is_known=bool(starred.imports) or name in ALWAYS_BOUND)
        there = yield from self._resolving(starred.file, name, None)
        needed = (*there.needed, *starred.imports) if there.needed else ()
        return Resolved(needed, there.left_out)

    def _calling(self, path: str, function: ast.expr, before: int | None) -> Examination:
        """Why this expression of the file `path` must not be called before grading."""
        root, dotted = self._dotted(path, function, before)
        if root is None:
            return None
        if dotted is not None:
            return self._member_reason(dotted)
        number = next(self.program.events(path, root, before), None)
        if number is None:
            starred = self.program.starred(path, root)
            if starred.file is not None:
                return (yield from self._calling_in(starred.file, root))
            return f"it calls {root}" if root in REACHING_BUILTINS or root == "get_ipython" else None
        if root in self._names:
            return f"{_TRAINING}: it calls {root}"
        node = self.program.statements[number].node
        if is_callable(node):
            return _through(root, (yield ("call", number)))
        module = self.program.taken_as(number, root)
        if module is not None and module.file in self.program.namespaces:
            names = called_attributes(function) if module.name is None else [module.name]
            if names:
                return (yield from self._calling_in(module.file, names[0]))
        return None

    def _member_reason(self, dotted: str) -> str | None:
        """The same for a member of a module outside the submission."""
        finder = self.program.finder
        is_real = finder.is_real(dotted.partition(".")[0])
        if not is_real and finder.absence(dotted)[1] == NOT_HANDED_IN:
            return None  # a stub, which does nothing, and which says why where its value is needed
        return member_reason(dotted, is_real=is_real)

    def _calling_in(self, file: str, name: str) -> Examination:
        """The same for a name of another file of the submission."""
        if name in self._names:
            return f"{_TRAINING}: it calls {name}"
        number = next(self.program.events(file, name, None), None)
        if number is not None and isinstance(self.program.statements[number].node, Definition):
            return _through(name, (yield ("call", number)))
        return None

    def _body(self, number: int) -> Examination:
        """Why a helper must not be called before grading; functions within it count only where it calls them."""
        statement = self.program.statements[number]
        node, path = statement.node, statement.unit.file
        reads = self.program.reads(number)
        if node is None or isinstance(reads, str):
            return "does not parse"
        names = reads.load | reads.late
        for call in _but_queries(statement, body_calls_in(node)):
            if root_name(call.func) not in names:
                continue  # a parameter or a local value
            if (reason := (yield from self._calling(path, call.func, None))) is not None:
                return reason
        for name in sorted(reads.late):
            resolved = yield from self._resolving(path, name, None)
            if not resolved.needed and resolved.left_out:
                return f"it needs `{name}`, which is left out"
        return None

    def _dotted(self, path: str, function: ast.expr, before: int | None) -> tuple[str | None, str | None]:
        """(the name it begins with, its full dotted name where that is imported from outside the submission)."""
        root = root_name(function)
        if root is None:
            return None, None
        if before is not None and (dotted := self._names_from_outside(before).get(root)):
            return root, ".".join([dotted, *called_attributes(function)])
        number = next(self.program.events(path, root, before), None)
        dotted = None if number is None else self._names_from_outside(number).get(root)
        return root, None if dotted is None else ".".join([dotted, *called_attributes(function)])

    def _names_from_outside(self, number: int) -> dict[str, str]:
        """The full dotted names of what the imports in a statement, or in its blocks, take from outside the submission."""
        if number not in self._dotted_names:
            statement = self.program.statements[number]
            found: dict[str, str] = {}
            if statement.node is not None and not isinstance(statement.node, Definition):
                for node in imports_in(statement):
                    found.update(self._foreign_names(node, statement.unit.file))
            self._dotted_names[number] = found
        return self._dotted_names[number]

    def _foreign_names(self, node: ast.Import | ast.ImportFrom, path: str) -> dict[str, str]:
        """The full dotted name of each name that the import takes from outside the submission."""
        own = {each.bound for each in self.program.names_in(node, path) if each.file}
        found: dict[str, str] = {}
        for name, imported in bindings_in(node):
            if name not in own and isinstance(imported, Imported):
                module = absolute_name(imported.module, imported.level, path)
                found.setdefault(name, f"{module}.{imported.name}" if imported.name else module)
        return found


def _but_queries(statement: Statement, calls: Iterable[ast.Call]) -> Iterable[ast.Call]:
    """The calls without those that only ask about the notebook's shell, which the worker answers."""
    if statement.node is None or "get_ipython" not in statement.source:
        return calls
    queries = shell_queries(statement.node)
    return [call for call in calls if id(call) not in queries]


def _through(helper: str, reason: str | None) -> str | None:
    if reason is None or reason.startswith("through"):
        return reason
    return f"through {helper}: {reason}"
