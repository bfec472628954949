"""The signatures of a submission's functions and of its classes' methods, read from the code."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from grader.extract import Chunk, Extracted
from grader.extract.source.syntax import parsed_quietly
from grader.model.signature import Signature

_WITHOUT_OURS = {"object", "ABC", "Module"}
"""Base classes outside the submission that bring no method of an assignment; torch.nn.Module is one."""


@dataclass(frozen=True, slots=True)
class ClassShape:
    """The methods of a class, with those of its bases in the submission."""

    methods: Mapping[str, Signature]
    is_open: bool
    """Whether a base brings other methods that are not known."""

    @property
    def constructor(self) -> Signature | None:
        """The parameters of `__init__`; None if the class shows none."""
        return self.methods.get("__init__", None if self.is_open else Signature((), 0))

    @property
    def public(self) -> tuple[str, ...]:
        """The names of its methods without an underscore in front."""
        return tuple(name for name in self.methods if not name.startswith("_"))


Shape = Signature | ClassShape


def shape_of(extracted: Extracted, name: str) -> Shape | None:
    """The signature of a function, or the methods of a class; None if the code does not show it."""
    function = extracted.functions.get(name)
    if function is None:
        return None
    match _bound_to(name, function.source):
        case ast.ClassDef() as node:
            return _class_shape(
                node, [chunk for chunk in extracted.chunks if chunk.number in function.chunks]
            )
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda() as node:
            return Signature.of(node.args)
        case _:
            return None


def is_unpacked(source: str) -> bool:
    """Whether a statement gives several names the parts of one value."""
    match parsed_quietly(source):
        case [ast.Assign(targets=[ast.Tuple() | ast.List()], value=ast.Call())]:
            return True
    return False


def _class_shape(node: ast.ClassDef, chunks: Iterable[Chunk]) -> ClassShape:
    methods: dict[str, Signature] = {}
    is_open = False
    pending, seen = [node], {node.name}
    while pending:
        current = pending.pop(0)
        for item in current.body:
            if isinstance(item, ast.FunctionDef):
                methods.setdefault(item.name, Signature.of(item.args, is_bound=not _is_static(item)))
        for base in current.bases:
            name = _last_name(base)
            found = None if name in seen else _class_named(name, chunks)
            if found is not None:
                pending.append(found)
            is_open |= found is None and name not in _WITHOUT_OURS | seen
            seen.add(name)
    return ClassShape(methods, is_open)


def _last_name(base: ast.expr) -> str:
    """Module of torch.nn.Module; empty for a base that is not a name."""
    match base:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _class_named(name: str, chunks: Iterable[Chunk]) -> ast.ClassDef | None:
    binding = (_bound_to(name, chunk.source) for chunk in chunks if name in chunk.binds)
    return next((node for node in binding if isinstance(node, ast.ClassDef)), None)


def _is_static(function: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in function.decorator_list)


def _bound_to(name: str, source: str) -> ast.AST | None:
    """The definition, or the value, that a statement gives the name; None if it gives several or none."""
    nodes = parsed_quietly(source) or []
    if len(nodes) != 1:
        return None
    found = list(_bindings(name, nodes[0]))
    return found[0] if len(found) == 1 else None


def _bindings(name: str, statement: ast.stmt) -> Iterator[ast.AST]:
    for node in ast.walk(statement) if isinstance(statement, ast.If | ast.Try | ast.With) else [statement]:
        match node:
            case ast.FunctionDef(defined) | ast.AsyncFunctionDef(defined) | ast.ClassDef(defined):
                if defined == name:
                    yield node
            case ast.Assign([ast.Name(assigned)], value):
                if assigned == name:
                    yield value
