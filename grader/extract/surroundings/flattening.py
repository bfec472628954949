"""Puts the branch that runs in the place of a compound statement whose test is decided, statement by statement.

So each statement of the branch is judged for itself, and nothing that a function needs is lost with the block.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from grader.extract.source.importing import ModuleFinder, absolute_name
from grader.extract.source.parsing import Statement
from grader.extract.source.scopes import bindings_in, walk_scope
from grader.extract.surroundings.environment import Environment
from grader.extract.surroundings.handlers import catches, gives_up, handler_of, names_in
from grader.extract.surroundings.machine import EVERYDAY, PLACES
from grader.extract.surroundings.patching import Patched, first_line_of

MAIN_GUARD = "it runs only when the file is run as a script"

_COMPOUND = (ast.If, ast.Try, ast.With)
_DEPTH = 20
"""How deeply nested statements are taken out of their blocks."""
_CHOICES = 500
_LINES = 20_000
"""How many statements of a file are replaced, and how many lines are parsed anew for it."""
_CALLS = 4
"""How many calls deep functions are followed to names that they change with `global`."""
_TEST_LENGTH = 60


@dataclass(frozen=True, slots=True)
class _Choice:
    """What runs of a compound statement."""

    runs: tuple[Sequence[ast.stmt], ...]
    """Blocks, in the order of execution."""
    skipped: Sequence[ast.stmt] = ()
    """The branch that does not run."""
    reason: str = ""
    """Why not."""
    skipped_line: int = 0
    """Where it begins, by the node's own lines."""
    is_of_place: bool = False
    """Whether it runs in another place, as in Colab."""


def flattened(sources: Mapping[str, Sequence[Statement]], finder: ModuleFinder) -> dict[str, list[Statement]]:
    """The statements of each file, with decided `if`, `try` and `with` statements replaced by what runs of them."""
    return {path: _flattened(path, statements, finder) for path, statements in sources.items()}


def is_absent(finder: ModuleFinder, path: str, dotted: str) -> bool:
    """Whether an import of this dotted name in the file fails on a plain machine."""
    if any(dotted == place or dotted.startswith(f"{place}.") for place in PLACES):
        return True
    top = dotted.partition(".")[0]
    return top not in EVERYDAY and not finder.is_real(top) and finder.file_of(dotted, path) is None


def _changed_globals(nodes: Iterable[ast.AST]) -> dict[str, frozenset[str]]:
    """Functions in these statements, by name, and the names that a call of each changes with `global`."""
    changed: dict[str, set[str]] = {}
    calls: dict[str, set[str]] = {}
    for function in (item for node in nodes for item in ast.walk(node)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            own = changed.setdefault(function.name, set())
            called = calls.setdefault(function.name, set())
            for item in ast.walk(function):
                if isinstance(item, ast.Global):
                    own.update(item.names)
                elif isinstance(item, ast.Call) and isinstance(item.func, ast.Name):
                    called.add(item.func.id)
    for _ in range(_CALLS):
        for name, called in calls.items():
            changed[name] = changed[name].union(*(changed.get(each, ()) for each in called))
    return {name: frozenset(names) for name, names in changed.items() if names}


def bound_in(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that statements bind, except those that are unbound again."""
    return {
        name
        for item in walk_scope(list(nodes))
        if not isinstance(item, ast.ExceptHandler | ast.Delete)
        for name, _ in bindings_in(item)
    }


def _flattened(path: str, statements: Sequence[Statement], finder: ModuleFinder) -> list[Statement]:
    nodes = [each.node for each in statements if each.node is not None]
    units = {id(each.unit): each.unit for each in statements}.values()
    has_globals, has_walrus = (
        any(sign in line for unit in units for line in unit.lines) for sign in ("global ", ":=")
    )
    setters = _changed_globals(nodes) if has_globals else {}
    if any(isinstance(node, _COMPOUND) or isinstance(getattr(node, "value", 0), ast.IfExp) for node in nodes):
        is_main = finder.is_main(path)
        flattener = _Flattener(
            path,
            setters,
            lambda dotted: is_absent(finder, path, dotted),
            is_main=is_main,
            has_walrus=has_walrus,
        )
        found = [each for statement in statements for each in flattener.replaced(statement, 0)]
        statements = flattener.without_bound_names(found)
    return [_with_globals(each, setters) for each in statements] if setters else list(statements)


def _with_globals(statement: Statement, setters: Mapping[str, AbstractSet[str]]) -> Statement:
    """The statement with the names that functions called in it change with `global`."""
    if not isinstance(statement.node, ast.Expr | ast.Assign) or "(" not in statement.source:
        return statement
    called = {
        item.func.id
        for item in ast.walk(statement.node)
        if isinstance(item, ast.Call) and isinstance(item.func, ast.Name)
    }
    changed = sorted({name for function in called & setters.keys() for name in setters[function]})
    return replace(statement, names=tuple(changed)) if changed else statement


class _Flattener:
    """Goes through the statements of one file in the order of execution."""

    def __init__(
        self,
        path: str,
        setters: Mapping[str, AbstractSet[str]],
        is_absent: Callable[[str], bool],
        *,
        is_main: bool,
        has_walrus: bool,
    ) -> None:
        self._path = path
        self._is_absent = is_absent
        changed = frozenset[str]().union(*setters.values())
        self._environment = Environment(path, is_absent, changed, is_main=is_main, has_walrus=has_walrus)
        self._has_walrus = has_walrus
        self._skipped: dict[int, tuple[Statement, list[Statement]]] = {}
        """By id, what stands for branches that do not run, and those of their statements that count for want of others."""
        self._choices_left = _CHOICES
        self._lines_left = _LINES

    def replaced(self, statement: Statement, depth: int) -> list[Statement]:
        """What stands in the place of the statement: itself, unless it is decided."""
        node = statement.node
        if node is None:
            return [statement]
        if isinstance(node, _COMPOUND):
            is_within_bounds = depth < _DEPTH and self._choices_left > 0 and self._lines_left > 0
            choice = self._choice(node) if is_within_bounds else None
            lifted = None if choice is None else self._lifted(statement, choice)
            if choice is not None and lifted is not None:
                found = [part for each in lifted for part in self.replaced(each, depth + 1)]
                return sorted(
                    [*found, *self._left_behind(statement, choice)], key=lambda each: each.first_line
                )
            self._environment.forget(node)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.AsyncWith | ast.Match):
            self._environment.forget(node)
        elif self._has_walrus or not isinstance(node, ast.Expr):
            statement = self._simplified(statement)
            self._environment.execute(node)
        return [statement]

    def _simplified(self, statement: Statement) -> Statement:
        """`x = a if test else b` with the value that it gets, where the other one calls something."""
        match statement.node:
            case (
                ast.Assign(value=ast.IfExp() as value)
                | ast.AnnAssign(value=ast.IfExp() as value)
                | ast.AugAssign(value=ast.IfExp() as value)
            ) if self._choices_left > 0:
                self._choices_left -= 1
                truth = self._environment.truth(value.test)
                chosen, other = (value.body, value.orelse) if truth else (value.orelse, value.body)
                if truth is None or not any(isinstance(item, ast.Call) for item in ast.walk(other)):
                    return statement
                patched = Patched.of_replaced(statement, [(value, f"({_text_of(chosen, None)})")])
                lifted = patched and patched.statements(statement)
                return lifted[0] if lifted and len(lifted) == 1 else statement
        return statement

    def without_bound_names(self, statements: Sequence[Statement]) -> list[Statement]:
        """The statements; branches that do not run keep only the names that nothing else in the file binds.

        Of a branch for another place the statements that bind these names count: the code was written there.
        """
        if not any(each.names for each, _ in self._skipped.values()):
            return list(statements)
        bound = bound_in(each.node for each in statements if each.node is not None)
        found: list[Statement] = []
        for statement in statements:
            if id(statement) not in self._skipped:
                found.append(statement)
                continue
            own, elsewhere = self._skipped[id(statement)]
            counting = [
                each for each in elsewhere if each.node is not None and not bound_in([each.node]) <= bound
            ]
            bound |= bound_in(each.node for each in counting if each.node is not None)
            found += counting
            found.append(replace(own, names=tuple(name for name in own.names if name not in bound)))
        return found

    # Choosing

    def _choice(self, node: ast.stmt) -> _Choice | None:
        match node:
            case ast.If():
                return self._choice_of_if(node)
            case ast.Try():
                return self._choice_of_try(node)
            case ast.With(
                items=[ast.withitem(context_expr=ast.Call(func=function, args=kinds, keywords=[]))], body=body
            ):
                name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
                if name in {"capture_output", "redirect_stdout", "redirect_stderr"}:
                    return _Choice((body,))
                if name == "suppress":
                    return self._failing(
                        body, lambda kind: any(catches(each, kind) for each in kinds), [], []
                    )
        return None

    def _choice_of_if(self, node: ast.If) -> _Choice | None:
        truth = self._environment.truth(node.test)
        if truth is None or any(isinstance(item, ast.NamedExpr) for item in ast.walk(node.test)):
            return None
        if _asks_for_main(node.test):
            reason = MAIN_GUARD
        else:
            reason = f"it runs only where `{_text_of(node.test)}` is {'false' if truth else 'true'}"
        chosen, other = (node.body, node.orelse) if truth else (node.orelse, node.body)
        line = node.lineno if other is node.body else (other[0].lineno if other else 0)
        is_of_place = reason != MAIN_GUARD and self._environment.was_about_place
        return _Choice((chosen,), other, reason, line, is_of_place)

    def _choice_of_try(self, node: ast.Try) -> _Choice | None:
        """The body up to the statement that raises, and the handler; or the whole body if nothing can raise."""
        whole = _Choice((node.body, node.orelse, node.finalbody))
        position, kind = self._environment.first_raise(node.body)
        if position is None:
            return whole
        found = None if kind is None else handler_of(node, kind)
        if kind is None or found is None or _uses_its_error(found):
            return None
        if gives_up(found.body):  # the module was there when the code was written
            return whole if issubclass(kind, ImportError) else None
        if not self._is_guard(node.body[position], kind, found.type, node.body):
            return None
        return self._failing(node.body, lambda _: True, found.body, node.finalbody)

    def _failing(
        self,
        body: Sequence[ast.stmt],
        is_caught: Callable[[type[BaseException]], bool],
        handler: Sequence[ast.stmt],
        after: Sequence[ast.stmt],
    ) -> _Choice | None:
        """What runs if a statement of the body raises for certain."""
        position, kind = self._environment.first_raise(body)
        if position is None:
            return _Choice((body, after))
        if kind is None or not is_caught(kind):
            return None
        first = body[position]
        runs = [body[:position], handler, after]
        if isinstance(first, ast.Import | ast.ImportFrom) and not bound_in([first]) & bound_in(handler):
            runs.insert(1, [first])  # its name stays a stub, which does no harm
        is_of_place = _is_of_place(first, self._path)
        if is_of_place:
            self._environment.note_flags(bound_in(handler))
        return _Choice(tuple(runs), body[position + 1 :], _not_there(first), first.lineno, is_of_place)

    def _is_guard(
        self,
        statement: ast.stmt,
        kind: type[BaseException],
        caught: ast.expr | None,
        body: Sequence[ast.stmt],
    ) -> bool:
        """Whether a `try` is there for this exception: a broad one about much else is not about a missing module."""
        if not issubclass(kind, ImportError):
            return True
        if names_in(caught) & {"ImportError", "ModuleNotFoundError"}:
            return True
        if _is_of_place(statement, self._path):
            return True
        return all(isinstance(each, ast.Import | ast.ImportFrom | ast.Assign | ast.Pass) for each in body)

    # Taking statements out of their block

    def _lifted(self, statement: Statement, choice: _Choice) -> list[Statement] | None:
        """The chosen statements at column 0, on their own lines; None if their text cannot be cut out."""
        self._choices_left -= 1
        self._lines_left -= statement.last_line - statement.first_line
        found: list[Statement] = []
        for block in choice.runs:
            if not block:
                continue
            patched = Patched.of_block(statement, block)
            lifted = None if patched is None else patched.statements(statement)
            if lifted is None:
                return None
            found += lifted
        return found

    def _left_behind(self, statement: Statement, choice: _Choice) -> list[Statement]:
        """The branch that does not run, as text, so that its names can be explained."""
        if not choice.skipped or statement.node is None:
            return []
        offset = statement.first_line - first_line_of(statement.node)
        last = choice.skipped[-1].end_lineno or choice.skipped_line
        names = tuple(sorted(bound_in(choice.skipped)))
        left = Statement(
            statement.unit, choice.skipped_line + offset, last + offset, None, choice.reason, names
        )
        elsewhere = self._lifted(statement, _Choice((choice.skipped,))) if choice.is_of_place else None
        self._skipped[id(left)] = left, elsewhere or []
        return [left]


def _text_of(expression: ast.expr, length: int | None = _TEST_LENGTH) -> str:
    try:
        text = ast.unparse(expression)
    except RecursionError:
        return "…"
    return text if length is None or len(text) <= length else text[: length - 1] + "…"


def _asks_for_main(test: ast.expr) -> bool:
    """Whether the test is about `__name__`."""
    return any(isinstance(item, ast.Name) and item.id == "__name__" for item in ast.walk(test))


def _uses_its_error(handler: ast.ExceptHandler) -> bool:
    """Whether a handler needs the exception for more than a message."""
    return handler.name is not None and any(
        isinstance(item, ast.Name) and item.id == handler.name
        for statement in handler.body
        if not isinstance(statement, ast.Expr)
        for item in ast.walk(statement)
    )


def _modules_in(statement: ast.stmt, path: str) -> list[str]:
    match statement:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, level=level):
            return [absolute_name(module, level, path)]
    return []


def _is_of_place(statement: ast.stmt, path: str) -> bool:
    """Whether this is the import of a module that is in one hosted service only."""
    modules = _modules_in(statement, path)
    return any(module == place or module.startswith(f"{place}.") for module in modules for place in PLACES)


def _not_there(statement: ast.stmt) -> str:
    """Why the rest of a block does not run."""
    match statement:
        case ast.Import(names=[alias, *_]):
            return f"it comes after the import of {alias.name}, which is not available during grading"
        case ast.ImportFrom(module=str(module)):
            return f"it comes after the import of {module}, which is not available during grading"
    return "it comes after a line that fails outside of the notebook service it was written for"
