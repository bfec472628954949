"""Which names a statement binds and changes, and which it reads: at once when executed, or later when called."""

from __future__ import annotations

import ast
import builtins
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

MUTATORS = frozenset(
    {
        "add",
        "append",
        "appendleft",
        "clear",
        "discard",
        "extend",
        "insert",
        "pop",
        "popitem",
        "remove",
        "reverse",
    }
    | {"setdefault", "sort", "update"}
)
"""Methods that change the value they are called on: `TABLE.append(1)` at top level belongs to TABLE."""

ALWAYS_BOUND = frozenset(dir(builtins)) | {"__name__", "__file__", "__package__", "__spec__", "__loader__"}

TOO_DEEP = "does not compile: nested too deeply"

_COMPREHENSIONS = frozenset({"listcomp", "setcomp", "dictcomp", "genexpr"})
_Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class Bindings:
    """What a statement does to the names of its module.

    whole: bound anew, whatever stood there before. partial: changed, or bound only perhaps, so that an earlier
    binding still counts. star: modules that it imports everything from, as nodes.
    """

    whole: tuple[str, ...]
    partial: tuple[str, ...]
    stars: tuple[ast.ImportFrom, ...]


@dataclass(frozen=True, slots=True)
class Reads:
    """Names of the module that a statement reads: `load` when it is executed, `late` when what it makes is called."""

    load: frozenset[str]
    late: frozenset[str]


def bindings_of(node: ast.stmt, *, has_walrus: bool) -> Bindings:
    """What executing the statement binds; `has_walrus` spares the look into every expression."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name) if (
            not has_walrus
        ):
            return Bindings((name,), (), ())
        case ast.Import() | ast.ImportFrom():
            names, stars = _imported(node)
            return Bindings(names, (), stars)
        case ast.Assign() | ast.AnnAssign() if not has_walrus:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target] if node.value else []
            whole: list[str] = []
            partial: list[str] = []
            for target in targets:
                _sort_target(target, whole, partial)
            return Bindings(tuple(whole), tuple(partial), ())
        case ast.Expr(value=value) if not has_walrus:
            changed = mutated_name(value)
            return Bindings((), (changed,) if changed else (), ())
    return _bindings_within(node)


def mutated_name(value: ast.expr) -> str | None:
    """`TABLE` for `TABLE.append(...)`, `TABLE[k].append(...)` and the like, else None."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr in MUTATORS:
        return root_name(value.func.value)
    return None


def root_name(node: ast.expr) -> str | None:
    """The name that a chain of attributes and subscripts begins with, or None."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _imported(node: ast.Import | ast.ImportFrom) -> tuple[tuple[str, ...], tuple[ast.ImportFrom, ...]]:
    if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
        return (), (node,)
    is_from = isinstance(node, ast.ImportFrom)
    names = (a.asname or (a.name if is_from else a.name.partition(".")[0]) for a in node.names)
    return tuple(names), ()


def _sort_target(target: ast.expr, whole: list[str], partial: list[str]) -> None:
    pending = [target]
    while pending:
        item = pending.pop()
        if isinstance(item, ast.Name):
            whole.append(item.id)
        elif isinstance(item, ast.Tuple | ast.List):
            pending.extend(reversed(item.elts))
        elif isinstance(item, ast.Starred):
            pending.append(item.value)
        elif (root := root_name(item)) is not None:
            partial.append(root)


def _bindings_within(node: ast.stmt) -> Bindings:
    """The general case: every name that the statement may bind or change, as partial unless it surely binds it."""
    found: dict[str, None] = {}
    stars: list[ast.ImportFrom] = []
    for item, is_own_scope in _walk_scope(node):
        if isinstance(item, ast.NamedExpr):
            found[item.target.id] = None
        elif is_own_scope:
            found.update(dict.fromkeys(_names_bound_by(item)))
            if isinstance(item, ast.ImportFrom):
                stars.extend(_imported(item)[1])
    if isinstance(node, _Scope | ast.Assign | ast.AnnAssign):
        plain = bindings_of(node, has_walrus=False)
        whole = (*plain.whole, *(name for name in found if name not in {*plain.whole, *plain.partial}))
        return Bindings(whole, plain.partial, ())
    return Bindings((), tuple(found), tuple(stars))


def _names_bound_by(item: ast.AST) -> tuple[str, ...]:
    """What one node binds or changes in the scope that it stands in."""
    name: str | None = None
    match item:
        case ast.Import() | ast.ImportFrom():
            return _imported(item)[0]
        case ast.Name(id=name, ctx=ast.Store()):
            pass
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            pass
        case ast.MatchAs(name=name) | ast.MatchStar(name=name) | ast.MatchMapping(rest=name):
            pass
        case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
            name = root_name(item)
        case ast.Call():
            name = mutated_name(item)
        case _:
            pass
    return (name,) if name else ()


def _walk_scope(node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """Every node that is executed with the statement, in order; False for those in a comprehension's own scope."""
    pending = [(node, True)]
    while pending:
        item, is_own_scope = pending.pop()
        yield item, is_own_scope
        if isinstance(item, ast.Lambda):
            children: list[ast.AST] = [*item.args.defaults, *filter(None, item.args.kw_defaults)]
        elif isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            children = [*item.decorator_list, *item.args.defaults, *filter(None, item.args.kw_defaults)]
        elif isinstance(item, ast.ClassDef):
            children = [*item.decorator_list, *item.bases, *(keyword.value for keyword in item.keywords)]
        else:
            children = list(ast.iter_child_nodes(item))
        is_comprehension = isinstance(item, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp)
        is_own_scope = is_own_scope and not is_comprehension
        pending.extend((child, is_own_scope) for child in reversed(children))


def reads_of(source: str) -> Reads | str:
    """The module-level names that one statement reads, by Python's own analysis, or why it does not compile.

    Annotations are no reads: the future import below makes them strings, as the worker does.
    """
    text = "from __future__ import annotations\n" + source + "\n"
    try:
        table = symtable.symtable(text, "<student>", "exec")
        compile(
            text, "<student>", "exec", dont_inherit=True
        )  # some faults show only here; nothing is executed
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
    if "globals" in late | load:
        _add_looked_up(text, load, late)
    return Reads(frozenset(load), frozenset(late))


def _add_looked_up(text: str, load: set[str], late: set[str]) -> None:
    """Add what stands as a text in globals()["LIMIT"] and globals().get("LIMIT"), as it is read there: late in a function."""
    pending: list[tuple[ast.AST, set[str]]] = [(ast.parse(text), load)]
    while pending:
        item, names = pending.pop()
        match item:
            case (
                ast.Subscript(
                    value=ast.Call(func=ast.Name(id="globals")), slice=ast.Constant(value=str(name))
                )
                | ast.Call(
                    func=ast.Attribute(
                        value=ast.Call(func=ast.Name(id="globals")), attr="get" | "__getitem__"
                    ),
                    args=[ast.Constant(value=str(name)), *_],
                )
            ):
                names.add(name)
            case _:
                pass
        is_late = isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        pending.extend((child, late if is_late else names) for child in ast.iter_child_nodes(item))
