"""Tables of modules and names (sys.modules, globals(), __dict__), and the uses that take no object from one."""

from __future__ import annotations

import ast

from grader.extract.source.scopes import Scope
from grader.restrictions.origins import GLOBALS, Foreign, Origins

TABLE_METHODS = frozenset({"copy", "get", "items", "pop", "setdefault", "values", "__getitem__"})
"""Methods of a table that give objects."""

_SYS_MODULES = Foreign("sys.modules")
NAMING = frozenset(
    Foreign(f"builtins.{name}")
    for name in (
        "all",
        "any",
        "bool",
        "frozenset",
        "len",
        "list",
        "print",
        "repr",
        "set",
        "sorted",
        "str",
        "tuple",
    )
)
"""Functions that see only a table's names."""

_FINDERS = frozenset({Foreign("importlib.util.find_spec"), Foreign("importlib.find_loader")})


def is_table(node: ast.expr, scope: Scope, origins: Origins) -> bool:
    """Whether this is globals(), or the __dict__ of a module, under whatever name."""
    return any(
        origin == GLOBALS or (isinstance(origin, Foreign) and origin.dotted.endswith(".__dict__"))
        for origin in origins.of(node, scope)
    )


def is_handed_on(node: ast.Call | ast.Dict, scope: Scope, origins: Origins) -> bool:
    """Whether this passes a whole table to something that may take objects from it: dict(globals()), {**globals()}."""
    if isinstance(node, ast.Dict):
        return any(
            key is None and is_table(value, scope, origins)
            for key, value in zip(node.keys, node.values, strict=True)
        )
    given = [*node.args, *(each.value for each in node.keywords)]
    is_asking = not NAMING.isdisjoint(origins.of(node.func, scope))
    return not is_asking and any(is_table(each, scope, origins) for each in given)


def is_constant_lookup(call: ast.Call, scope: Scope, origins: Origins) -> bool:
    """Whether this is globals().get("LIMIT"), which reads one name, as globals()["LIMIT"] does."""
    match call:
        case ast.Call(func=ast.Attribute(attr="get" | "__getitem__", value=table), args=[key, *_]):
            return origins.text(key, scope) is not None and is_table(table, scope, origins)
    return False


def parts_that_only_ask(node: ast.AST, scope: Scope, origins: Origins) -> list[ast.expr]:
    """The parts of the node that only ask whether a module is there: `"google.colab" in sys.modules`.

    An alias, `modules = sys.modules`, is followed to its uses.
    """
    match node:
        case ast.Compare(ops=operators, comparators=compared) if len(operators) == 1:
            if isinstance(operators[0], ast.In | ast.NotIn) and _is_names(compared[0], scope, origins):
                return compared
            is_none = isinstance(compared[0], ast.Constant) and compared[0].value is None
            if is_none and isinstance(operators[0], ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
                return [node.left] if _is_found(node.left, scope, origins) else []
        case ast.Call(func=function, args=[argument], keywords=[]):
            if not NAMING.isdisjoint(origins.of(function, scope)) and _is_names(argument, scope, origins):
                return [argument]
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            is_local = name not in scope.global_names and not scope.is_class
            return [value] if is_local and _is_modules(value, scope, origins) else []
        case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
            return [iterated] if _is_names(iterated, scope, origins) else []
    return []


def _is_modules(node: ast.expr, scope: Scope, origins: Origins) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and origins.of(node, scope) == {_SYS_MODULES}


def _is_names(node: ast.expr, scope: Scope, origins: Origins) -> bool:
    """Whether this is sys.modules, its keys, or a list of them, used as names."""
    match node:
        case ast.Call(func=ast.Attribute(attr="keys", value=table), args=[], keywords=[]):
            return _is_modules(table, scope, origins)
        case ast.Call(func=function, args=[argument], keywords=[]):
            return not NAMING.isdisjoint(origins.of(function, scope)) and _is_names(argument, scope, origins)
    return _is_modules(node, scope, origins)


def _is_found(node: ast.expr, scope: Scope, origins: Origins) -> bool:
    """Whether this looks for a module by a constant name: sys.modules.get(...), importlib.util.find_spec(...)."""
    match node:
        case ast.Call(func=ast.Attribute(attr="get", value=table), args=[ast.Constant(str()), *_]):
            if _is_modules(table, scope, origins):
                return True
    match node:
        case ast.Call(func=function, args=[ast.Constant(str())], keywords=[]):
            return not _FINDERS.isdisjoint(origins.of(function, scope))
    return False
