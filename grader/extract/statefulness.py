"""Whether code may keep something from one call to the next, and whether it draws random numbers.

Found by syntax alone and on the safe side: code that is not understood may keep state. A graded class gets a fresh object
for each call, so what its methods store in `self` is not kept.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from grader.extract.source.syntax import parsed_quietly

_DRAWS = re.compile(
    r"rand|seed|shuffle|choice|sample|multinomial|bernoulli|normal|uniform|poisson|exponential_|geometric_|cauchy_|dropout"
    r"|generator|orthogonal_|lowrank|\bnn\.[A-Z]",
    re.IGNORECASE,
)
"""Words in the names of what draws from a library's generator, or sets it. Other names with them do no harm."""

_DECORATORS = frozenset(
    {"staticmethod", "classmethod", "property", "abstractmethod", "no_grad", "inference_mode", "enable_grad"}
)
_OF_TENSORS = frozenset({"grad", "requires_grad", "data", "shape"})
"""Attributes that a function may set on what it was given: each call gets new tensors."""

_CHANGES_ANYTHING = frozenset(
    {"setattr", "delattr", "exec", "eval", "compile", "globals", "vars", "locals", "open", "__import__"}
    | {"modules", "import_module", "partial", "cache", "lru_cache", "memoize"}
)
"""Names by which code can be made, or kept, that the syntax does not show."""

_SETTER = re.compile(r"_?set|simplefilter|filterwarnings")
_MAKES_CONSTANTS = frozenset({"device", "dtype", "float", "int", "frozenset", "is_available"})


_HARMLESS = frozenset({"__init__", "__name__"})


def may_draw(sources: Iterable[str]) -> bool:
    """Whether these statements may use a random generator, which then goes on from call to call."""
    return any(_DRAWS.search(source) for source in sources)


def may_keep_state(sources: Sequence[str]) -> bool:
    """Whether a call of what these statements define may depend on the calls before it; False only if certain."""
    for source in sources:
        statements = parsed_quietly(source)
        try:
            if statements is None or any(map(_is_unsure, _flat(statements))):
                return True
        except RecursionError:
            return True
    return False


def _is_unsure(statement: ast.stmt) -> bool:
    """Whether a statement outside functions makes something that may change, or a function that may change something."""
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Expr():
            return False  # an expression is executed once, before the first call
        case ast.FunctionDef():
            return _keeps(statement, owner=None)
        case ast.ClassDef():
            return bool(statement.decorator_list or statement.keywords) or any(
                map(_is_unsure_member, statement.body)
            )
        case ast.Assign(targets=[ast.Name()], value=value):
            return not _is_constant(value)
        case ast.AnnAssign(target=ast.Name(), value=annotated):
            return annotated is not None and not _is_constant(annotated)
        case _:
            return True


def _is_unsure_member(member: ast.stmt) -> bool:
    if not isinstance(member, ast.FunctionDef):
        return _is_unsure(member)
    parameters = [*member.args.posonlyargs, *member.args.args]
    has_object = parameters and not any(map(_is_of_class, member.decorator_list))
    return _keeps(member, owner=parameters[0].arg if has_object else None)


def _is_constant(value: ast.expr) -> bool:
    """Whether nothing can change the value, where all other names outside functions are constant too."""
    match value:
        case ast.Constant() | ast.Name():
            return True
        case ast.Attribute(value=owner):
            return _is_constant(owner)
        case ast.Lambda():
            return not _keeps(value, owner=None)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            given = [*value.args, *(keyword.value for keyword in value.keywords)]
            return name in _MAKES_CONSTANTS and all(map(_is_constant, given))
        case ast.Tuple() | ast.UnaryOp() | ast.BinOp() | ast.BoolOp() | ast.Compare() | ast.IfExp():
            parts = (each for each in ast.iter_child_nodes(value) if isinstance(each, ast.expr))
            return all(map(_is_constant, parts))
        case _:
            return False


def _keeps(function: ast.FunctionDef | ast.Lambda, owner: str | None) -> bool:
    """Whether a function may change something that outlives its call. owner: what it calls its object, if it has one."""
    nodes = list(ast.walk(function))
    own = {node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    own |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return any(_may_change(node, own, owner) for node in nodes)


def _may_change(node: ast.AST, own: Collection[str], owner: str | None) -> bool:
    """Whether this part of a function may do so. own: the names that it binds itself."""
    match node:
        case ast.Global() | ast.Nonlocal() | ast.Yield() | ast.YieldFrom() | ast.AsyncFunctionDef():
            return True
        case ast.FunctionDef():
            return not (all(map(_is_plain_decorator, node.decorator_list)) and _has_constant_defaults(node))
        case ast.Lambda():
            return not _has_constant_defaults(node)
        case ast.Name(id=name):
            return name in _CHANGES_ANYTHING
        case ast.Attribute(attr=name, ctx=ast.Load()):
            is_special = name.startswith("__") and name not in _HARMLESS
            return is_special or name in _CHANGES_ANYTHING or _SETTER.match(name) is not None
        case ast.Attribute(value=value, attr=name):
            is_own = isinstance(value, ast.Name) and owner is not None and value.id == owner
            return not (is_own or (name in _OF_TENSORS and _root(value) in own))
        case ast.Subscript(ctx=ast.Store() | ast.Del()):
            return _root(node) not in own
        case _:
            return False


def _has_constant_defaults(function: ast.FunctionDef | ast.Lambda) -> bool:
    defaults = [*function.args.defaults, *filter(None, function.args.kw_defaults)]
    return all(map(_is_constant, defaults))


def _flat(statements: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements, with those of branches in place of the branches."""
    for statement in statements:
        match statement:
            case ast.If(body=body, orelse=other):
                yield from _flat([*body, *other])
            case ast.Try(body=body, orelse=other, finalbody=last, handlers=handlers):
                caught = [each for handler in handlers for each in handler.body]
                yield from _flat([*body, *caught, *other, *last])
            case _:
                yield statement


def _is_plain_decorator(decorator: ast.expr) -> bool:
    return _name(decorator) in _DECORATORS


def _is_of_class(decorator: ast.expr) -> bool:
    return _name(decorator) in {"classmethod", "staticmethod"}


def _name(decorator: ast.expr) -> str:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _root(target: ast.expr) -> str | None:
    """The name whose value a subscript or attribute changes; None if it is not a name's."""
    while isinstance(target, ast.Subscript | ast.Attribute | ast.Starred):
        target = target.value
    return target.id if isinstance(target, ast.Name) else None
