"""Which methods of a class reach a line of its code, so that what one of them uses costs the others nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from grader.extract import Chunk, Extracted
from grader.extract.source.syntax import parsed_quietly
from grader.model.observation import Location

_Definition = tuple[str, Chunk, ast.stmt]


def methods_at(extracted: Extracted, name: str, location: Location | None) -> frozenset[str] | None:
    """The methods of this class that lead to the line; None where that is not certain, or it is no class.

    A method leads to whatever it names, under any of its names: itself, other methods, helpers and what they name.
    """
    numbers = extracted.functions[name].chunks
    chunks = [chunk for chunk in extracted.chunks if chunk.number in numbers]
    methods = set[str]()
    definitions: list[_Definition] = []
    for chunk in chunks:
        for statement in parsed_quietly(chunk.source) or []:
            definitions += _definitions_in(statement, chunk)
            if isinstance(statement, ast.ClassDef) and statement.name == name:
                methods |= {each.name for each in statement.body if isinstance(each, ast.FunctionDef)}
    holding = {each for each, chunk, node in definitions if location in set(_locations(chunk, node))}
    names: dict[str, set[str]] = {}
    for each, _, node in definitions:
        names.setdefault(each, set()).update(_names_in(node))
    found = frozenset(method for method in methods if not holding.isdisjoint(_reached(method, names)))
    return found or None


def _definitions_in(statement: ast.stmt, chunk: Chunk) -> Iterator[_Definition]:
    """A function, or the members of a class; any other statement under each name that it sets."""
    match statement:
        case ast.FunctionDef(name=name):
            yield name, chunk, statement
        case ast.ClassDef(body=body):
            for member in body:
                yield from _definitions_in(member, chunk)
        case _:
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id, chunk, statement


def _locations(chunk: Chunk, node: ast.stmt) -> Iterator[Location]:
    first = chunk.location.line - 1
    for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
        yield chunk.location_of(first + line)


def _names_in(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name


def _reached(start: str, names: Mapping[str, set[str]]) -> set[str]:
    reached, pending = set[str](), [start]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += names.get(name, ())
    return reached
