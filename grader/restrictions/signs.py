"""Restricted operations that no imported name shows: gradients requested, tensors moved, names computed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.extract.source.scopes import Scope
from grader.model.assignment import RestrictionKind
from grader.restrictions.origins import Foreign, Inner, Origin, Origins, OwnModule, OwnName
from grader.restrictions.tables import TABLE_METHODS, is_handed_on, is_table
from grader.restrictions.understood import is_plain_library

_DEVICE_NAMES = frozenset({"cuda", "dev", "device", "gpu"})
_REFLECTION = frozenset({Foreign("builtins.getattr"), Foreign("builtins.vars")})
_METHODCALLER = Foreign("operator.methodcaller")
_COMPUTED_GLOBAL = "globals() with a computed name"

Sign = tuple[RestrictionKind, str]


def signs_in(node: ast.AST, scope: Scope, origins: Origins, *, has_backward: bool) -> Iterator[Sign]:
    """The restricted operations in one node. has_backward: the student's code defines its own `backward`."""
    if isinstance(node, ast.Call | ast.Dict) and is_handed_on(node, scope, origins):
        yield "dynamic", _COMPUTED_GLOBAL
    match node:
        case ast.Call():
            yield from _signs_in_call(node, scope, origins, has_backward=has_backward)
        case ast.Subscript():
            if origins.text(node.slice, scope) is None and is_table(node.value, scope, origins):
                yield "dynamic", _COMPUTED_GLOBAL
        case ast.Attribute(attr=name, value=value):
            if name in TABLE_METHODS and is_table(value, scope, origins):
                yield "dynamic", _COMPUTED_GLOBAL
        case ast.Assign(targets=targets, value=ast.Constant(value=True)):
            if any(isinstance(each, ast.Attribute) and each.attr == "requires_grad" for each in targets):
                yield "autograd", "requires_grad = True"


def name_read_by(call: ast.Call, scope: Scope, origins: Origins) -> str | None:
    """The attribute that a getattr with a constant name reads."""
    if len(call.args) > 1 and Foreign("builtins.getattr") in origins.of(call.func, scope):
        return origins.text(call.args[1], scope)
    return None


def method_called(call: ast.Call, scope: Scope, origins: Origins) -> tuple[str, list[ast.expr]] | None:
    """The method that this calls, and its arguments: x.f(1), getattr(x, "f")(1), methodcaller("f", 1)."""
    if call.args and _METHODCALLER in origins.of(call.func, scope):
        called = origins.text(call.args[0], scope)
        return None if called is None else (called, call.args[1:])
    match call.func:
        case ast.Attribute(attr=name):
            return name, call.args
        case ast.Call() as reading if (read := name_read_by(reading, scope, origins)) is not None:
            return read, call.args
    return None


def _is_restrictable(origin: Origin) -> bool:
    """Whether this is a module, or something in one, where a computed name may find something restricted."""
    return isinstance(origin, OwnModule) or (
        isinstance(origin, Foreign) and not is_plain_library(origin.dotted)
    )


def _signs_in_call(call: ast.Call, scope: Scope, origins: Origins, *, has_backward: bool) -> Iterator[Sign]:
    called = origins.of(call.func, scope)
    is_reflection = bool(call.args) and not called.isdisjoint(_REFLECTION)
    if is_reflection and any(map(_is_restrictable, origins.of(call.args[0], scope))):
        # A getattr with a constant name is like any attribute; a computed name in a module is a sign.
        if Foreign("builtins.getattr") in called and len(call.args) > 1:
            if origins.text(call.args[1], scope) is None:
                yield "dynamic", "getattr with a computed name"
        elif Foreign("builtins.vars") in called:
            yield "dynamic", "vars() of a module"
    if not any(isinstance(origin, OwnName | Inner) for origin in called) and any(
        keyword.arg == "requires_grad" and _is_true(keyword.value) for keyword in call.keywords
    ):
        yield "autograd", "requires_grad=True"
    yield from _devices_named(call, called, scope, origins)
    match call.args:
        case [_, name, ast.Constant(value=True)] if Foreign("builtins.setattr") in called:
            if origins.text(name, scope) == "requires_grad":
                yield "autograd", "requires_grad = True"
    if called <= {_METHODCALLER} and (method := method_called(call, scope, origins)) is not None:
        yield from _signs_in_method(call, *method, scope, origins, has_backward=has_backward)


def _signs_in_method(
    call: ast.Call,
    method: str,
    arguments: list[ast.expr],
    scope: Scope,
    origins: Origins,
    *,
    has_backward: bool,
) -> Iterator[Sign]:
    """A method of an unknown value: a tensor's, unless the student has one of that name."""
    given = [*arguments, *(keyword.value for keyword in call.keywords)]
    if method == "requires_grad_" and not (given and not _is_true(given[0])):
        yield "autograd", "Tensor.requires_grad_"
    elif method == "backward" and not has_backward:
        yield "autograd", "Tensor.backward"
    elif method == "cuda":
        yield "devices", "Tensor.cuda"
    elif method == "to":
        device = next((each.value for each in call.keywords if each.arg == "device"), None)
        first = next((each for each in arguments[:1] if _is_device(each, scope, origins)), None)
        moved = [each for each in (device, first) if each is not None]
        if any(_is_elsewhere(each, scope, origins) for each in moved):
            yield "devices", "Tensor.to with a device"


def _devices_named(
    call: ast.Call, called: frozenset[Origin], scope: Scope, origins: Origins
) -> Iterator[Sign]:
    """torch.zeros(3, device="cuda") and torch.device("cuda"): a GPU by its name."""
    if Foreign("torch.device") in called:
        if any(_starts_with(each, "cuda", scope, origins) for each in call.args[:1]):
            yield "devices", "torch.device('cuda')"
    elif not (isinstance(call.func, ast.Attribute) and call.func.attr == "to"):
        named = (each.value for each in call.keywords if each.arg == "device")
        if any(
            not isinstance(each, ast.Call) and _starts_with(each, "cuda", scope, origins) for each in named
        ):
            yield "devices", "device='cuda'"


def _is_elsewhere(device: ast.expr, scope: Scope, origins: Origins) -> bool:
    """Whether a device may be another than the CPU, where results are brought to be read."""
    is_choice = isinstance(device, ast.IfExp)
    return is_choice or not _starts_with(device, "cpu", scope, origins)


def _is_device(node: ast.expr, scope: Scope, origins: Origins) -> bool:
    """Whether this is clearly a device: "cuda:0", torch.device(...), X.device, a name like `device`."""
    match node:
        case ast.Constant(value=str()):
            return True  # a dtype is never a string
        case ast.Constant(value=int() as value):
            return not isinstance(value, bool)
        case ast.Attribute(attr="device"):
            return True
        case ast.Name(id=name):
            return name.lower() in _DEVICE_NAMES
        case ast.Call(func=function):
            return Foreign("torch.device") in origins.of(function, scope)
        case ast.IfExp(body=body, orelse=other):
            return _is_device(body, scope, origins) or _is_device(other, scope, origins)
    return False


def _starts_with(device: ast.expr, kind: str, scope: Scope, origins: Origins) -> bool:
    """Whether this is a device of that kind by name: "cuda:0", torch.device("cuda"), on either side of an `if`."""
    match device:
        case ast.Constant(value=str() as name):
            return name.startswith(kind)
        case ast.IfExp(body=body, orelse=other):
            return any(_starts_with(each, kind, scope, origins) for each in (body, other))
        case ast.Call(func=function, args=[name, *_]) if Foreign("torch.device") in origins.of(
            function, scope
        ):
            return _starts_with(name, kind, scope, origins)
    return False


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
