"""Constructs from which the grader cannot tell what is called. They cost nothing; the instructor reads them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.extract.source.scopes import Scope
from grader.restrictions.flow import Flow
from grader.restrictions.kinds import kind_of
from grader.restrictions.origins import GLOBALS, LOCALS, Foreign, Getter, Origin, Origins, leads_on
from grader.restrictions.signs import name_read_by
from grader.restrictions.tables import NAMING
from grader.restrictions.understood import is_inside, is_understood

COMPUTED = "getattr with a computed name"

_FINDERS = frozenset({Foreign("operator.attrgetter"), Foreign("operator.methodcaller")})
_LOOKING = NAMING | frozenset(
    Foreign(f"builtins.{name}")
    for name in ("callable", "delattr", "dir", "getattr", "hasattr", "help", "id", "isinstance", "issubclass")
)
"""Functions that keep no hold of their arguments, or whose results are followed."""

_ENGINE = frozenset({"backward", "requires_grad_"})
_TOPS_NOT_TO_REPLACE = frozenset({"builtins", "functools", "math", "numpy", "operator", "torch"})
_TABLES = frozenset({GLOBALS, LOCALS})


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
            yield from _in_call(node, flow, scope, origins, has_backward=has_backward)
        case ast.Subscript(value=value, slice=index):
            looked_in = origins.of(value, scope)
            if origins.text(index, scope) is None and looked_in & {LOCALS, Foreign("builtins")}:
                yield "names looked up by a computed name"
        case ast.MatchClass(kwd_attrs=names):
            for name in names:
                yield from _in_name(name, Flow.KEPT, has_backward=has_backward)
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from _in_target(target, value, scope, origins)
    if flow is Flow.HANDED_ON and isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
        yield from _handed_on(origins.of(node, scope))


def flow_to(call: ast.Call, position: int, scope: Scope, origins: Origins) -> Flow:
    """What becomes of an argument of a call."""
    called = origins.of(call.func, scope)
    if not called.isdisjoint(_LOOKING) or any(isinstance(each, Getter) for each in called):
        return Flow.SEEN
    if called & {Foreign("builtins.vars"), Foreign("builtins.setattr")}:
        return Flow.KEPT if position == 2 and origins.text(call.args[1], scope) is not None else Flow.SEEN  # noqa: PLR2004
    if Foreign("functools.reduce") in called and origins.of(call, scope):
        return Flow.SEEN
    return Flow.HANDED_ON


def is_computed_read(call: ast.Call, scope: Scope, origins: Origins) -> bool:
    """Whether this reads an attribute by a name that is not a constant: getattr(x, name), methodcaller(name)."""
    called = origins.of(call.func, scope)
    if Foreign("builtins.getattr") in called:
        return len(call.args) < 2 or origins.text(call.args[1], scope) is None  # noqa: PLR2004
    return not called.isdisjoint(_FINDERS) and not all(origins.text(each, scope) for each in call.args[:1])


def _in_attribute(
    name: str, value: ast.expr, flow: Flow, scope: Scope, origins: Origins, *, has_backward: bool
) -> Iterator[str]:
    if name == "__dict__" and origins.is_own_object(value, scope):
        return
    owners = origins.of(value, scope)
    if name == "__dict__" and any(isinstance(owner, Foreign) for owner in owners):
        return  # a table: its uses are followed
    has_own = has_backward or bool(owners)
    yield from _in_name(name, flow, has_backward=has_own)


def _in_name(name: str, flow: Flow, *, has_backward: bool) -> Iterator[str]:
    """An attribute of that name, of an unknown value."""
    if is_inside(name):
        yield name
    elif name in _ENGINE and flow in {Flow.KEPT, Flow.HANDED_ON} and not has_backward:
        yield f"{name}, read and not called"


def _in_call(
    call: ast.Call, flow: Flow, scope: Scope, origins: Origins, *, has_backward: bool
) -> Iterator[str]:
    called = origins.of(call.func, scope)
    if is_computed_read(call, scope, origins):
        is_getattr = Foreign("builtins.getattr") in called
        if not (is_getattr and call.args and origins.is_own_object(call.args[0], scope)):
            yield COMPUTED if is_getattr else "operator.attrgetter or methodcaller with a computed name"
    elif (name := name_read_by(call, scope, origins)) is not None:
        yield from _in_attribute(name, call.args[0], flow, scope, origins, has_backward=has_backward)
    elif Foreign("operator.attrgetter") in called:
        for path in call.args:
            for part in (origins.text(path, scope) or "").split("."):
                yield from _in_name(part, Flow.KEPT, has_backward=has_backward)
    elif Foreign("builtins.vars") in called and call.args:
        if not origins.of(call.args[0], scope) and not origins.is_own_object(call.args[0], scope):
            yield "vars() of an unknown value"
    elif Foreign("builtins.setattr") in called and len(call.args) == 3:  # noqa: PLR2004
        owner, name_node, value = call.args
        target = origins.text(name_node, scope)
        if target is not None:
            yield from _replaced(origins.of(owner, scope), target, value, scope, origins)
        elif any(leads_on(each) for each in origins.of(value, scope)):
            yield "setattr with a computed name"


def _in_target(target: ast.expr, value: ast.expr, scope: Scope, origins: Origins) -> Iterator[str]:
    match target:
        case ast.Attribute(value=owner, attr=name):
            yield from _replaced(origins.of(owner, scope), name, value, scope, origins)
        case ast.Name(id="__match_args__"):
            yield "__match_args__"


def _replaced(
    owners: frozenset[Origin], name: str, value: ast.expr, scope: Scope, origins: Origins
) -> Iterator[str]:
    """A function of torch or NumPy replaced by another than one of theirs: torch.exp = mine, not np.float = float."""
    if isinstance(value, ast.Constant):
        return
    for owner in owners:
        if isinstance(owner, Foreign) and owner.dotted.partition(".")[0] in _TOPS_NOT_TO_REPLACE:
            given = origins.of(value, scope)
            if not given or not all(isinstance(each, Foreign) and _is_free(each.dotted) for each in given):
                yield f"{owner.dotted}.{name}, which the code replaces"


def _is_free(dotted: str) -> bool:
    return kind_of(dotted) is None and is_understood(dotted)


def _handed_on(found: frozenset[Origin]) -> Iterator[str]:
    for origin in found:
        if leads_on(origin) or origin in _TABLES:
            name = origin.dotted if isinstance(origin, Foreign) else "a file of the submission"
            yield f"{name.removeprefix('builtins.')}, passed on as a value"
