"""The uses of help that a function's source shows: its own statement and its helpers, up to what is graded by itself.

A use is a name in code that would be executed, resolved through the student's own imports and aliases. What is
only imported, or said in a string, a comment or an annotation, is none; nor is code that no call of ours reaches.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterable, Mapping

from grader.assignment import Assignment, HelpKind, LossFunction
from grader.extract import Chunk, Extracted, ExtractedFunction
from grader.forbidden.kinds import kind_of
from grader.forbidden.origins import (
    Foreign,
    Inner,
    Origin,
    Origins,
    OwnModule,
    OwnName,
    constant_text,
    name_of,
)
from grader.forbidden.reached import children_of, reached, truth_of
from grader.forbidden.scopes import (
    Comprehension,
    Function,
    Scope,
    class_scope,
    comprehension_scope,
    defaults_of,
    file_scope,
    function_scope,
)
from grader.forbidden.uses import SourceNotice, Use
from grader.observation import Place

_STEPS = 60_000
"""Nodes of syntax trees looked at for one function; a traced call is the second witness."""

_CONTRACT = frozenset({"loss", "train", "predict"})
"""Methods that are called from outside of the source."""

_LOSS_ARGUMENTS = 4
"""W, X, y and reg are given in every call of a loss function; what comes after them never is."""

_TABLE_METHODS = frozenset({"get", "items", "pop", "values", "__getitem__"})


def notices_in(extracted: Extracted, assignment: Assignment) -> Mapping[str, SourceNotice]:
    """For each graded function what its source says; executes nothing and raises nothing."""
    statements = {chunk.number: _parsed(chunk) for chunk in extracted.chunks}
    return {
        name: _Walk(extracted, function, assignment, statements).notice()
        for name, function in extracted.functions.items()
    }


def _parsed(chunk: Chunk) -> list[ast.stmt]:
    try:
        return ast.parse(chunk.source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


class _Walk:
    """Looks at every node that a call of one function may reach, each once."""

    def __init__(
        self,
        extracted: Extracted,
        function: ExtractedFunction,
        assignment: Assignment,
        statements: Mapping[int, list[ast.stmt]],
    ) -> None:
        self._function = function
        self._partners = assignment.partners(function.name)
        self._is_loss = isinstance(assignment.functions.get(function.name), LossFunction)
        self._statements = statements
        numbers = set(function.chunks)
        self._chunks = [chunk for chunk in extracted.chunks if chunk.number in numbers]
        self._binding: dict[tuple[str, str], list[Chunk]] = {}
        by_file: dict[str, list[ast.stmt]] = {}
        for chunk in self._chunks:
            by_file.setdefault(chunk.file, []).extend(statements[chunk.number])
            for name in chunk.binds:
                self._binding.setdefault((chunk.file, name), []).append(chunk)
        self._files = {file: file_scope(file, body) for file, body in by_file.items()}
        self._graded = {(each.place.file, name): name for name, each in extracted.functions.items()}
        self._origins = Origins(self._files, extracted.modules, frozenset(self._graded))
        self._pending: list[tuple[ast.AST, Scope, Chunk]] = []
        self._later: deque[tuple[ast.AST, Scope, Chunk]] = deque()
        self._entered: set[int] = set()
        self._entered_chunks: set[int] = set()
        self._attributes: set[str] = set(_CONTRACT)
        self._waiting: dict[str, list[tuple[ast.AST, Scope, Chunk]]] = {}
        self._has_backward = any("def backward" in chunk.source for chunk in self._chunks)
        self._uses: dict[tuple[HelpKind, str], Use] = {}
        self._mentions: set[str] = set()

    def notice(self) -> SourceNotice:
        """Walk from the function's own statements on, helpers after them."""
        for chunk in self._own_chunks():
            for statement in self._statements[chunk.number]:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    origins = self._origins.of_name(chunk.file, self._function.name)
                    self._follow(origins, statement, chunk)
            self._enter_chunk(chunk)
        steps = _STEPS
        while (self._pending or self._later) and steps > 0:
            steps -= 1
            item = self._pending.pop() if self._pending else self._later.popleft()
            self._look_at(*item)
        return SourceNotice(tuple(self._uses.values()), frozenset(self._mentions))

    def _own_chunks(self) -> list[Chunk]:
        """The statement that holds the function's code, and later ones that wrap it."""
        place = self._function.place
        binding = self._binding.get((place.file, self._function.name), [])
        first = next((chunk.number for chunk in binding if chunk.place == place), 0)
        return [chunk for chunk in binding if chunk.number >= first]

    def _enter_chunk(self, chunk: Chunk) -> None:
        if chunk.number not in self._entered_chunks:
            self._entered_chunks.add(chunk.number)
            scope = self._files[chunk.file]
            self._later.extend((statement, scope, chunk) for statement in self._statements[chunk.number])

    def _push(self, nodes: Iterable[ast.AST], scope: Scope, chunk: Chunk) -> None:
        self._pending.extend((node, scope, chunk) for node in reversed(list(nodes)))

    # What stands there

    def _look_at(self, node: ast.AST, scope: Scope, chunk: Chunk) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self._meet_definition(node, scope, chunk)
            case ast.Lambda():
                self._push(defaults_of(node), scope, chunk)
                self._enter(node, scope, chunk)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._push(ast.iter_child_nodes(node), self._within(node, scope), chunk)
            case ast.Name(ctx=ast.Load()):
                self._follow(self._origins.of(node, scope), node, chunk)
            case ast.Attribute():
                self._look_at_attribute(node, scope, chunk)
            case ast.If() | ast.IfExp() | ast.While():
                self._push(children_of(node, truth_of(node.test, scope)), scope, chunk)
            case _:
                self._look_at_operation(node, scope, chunk)
                self._push(children_of(node), scope, chunk)

    def _look_at_attribute(self, node: ast.Attribute, scope: Scope, chunk: Chunk) -> None:
        self._read_attribute(node.attr)
        is_use = self._follow(self._origins.of(node, scope), node, chunk)
        value: ast.expr = node.value
        while is_use and isinstance(value, ast.Attribute):
            value = value.value
        if node.attr in _TABLE_METHODS and self._is_table(value, scope):
            self._record("dynamic", "globals() with a computed name", node, chunk)
        if not (is_use and isinstance(value, ast.Name)):
            self._push([value], scope, chunk)

    def _look_at_operation(self, node: ast.AST, scope: Scope, chunk: Chunk) -> None:
        match node:
            case ast.Call():
                self._look_at_call(node, scope, chunk)
            case ast.Subscript():
                self._follow(self._origins.of(node, scope), node, chunk)
                if constant_text(node.slice) is None and self._is_table(node.value, scope):
                    self._record("dynamic", "globals() with a computed name", node, chunk)
            case ast.Assign(targets=targets, value=ast.Constant(value=True)):
                if any(isinstance(each, ast.Attribute) and each.attr == "requires_grad" for each in targets):
                    self._record("autograd", "requires_grad = True", node, chunk)
            case _:
                pass

    def _look_at_call(self, call: ast.Call, scope: Scope, chunk: Chunk) -> None:
        self._follow(self._origins.of(call, scope), call, chunk)
        called = self._origins.of(call.func, scope)
        names = {origin.dotted for origin in called if isinstance(origin, Foreign)}
        if names & {"builtins.getattr", "builtins.vars"} and call.args:
            self._look_at_reflection(call, names, scope, chunk)
        if not any(isinstance(origin, OwnName | Inner) for origin in called) and any(
            keyword.arg == "requires_grad" and _is_true(keyword.value) for keyword in call.keywords
        ):
            self._record("autograd", "requires_grad=True", call, chunk)
        if isinstance(call.func, ast.Attribute) and not called:
            self._look_at_method(call, call.func, chunk)

    def _look_at_method(self, call: ast.Call, method: ast.Attribute, chunk: Chunk) -> None:
        """A method of a value that nothing is known of: a tensor's, unless the student has one of that name."""
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        if method.attr == "requires_grad_" and not (given and not _is_true(given[0])):
            self._record("autograd", "Tensor.requires_grad_", call, chunk)
        elif method.attr == "backward" and not self._has_backward:
            self._record("autograd", "Tensor.backward", call, chunk)

    def _look_at_reflection(self, call: ast.Call, names: set[str], scope: Scope, chunk: Chunk) -> None:
        """A getattr whose name is written out reads like any other attribute; a computed one of a module is help."""
        of_module = any(
            isinstance(origin, Foreign | OwnModule) for origin in self._origins.of(call.args[0], scope)
        )
        if "builtins.getattr" in names and len(call.args) > 1:
            text = constant_text(call.args[1])
            if text is not None:
                self._read_attribute(text)
            elif of_module:
                self._record("dynamic", "getattr with a computed name", call, chunk)
        elif "builtins.vars" in names and of_module:
            self._record("dynamic", "vars() of a module", call, chunk)

    def _is_table(self, node: ast.expr, scope: Scope) -> bool:
        """Whether this is globals(), or the __dict__ of a module."""
        if isinstance(node, ast.Call):
            return Foreign("builtins.globals") in self._origins.of(node.func, scope)
        return any(
            isinstance(origin, Foreign) and origin.dotted.endswith(".__dict__")
            for origin in self._origins.of(node, scope)
        )

    # What it leads to

    def _follow(self, origins: Iterable[Origin], node: ast.AST, chunk: Chunk) -> bool:
        """Record what is help, and look at what is the student's own; whether there was help."""
        is_use = False
        for origin in sorted(origins, key=name_of):
            match origin:
                case Foreign(dotted=dotted):
                    kind = kind_of(dotted)
                    if kind is not None:
                        is_use = True
                        self._record(kind, dotted.removeprefix("builtins."), node, chunk)
                case OwnName():
                    self._follow_own(origin, node, chunk)
                case Inner(node=inner, scope=scope):
                    self._enter(inner, scope, chunk)
                case OwnModule():
                    pass
        return is_use

    def _follow_own(self, own: OwnName, node: ast.AST, chunk: Chunk) -> None:
        graded = self._graded.get((own.file, own.name))
        if graded is None:
            for other in self._binding.get((own.file, own.name), ()):
                self._enter_chunk(other)
        elif graded != self._function.name:
            self._mentions.add(graded)
            if graded in self._partners:
                self._record("partner", graded, node, chunk)

    def _meet_definition(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scope: Scope, chunk: Chunk
    ) -> None:
        """A top-level definition is entered; a method when it is read, an inner function when it is named."""
        self._push(node.decorator_list, scope, chunk)
        if isinstance(node, ast.ClassDef):
            self._push([*node.bases, *(keyword.value for keyword in node.keywords)], scope, chunk)
        else:
            self._push(defaults_of(node), scope, chunk)
        is_special = node.name.startswith("__") or node.name in self._attributes
        if scope.parent is None or (scope.is_class and is_special) or node.decorator_list:
            self._enter(node, scope, chunk)
        elif scope.is_class:
            self._waiting.setdefault(node.name, []).append((node, scope, chunk))

    def _read_attribute(self, name: str) -> None:
        if name not in self._attributes:
            self._attributes.add(name)
            for node, scope, chunk in self._waiting.pop(name, ()):
                assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                self._enter(node, scope, chunk)

    def _enter(self, node: Function | ast.ClassDef, scope: Scope, chunk: Chunk) -> None:
        """Look at the body of a function or class, once."""
        if id(node) not in self._entered:
            self._entered.add(id(node))
            within = self._within(node, scope)
            body = [node.body] if isinstance(node, ast.Lambda) else reached(node.body)
            self._later.extend((each, within, chunk) for each in body)

    def _within(self, node: Function | ast.ClassDef | Comprehension, scope: Scope) -> Scope:
        if isinstance(node, ast.ClassDef):
            return class_scope(scope, node)
        if isinstance(node, Comprehension):
            return comprehension_scope(scope, node)
        is_own = scope.parent is None and getattr(node, "name", None) == self._function.name
        return function_scope(scope, node, _LOSS_ARGUMENTS if self._is_loss and is_own else None)

    def _record(self, kind: HelpKind, what: str, node: ast.AST, chunk: Chunk) -> None:
        line = chunk.place.line + getattr(node, "lineno", 1) - 1
        use = Use(kind, what, Place(chunk.place.file, chunk.place.cell, line))
        self._uses.setdefault((kind, what), use)


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
