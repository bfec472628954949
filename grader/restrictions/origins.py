"""Where the value of an expression comes from: an import, the student's own code, or unknown."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar, assert_never

from grader.extract.source.importing import absolute_name
from grader.extract.source.scopes import Assigned, Binding, Defined, Definition, Imported, Scope
from grader.restrictions.constants import LONGEST_NAME, constant_text, constant_texts
from grader.restrictions.kinds import kind_of
from grader.restrictions.understood import canonical, is_leading, is_understood

_DEPTH = 40
"""Steps from a name to its origin; a longer chain of names is not followed."""

_STEPS = 100_000
"""Steps spent on the names of one function; only hostile source needs more."""

_ROUNDS = 5
"""How often names that depend on one another, as in `t = torch; t = t.nn`, are resolved again."""

_BUILTINS = frozenset(dir(builtins))
_IMPORTERS = frozenset({"builtins.__import__", "importlib.import_module", "importlib.__import__"})
_WRAPPERS = frozenset({"functools.partial", "functools.partialmethod", "builtins.staticmethod"})
PLAIN_BASES = frozenset(
    {
        "abc.ABC",
        "builtins.object",
        "torch.nn.Module",
        "torch.autograd.Function",
        "torch.nn.modules.module.Module",
    }
)
"""Bases in libraries that call no other method of a class than special ones and `forward`."""

_GETTERS = frozenset({"operator.attrgetter", "operator.methodcaller"})
_READERS = frozenset({"get", "__getitem__"})
_ATTRIBUTE_READERS = frozenset({"__getattr__", "__getattribute__"})


@dataclass(frozen=True, slots=True)
class Foreign:
    """A module outside the submission, or something in one, by its full name: `torch.nn`, `builtins.eval`."""

    dotted: str


@dataclass(frozen=True, slots=True)
class OwnModule:
    """A file of the submission."""

    file: str


@dataclass(frozen=True, slots=True)
class OwnName:
    """A function, class or value of a file of the submission."""

    file: str
    name: str


@dataclass(frozen=True, slots=True)
class Inner:
    """A function or class defined within a function, and the scope around it."""

    node: Definition
    scope: Scope


@dataclass(frozen=True, slots=True)
class Getter:
    """operator.attrgetter or methodcaller with a constant name."""

    path: str


Origin = Foreign | OwnModule | OwnName | Inner | Getter
StoredModules = Mapping[str | tuple[str, str], frozenset[Origin]]
"""Modules that code assigns to an attribute of that name or, by file and name, to a name declared global."""

GLOBALS = Foreign("globals()")
"""The table of a file's names."""

LOCALS = Foreign("locals()")
"""The table of a scope's names."""

_Folded = TypeVar("_Folded", str, tuple[str, ...])
_NOTHING: frozenset[Origin] = frozenset()


def order_of(origin: Origin) -> tuple[str, int]:
    """The sort key of an origin."""
    match origin:
        case Foreign(dotted=name) | OwnModule(file=name) | OwnName(name=name) | Getter(path=name):
            return name, 0
        case Inner(node=node):
            return node.name, node.lineno
    assert_never(origin)


def leads_on(origin: Origin) -> bool:
    """Whether the value leads to restricted names wherever it is handed on."""
    return isinstance(origin, OwnModule) or (isinstance(origin, Foreign) and is_leading(origin.dotted))


class Origins:
    """Resolves names and expressions through imports and aliases, without executing anything.

    Each name is resolved once. Names that depend on one another start as unknown and are resolved again until nothing
    is added, a few times at most.

    Args:
        files: The scope of each file that is executed.
        modules: Dotted names that mean files of the submission.
        graded: (file, name) of each graded function, which is not resolved any further.
        stored: Modules that an earlier walk found in attributes and global names.
        stirred: Names that code may set in another way than by a statement of their own scope.
    """

    def __init__(
        self,
        files: Mapping[str, Scope],
        modules: Mapping[str, str],
        graded: frozenset[tuple[str, str]],
        stored: StoredModules,
        stirred: Callable[[], AbstractSet[str]],
    ) -> None:
        self._files = files
        self._modules = modules
        self._graded = graded
        self._stored = stored
        self._stirred = stirred
        self.class_nodes: dict[Scope, ast.ClassDef] = {}
        """The class of each scope of one that was entered."""
        self._plain: dict[int, bool] = {}
        self._methods: dict[int, frozenset[str]] = {}
        self._known: dict[tuple[int, Scope], frozenset[Origin]] = {}
        self._texts: dict[tuple[int, Scope], str | None] = {}
        self._is_cut = False
        self._steps_left = _STEPS
        self._settled: dict[tuple[Scope | str, str], frozenset[Origin]] = {}
        self._found: dict[tuple[Scope | str, str], frozenset[Origin]] = {}
        self._begun: set[tuple[Scope | str, str]] = set()
        self._open: set[tuple[Scope | str, str]] = set()
        self._is_ring = False
        self._is_changed = False

    def of(self, node: ast.expr, scope: Scope) -> frozenset[Origin]:
        """Everything the expression may be; empty where that is unknown."""
        key = (id(node), scope)
        if key not in self._known:
            found = self._settle(lambda: self._of(node, scope, _DEPTH))
            if self._steps_left <= 0:
                return found
            self._known[key] = found
        return self._known[key]

    def of_name(self, file: str, name: str) -> frozenset[Origin]:
        """Everything a top-level name of a file may be; a graded name is resolved too."""
        return self._settle(lambda: self._given(name, self._files[file], _DEPTH))

    def of_binding(self, name: str, binding: Binding, scope: Scope) -> frozenset[Origin]:
        """Everything one binding may give the name."""
        return self._settle(lambda: frozenset(self._bound(name, binding, scope, _DEPTH)))

    def text(self, node: ast.expr, scope: Scope) -> str | None:
        """The string that a constant expression makes, through names that nothing else sets."""
        if isinstance(node, ast.Constant):
            return constant_text(node)
        key = (id(node), scope)
        if key not in self._texts:
            self._texts[key] = None if self._is_spent(1) else self._constant(constant_text, node, scope)
        return self._texts[key]

    def _constant(
        self, fold: Callable[[ast.expr, NamesSeen], _Folded | None], node: ast.expr, scope: Scope
    ) -> _Folded | None:
        """A constant, if nothing else can set the names it is made with."""
        names = NamesSeen(scope)
        found = fold(node, names)
        return None if found is None or (names.used and names.used & self._stirred()) else found

    def is_bound(self, name: str, scope: Scope) -> bool:
        """Whether the student's code binds a name that this scope sees."""
        return NamesSeen(scope).is_own(name)

    def is_own_object(self, node: ast.expr, scope: Scope) -> bool:
        """Whether this is plainly a class of the student's or an object of one, or parsed arguments."""
        match node:
            case ast.Name(id="self" | "cls" as name):
                level = NamesSeen(scope).level_of(name)
                if level is not None and level.parent is not None and level.parent.is_class:
                    is_given = all(
                        isinstance(each, Assigned) and each.value is None for each in level.bound[name]
                    )
                    return is_given and self._is_plain(self.class_nodes.get(level.parent), level.parent)
            case ast.Call(func=ast.Attribute(value=parser, attr="parse_args")):
                return self._is_parser(parser, scope)
            case ast.Call(func=function):
                return self._are_classes(self.of(function, scope), scope)
        if isinstance(node, ast.Name) and (call := self._call_assigned(node.id, scope)) is not None:
            return self.is_own_object(*call)
        return self._are_classes(self.of(node, scope), scope)

    def _call_assigned(self, name: str, scope: Scope) -> tuple[ast.Call, Scope] | None:
        """The call whose result is all that a name is ever assigned."""
        level = NamesSeen(scope).level_of(name)
        match () if level is None else level.bound[name]:
            case (Assigned(value=ast.Call() as call, scope=None),) if level is not None:
                return call, level
        return None

    def _is_parser(self, node: ast.expr, scope: Scope) -> bool:
        made = (node, scope) if isinstance(node, ast.Call) else None
        if isinstance(node, ast.Name):
            made = self._call_assigned(node.id, scope)
        return made is not None and Foreign("argparse.ArgumentParser") in self.of(made[0].func, made[1])

    def _are_classes(self, found: frozenset[Origin], scope: Scope) -> bool:
        return bool(found) and all(
            (nodes := list(self._classes_of(origin)))
            and all(self._is_plain(each, scope) for each in nodes)
            and not (isinstance(origin, OwnName) and len(nodes) != len(self._bindings_of(origin)))
            for origin in found
        )

    def _is_plain(self, node: ast.ClassDef | None, scope: Scope) -> bool:
        """Whether objects of the class are made by it and derived from nothing of a library's but a plain base."""
        if node is None:
            return False
        if id(node) not in self._plain:
            found = (each for base in node.bases for each in self.of(base, scope.parent or scope))
            self._plain[id(node)] = all(
                not isinstance(each, Foreign) or each.dotted in PLAIN_BASES for each in found
            ) and not any(isinstance(each, ast.FunctionDef) and each.name == "__new__" for each in node.body)
        return self._plain[id(node)]

    def _bindings_of(self, origin: OwnName) -> tuple[Binding, ...]:
        return self._files[origin.file].bound.get(origin.name, ()) if origin.file in self._files else ()

    def is_method_of_class(self, node: ast.expr, name: str, scope: Scope) -> bool:
        """Whether this is a class of the student's that has a method of that name, with a parameter `self`."""
        if not isinstance(node, ast.Name | ast.Attribute):
            return False
        classes = (each for origin in self.of(node, scope) for each in self._classes_of(origin))
        return any(name in self._methods_of(each) for each in classes)

    def is_method(self, name: str) -> bool:
        """Whether a class of the student's that is known by now has a method of that name, with a parameter `self`."""
        return any(
            name in self._methods_of(each) for each in (*self._top_level_classes, *self.class_nodes.values())
        )

    @cached_property
    def _top_level_classes(self) -> tuple[ast.ClassDef, ...]:
        bindings = (
            each for scope in self._files.values() for found in scope.bound.values() for each in found
        )
        nodes = (each.node for each in bindings if isinstance(each, Defined))
        return tuple(each for each in nodes if isinstance(each, ast.ClassDef))

    def _methods_of(self, node: ast.ClassDef) -> frozenset[str]:
        """The methods of a class that have a parameter `self`."""
        if id(node) not in self._methods:
            self._methods[id(node)] = frozenset(filter(None, map(_method_in, node.body)))
        return self._methods[id(node)]

    def _classes_of(self, origin: Origin) -> Iterator[ast.ClassDef]:
        bindings: Iterable[Binding] = ()
        if isinstance(origin, OwnName):
            bindings = self._bindings_of(origin)
        elif isinstance(origin, Inner):
            bindings = (Defined(origin.node),)
        for each in bindings:
            if isinstance(each, Defined) and isinstance(each.node, ast.ClassDef):
                yield each.node

    @property
    def are_cut_short(self) -> bool:
        """Whether a chain of names was longer than is followed."""
        return self._is_cut

    @property
    def are_exhausted(self) -> bool:
        """Whether the steps ran out, so some names were not resolved."""
        return self._steps_left < 0

    def _settle(self, find: Callable[[], frozenset[Origin]]) -> frozenset[Origin]:
        if self._steps_left <= 0:
            return _NOTHING
        for _ in range(_ROUNDS):
            self._begun.clear()
            self._is_ring = self._is_changed = False
            found = find()
            if not (self._is_ring and self._is_changed):
                break
        self._settled.update(self._found)
        self._found.clear()
        return found

    def _is_spent(self, steps: int) -> bool:
        self._steps_left -= steps
        return self._steps_left < 0

    def _once(self, key: tuple[Scope | str, str], find: Callable[[], frozenset[Origin]]) -> frozenset[Origin]:
        """The origins of a name, found now or before; while it is being resolved, those of the last round."""
        if key in self._settled:
            return self._settled[key]
        if key in self._begun:
            self._is_ring = self._is_ring or key in self._open
            return self._found.get(key, _NOTHING)
        self._begun.add(key)
        self._open.add(key)
        found = find()
        self._open.discard(key)
        if found != self._found.get(key):
            self._found[key] = found
            self._is_changed = True
        return found

    def _of(self, node: ast.expr, scope: Scope, depth: int) -> frozenset[Origin]:
        if depth == 0:
            self._is_cut = True
            return _NOTHING
        if self._is_spent(1):
            return _NOTHING
        found = frozenset(self._looked_at(node, scope, depth - 1))
        return _NOTHING if self._is_spent(len(found)) else found

    def _looked_at(self, node: ast.expr, scope: Scope, depth: int) -> Iterable[Origin]:
        match node:
            case ast.Name(id=name):
                return self._named(name, scope, depth)
            case ast.Attribute(value=value, attr=name):
                owners = self._of(value, scope, depth)
                is_module = any(isinstance(owner, Foreign | OwnModule) for owner in owners)
                return self._members(owners, name, depth) if is_module else self._stored.get(name, _NOTHING)
            case ast.Call():
                return self._called(node, scope, depth)
            case ast.Subscript(value=value, slice=index) if (key := self.text(index, scope)) is not None:
                return {*self._looked_up(value, key, scope, depth), *self._in_table_of_attributes(value, key)}
            case ast.IfExp(body=body, orelse=other):
                return self._of(body, scope, depth) | self._of(other, scope, depth)
            case ast.BoolOp(values=values):
                return _NOTHING.union(*(self._of(value, scope, depth) for value in values))
            case ast.NamedExpr(value=value):
                return self._of(value, scope, depth)
        return _NOTHING

    def _named(self, name: str, scope: Scope, depth: int) -> frozenset[Origin]:
        level = scope
        while level.parent is not None and not (
            name in level.bound and (level is scope or not level.is_class)
        ):
            if self._is_spent(1):
                return _NOTHING
            level = level.parent
        if level.parent is None:
            return self._in_file(scope.file, name, depth)
        found = self._once((level, name), lambda: self._given(name, level, depth))
        if level.is_class and not found and depth:  # F = F in a class reads the outer one
            return self._named(name, level.parent, depth - 1)
        return found

    def _in_file(self, file: str, name: str, depth: int) -> frozenset[Origin]:
        """The origins of a top-level name of a file; a builtin if the file does not bind it."""
        if (file, name) in self._graded:
            return frozenset({OwnName(file, name)})
        return self._once((file, name), lambda: self._top_level(file, name, depth))

    def _top_level(self, file: str, name: str, depth: int) -> frozenset[Origin]:
        scope = self._files.get(file, Scope(file, None, {}))
        stored = self._stored.get((file, name), _NOTHING)
        if name in scope.bound:
            return self._given(name, scope, depth) | stored
        found: set[Origin] = {Foreign(f"builtins.{name}")} if name in _BUILTINS else set()
        if name == "__builtins__":
            found = {Foreign("builtins")}
        elif not found and "__getattr__" in scope.bound:
            found = {OwnName(file, "__getattr__")}
        return stored.union(found, self._from_stars(scope, name, depth))

    def _given(self, name: str, scope: Scope, depth: int) -> frozenset[Origin]:
        """Everything a scope binds a name to; an unknown value at top level is the name itself."""
        found: set[Origin] = set()
        for binding in scope.bound.get(name, ()):
            if self._is_spent(1):
                break
            origins = set(self._bound(name, binding, scope, depth))
            found |= origins or ({OwnName(scope.file, name)} if scope.parent is None else set())
        return frozenset(found)

    def _from_stars(self, scope: Scope, name: str, depth: int) -> Iterator[Origin]:
        for star in scope.stars if depth else ():
            if self._is_spent(1):
                return
            module = self._module(star, scope.file)
            if isinstance(module, OwnModule):
                if module.file in self._files and name in self._files[module.file].bound:
                    yield from self._in_file(module.file, name, depth - 1)
            elif isinstance(module, Foreign):
                dotted = f"{module.dotted}.{name}"
                is_doubtful = name not in _BUILTINS and not is_understood(dotted)
                if kind_of(dotted) is not None or is_leading(dotted) or is_doubtful:
                    yield Foreign(dotted)

    def _bound(self, name: str, binding: Binding, scope: Scope, depth: int) -> Iterable[Origin]:
        match binding:
            case Imported(name=None):
                return (self._module(binding, scope.file),)
            case Imported(name=str(taken)):
                return self._members((self._module(binding, scope.file),), taken, depth)
            case Defined(node=node):
                return (OwnName(scope.file, name) if scope.parent is None else Inner(node, scope),)
            case Assigned(value=ast.expr() as value, scope=outer):
                return self._of(value, outer or scope, depth)
            case Imported() | Assigned():
                return ()
        assert_never(binding)

    def _module(self, imported: Imported, file: str) -> Origin:
        dotted = absolute_name(imported.module, imported.level, file)
        return OwnModule(file) if dotted == "__main__" else self._dotted(dotted)

    def _dotted(self, dotted: str) -> Origin:
        return OwnModule(self._modules[dotted]) if dotted in self._modules else Foreign(canonical(dotted))

    def _members(self, owners: Iterable[Origin], name: str, depth: int) -> Iterator[Origin]:
        for owner in owners:
            if isinstance(owner, Foreign) and len(name) <= LONGEST_NAME:
                yield self._dotted(f"{owner.dotted}.{name}")
            elif isinstance(owner, OwnModule) and depth > 0:
                yield from self._in_file(owner.file, name, depth - 1)

    def _called(self, call: ast.Call, scope: Scope, depth: int) -> Iterator[Origin]:
        """What a call finds by a constant name: getattr, an import by name, functools.partial, attrgetter."""
        if isinstance(call.func, ast.Attribute) and call.args:
            yield from self._read_by_method(call.func, call.args[0], scope, depth)
        callees = self._of(call.func, scope, depth)
        functions = {each.dotted for each in callees if isinstance(each, Foreign)}
        if "builtins.globals" in functions:
            yield GLOBALS
        if "builtins.locals" in functions or ("builtins.vars" in functions and not call.args):
            yield GLOBALS if scope.parent is None else LOCALS
        if not call.args:
            return
        for getter in (each for each in callees if isinstance(each, Getter)):
            yield from self._path(self._of(call.args[0], scope, depth), getter.path.split("."), depth)
        if functions:
            yield from self._made_by(functions, call.args, scope, depth)

    def _made_by(
        self, functions: AbstractSet[str], arguments: list[ast.expr], scope: Scope, depth: int
    ) -> Iterator[Origin]:
        """What a function of a library makes of these arguments, the first of which is there."""
        first, *others = arguments
        text = self.text(first, scope)
        if functions & _IMPORTERS and text is not None:
            yield self._dotted(text)
        elif functions & _GETTERS and text is not None:
            yield Getter(text)
        elif functions & _WRAPPERS:
            yield from self._of(first, scope, depth)
        elif "builtins.getattr" in functions and others and (name := self.text(others[0], scope)) is not None:
            owners = self._of(first, scope, depth)
            yield from self._members(owners, name, depth)
            if not any(isinstance(owner, Foreign | OwnModule) for owner in owners):
                yield from self._stored.get(name, _NOTHING)
        elif "functools.reduce" in functions and Foreign("builtins.getattr") in self._of(first, scope, depth):
            names = self._constant(constant_texts, others[0], scope) if others[1:] else None
            if names is not None:
                yield from self._path(self._of(others[1], scope, depth), names, depth)

    def _read_by_method(
        self, method: ast.Attribute, key: ast.expr, scope: Scope, depth: int
    ) -> Iterator[Origin]:
        """table.get("torch") and F.__getattribute__("relu")."""
        if method.attr in _READERS | _ATTRIBUTE_READERS and (text := self.text(key, scope)) is not None:
            if method.attr in _READERS:
                yield from self._looked_up(method.value, text, scope, depth)
            else:
                yield from self._members(self._of(method.value, scope, depth), text, depth)

    def _path(self, owners: frozenset[Origin], names: Iterable[str], depth: int) -> frozenset[Origin]:
        for name in names:
            if self._is_spent(1):
                break
            owners = frozenset(self._members(owners, name, depth)) or self._stored.get(name, _NOTHING)
        return owners

    def _in_table_of_attributes(self, value: ast.expr, key: str) -> frozenset[Origin]:
        """The modules that code stored in an attribute of that name: self.__dict__["F"], vars(box)["F"]."""
        match value:
            case ast.Attribute(attr="__dict__") | ast.Call(func=ast.Name(id="vars")):
                return self._stored.get(key, _NOTHING)
        return _NOTHING

    def _looked_up(self, value: ast.expr, key: str, scope: Scope, depth: int) -> Iterator[Origin]:
        """sys.modules["torch"], vars(torch)["nn"], torch.__dict__["nn"] and globals()["f"]."""
        for owner in self._of(value, scope, depth):
            if owner == Foreign("sys.modules"):
                yield self._dotted(key)
            elif isinstance(owner, Foreign) and owner.dotted.endswith(".__dict__"):
                yield self._dotted(f"{owner.dotted.removesuffix('.__dict__')}.{key}")
            elif owner == GLOBALS:
                yield from self._in_file(scope.file, key, depth)
            elif owner == LOCALS:
                yield from self._named(key, scope, depth)
            elif owner == Foreign("builtins"):
                yield from self._members((owner,), key, depth)
        if isinstance(value, ast.Call):
            called = self._of(value.func, scope, depth)
            if Foreign("builtins.vars") in called and value.args:
                yield from self._members(self._of(value.args[0], scope, depth), key, depth)


def _method_in(node: ast.stmt) -> str | None:
    """The name of a method with a parameter `self` that a statement of a class defines."""
    match node:
        case ast.FunctionDef(name=name):
            made: list[ast.AST] = [node]
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            made = [each for each in ast.walk(value) if isinstance(each, ast.Lambda)]
        case _:
            return None
    return name if any(map(_takes_self, made)) else None


def _takes_self(node: ast.AST) -> bool:
    arguments = node.args if isinstance(node, ast.FunctionDef | ast.Lambda) else None
    first = [] if arguments is None else [*arguments.posonlyargs, *arguments.args][:1]
    return any(each.arg == "self" for each in first)


class NamesSeen:
    """The names that an expression of a scope sees, and those of them that a constant was made with."""

    def __init__(self, scope: Scope, used: set[str] | None = None) -> None:
        self._scope = scope
        self.used = set() if used is None else used

    def meaning(self, name: str) -> tuple[ast.expr, NamesSeen] | None:
        """The one expression that the name is assigned; a parameter's default is not the only one."""
        self.used.add(name)
        level = self.level_of(name)
        match () if level is None else level.bound[name]:
            case (Assigned(value=ast.expr() as value, scope=None),) if level is not None:
                return value, NamesSeen(level, self.used)
        return None

    def is_own(self, name: str) -> bool:
        """Whether a scope of the student's binds the name."""
        self.used.add(name)
        return self.level_of(name) is not None

    def level_of(self, name: str) -> Scope | None:
        """The scope whose name it is; None for a builtin or an unknown one."""
        level: Scope | None = self._scope
        while level is not None and not (
            name in level.bound and (level is self._scope or not level.is_class)
        ):
            level = level.parent
        return level
