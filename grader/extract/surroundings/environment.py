"""What is known of a file's names while its statements are executed: enough to answer tests that ask where code runs."""

from __future__ import annotations

import ast
import builtins
import operator
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from grader.extract.source.importing import SUBMISSION_PACKAGE, absolute_name
from grader.extract.source.scopes import Assigned, bindings_in, walk_scope
from grader.extract.surroundings.handlers import handler_of
from grader.extract.surroundings.machine import EVERYDAY, STUB, Machine, Method, Raises, Thing, Unknown

_STEPS = 20_000
"""Expressions evaluated for one file."""
_DEPTH = 30
"""How deeply expressions and calls may be nested to be evaluated."""
_ITEMS = 50
"""Entries of a sequence that a comprehension goes through."""

_UNKNOWN = Thing("<unknown>")
_ORDERS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

_SIMPLE = (
    *(ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom),
    *(ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign),
)
"""Statements whose parts bind no name but by a walrus."""

_Returned = tuple[Any] | None
"""What a function returns, in a tuple; None while it goes on."""


class Environment:
    """The names of one file, on a plain Linux machine."""

    def __init__(
        self,
        path: str,
        is_absent: Callable[[str], bool],
        changed_elsewhere: AbstractSet[str] = frozenset(),
        *,
        is_main: bool,
        has_walrus: bool = True,
    ) -> None:
        """For the file at this path.

        Args:
            path: of the file.
            is_absent: whether an import of this dotted name fails.
            is_main: whether it is a notebook, which has a shell, or run by one.
            has_walrus: whether an expression may bind a name.
            changed_elsewhere: names that functions of the file change with `global`: their values are not known.
        """
        self._path = path
        self._machine = Machine(is_notebook=is_main, is_absent=is_absent)
        self._changed_elsewhere = changed_elsewhere
        self._has_walrus = has_walrus
        self._known: dict[str, Any] = {}
        self._of_place: set[str] = set()
        """Names that are given values for the place where the code runs."""
        self._steps_left = _STEPS

    def truth(self, test: ast.expr) -> bool | None:
        """Whether the test holds; None if the source does not tell."""
        self._machine.was_asked = False
        try:
            return self._is_true(test, self._known, 0)
        except (Unknown, Raises):
            return None

    @property
    def was_about_place(self) -> bool:
        """Whether the last test asked where the code runs, itself or by a flag."""
        return self._machine.was_asked

    def note_flags(self, names: Iterable[str]) -> None:
        """Take note of names whose values tell where the code runs."""
        self._of_place.update(names)

    def first_raise(self, body: Sequence[ast.stmt]) -> tuple[int | None, type[BaseException] | None]:
        """The first statement that raises for certain, and what; (its place, None) if one only might."""
        doubtful = None
        before = dict(self._known)
        try:
            for position, statement in enumerate(body):
                try:
                    self._check(statement, 0)
                except Raises as raised:
                    return position, raised.kind
                except Unknown:
                    doubtful = position if doubtful is None else doubtful
                self._bind(statement, self._known)
        finally:
            self._known = before
        return doubtful, None

    def execute(self, node: ast.stmt) -> None:
        """Take a statement into account that is executed now."""
        self._machine.was_asked = False
        if isinstance(node, ast.Assign):
            self._note_variables(node.targets)
        self._bind(node, self._known)
        if isinstance(node, ast.Assign) and self._machine.was_asked:
            self.note_flags(each.id for each in node.targets if isinstance(each, ast.Name))

    def forget(self, node: ast.stmt) -> None:
        """Take a statement into account that may be executed in part."""
        for item in walk_scope([node]):
            self._known.update((name, _UNKNOWN) for name, _ in bindings_in(item))
            self._note_variables([item])

    # Statements

    def _note_variables(self, targets: Iterable[ast.AST]) -> None:
        """Note `os.environ["NAME"] = ...`."""
        for target in targets:
            match target:
                case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))):
                    self._machine.set_variables.add(name)

    def _bind(self, node: ast.stmt, known: dict[str, Any]) -> None:
        """Give the names that a statement binds their values."""
        found: dict[str, Any] = {}
        for item in walk_scope([node]) if self._has_walrus or not isinstance(node, _SIMPLE) else (node,):
            for name, binding in bindings_in(item):
                value: Any = _UNKNOWN
                if item is node and isinstance(node, ast.FunctionDef) and not node.decorator_list:
                    value = node
                elif item is node and isinstance(node, ast.Import | ast.ImportFrom):
                    value = self._imported(node, name)
                elif item is node and isinstance(binding, Assigned) and binding.value is not None:
                    value = self._value_or_unknown(binding.value, known)
                found[name] = value
        if known is self._known:
            found.update(dict.fromkeys(found.keys() & self._changed_elsewhere, _UNKNOWN))
        known.update(found)

    def _value_or_unknown(self, node: ast.expr, known: Mapping[str, Any]) -> Any:
        try:
            return self._value(node, known, 0)
        except (Unknown, Raises):
            return _UNKNOWN

    def _imported(self, node: ast.Import | ast.ImportFrom, bound: str) -> Any:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom) and bound == (alias.asname or alias.name):
                module = absolute_name(node.module, node.level, self._path)
                return _UNKNOWN if module.startswith(SUBMISSION_PACKAGE) else Thing(f"{module}.{alias.name}")
            if bound == (alias.asname or alias.name.partition(".")[0]):
                return Thing(alias.name if alias.asname else bound)
        return _UNKNOWN

    def _check(self, node: ast.stmt, depth: int) -> None:
        """Raise Raises if the statement raises, Unknown if it might."""
        match node:
            case ast.Import() | ast.ImportFrom():
                self._check_import(node, is_certain=False)
            case ast.Assign(targets=[ast.Name(), *_], value=value) | ast.Expr(value=value):
                if self._value(value, self._known, depth) == STUB:
                    raise Unknown
            case ast.If(test=test, body=body, orelse=orelse) if depth < _DEPTH:
                for each in body if self._is_true(test, self._known, depth) else orelse:
                    self._check(each, depth + 1)
            case ast.Raise(exc=exc):
                raise Raises(_exception_of(exc))
            case (
                ast.Pass()
                | ast.FunctionDef(decorator_list=[], args=ast.arguments(defaults=[], kw_defaults=[]))
            ):
                pass
            case _:
                raise Unknown

    def _check_import(self, node: ast.Import | ast.ImportFrom, *, is_certain: bool = True) -> None:
        """Raise what the import raises.

        is_certain: whether parts of packages that are there are taken to be there.
        """
        modules = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            modules = [absolute_name(node.module, node.level, self._path)]
        for module in modules:
            if self._machine.is_absent(module):
                self._machine.was_asked = True
                raise Raises(ModuleNotFoundError)
            has_parts = isinstance(node, ast.ImportFrom) or "." in module
            if has_parts and not is_certain and module.partition(".")[0] not in EVERYDAY | {"__future__"}:
                raise Unknown

    # Functions of the file

    def _returned(
        self, function: ast.FunctionDef, node: ast.Call, known: Mapping[str, Any], depth: int
    ) -> Any:
        """What a call of one of the file's functions returns."""
        arguments = function.args
        if node.keywords or arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
            raise Unknown
        parameters = [*arguments.posonlyargs, *arguments.args]
        missing = len(parameters) - len(node.args)
        if not 0 <= missing <= len(arguments.defaults):
            raise Unknown
        given = [*node.args, *arguments.defaults[len(arguments.defaults) - missing :]]
        own = dict(self._known)
        for parameter, value in zip(parameters, given, strict=True):
            own[parameter.arg] = self._value(value, known, depth)
        returned = self._run(function.body, own, depth)
        return None if returned is None else returned[0]

    def _run(self, body: Iterable[ast.stmt], own: dict[str, Any], depth: int) -> _Returned:
        """Execute statements of a function with its own names."""
        if depth > _DEPTH:
            raise Unknown
        for node in body:
            if isinstance(node, ast.Return):
                return (None if node.value is None else self._value(node.value, own, depth),)
            if (returned := self._run_one(node, own, depth + 1)) is not None:
                return returned
        return None

    def _run_one(self, node: ast.stmt, own: dict[str, Any], depth: int) -> _Returned:
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                return self._run(body if self._is_true(test, own, depth) else orelse, own, depth)
            case ast.Try():
                return self._run_try(node, own, depth)
            case ast.Import() | ast.ImportFrom():
                self._check_import(node)
                self._bind(node, own)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                own[name] = self._value(value, own, depth)
            case ast.Expr(value=value):
                self._value(value, own, depth)
            case ast.Raise(exc=exc):
                raise Raises(_exception_of(exc))
            case ast.Pass():
                pass
            case _:
                raise Unknown
        return None

    def _run_try(self, node: ast.Try, own: dict[str, Any], depth: int) -> _Returned:
        try:
            returned = self._run(node.body, own, depth) or self._run(node.orelse, own, depth)
        except Raises as raised:
            handler = handler_of(node, raised.kind)
            if handler is None:
                raise
            returned = self._run(handler.body, own, depth)
        return self._run(node.finalbody, own, depth) or returned

    # Expressions

    def _is_true(self, node: ast.expr, known: Mapping[str, Any], depth: int) -> bool:
        return self._machine.truth(self._value(node, known, depth))

    def _value(self, node: ast.expr, known: Mapping[str, Any], depth: int) -> Any:
        """The value of an expression: a constant, a Thing or a function of the file."""
        self._steps_left -= 1
        if self._steps_left < 0 or depth > _DEPTH:
            raise Unknown
        try:
            return self._evaluated(node, known, depth + 1)
        except (TypeError, ValueError):  # the student's own, as in `sys.version_info < 3`
            raise Unknown from None

    def _evaluated(self, node: ast.expr, known: Mapping[str, Any], depth: int) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._named(name, known)
            case ast.Attribute(value=owner, attr=attribute):
                return self._machine.attribute(self._value(owner, known, depth), attribute)
            case ast.Call():
                return self._called(node, known, depth)
            case ast.BoolOp() | ast.UnaryOp(op=ast.Not()) | ast.Compare(ops=[_]) | ast.IfExp():
                return self._tested(node, known, depth)
            case _:
                return self._made(node, known, depth)

    def _named(self, name: str, known: Mapping[str, Any]) -> Any:
        self._machine.was_asked |= name in self._of_place
        if known.get(name) is _UNKNOWN or name in self._changed_elsewhere:
            raise Unknown
        if name in known:
            return known[name]
        is_notebook = self._machine.is_notebook
        if name == "__name__":
            return "__main__" if is_notebook else posixpath.basename(self._path).rpartition(".")[0]
        if name in {"get_ipython", "__IPYTHON__"}:
            if not is_notebook:
                raise Raises(NameError)
            return Thing(name) if name == "get_ipython" else True
        if name == "__builtins__" or hasattr(builtins, name):
            return Thing("builtins" if name == "__builtins__" else name)
        raise Unknown

    def _called(self, node: ast.Call, known: Mapping[str, Any], depth: int) -> Any:
        function = self._value(node.func, known, depth)
        if isinstance(function, ast.FunctionDef):
            return self._returned(function, node, known, depth)
        if isinstance(function, ast.Lambda) and not (node.args or node.keywords or function.args.args):
            return self._value(function.body, self._known, depth)
        if function == Thing("print"):
            return None
        given = [*node.args, *(each.value for each in node.keywords if each.arg == "default")]
        if len(given) != len(node.args) + len(node.keywords):
            raise Unknown
        return self._machine.called(function, [self._value(each, known, depth) for each in given])

    def _tested(self, node: ast.expr, known: Mapping[str, Any], depth: int) -> Any:
        """`and`, `or`, `not`, comparisons and conditional expressions."""
        match node:
            case ast.BoolOp(op=op, values=values):
                return self._joined(values, known, depth, is_or=isinstance(op, ast.Or))
            case ast.UnaryOp(operand=operand):
                return not self._is_true(operand, known, depth)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._compared(self._value(left, known, depth), op, self._value(right, known, depth))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._value(body if self._is_true(test, known, depth) else orelse, known, depth)
        raise Unknown

    def _joined(
        self, values: Sequence[ast.expr], known: Mapping[str, Any], depth: int, *, is_or: bool
    ) -> Any:
        """`and` and `or`: one operand that decides is enough, whatever the others are."""
        is_certain = True
        value: Any = None
        for each in values:
            try:
                value = self._value(each, known, depth)
                if self._machine.truth(value) == is_or:
                    return value if is_certain else is_or
            except Unknown:
                is_certain = False
        if not is_certain:
            raise Unknown
        return value

    def _compared(self, left: Any, op: ast.cmpop, right: Any) -> bool:
        match op:
            case ast.In() | ast.NotIn():
                return self._machine.contains(right, left) is isinstance(op, ast.In)
            case ast.Is() | ast.Eq() | ast.IsNot() | ast.NotEq():
                things = [each for each in (left, right) if isinstance(each, Thing | Method | ast.AST)]
                if things and (things == [left, right] or None not in (left, right)):
                    raise Unknown
                return (left == right) is isinstance(op, ast.Is | ast.Eq)
        if all(isinstance(each, tuple | int | float) for each in (left, right)) and type(op) in _ORDERS:
            return _ORDERS[type(op)](left, right)
        raise Unknown

    def _made(self, node: ast.expr, known: Mapping[str, Any], depth: int) -> Any:
        """Sequences and their entries, formatted strings, lambdas."""
        match node:
            case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
                return tuple(self._value(item, known, depth) for item in items)
            case ast.Subscript(value=owner, slice=ast.Slice(lower=lower, upper=upper, step=None)):
                bounds = [
                    None if each is None else self._value(each, known, depth) for each in (lower, upper)
                ]
                return self._machine.item(self._value(owner, known, depth), slice(*bounds))
            case ast.Subscript(value=owner, slice=key):
                return self._machine.item(self._value(owner, known, depth), self._value(key, known, depth))
            case ast.GeneratorExp() | ast.ListComp() | ast.SetComp():
                return self._comprehended(node, known, depth)
            case ast.JoinedStr(values=[ast.FormattedValue(value=value, conversion=-1, format_spec=None)]):
                return self._machine.text(self._value(value, known, depth))
            case ast.Lambda():
                return node
        raise Unknown

    def _comprehended(
        self, node: ast.GeneratorExp | ast.ListComp | ast.SetComp, known: Mapping[str, Any], depth: int
    ) -> tuple[Any, ...]:
        match node.generators:
            case [ast.comprehension(target=ast.Name(id=name), iter=iterable, ifs=tests)]:
                items = self._machine.items(self._value(iterable, known, depth))
                if len(items) > _ITEMS:
                    raise Unknown
                scopes = [{**known, name: item} for item in items]
                return tuple(
                    self._value(node.elt, scope, depth)
                    for scope in scopes
                    if all(self._is_true(test, scope, depth) for test in tests)
                )
        raise Unknown


def _exception_of(node: ast.expr | None) -> type[BaseException]:
    """The builtin exception that `raise` names."""
    name = node.func if isinstance(node, ast.Call) else node
    kind = getattr(builtins, name.id, None) if isinstance(name, ast.Name) else None
    if isinstance(kind, type) and issubclass(kind, BaseException):
        return kind
    raise Unknown
