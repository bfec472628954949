"""Where the value of an expression comes from: something imported, the student's own, or nothing that can be told."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from grader.extract.importing import absolute_name
from grader.forbidden.kinds import kind_of
from grader.forbidden.scopes import Assigned, Binding, Defined, Definition, Imported, Scope

_DEPTH = 40
"""Steps from a name to its origin; a longer chain of names is not followed."""

_STEPS = 50_000
"""Steps spent on the names of one function; a source that needs more is built to need them."""

_BUILTINS = frozenset(dir(builtins))
_IMPORTERS = frozenset({"builtins.__import__", "importlib.import_module", "importlib.__import__"})
_WRAPPERS = frozenset({"functools.partial", "functools.partialmethod", "builtins.staticmethod"})


@dataclass(frozen=True, slots=True)
class Foreign:
    """A module that is not the submission's, or something in one, by its full name; `builtins.eval` for builtins."""

    dotted: str


@dataclass(frozen=True, slots=True)
class OwnModule:
    """A file of the submission."""

    file: str


@dataclass(frozen=True, slots=True)
class OwnName:
    """A name of a file of the submission that is more than another word for something else."""

    file: str
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Inner:
    """A function or class defined within a function, and the scope that it stands in."""

    node: Definition
    scope: Scope


Origin = Foreign | OwnModule | OwnName | Inner


def name_of(origin: Origin) -> str:
    """What a set of origins is put in order by."""
    match origin:
        case Foreign(dotted=name) | OwnModule(file=name) | OwnName(name=name):
            return name
        case Inner(node=node):
            return node.name
    assert_never(origin)


class Origins:
    """Resolves names and expressions through imports and aliases, without executing anything.

    files: the scope of each file that is executed. modules: dotted names that mean files of the submission.
    graded: (file, name) of what answers for itself, which is not looked behind.
    """

    def __init__(
        self, files: Mapping[str, Scope], modules: Mapping[str, str], graded: frozenset[tuple[str, str]]
    ) -> None:
        self._files = files
        self._modules = modules
        self._graded = graded
        self._steps_left = _STEPS

    def of(self, node: ast.expr, scope: Scope) -> frozenset[Origin]:
        """All that the expression may be; nothing where that cannot be told."""
        return frozenset(self._of(node, scope, _DEPTH)) if self._steps_left > 0 else frozenset()

    def of_name(self, file: str, name: str) -> frozenset[Origin]:
        """All that a top-level name of a file may be, looked behind even where it is graded."""
        scope = self._files[file]
        bindings = scope.bound.get(name, ())
        return frozenset(
            origin for binding in bindings for origin in self._bound(name, binding, scope, _DEPTH)
        )

    def _of(self, node: ast.expr, scope: Scope, depth: int) -> Iterator[Origin]:
        self._steps_left -= 1
        if depth == 0 or self._steps_left < 0:
            return
        depth -= 1
        match node:
            case ast.Name(id=name):
                yield from self._named(name, scope, depth)
            case ast.Attribute(value=value, attr=name):
                yield from self._members(self._of(value, scope, depth), name, depth)
            case ast.Call():
                yield from self._called(node, scope, depth)
            case ast.Subscript(value=value, slice=index) if (key := constant_text(index)) is not None:
                yield from self._looked_up(value, key, scope, depth)
            case ast.IfExp(body=body, orelse=other):
                yield from (*self._of(body, scope, depth), *self._of(other, scope, depth))
            case ast.BoolOp(values=values):
                yield from (origin for value in values for origin in self._of(value, scope, depth))
            case ast.NamedExpr(value=value):
                yield from self._of(value, scope, depth)
            case _:
                pass

    def _named(self, name: str, scope: Scope, depth: int) -> Iterator[Origin]:
        level: Scope | None = scope
        while level is not None and level.parent is not None:
            if name in level.bound and (level is scope or not level.is_class):
                for binding in level.bound[name]:
                    yield from self._bound(name, binding, level, depth)
                return
            level = level.parent
        yield from self._in_file(scope.file, name, depth)

    def _in_file(self, file: str, name: str, depth: int) -> Iterator[Origin]:
        """What a top-level name of a file is; a builtin where the file binds none."""
        scope = self._files.get(file)
        if (file, name) in self._graded:
            yield OwnName(file, name)
        elif scope is not None and name in scope.bound:
            for binding in scope.bound[name]:
                yield from list(self._bound(name, binding, scope, depth)) or [OwnName(file, name)]
        else:
            if name in _BUILTINS:
                yield Foreign(f"builtins.{name}")
            for star in () if scope is None else scope.stars:
                yield from self._from_star(star, file, name, depth)

    def _from_star(self, star: Imported, file: str, name: str, depth: int) -> Iterator[Origin]:
        for module in self._module(star, file):
            if isinstance(module, OwnModule) and depth > 0:
                if name in self._files[module.file].bound if module.file in self._files else False:
                    yield from self._in_file(module.file, name, depth - 1)
            elif isinstance(module, Foreign) and kind_of(f"{module.dotted}.{name}") is not None:
                yield Foreign(f"{module.dotted}.{name}")

    def _bound(self, name: str, binding: Binding, scope: Scope, depth: int) -> Iterator[Origin]:
        match binding:
            case Imported(name=None):
                yield from self._module(binding, scope.file)
            case Imported(name=str(taken)):
                yield from self._members(self._module(binding, scope.file), taken, depth)
            case Defined(node=node):
                yield OwnName(scope.file, name) if scope.parent is None else Inner(node, scope)
            case Assigned(value=ast.expr() as value):
                yield from self._of(value, scope, depth)
            case Assigned():
                pass

    def _module(self, imported: Imported, file: str) -> Iterator[Origin]:
        dotted = imported.module
        if imported.level:
            node = ast.ImportFrom(module=imported.module or None, names=[], level=imported.level)
            dotted = absolute_name(node, file)
        yield self._dotted(dotted)

    def _dotted(self, dotted: str) -> Origin:
        return OwnModule(self._modules[dotted]) if dotted in self._modules else Foreign(dotted)

    def _members(self, owners: Iterable[Origin], name: str, depth: int) -> Iterator[Origin]:
        for owner in owners:
            if isinstance(owner, Foreign):
                yield self._dotted(f"{owner.dotted}.{name}")
            elif isinstance(owner, OwnModule) and depth > 0:
                yield from self._in_file(owner.file, name, depth - 1)

    def _called(self, call: ast.Call, scope: Scope, depth: int) -> Iterator[Origin]:
        """What getattr, an import by name or functools.partial give, where their arguments tell."""
        functions = {each.dotted for each in self._of(call.func, scope, depth) if isinstance(each, Foreign)}
        if not functions or not call.args:
            return
        text = constant_text(call.args[0])
        if functions & _IMPORTERS and text is not None:
            yield self._dotted(text)
        elif functions & _WRAPPERS:
            yield from self._of(call.args[0], scope, depth)
        elif "builtins.getattr" in functions and len(call.args) > 1:
            name = constant_text(call.args[1])
            if name is not None:
                yield from self._members(self._of(call.args[0], scope, depth), name, depth)

    def _looked_up(self, value: ast.expr, key: str, scope: Scope, depth: int) -> Iterator[Origin]:
        """sys.modules["torch"], vars(torch)["nn"], torch.__dict__["nn"] and globals()["f"]."""
        for owner in list(self._of(value, scope, depth)):
            if owner == Foreign("sys.modules"):
                yield self._dotted(key)
            elif isinstance(owner, Foreign) and owner.dotted.endswith(".__dict__"):
                yield self._dotted(f"{owner.dotted.removesuffix('.__dict__')}.{key}")
        if isinstance(value, ast.Call):
            called = set(self._of(value.func, scope, depth))
            if Foreign("builtins.globals") in called:
                yield from self._in_file(scope.file, key, depth)
            elif Foreign("builtins.vars") in called and value.args:
                yield from self._members(self._of(value.args[0], scope, depth), key, depth)


def constant_text(node: ast.expr) -> str | None:
    """The text that an expression of constants is, as "cross_" + "entropy"; None for any other."""
    parts: list[str] = []
    pending = [node]
    while pending:
        item = pending.pop()
        if isinstance(item, ast.BinOp) and isinstance(item.op, ast.Add):
            pending += [item.right, item.left]
        elif isinstance(item, ast.JoinedStr):
            pending += reversed(item.values)
        elif isinstance(item, ast.Constant) and isinstance(item.value, str):
            parts.append(item.value)
        else:
            return None
    return "".join(parts)
