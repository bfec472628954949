"""The names that a file, function, class or comprehension binds, and the parts of a node that are executed in it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

_OF_OTHER_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_LEAVES_BLOCK = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_NOT_EXECUTED = frozenset({"annotation", "returns", "type_params", "ctx"})
"""Fields of a node; the worker compiles annotations as strings."""

_LEAVES = (ast.Name, ast.Constant, ast.expr_context, ast.operator, ast.cmpop, ast.unaryop, ast.boolop)
"""Nodes that neither bind nor call anything and have no children: most of a tree."""

MAY_BIND = (
    *(ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr, ast.For, ast.AsyncFor, ast.withitem),
    *(ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping, ast.Delete),
)
"""Nodes that bind names or unbind them."""


@dataclass(frozen=True, slots=True)
class Imported:
    """`import module`, or with `name` `from module import name`; `level` counts the dots before it."""

    module: str
    name: str | None
    level: int


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """The expression that a name was given; None where the source does not tell, as for a loop's variable."""

    value: ast.expr | None
    scope: Scope | None = None
    """The expression's scope, if not the name's own: a parameter's default belongs to the outer one."""


@dataclass(frozen=True, slots=True, eq=False)
class Defined:
    """A function or class of that name."""

    node: Definition


Binding = Imported | Assigned | Defined
UNTOLD = Assigned(None)


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """One scope of names within a file."""

    file: str
    parent: Scope | None
    """None for the file itself."""
    bound: Mapping[str, tuple[Binding, ...]]
    """Everything each name is bound to, in any order and branch."""
    stars: tuple[Imported, ...] = ()
    """Modules of star imports."""
    global_names: frozenset[str] = frozenset()
    """Names that the scope declares global."""
    is_class: bool = False
    """Functions within do not see the names bound here."""
    never_set: frozenset[str] = frozenset()
    """Parameters with a false default that the grader never sets, such as `debug=False`."""


def file_scope(file: str, parts: Iterable[Scope]) -> Scope:
    """One scope of a file from those of its statements."""
    bound: dict[str, list[Binding]] = {}
    stars: list[Imported] = []
    for part in parts:
        stars += part.stars
        for name, bindings in part.bound.items():
            bound.setdefault(name, []).extend(bindings)
    return Scope(file, None, {name: tuple(bindings) for name, bindings in bound.items()}, tuple(stars))


def scope_of(
    nodes: Sequence[ast.AST],
    file: str,
    parent: Scope | None = None,
    parameters: Mapping[str, Binding] | None = None,
    *,
    is_class: bool = False,
) -> Scope:
    """The scope of a body: its parameters and what its statements bind."""
    bound: dict[str, list[Binding]] = {name: [binding] for name, binding in (parameters or {}).items()}
    stars: list[Imported] = []
    elsewhere: set[str] = set()
    global_names: set[str] = set()
    for node in walk_scope(nodes):
        if isinstance(node, ast.Global | ast.Nonlocal):
            elsewhere.update(node.names)
            global_names.update(node.names if isinstance(node, ast.Global) else ())
        for name, binding in bindings_in(node):
            if name == "*" and isinstance(binding, Imported):
                stars.append(binding)
            else:
                bound.setdefault(name, []).append(binding)
    own = {name: tuple(bindings) for name, bindings in bound.items() if name not in elsewhere}
    return Scope(file, parent, own, tuple(stars), frozenset(global_names), is_class)


def inner_scope(
    node: Function | ast.ClassDef | Comprehension, parent: Scope, given: int | None = None
) -> Scope:
    """The scope that a function, class or comprehension opens.

    given: how many arguments every call of the function gives, where that is known; the others have their defaults.
    """
    if isinstance(node, ast.ClassDef):
        return scope_of(node.body, parent.file, parent, is_class=True)
    if isinstance(node, Comprehension):
        targets = (generator.target for generator in node.generators)
        names = (name for target in targets for name, _ in _untold(target))
        return Scope(parent.file, parent, dict.fromkeys(names, (UNTOLD,)))
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    optional = list(zip(positional, defaults, strict=True))
    keywords = list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    parameters: dict[str, Binding] = {
        each.arg: UNTOLD for each in filter(None, (arguments.vararg, arguments.kwarg))
    }
    for parameter, default in (*optional, *keywords):
        is_told = default is not None and not isinstance(default, ast.Constant)
        parameters[parameter.arg] = Assigned(default, parent) if is_told else UNTOLD
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    scope = scope_of(body, parent.file, parent, parameters)
    if given is None:
        return scope
    never_set = frozenset(
        parameter.arg
        for parameter, default in (*optional[given:], *keywords)
        if isinstance(default, ast.Constant)
        and not default.value
        and len(scope.bound.get(parameter.arg, ())) == 1
    )
    return replace(scope, never_set=never_set)


def walk_scope(nodes: Sequence[ast.AST]) -> Iterator[ast.AST]:
    """Every node executed in the scope of these, in order; of a comprehension's own scope only the walruses."""
    pending = [(node, True) for node in reversed(nodes)]
    while pending:
        node, is_own = pending.pop()
        if is_own or isinstance(node, ast.NamedExpr):
            yield node
        parts = executed_with(node)
        if parts:
            is_own = is_own and not isinstance(node, Comprehension)
            pending += [(child, is_own) for child in reversed(parts)]


def executed_with(node: ast.AST) -> Sequence[ast.AST]:
    """The parts of a node that are executed with it in its own scope, leaves aside: a definition's body is not."""
    if isinstance(node, _OF_OTHER_SCOPE):
        return outer_parts(node)
    found: list[ast.AST] = []
    for name in _executed_of(node._fields):
        value = getattr(node, name, None)
        if value.__class__ is list:
            found += [item for item in value if isinstance(item, ast.AST) and not isinstance(item, _LEAVES)]
        elif isinstance(value, ast.AST) and not isinstance(value, _LEAVES):
            found.append(value)
    return found


@cache
def _executed_of(fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in fields if name not in _NOT_EXECUTED)


def outer_parts(node: Function | ast.ClassDef) -> list[ast.expr]:
    """The parts that run when a definition is executed: decorators, bases and default values."""
    if isinstance(node, ast.ClassDef):
        return [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    return [*decorators, *node.args.defaults, *filter(None, node.args.kw_defaults)]


def reached(block: Sequence[ast.stmt]) -> Sequence[ast.stmt]:
    """The statements of a block up to the first that leaves it."""
    for position, statement in enumerate(block, start=1):
        if isinstance(statement, _LEAVES_BLOCK):
            return block[:position]
    return block


def reached_parts(node: ast.AST, truth: bool | None = None) -> Iterator[ast.AST]:
    """The parts of a node that a run can reach.

    truth: what the test of an `if` or `while` always is, where that is known; the other branch is left out.
    """
    passed_over = {True: "orelse", False: "body", None: ""}[truth]
    for name, value in ast.iter_fields(node):
        if name in _NOT_EXECUTED or name == passed_over:
            continue
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            items: Sequence[Any] = reached(value)
            yield from (item for item in items if isinstance(item, ast.AST))


def bindings_in(node: ast.AST) -> Iterator[tuple[str, Binding]]:
    """The names that a node itself binds, without its children; "*" means every name of a module."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                top = alias.name.partition(".")[0]
                yield alias.asname or top, Imported(alias.name if alias.asname else top, None, 0)
        case ast.ImportFrom(names=names, level=level, module=module):
            for alias in names:
                yield alias.asname or alias.name, Imported(module or "", alias.name, level)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name, Defined(node)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name, UNTOLD
        case ast.MatchMapping(rest=str(name)):
            yield name, UNTOLD
        case _:
            yield from _bindings_by_assignment(node)


def _bindings_by_assignment(node: ast.AST) -> Iterator[tuple[str, Binding]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _assigned(target, value)
        case (
            ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            | ast.NamedExpr(target=ast.Name(id=name), value=value)
        ):
            yield name, Assigned(value)
        case ast.For(target=target) | ast.AsyncFor(target=target) | ast.AugAssign(target=target):
            yield from _untold(target)
        case ast.withitem(optional_vars=ast.expr() as target):
            yield from _untold(target)
        case ast.Delete(targets=targets):
            for target in targets:
                yield from _untold(target)


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, Binding]]:
    """The names in a target, each with its own part of the value where the two have the same form."""
    sequence = ast.Tuple | ast.List
    if isinstance(target, ast.Name):
        yield target.id, Assigned(value)
    elif (
        isinstance(target, sequence)
        and isinstance(value, sequence)
        and len(target.elts) == len(value.elts)
        and not any(isinstance(each, ast.Starred) for each in (*target.elts, *value.elts))
    ):
        for each, part in zip(target.elts, value.elts, strict=True):
            yield from _assigned(each, part)
    else:
        yield from _untold(target)


def _untold(target: ast.expr) -> Iterator[tuple[str, Binding]]:
    pending = [target]
    while pending:
        item = pending.pop()
        if isinstance(item, ast.Name):
            yield item.id, UNTOLD
        elif isinstance(item, ast.Tuple | ast.List):
            pending.extend(reversed(item.elts))
        elif isinstance(item, ast.Starred):
            pending.append(item.value)
