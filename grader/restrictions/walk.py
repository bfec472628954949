"""Looks at all code that a call of one function may reach: its own statement and its helpers."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from grader.extract import Chunk, Extracted, ExtractedFunction
from grader.extract.source.scopes import (
    Comprehension,
    Definition,
    Function,
    Scope,
    bindings_in,
    file_scope,
    inner_scope,
    outer_parts,
    reached,
    reached_parts,
)
from grader.model.assignment import Assignment, LossFunction, RestrictionKind
from grader.model.observation import Location
from grader.restrictions.constants import truth_of
from grader.restrictions.kinds import kind_of
from grader.restrictions.origins import (
    Foreign,
    Inner,
    Origin,
    Origins,
    OwnModule,
    OwnName,
    StoredModules,
    order_of,
)
from grader.restrictions.signs import name_read_by, signs_in
from grader.restrictions.tables import is_constant_lookup, parts_that_only_ask
from grader.restrictions.uses import SourceUses, Use

_STEPS = 60_000
"""Nodes looked at for one function; a traced call sees more."""

_CONTRACT = frozenset({"loss", "train", "predict"})
"""Methods that the grader calls."""

_LOSS_ARGUMENTS = 4
"""The grader calls a loss function with W, X, y and reg, and never gives any other argument."""

_DESCRIPTIONS = frozenset({"__annotations__", "__doc__", "__module__", "__name__", "__qualname__"})
"""Attributes that describe a function; reading one is not a call."""

_COPIES_DESCRIPTIONS = frozenset({Foreign("functools.update_wrapper"), Foreign("functools.wraps")})


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """The statements of a chunk and their scope."""

    body: list[ast.stmt]
    scope: Scope


class Walk:
    """Looks at every node that a call of one function may reach, each once."""

    def __init__(
        self,
        extracted: Extracted,
        function: ExtractedFunction,
        assignment: Assignment,
        parsed: Mapping[int, Parsed],
        stored: StoredModules,
    ) -> None:
        self._function = function
        self._partners = assignment.partners(function.name)
        self._is_loss = isinstance(assignment.functions.get(function.name), LossFunction)
        self._parsed = parsed
        numbers = set(function.chunks)
        self._chunks = [chunk for chunk in extracted.chunks if chunk.number in numbers]
        self._binding: dict[tuple[str, str], list[Chunk]] = {}
        by_file: dict[str, list[Scope]] = {}
        for chunk in self._chunks:
            by_file.setdefault(chunk.file, []).append(parsed[chunk.number].scope)
            for name in chunk.binds:
                self._binding.setdefault((chunk.file, name), []).append(chunk)
        self._files = {file: file_scope(file, parts) for file, parts in by_file.items()}
        self._graded = {(each.file, name): name for name, each in extracted.functions.items()}
        self._origins = Origins(self._files, extracted.modules, frozenset(self._graded), stored)
        self._pending: list[tuple[ast.AST, Scope, Chunk]] = []
        self._later: deque[tuple[ast.AST, Scope, Chunk]] = deque()
        self._entered: set[int] = set()
        self._entered_chunks: set[int] = set()
        self._attributes: set[str] = set(_CONTRACT)
        self._waiting: dict[str, list[tuple[Definition, Scope, Chunk]]] = {}
        self._unwraps = any(
            "__wrapped__" in chunk.source or "unwrap" in chunk.source for chunk in self._chunks
        )
        self._has_backward = any("def backward" in chunk.source for chunk in self._chunks)
        self._uses: dict[tuple[RestrictionKind, str], Use] = {}
        self._mentions: dict[str, Location] = {}
        self._followed: set[OwnName] = set()
        self._stored: dict[str | tuple[str, str], set[Origin]] = {}

    def run(self) -> SourceUses:
        """Start at the function's own statements; helpers follow."""
        for chunk in self._own_chunks():
            for statement in self._parsed[chunk.number].body:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    origins = self._origins.of_name(chunk.file, self._function.name)
                    self._follow(origins, statement, chunk)
            self._enter_chunk(chunk)
        steps = _STEPS
        while (self._pending or self._later) and steps > 0:
            steps -= 1
            item = self._pending.pop() if self._pending else self._later.popleft()
            self._look_at(*item)
        if self._pending or self._later or self._origins.are_exhausted:
            use = Use("dynamic", "more code than the grader reads", self._function.location)
            self._uses[use.kind, use.name] = use
        return SourceUses(tuple(self._uses.values()), self._mentions)

    def stored(self) -> StoredModules:
        """Modules that the code stores in attributes or global names, as in `self.F = F`."""
        return {key: frozenset(modules) for key, modules in self._stored.items()}

    def _own_chunks(self) -> list[Chunk]:
        """The statement that holds the function's code, and later ones that wrap it."""
        name, place = self._function.name, self._function.location
        own = next((each for each in self._chunks if each.location == place and name in each.binds), None)
        file, first = (self._function.file, 0) if own is None else (own.file, own.number)
        return [chunk for chunk in self._binding.get((file, name), []) if chunk.number >= first]

    def _enter_chunk(self, chunk: Chunk) -> None:
        if chunk.number not in self._entered_chunks:
            self._entered_chunks.add(chunk.number)
            scope = self._files[chunk.file]
            self._later.extend((statement, scope, chunk) for statement in self._parsed[chunk.number].body)

    def _push(self, nodes: Iterable[ast.AST], scope: Scope, chunk: Chunk) -> None:
        """Look at these next, constants aside: a table of numbers must not use up the steps."""
        self._pending.extend(
            (node, scope, chunk) for node in reversed(list(nodes)) if not isinstance(node, ast.Constant)
        )

    def _look_at(self, node: ast.AST, scope: Scope, chunk: Chunk) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._meet_definition(node, scope, chunk)
            case ast.Lambda():
                self._push(outer_parts(node), scope, chunk)
                self._enter(node, scope, chunk)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._push(ast.iter_child_nodes(node), self._within(node, scope), chunk)
            case ast.Name(ctx=ast.Load()):
                self._follow(self._origins.of(node, scope), node, chunk)
            case ast.Attribute():
                self._look_at_attribute(node, scope, chunk)
            case ast.Call() if self._copies_descriptions(node, scope):
                self._push(node.args[:-1], scope, chunk)
            case ast.Call() if is_constant_lookup(node, scope, self._origins):
                self._look_at_operation(node, scope, chunk)
                self._push(node.args, scope, chunk)
            case ast.If() | ast.IfExp() | ast.While():
                self._push(reached_parts(node, truth_of(node.test, scope)), scope, chunk)
            case _:
                self._look_at_operation(node, scope, chunk)
                self._push(self._unasked(node, reached_parts(node), scope), scope, chunk)
        for kind, name in signs_in(node, scope, self._origins, has_backward=self._has_backward):
            self._record(kind, name, node, chunk)

    def _unasked(self, node: ast.AST, parts: Iterable[ast.AST], scope: Scope) -> list[ast.AST]:
        """The parts, without those that only ask whether a module is there."""
        asking = {id(each) for each in parts_that_only_ask(node, scope, self._origins)}
        return [part for part in parts if id(part) not in asking]

    def _look_at_attribute(self, node: ast.Attribute, scope: Scope, chunk: Chunk) -> None:
        self._read_attribute(node.attr)
        if node.attr in _DESCRIPTIONS and isinstance(node.value, ast.Name | ast.Attribute):
            return
        is_use = self._follow(self._origins.of(node, scope), node, chunk)
        value: ast.expr = node.value
        while is_use and isinstance(value, ast.Attribute):
            value = value.value
        if not (is_use and isinstance(value, ast.Name)):
            self._push([value], scope, chunk)

    def _copies_descriptions(self, call: ast.Call, scope: Scope) -> bool:
        """Whether this is functools.wraps(f), and no code uses the f that it stores."""
        if self._unwraps or not call.args:
            return False
        return not _COPIES_DESCRIPTIONS.isdisjoint(self._origins.of(call.func, scope))

    def _look_at_operation(self, node: ast.AST, scope: Scope, chunk: Chunk) -> None:
        if isinstance(node, ast.Call | ast.Subscript):
            self._follow(self._origins.of(node, scope), node, chunk)
        if isinstance(node, ast.Call) and (name := name_read_by(node, scope, self._origins)) is not None:
            self._read_attribute(name)
        self._store_modules(node, scope)

    def _store_modules(self, node: ast.AST, scope: Scope) -> None:
        """Note the modules assigned to attributes and to names declared global."""
        for name, binding in bindings_in(node) if scope.is_class or scope.global_names else ():
            if scope.is_class or name in scope.global_names:
                key = name if scope.is_class else (scope.file, name)
                self._store(key, self._origins.of_binding(name, binding, scope))
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute):
                    self._store(target.attr, self._origins.of(node.value, scope))

    def _store(self, key: str | tuple[str, str], origins: Iterable[Origin]) -> None:
        """Note modules only; a restricted name was recorded where it is."""
        for each in origins:
            if isinstance(each, OwnModule) or (isinstance(each, Foreign) and kind_of(each.dotted) is None):
                self._stored.setdefault(key, set()).add(each)

    def _follow(self, origins: Iterable[Origin], node: ast.AST, chunk: Chunk) -> bool:
        """Record restricted names and enter the student's own code; whether anything was restricted."""
        is_use = False
        for origin in sorted(origins, key=order_of):
            match origin:
                case Foreign(dotted=dotted) if (kind := kind_of(dotted)) is not None:
                    is_use = True
                    self._record(kind, dotted.removeprefix("builtins."), node, chunk)
                case OwnName():
                    self._follow_own(origin, node, chunk)
                case Inner(node=inner, scope=scope):
                    self._enter(inner, scope, chunk)
        return is_use

    def _follow_own(self, own: OwnName, node: ast.AST, chunk: Chunk) -> None:
        if own in self._followed:
            return
        self._followed.add(own)
        graded = self._graded.get((own.file, own.name))
        if graded is None:
            for other in self._binding.get((own.file, own.name), ()):
                self._enter_chunk(other)
        elif graded != self._function.name:
            self._mentions.setdefault(graded, _location(node, chunk))
            if graded in self._partners:
                self._record("partner", graded, node, chunk)

    def _meet_definition(self, node: Definition, scope: Scope, chunk: Chunk) -> None:
        """Enter a top-level definition now, a method when it is read, an inner function when it is named."""
        self._push(outer_parts(node), scope, chunk)
        bases = node.bases if isinstance(node, ast.ClassDef) else []
        if any(isinstance(each, Foreign) for base in bases for each in self._origins.of(base, scope)):
            self._read_attribute("forward")  # nn.Module and autograd.Function call it
        is_special = node.name.startswith("__") or node.name in self._attributes
        if scope.parent is None or (scope.is_class and is_special) or node.decorator_list:
            self._enter(node, scope, chunk)
        elif scope.is_class:
            self._waiting.setdefault(node.name, []).append((node, scope, chunk))

    def _read_attribute(self, name: str) -> None:
        if name not in self._attributes:
            self._attributes.add(name)
            for waiting in self._waiting.pop(name, ()):
                self._enter(*waiting)

    def _enter(self, node: Function | ast.ClassDef, scope: Scope, chunk: Chunk) -> None:
        """Look at the body of a function or class, once."""
        if id(node) not in self._entered:
            self._entered.add(id(node))
            within = self._within(node, scope)
            body = [node.body] if isinstance(node, ast.Lambda) else reached(node.body)
            self._later.extend((each, within, chunk) for each in body)

    def _within(self, node: Function | ast.ClassDef | Comprehension, scope: Scope) -> Scope:
        is_graded = scope.parent is None and getattr(node, "name", None) == self._function.name
        return inner_scope(node, scope, _LOSS_ARGUMENTS if self._is_loss and is_graded else None)

    def _record(self, kind: RestrictionKind, name: str, node: ast.AST, chunk: Chunk) -> None:
        self._uses.setdefault((kind, name), Use(kind, name, _location(node, chunk)))


def _location(node: ast.AST, chunk: Chunk) -> Location:
    return chunk.location_of(chunk.location.line + getattr(node, "lineno", 1) - 1)
