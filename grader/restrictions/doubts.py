"""Constructs from which the grader cannot tell what is called. They cost nothing; the instructor reads them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from grader.extract.source.scopes import Scope
from grader.restrictions.flow import Flow
from grader.restrictions.kinds import kind_of
from grader.restrictions.origins import GLOBALS, LOCALS, Foreign, Getter, Origin, Origins, leads_on
from grader.restrictions.signs import name_read_by
from grader.restrictions.tables import NAMING, TABLE_METHODS
from grader.restrictions.understood import is_inside, is_keeper, is_understood

_COMPUTED = "getattr with a computed name"
_LOOKED_UP = "names looked up by a computed name"
_REPLACED = "{}, which the code replaces"

_FINDERS = frozenset({Foreign("operator.attrgetter"), Foreign("operator.methodcaller")})
_LOOKING = NAMING | frozenset(
    Foreign(f"builtins.{name}")
    for name in ("callable", "delattr", "dir", "getattr", "hasattr", "help", "id", "isinstance", "issubclass")
)
"""Functions that keep no hold of their arguments, or whose results are followed."""

_ENGINE = frozenset({"backward", "requires_grad_"})
_TOPS_NOT_TO_REPLACE = frozenset({"builtins", "functools", "math", "numpy", "operator", "torch"})
_CHANGING = frozenset(
    {"__delitem__", "__ior__", "__setitem__", "clear", "pop", "popitem", "setdefault", "update"}
)
"""Methods of a dict that change what it holds."""
_TABLES = frozenset({GLOBALS, LOCALS})
_LOOKED_UP_IN = frozenset({LOCALS, Foreign("builtins")})


def doubts_in(
    node: ast.AST, flow: Flow, scope: Scope, origins: Origins, *, has_backward: bool
) -> Iterator[str]:
    """What one node does that cannot be followed, in words. has_backward: the student's code defines its own."""
    match node:
        case ast.Name(id=name, ctx=ast.Load()):
            if is_inside(name) and not origins.is_bound(name, scope):
                yield name
        case ast.Attribute(value=value, attr=name):
            yield from _in_attribute(name, value, flow, scope, origins, has_backward=has_backward)
        case ast.Call():
            yield from _in_keywords(node, scope, origins)
            yield from _in_local_names(node, scope, origins)
            yield from _in_changes(node, scope, origins)
            yield from _in_call(node, flow, scope, origins, has_backward=has_backward)
        case ast.Subscript():
            yield from _in_subscript(node, scope, origins)
        case ast.MatchClass(kwd_attrs=names):
            yield from _in_names(names, has_backward=has_backward)
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.For() | ast.With():
            yield from _in_assignment(node, scope, origins)
    if flow is Flow.HANDED_ON and isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
        yield from _handed_on(origins.of(node, scope))


def _in_subscript(node: ast.Subscript, scope: Scope, origins: Origins) -> Iterator[str]:
    if origins.text(node.slice, scope) is None and origins.of(node.value, scope) & _LOOKED_UP_IN:
        yield _LOOKED_UP


def _in_assignment(node: ast.stmt, scope: Scope, origins: Origins) -> Iterator[str]:
    for name in replacements_in(node, scope, origins):
        yield _REPLACED.format(name)
    if any(isinstance(target, ast.Name) and target.id == "__match_args__" for target, _ in _set_by(node)):
        yield "__match_args__"


def replacements_in(node: ast.AST, scope: Scope, origins: Origins) -> Iterator[str]:
    """The names in torch, NumPy and the like that a statement replaces."""
    for target, value in _set_by(node):
        match target:
            case ast.Attribute(value=owner, attr=name):
                yield from _replaced(origins.of(owner, scope), name, value, scope, origins)
            case ast.Subscript(value=names, slice=key):
                library = _owner_of_names(names, scope, origins)
                if library is not None:
                    given = origins.text(key, scope)
                    yield from _replaced(origins.of(library, scope), given, value, scope, origins)


def _in_changes(call: ast.Call, scope: Scope, origins: Origins) -> Iterator[str]:
    """A change of a library's names by a method of their dict: vars(np).update(exp=mine)."""
    if isinstance(call.func, ast.Attribute) and call.func.attr in _CHANGING:
        owner = _owner_of_names(call.func.value, scope, origins)
        if owner is not None:
            yield from map(_REPLACED.format, _replaced(origins.of(owner, scope), None, None, scope, origins))


def _set_by(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """What a statement sets, with the value where it stands there."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _unpacked(target, value)
        case ast.AnnAssign(target=target, value=value) if value is not None:
            yield target, value
        case ast.AugAssign(target=target):
            yield target, None
        case ast.For(target=target):
            yield from _unpacked(target, None)
        case ast.With(items=items):
            for item in items:
                if item.optional_vars is not None:
                    yield from _unpacked(item.optional_vars, None)


def _unpacked(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    if not isinstance(target, ast.Tuple | ast.List):
        yield target, value
        return
    is_alike = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
    values: list[ast.expr | None] = [*value.elts] if is_alike else [None] * len(target.elts)  # type: ignore[union-attr]
    for each, given in zip(target.elts, values, strict=True):
        yield from _unpacked(each, given)


def _owner_of_names(names: ast.expr, scope: Scope, origins: Origins) -> ast.expr | None:
    """The object whose names these are: vars(x), x.__dict__."""
    match names:
        case ast.Attribute(value=owner, attr="__dict__"):
            return owner
        case ast.Call(func=function, args=[owner]) if Foreign("builtins.vars") in origins.of(function, scope):
            return owner
    return None


def flow_to(call: ast.Call, position: int, scope: Scope, origins: Origins) -> Flow:
    """What becomes of an argument of a call."""
    called = origins.of(call.func, scope)
    if not called.isdisjoint(_LOOKING) or any(isinstance(each, Getter) for each in called):
        return Flow.SEEN
    if called & {Foreign("builtins.vars"), Foreign("builtins.setattr")}:
        is_kept = position == len(call.args[:2]) and origins.text(call.args[1], scope) is not None
        return Flow.KEPT if is_kept else Flow.SEEN
    if Foreign("functools.reduce") in called and origins.of(call, scope):
        return Flow.SEEN
    return Flow.HANDED_ON


def reads_all_attributes(node: ast.AST, scope: Scope, origins: Origins) -> bool:
    """Whether this may give every attribute of an object: x.__dict__, vars(x), getattr(x, name), case C(F=f)."""
    match node:
        case ast.Attribute(attr="__dict__") | ast.MatchClass():
            return True
        case ast.ClassDef(bases=bases, keywords=keywords):
            found = {each for base in bases for each in origins.of(base, scope)}
            return bool(keywords) or any(
                isinstance(each, Foreign) and is_keeper(each.dotted) for each in found
            )
        case ast.Call():
            called = origins.of(node.func, scope)
            is_vars = bool(node.args) and Foreign("builtins.vars") in called
            is_inspected = any(
                isinstance(each, Foreign) and each.dotted.startswith("inspect.") for each in called
            )
            return is_vars or is_inspected or is_computed_read(node, scope, origins)
    return False


def is_computed_read(call: ast.Call, scope: Scope, origins: Origins) -> bool:
    """Whether this reads an attribute by a name that is not a constant: getattr(x, name), methodcaller(name)."""
    called = origins.of(call.func, scope)
    if Foreign("builtins.getattr") in called:
        return not call.args[1:] or origins.text(call.args[1], scope) is None
    return not called.isdisjoint(_FINDERS) and not all(origins.text(each, scope) for each in call.args[:1])


def _in_attribute(
    name: str, value: ast.expr, flow: Flow, scope: Scope, origins: Origins, *, has_backward: bool
) -> Iterator[str]:
    if name == "__dict__" and origins.is_own_object(value, scope):
        return
    if flow in {Flow.KEPT, Flow.HANDED_ON} and origins.is_method_of_class(value, name, scope):
        yield f"{name}, a method without its object"
    owners = origins.of(value, scope)
    if name == "__dict__" and any(isinstance(owner, Foreign) for owner in owners):
        return  # a table: its uses are followed
    has_own = has_backward or bool(owners)
    yield from _in_name(name, flow, has_backward=has_own)


def _in_names(names: Iterable[str], *, has_backward: bool) -> Iterator[str]:
    for name in names:
        yield from _in_name(name, Flow.KEPT, has_backward=has_backward)


def _in_name(name: str, flow: Flow, *, has_backward: bool) -> Iterator[str]:
    """An attribute of that name, of an unknown value."""
    if is_inside(name):
        yield name
    elif name in _ENGINE and flow in {Flow.KEPT, Flow.HANDED_ON} and not has_backward:
        yield f"{name}, read and not called"


def _in_keywords(call: ast.Call, scope: Scope, origins: Origins) -> Iterator[str]:
    """Annotations that are evaluated, and a method called with another object than its own."""
    if any(keyword.arg == "eval_str" for keyword in call.keywords):
        yield "eval_str"
    is_given_self = any(isinstance(each, ast.Name) and each.id == "self" for each in call.args[:1])
    read = None if is_given_self else _method_read(call.func, scope, origins)
    if read is not None and (
        origins.is_method_of_class(*read, scope)
        or (_is_type_of_object(read[0], scope, origins) and origins.is_method(read[1]))
    ):
        yield f"{read[1]}, a method without its object"


def _method_read(function: ast.expr, scope: Scope, origins: Origins) -> tuple[ast.expr, str] | None:
    """The object and the name in x.f or getattr(x, "f")."""
    match function:
        case ast.Attribute(value=owner, attr=name):
            return owner, name
        case ast.Call() if name := name_read_by(function, scope, origins) or "":
            return function.args[0], name
    return None


def _is_type_of_object(node: ast.expr, scope: Scope, origins: Origins) -> bool:
    """Whether this is type(x) or x.__class__."""
    match node:
        case ast.Attribute(attr="__class__"):
            return True
        case ast.Call(func=function, args=[_], keywords=[]):
            return Foreign("builtins.type") in origins.of(function, scope)
    return False


def _in_local_names(call: ast.Call, scope: Scope, origins: Origins) -> Iterator[str]:
    """locals().get(name), locals().values(): names looked up in a table that is no module's."""
    match call:
        case ast.Call(func=ast.Attribute(value=table, attr=method)) if method in TABLE_METHODS:
            is_constant = any(origins.text(each, scope) is not None for each in call.args[:1])
            if not is_constant and LOCALS in origins.of(table, scope):
                yield _LOOKED_UP


def _in_call(
    call: ast.Call, flow: Flow, scope: Scope, origins: Origins, *, has_backward: bool
) -> Iterator[str]:
    called = origins.of(call.func, scope)
    if is_computed_read(call, scope, origins):
        is_getattr = Foreign("builtins.getattr") in called
        if not (is_getattr and call.args and origins.is_own_object(call.args[0], scope)):
            yield _COMPUTED if is_getattr else "operator.attrgetter or methodcaller with a computed name"
    elif (name := name_read_by(call, scope, origins)) is not None:
        yield from _in_attribute(name, call.args[0], flow, scope, origins, has_backward=has_backward)
    elif Foreign("operator.attrgetter") in called:
        for path in call.args:
            yield from _in_names((origins.text(path, scope) or "").split("."), has_backward=has_backward)
    elif Foreign("builtins.vars") in called and call.args:
        if not origins.of(call.args[0], scope) and not origins.is_own_object(call.args[0], scope):
            yield "vars() of an unknown value"
    elif Foreign("builtins.setattr") in called:
        yield from _in_setattr(call.args, scope, origins)


def _in_setattr(arguments: list[ast.expr], scope: Scope, origins: Origins) -> Iterator[str]:
    match arguments:
        case [owner, name_node, value]:
            name = origins.text(name_node, scope)
            if name is not None:
                for replaced in _replaced(origins.of(owner, scope), name, value, scope, origins):
                    yield _REPLACED.format(replaced)
            elif any(map(leads_on, origins.of(value, scope))):
                yield "setattr with a computed name"


def _replaced(
    owners: frozenset[Origin], name: str | None, value: ast.expr | None, scope: Scope, origins: Origins
) -> Iterator[str]:
    """A function of torch or NumPy replaced by another than one of theirs: torch.exp = mine, not np.float = float.

    name: None for one that is computed. value: None for one that is not in the source.
    """
    if isinstance(value, ast.Constant):
        return
    for owner in owners:
        if isinstance(owner, Foreign) and owner.dotted.partition(".")[0] in _TOPS_NOT_TO_REPLACE:
            given = frozenset() if value is None else origins.of(value, scope)
            if not given or not all(isinstance(each, Foreign) and _is_free(each.dotted) for each in given):
                yield f"a name in {owner.dotted}" if name is None else f"{owner.dotted}.{name}"


def _is_free(dotted: str) -> bool:
    return kind_of(dotted) is None and is_understood(dotted)


def _handed_on(found: frozenset[Origin]) -> Iterator[str]:
    for origin in found:
        if leads_on(origin) or origin in _TABLES:
            name = origin.dotted if isinstance(origin, Foreign) else "a file of the submission"
            yield f"{name.removeprefix('builtins.')}, passed on as a value"
