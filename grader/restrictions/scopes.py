"""The names that a function, class, comprehension or file binds, and what it binds them to as far as the source says."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass(frozen=True, slots=True)
class Imported:
    """`import module`, or with `name` `from module import name`; `level` counts the dots before it."""

    module: str
    name: str | None
    level: int


@dataclass(frozen=True, slots=True, eq=False)
class Assigned:
    """An expression that was given the name; None for what the source does not tell, as a loop's variable.

    scope: where the expression stands, if not where the name is bound, as a parameter's default.
    """

    value: ast.expr | None
    scope: Scope | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Defined:
    """A function or class of that name."""

    node: Definition


Binding = Imported | Assigned | Defined
UNTOLD = Assigned(None)


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """One scope of names within a file; `parent` is None for the file itself.

    bound: per name all that it is bound to, in any order and branch. stars: modules that everything is imported from.
    is_class: names bound here are not seen by the functions within. global_names: those that it declares global.
    """

    file: str
    parent: Scope | None
    bound: Mapping[str, tuple[Binding, ...]]
    stars: tuple[Imported, ...] = ()
    is_class: bool = False
    global_names: frozenset[str] = frozenset()
    never_set: frozenset[str] = field(default=frozenset())
    """Parameters with a false default that no caller of ours sets, as `debug=False`."""


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """What some statements bind; see Scope."""

    bound: Mapping[str, tuple[Binding, ...]]
    stars: tuple[Imported, ...]
    global_names: frozenset[str]


def file_scope(file: str, parts: Iterable[Names]) -> Scope:
    """The names of a file, by what its executed statements bind."""
    bound: dict[str, list[Binding]] = {}
    stars: list[Imported] = []
    for part in parts:
        stars += part.stars
        for name, bindings in part.bound.items():
            bound.setdefault(name, []).extend(bindings)
    return Scope(file, None, {name: tuple(bindings) for name, bindings in bound.items()}, tuple(stars))


def function_scope(parent: Scope, node: Function, given: int | None = None) -> Scope:
    """The names of a function: its parameters and what its body binds.

    given: how many arguments every call gives, where that is known; what comes after them has its default.
    """
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    every = [*positional, *arguments.kwonlyargs, *filter(None, (arguments.vararg, arguments.kwarg))]
    defaults = [*[None] * (len(positional) - len(arguments.defaults)), *arguments.defaults]
    optional = [*zip(positional, defaults, strict=True)]
    keywords = [*zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
    first: dict[str, tuple[Binding, ...]] = {each.arg: (UNTOLD,) for each in every}
    for parameter, default in (*optional, *keywords):
        if default is not None and not isinstance(default, ast.Constant):
            first[parameter.arg] = (Assigned(default, parent),)
    names = bound_by(body, first)
    never_set: set[str] = set()
    if given is not None:
        never_set = {
            parameter.arg
            for parameter, default in (*optional[given:], *keywords)
            if isinstance(default, ast.Constant)
            and not default.value
            and len(names.bound.get(parameter.arg, ())) == 1
        }
    return Scope(
        parent.file,
        parent,
        names.bound,
        names.stars,
        global_names=names.global_names,
        never_set=frozenset(never_set),
    )


def class_scope(parent: Scope, node: ast.ClassDef) -> Scope:
    """The names of a class body."""
    names = bound_by(node.body)
    return Scope(
        parent.file, parent, names.bound, names.stars, is_class=True, global_names=names.global_names
    )


def comprehension_scope(parent: Scope, node: Comprehension) -> Scope:
    """The variables of a comprehension."""
    targets = [generator.target for generator in node.generators]
    names = (item.id for target in targets for item in ast.walk(target) if isinstance(item, ast.Name))
    return Scope(parent.file, parent, dict.fromkeys(names, (UNTOLD,)))


_LEAVES = (ast.Name, ast.Constant, ast.expr_context, ast.operator, ast.cmpop, ast.unaryop, ast.boolop)
"""Nodes that bind nothing by themselves and have nothing below them: most of a tree."""


def bound_by(nodes: Iterable[ast.AST], first: Mapping[str, tuple[Binding, ...]] | None = None) -> Names:
    """What these statements bind in the scope that they stand in, after what `first` binds."""
    bound = {name: list(bindings) for name, bindings in (first or {}).items()}
    stars: list[Imported] = []
    elsewhere: set[str] = set()
    global_names: set[str] = set()
    pending: list[tuple[ast.AST, bool]] = [(node, False) for node in nodes]
    while pending:
        node, is_walrus_only = pending.pop()
        if isinstance(node, ast.Global | ast.Nonlocal):
            elsewhere.update(node.names)
            global_names.update(node.names if isinstance(node, ast.Global) else ())
        elif isinstance(node, ast.NamedExpr) or not is_walrus_only:
            for name, binding in bindings_in(node):
                if name == "*":
                    assert isinstance(binding, Imported)
                    stars.append(binding)
                else:
                    bound.setdefault(name, []).append(binding)
        is_walrus_only = is_walrus_only or isinstance(node, Comprehension)
        pending.extend(
            (child, is_walrus_only) for child in _within_scope(node) if not isinstance(child, _LEAVES)
        )
    own = {name: tuple(found) for name, found in bound.items() if name not in elsewhere}
    return Names(own, tuple(stars), frozenset(global_names))


def _within_scope(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that are executed in the scope that it stands in."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from (*node.decorator_list, *defaults_of(node))
        case ast.Lambda():
            yield from defaults_of(node)
        case ast.ClassDef():
            yield from (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords))
        case _:
            yield from ast.iter_child_nodes(node)


def defaults_of(node: Function) -> Iterator[ast.expr]:
    """The defaults of a function's parameters."""
    yield from node.args.defaults
    yield from filter(None, node.args.kw_defaults)


def bindings_in(node: ast.AST) -> Iterator[tuple[str, Binding]]:
    """What one node binds by itself, its children left aside; "*" for all that a module has."""
    match node:
        case ast.Import(names=names):
            for alias in names:
                top = alias.name.partition(".")[0]
                yield alias.asname or top, Imported(alias.name if alias.asname else top, None, 0)
        case ast.ImportFrom(names=names, level=level, module=module):
            yield from (
                (alias.asname or alias.name, Imported(module or "", alias.name, level)) for alias in names
            )
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
            yield from (pair for target in targets for pair in _untold(target))
        case _:
            pass


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
    for item in ast.walk(target):
        if isinstance(item, ast.Name) and isinstance(item.ctx, ast.Store | ast.Del):
            yield item.id, UNTOLD
