"""Looks at all code that a call of one function may reach: its own statement and its helpers."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property, partial
from itertools import chain

from grader import formatting
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
)
from grader.model.assignment import AnyFunction, Assignment, LossFunction, RestrictionKind
from grader.model.observation import Location
from grader.restrictions.constants import truth_of
from grader.restrictions.doubts import (
    doubts_in,
    flow_to,
    is_computed_read,
    reads_all_attributes,
    replacements_in,
)
from grader.restrictions.flow import Flow, parts_with_flow
from grader.restrictions.kinds import kind_of
from grader.restrictions.origins import (
    PLAIN_BASES,
    Foreign,
    Inner,
    Origin,
    Origins,
    OwnModule,
    OwnName,
    StoredModules,
    leads_on,
    order_of,
)
from grader.restrictions.signs import name_read_by, signs_in
from grader.restrictions.stirring import Parsed, is_called_as_defined, names_that_may_change, optional_names
from grader.restrictions.tables import is_constant_lookup, parts_that_only_ask
from grader.restrictions.understood import is_understood
from grader.restrictions.uses import SourceUses, Use, UseKind

_STEPS = 60_000
"""Nodes looked at for one function; a traced call sees more."""

_ALWAYS_BINDS = (ast.FunctionDef, ast.ClassDef, ast.Assign, ast.Import, ast.ImportFrom)
"""Statements that bind their names whenever they are executed."""

_CONTRACT = frozenset({"loss", "train", "predict"})
"""Methods that the grader calls."""

_LOSS_ARGUMENTS = 4
"""The grader calls a loss function with W, X, y and reg, and never gives any other argument."""

_DESCRIPTIONS = frozenset({"__annotations__", "__doc__", "__module__", "__name__", "__qualname__"})
"""Attributes that describe a function; reading one is not a call."""

_FALLS_BACK = frozenset(
    {"__import__", "compile", "eval", "exec", "getattr", "globals", "locals", "setattr", "vars"}
)
"""Builtins that a name of the student's may turn out to be, if its statement is not executed or it is deleted."""

_COPIES_DESCRIPTIONS = frozenset({Foreign("functools.update_wrapper"), Foreign("functools.wraps")})


_Item = tuple[ast.AST, Scope, Chunk, Flow]


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
        self._policy = assignment.restrictions.policy
        spec = assignment.functions.get(function.name)
        self._is_loss = isinstance(spec, LossFunction)
        own = spec if isinstance(spec, AnyFunction) else AnyFunction(role="function")
        self._ruled_out = own.restricted
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
        self._origins = Origins(
            self._files, extracted.modules, frozenset(self._graded), stored, lambda: self._stirred
        )
        self._steps_left = _STEPS
        self._pending: list[_Item] = []
        self._later: deque[_Item] = deque()
        self._doubtful: deque[tuple[str, Callable[[], None]]] = deque()
        """The reasons why code is not certain to run, and how to look at it."""
        self._reads_computed = False
        self._reads_all = self._keeps_module = False
        self._changes: dict[str, Chunk] = {}
        """The statements that replace something in a library, by its name."""
        self._doubt: str | None = None
        """Why the code that is looked at now is not certain to run."""
        self._unclear: dict[str, Use] = {}
        self._entered: set[int] = set()
        self._entered_chunks: set[int] = set()
        self._attributes: set[str] = {*_CONTRACT, *own.methods}
        self._waiting: dict[str, list[tuple[Definition, Scope, Chunk]]] = {}
        self._unwraps = any(
            "__wrapped__" in chunk.source or "unwrap" in chunk.source for chunk in self._chunks
        )
        self._has_backward = any("def backward" in chunk.source for chunk in self._chunks)
        self._uses: dict[tuple[UseKind, str], Use] = {}
        self._mentions: dict[str, Location] = {}
        self._followed: set[OwnName] = set()
        self._graded_from = {
            name: _first_chunk(each, self._chunks) for name, each in extracted.functions.items()
        }
        self._stored: dict[str | tuple[str, str], set[Origin]] = {}

    def run(self) -> SourceUses:
        """Start at the function's own statements and those that change a library; helpers follow."""
        self._look_for_changes()
        for chunk in self._own_chunks():
            for statement in self._parsed[chunk.number].body:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    origins = self._origins.of_name(chunk.file, self._function.name)
                    self._follow(origins, statement, chunk)
            self._enter_chunk(chunk)
        self._look_at_all()
        if self.is_cut_short:
            use = Use("dynamic", "more code than the grader reads", self._function.location)
            self._uses[use.kind, use.name] = use
        if self._reads_computed:
            reason = "in a method that a computed name may call"
            for waiting in self._waiting.values():
                self._doubtful.extend((reason, partial(self._enter, *each)) for each in waiting)
        while self._doubtful and self._steps_left > 0:
            self._doubt, look = self._doubtful.popleft()
            look()
            self._look_at_all()
        if self._reads_all and (self._keeps_module or any(map(leads_on, chain(*self._stored.values())))):
            words = "a module kept in an attribute or a default, where attributes are read by computed names"
            self._note(words, self._function.location)
        if self._origins.are_cut_short:
            self._note("a chain of names longer than the grader follows", self._function.location)
        return SourceUses(tuple(self._uses.values()), self._mentions, tuple(self._unclear.values()))

    @property
    def is_cut_short(self) -> bool:
        """Whether there is more code than the grader reads."""
        return bool(self._pending or self._later or self._origins.are_exhausted)

    def _look_at_all(self) -> None:
        while (self._pending or self._later) and self._steps_left > 0:
            self._steps_left -= 1
            self._look_at(*(self._pending.pop() if self._pending else self._later.popleft()))

    def _look_for_changes(self) -> None:
        """Note the statements that replace something in a library, such as torch.exp = mine."""
        for chunk in self._chunks:
            for node in self._parsed[chunk.number].body:
                for dotted in replacements_in(node, self._files[chunk.file], self._origins):
                    self._changes[dotted] = chunk
                    self._doubtful.append((f"in place of {dotted}", partial(self._enter_chunk, chunk)))

    @cached_property
    def _stirred(self) -> frozenset[str]:
        """Names that code of the function's may set in another way than by a statement of their scope."""
        return frozenset().union(*(self._parsed[chunk.number].stirred for chunk in self._chunks))

    def stored(self) -> StoredModules:
        """Modules that the code stores in attributes or global names, as in `self.F = F`."""
        return {key: frozenset(modules) for key, modules in self._stored.items()}

    def _own_chunks(self) -> list[Chunk]:
        """The statement that holds the function's code, and later ones that wrap it."""
        own = _defining_chunk(self._function, self._chunks)
        file, first = (self._function.file, 0) if own is None else (own.file, own.number)
        return [
            chunk for chunk in self._binding.get((file, self._function.name), []) if chunk.number >= first
        ]

    def _enter_chunk(self, chunk: Chunk) -> None:
        if chunk.number not in self._entered_chunks:
            self._entered_chunks.add(chunk.number)
            scope = self._files[chunk.file]
            body = self._parsed[chunk.number].body
            self._later.extend((statement, scope, chunk, Flow.SEEN) for statement in body)

    def _push(
        self, nodes: Iterable[ast.AST], scope: Scope, chunk: Chunk, flow: Flow = Flow.HANDED_ON
    ) -> None:
        """Look at these next, constants aside: a table of numbers must not use up the steps."""
        self._push_parts(((node, flow) for node in nodes), scope, chunk)

    def _push_parts(self, parts: Iterable[tuple[ast.AST, Flow]], scope: Scope, chunk: Chunk) -> None:
        self._pending.extend(
            (node, scope, chunk, flow)
            for node, flow in reversed(list(parts))
            if not isinstance(node, ast.Constant)
        )

    def _look_at(self, node: ast.AST, scope: Scope, chunk: Chunk, flow: Flow) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._meet_definition(node, scope, chunk)
            case ast.Lambda():
                self._push(outer_parts(node), scope, chunk, Flow.KEPT)
                self._enter(node, scope, chunk)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._push(ast.iter_child_nodes(node), self._within(node, scope), chunk)
            case ast.Name(ctx=ast.Load()):
                self._follow(self._origins.of(node, scope), node, chunk)
            case ast.Attribute():
                self._look_at_attribute(node, scope, chunk)
            case ast.Call():
                self._look_at_call(node, scope, chunk, flow)
            case ast.If() | ast.IfExp() | ast.While():
                truth = truth_of(node.test, scope)
                self._push_parts(parts_with_flow(node, flow, scope, truth), scope, chunk)
                if truth is not None and not isinstance(node.test, ast.Constant):
                    self._doubt_branch(node, truth, scope, chunk, flow)
            case _:
                self._look_at_operation(node, scope, chunk)
                self._push_parts(self._unasked(node, flow, scope), scope, chunk)
        self._look_for_signs(node, scope, chunk, flow)

    def _look_for_signs(self, node: ast.AST, scope: Scope, chunk: Chunk, flow: Flow) -> None:
        """Record what the node itself does; a name computed in a restricted library is not told twice."""
        self._reads_all = self._reads_all or reads_all_attributes(node, scope, self._origins)
        signs = list(signs_in(node, scope, self._origins, has_backward=self._has_backward))
        for kind, name in signs:
            self._record(kind, name, node, chunk)
        if all(kind != "dynamic" for kind, _ in signs):
            for words in doubts_in(node, flow, scope, self._origins, has_backward=self._has_backward):
                self._note(words, _location(node, chunk))

    def _look_at_call(self, node: ast.Call, scope: Scope, chunk: Chunk, flow: Flow) -> None:
        if self._copies_descriptions(node, scope):
            self._push(node.args[:-1], scope, chunk, Flow.SEEN)
            return
        self._look_at_operation(node, scope, chunk)
        self._reads_computed = self._reads_computed or is_computed_read(node, scope, self._origins)
        if is_constant_lookup(node, scope, self._origins):
            self._push(node.args, scope, chunk)
        else:
            self._push_parts(self._unasked(node, flow, scope), scope, chunk)

    def _unasked(self, node: ast.AST, flow: Flow, scope: Scope) -> Iterator[tuple[ast.AST, Flow]]:
        """The parts, without those that only ask whether a module is there."""
        asking = {id(each) for each in parts_that_only_ask(node, scope, self._origins)}
        arguments = {id(each): at for at, each in enumerate(node.args)} if isinstance(node, ast.Call) else {}
        for part, part_flow in parts_with_flow(node, flow, scope):
            if id(part) in asking:
                continue
            if isinstance(node, ast.Call) and part_flow is Flow.HANDED_ON:
                at = arguments.get(id(part), -1)
                yield part, flow_to(node, at, scope, self._origins)
            else:
                yield part, part_flow

    def _doubt_branch(
        self, node: ast.If | ast.IfExp | ast.While, truth: bool, scope: Scope, chunk: Chunk, flow: Flow
    ) -> None:
        """Come back to the branch that the test rules out, if the code may set what it tests in another way."""
        names = names_that_may_change(node.test, self._stirred)
        if not self._is_called_as_defined:
            names |= optional_names(node.test, scope)
        if not names:
            return
        taken = {id(each) for each, _ in parts_with_flow(node, flow, scope, truth)}
        ruled_out = [
            part for part in parts_with_flow(node, flow, scope, not truth) if id(part[0]) not in taken
        ]
        reason = f"behind {formatting.listing(sorted(names))}, which other code may set"
        self._doubtful.append((reason, partial(self._push_parts, ruled_out, scope, chunk)))

    @cached_property
    def _is_called_as_defined(self) -> bool:
        own = self._own_chunks()
        return is_called_as_defined(
            self._function.name,
            [self._parsed[chunk.number] for chunk in own],
            [self._parsed[chunk.number] for chunk in self._chunks],
            _LOSS_ARGUMENTS,
            self._origins,
            self._files[self._function.file],
        )

    def _look_at_attribute(self, node: ast.Attribute, scope: Scope, chunk: Chunk) -> None:
        self._read_attribute(node.attr)
        if node.attr in _DESCRIPTIONS and isinstance(node.value, ast.Name | ast.Attribute):
            return
        is_use = self._follow(self._origins.of(node, scope), node, chunk)
        value: ast.expr = node.value
        while is_use and isinstance(value, ast.Attribute):
            value = value.value
        is_module = isinstance(value, ast.Name) and all(
            isinstance(each, Foreign) for each in self._origins.of(value, scope)
        )
        if not (is_use and is_module):
            self._push([value], scope, chunk, Flow.SEEN)

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
        for name, value in self._attributes_set(node, scope):
            self._store(name, self._origins.of(value, scope))

    def _attributes_set(self, node: ast.AST, scope: Scope) -> Iterator[tuple[str, ast.expr]]:
        """The attributes that a node sets, by name, and their values."""
        match node:
            case ast.Assign(targets=targets, value=value):
                yield from ((each.attr, value) for each in targets if isinstance(each, ast.Attribute))
            case ast.AnnAssign(target=ast.Attribute(attr=name), value=ast.expr() as value):
                yield name, value
            case ast.Call(func=function, args=[_, target, value]):
                is_setattr = Foreign("builtins.setattr") in self._origins.of(function, scope)
                if is_setattr and (text := self._origins.text(target, scope)) is not None:
                    yield text, value

    def _store(self, key: str | tuple[str, str], origins: Iterable[Origin]) -> None:
        """Note modules only; a restricted name was recorded where it is."""
        for each in origins:
            if isinstance(each, OwnModule) or (isinstance(each, Foreign) and kind_of(each.dotted) is None):
                self._stored.setdefault(key, set()).add(each)

    def _follow(self, origins: Collection[Origin], node: ast.AST, chunk: Chunk) -> bool:
        """Record restricted names and enter the student's own code; whether anything was restricted."""
        is_use = False
        for origin in sorted(origins, key=order_of) if len(origins) > 1 else origins:
            if isinstance(origin, Foreign) and origin.dotted in self._changes:
                self._enter_chunk(self._changes[origin.dotted])
            match origin:
                case Foreign(dotted=dotted) if any(_is_part(dotted, each) for each in self._ruled_out):
                    is_use = True
                    self._record("names", dotted, node, chunk)
                case Foreign(dotted=dotted) if (found := _restricted(dotted)) is not None:
                    is_use = True
                    self._record(*found, node, chunk)
                case Foreign(dotted=dotted) if not is_understood(dotted, self._function.stubs):
                    is_use = True
                    self._note(dotted, _location(node, chunk))
                case OwnName():
                    self._follow_own(origin, node, chunk)
                case Inner(node=inner, scope=scope):
                    self._enter(inner, scope, chunk)
        return is_use

    def _follow_own(self, own: OwnName, node: ast.AST, chunk: Chunk) -> None:
        if own in self._followed:
            return
        self._followed.add(own)
        if own.name in _FALLS_BACK and not all(
            isinstance(node, _ALWAYS_BINDS)
            for other in self._binding.get((own.file, own.name), ())
            for node in self._parsed[other.number].body
        ):
            self._note(f"{own.name}, which may be the builtin", _location(node, chunk))
        graded = self._graded.get((own.file, own.name))
        first = None if graded is None else self._graded_from[graded]
        for other in self._binding.get((own.file, own.name), ()):
            if first is None or other.number < first:  # an earlier definition may live on under another name
                self._enter_chunk(other)
        if graded is not None and graded != self._function.name:
            if self._doubt is None:
                self._mentions.setdefault(graded, _location(node, chunk))
            if graded in self._partners:
                self._record("partner", graded, node, chunk)

    def _meet_definition(self, node: Definition, scope: Scope, chunk: Chunk) -> None:
        """Enter a top-level definition now, a method when it is read, an inner function when it is named."""
        self._push(outer_parts(node), scope, chunk, Flow.KEPT)
        bases = node.bases if isinstance(node, ast.ClassDef) else []
        foreign = {
            each.dotted
            for base in bases
            for each in self._origins.of(base, scope)
            if isinstance(each, Foreign)
        }
        if foreign:
            self._read_attribute("forward")  # nn.Module and autograd.Function call it
        if isinstance(node, ast.ClassDef) and any(map(_calls_methods, foreign)):
            within = self._within(node, scope)
            self._doubtful.extend(
                ("in a method that a base class may call", partial(self._enter, each, within, chunk))
                for each in node.body
                if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            )
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
            defaults = [] if isinstance(node, ast.ClassDef) else [*node.args.defaults, *node.args.kw_defaults]
            for default in filter(None, defaults):
                self._keeps_module = self._keeps_module or any(
                    map(leads_on, self._origins.of(default, scope))
                )
            if isinstance(node, ast.ClassDef):
                self._origins.class_nodes[within] = node
            body = [node.body] if isinstance(node, ast.Lambda) else reached(node.body)
            flow = Flow.HANDED_ON if isinstance(node, ast.Lambda) else Flow.SEEN
            self._later.extend((each, within, chunk, flow) for each in body)

    def _within(self, node: Function | ast.ClassDef | Comprehension, scope: Scope) -> Scope:
        is_graded = scope.parent is None and getattr(node, "name", None) == self._function.name
        return inner_scope(node, scope, _LOSS_ARGUMENTS if self._is_loss and is_graded else None)

    def _record(self, kind: RestrictionKind, name: str, node: ast.AST, chunk: Chunk) -> None:
        """Record a use; one in code that may never run is only unclear, and so is a name that may be computed."""
        is_ignored = self._policy(kind) == "ignore"
        if kind == "dynamic" and is_ignored:
            self._note(name, _location(node, chunk))
        elif self._doubt is None:
            self._uses.setdefault((kind, name), Use(kind, name, _location(node, chunk)))
        elif not is_ignored:
            self._note(f"{name} {self._doubt}", _location(node, chunk))

    def _note(self, words: str, location: Location) -> None:
        """Record something from which the grader cannot tell what is called."""
        self._unclear.setdefault(words, Use("unclear", words, location))


def _location(node: ast.AST, chunk: Chunk) -> Location:
    return chunk.location_of(chunk.location.line + getattr(node, "lineno", 1) - 1)


def _calls_methods(base: str) -> bool:
    """Whether a library's class may call methods of the classes derived from it."""
    return base not in PLAIN_BASES and not base.startswith(("builtins.", "enum.", "typing."))


def _defining_chunk(function: ExtractedFunction, chunks: Iterable[Chunk]) -> Chunk | None:
    """The statement that holds a graded function's code."""
    return next(
        (each for each in chunks if each.location == function.location and function.name in each.binds), None
    )


def _first_chunk(function: ExtractedFunction, chunks: Iterable[Chunk]) -> int:
    own = _defining_chunk(function, chunks)
    return 0 if own is None else own.number


def _is_part(dotted: str, ruled_out: str) -> bool:
    """Whether this is what is ruled out, or a part of it. A module as such computes nothing."""
    is_it = dotted == ruled_out and "." in dotted
    return is_it or dotted.startswith(f"{ruled_out}.")


def _restricted(dotted: str) -> tuple[RestrictionKind, str] | None:
    """The kind and the name of something restricted, or of the restricted thing that it is a part of."""
    parts = dotted.split(".")
    fewest = len(parts) if is_understood(dotted) else 1
    for end in range(len(parts), fewest - 1, -1):
        name = ".".join(parts[:end])
        if (kind := kind_of(name)) is not None:
            return kind, name.removeprefix("builtins.")
    return None
