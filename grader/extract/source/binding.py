"""The names of its module that a statement binds, changes and reads."""

from __future__ import annotations

import ast
import builtins
import symtable
from dataclasses import dataclass

from grader.extract.source.scopes import (
    MAY_BIND,
    Comprehension,
    Definition,
    Function,
    bindings_in,
    walk_scope,
)
from grader.extract.source.syntax import tree_of

_CHANGES = frozenset(
    {
        "add",
        "add_argument",
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "insert",
        "pop",
        "popitem",
        "remove",
    }
    | {"reverse", "setdefault", "sort", "update"}
)
"""Methods that change the value they are called on: `TABLE.append(1)` at top level belongs to TABLE."""

_UNBINDS = (ast.ExceptHandler, ast.Delete)
"""Their names are unbound again."""

_MAY_CHANGE = (ast.Call, ast.Attribute, ast.Subscript)

ALWAYS_BOUND = (
    frozenset(dir(builtins))
    | {"__name__", "__file__", "__package__", "__spec__", "__loader__"}
    | {"get_ipython", "xrange"}
)
"""Names that are there without being bound; the worker gives the last two."""

TOO_DEEP = "does not compile: nested too deeply"

_COMPREHENSIONS = frozenset({"listcomp", "setcomp", "dictcomp", "genexpr"})


@dataclass(frozen=True, slots=True)
class Bindings:
    """The names of its module that a statement binds or changes."""

    whole: tuple[str, ...]
    """Names bound anew: earlier bindings no longer count."""
    partial: tuple[str, ...]
    """Names changed, or bound on some branch only: earlier bindings still count."""
    stars: tuple[ast.ImportFrom, ...]
    """Star imports."""


@dataclass(frozen=True, slots=True)
class Reads:
    """Names of the module that a statement reads."""

    load: frozenset[str]
    """When it is executed."""
    late: frozenset[str]
    """When the functions it defines are called."""


def bindings_of(node: ast.stmt) -> Bindings:
    """The names that executing the statement binds or changes."""
    bound: dict[str, None] = {}
    changed: dict[str, None] = {}
    stars: list[ast.ImportFrom] = []
    is_certain = isinstance(node, Definition | ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom)
    for item in walk_scope([node]):
        if isinstance(item, ast.ImportFrom) and item.names[0].name == "*":
            stars.append(item)
        elif isinstance(item, MAY_BIND) and not isinstance(item, _UNBINDS):
            bound.update((name, None) for name, _ in bindings_in(item))
        if not isinstance(item, _MAY_CHANGE):
            continue
        is_inner_call = isinstance(node, ast.Expr) and item is not node.value
        if not (isinstance(item, ast.Call) and (is_certain or is_inner_call)):
            changed.update((name, None) for name in filter(None, [changed_name(item)]))
    if is_certain:
        return Bindings(tuple(bound), tuple(changed), tuple(stars))
    return Bindings((), tuple(bound | changed), tuple(stars))


def changed_name(item: ast.AST) -> str | None:
    """`TABLE` where the node is `TABLE.append(...)`, or TABLE[k] or TABLE.a as a target; None for the others."""
    match item:
        case ast.Call(func=ast.Attribute(value=owner, attr=method)) if method in _CHANGES:
            return root_name(owner)
        case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            return root_name(item)
    return None


def root_name(node: ast.expr) -> str | None:
    """The name that a chain of attributes and subscripts begins with: `torch` for torch.nn.init, None for f(x).y."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def reads_of(source: str) -> Reads | str:
    """The module-level names that one statement reads, by Python's own analysis, or why it does not compile.

    Annotations do not count: the future import below makes them strings, as the worker does.
    """
    text = "from __future__ import annotations\n" + source + "\n"
    try:
        table = symtable.symtable(text, "<student>", "exec")
        # Some faults show only here; nothing is executed.
        compile(text, "<student>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"does not compile: {(error.msg or 'invalid syntax').splitlines()[0][:200]}"
    except (RecursionError, MemoryError, ValueError):
        return TOO_DEEP
    load: set[str] = set()
    late: set[str] = set()
    pending = [(table, load)]
    while pending:
        scope, names = pending.pop()
        if isinstance(scope, symtable.Function):
            names.update(scope.get_globals())
        else:
            is_module = scope is table
            for symbol in scope.get_symbols():
                if symbol.is_referenced() if is_module else symbol.is_global():
                    names.add(symbol.get_name())
        for child in scope.get_children():
            is_late = child.get_type() == "function" and child.get_name() not in _COMPREHENSIONS
            pending.append((child, late if is_late else names))
    tree = tree_of(text)
    read, own = _inlined(tree)
    load = (load - own) | read
    if "globals" in late | load:
        _add_looked_up(tree, load, late)
    return Reads(frozenset(load), frozenset(late))


def _inlined(tree: ast.Module) -> tuple[set[str], set[str]]:
    """The names read from the module outside functions and classes, and those of comprehensions there alone.

    Python 3.12 and later inline comprehensions: symtable then lists their variables as the module's, and loses their reads.
    """
    read: set[str] = set()
    own: set[str] = set()
    pending: list[tuple[ast.AST, frozenset[str]]] = [(tree, frozenset())]
    while pending:
        item, bound = pending.pop()
        children = list(ast.iter_child_nodes(item))
        if isinstance(item, Comprehension):
            targets = [each for generator in item.generators for each in ast.walk(generator.target)]
            names = {each.id for each in targets if isinstance(each, ast.Name)}
            own |= names
            first = item.generators[0].iter
            pending.append((first, bound))
            bound |= names
            children += [each for generator in item.generators for each in ast.iter_child_nodes(generator)]
            children = [
                each for each in children if each is not first and not isinstance(each, ast.comprehension)
            ]
        elif isinstance(item, ast.Name) and isinstance(item.ctx, ast.Load) and item.id not in bound:
            read.add(item.id)
        if not isinstance(item, Function | ast.ClassDef):
            pending += [(each, bound) for each in children]
    return read, own - read


def _add_looked_up(tree: ast.Module, load: set[str], late: set[str]) -> None:
    """Add the names read by globals()["LIMIT"] and globals().get("LIMIT")."""
    pending: list[tuple[ast.AST, set[str]]] = [(tree, load)]
    while pending:
        item, names = pending.pop()
        match item:
            case ast.Subscript(ast.Call(ast.Name("globals")), ast.Constant(str(name))) | ast.Call(
                ast.Attribute(ast.Call(ast.Name("globals")), "get" | "__getitem__"),
                [ast.Constant(str(name)), *_],
            ):
                names.add(name)
        is_late = isinstance(item, Function)
        pending.extend((child, late if is_late else names) for child in ast.iter_child_nodes(item))
