"""Whether the functions of a submission are a spec's: by signature and library, not by name alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from grader import formatting
from grader.extract import Extracted
from grader.model.assignment import AnyFunction, ClassifierClass, FunctionSpec
from grader.model.signature import Signature
from grader.spec.load import Outline
from grader.spec.shapes import ClassShape, Shape, is_unpacked, shape_of

_LIBRARIES: Mapping[str, str] = {
    "torch": "PyTorch",
    "tensorflow": "TensorFlow",
    "jax": "JAX",
    "numpy": "NumPy",
}
"""The libraries of arrays in words; code that imports several is written in the first of them."""

_IMPORT = re.compile(r"^[ \t]*(?:import|from)\b.*", re.MULTILINE)
_LIBRARY = re.compile(rf"\b({'|'.join(_LIBRARIES)})\b")
_USED = {"torch": re.compile(r"\btorch\b"), "numpy": re.compile(r"\b(?:np|numpy)\b")}


@dataclass(frozen=True)
class Recognition:
    """The functions of one submission, held against specs."""

    extracted: Extracted
    _shapes: dict[str, Shape | None] = field(default_factory=dict, repr=False)

    def shape(self, name: str) -> Shape | None:
        """The signature of a function, or the methods of a class; None if it is not there or does not show."""
        if name not in self._shapes:
            self._shapes[name] = shape_of(self.extracted, name)
        return self._shapes[name]

    def named(self, spec: Outline) -> list[str]:
        """The names of the spec that the submission defines, whatever they stand for; not a result, as in `loss, dW = f(x)`."""
        return [name for name in spec.functions if name in self._defined]

    def has(self, name: str) -> bool:
        """Whether the submission defines this name, if it is one of those that were looked for."""
        return name in self._defined

    @cached_property
    def _defined(self) -> frozenset[str]:
        functions = self.extracted.functions.items()
        return frozenset(name for name, function in functions if not is_unpacked(function.source))

    def fitting(self, spec: Outline) -> list[str]:
        """Those that have the spec's signature; none if they are written in another library than the spec's."""
        fitting = [name for name in self.named(spec) if not self._difference(name, spec)]
        return fitting if self.library(fitting) in {None, spec.backend} else []

    def difference(self, spec: Outline) -> tuple[str, str] | None:
        """A function with a name of the spec that is not the spec's, and the difference; None if all fit."""
        for name in self.named(spec):
            if words := self._difference(name, spec):
                return name, words
        library = self.library(self.named(spec))
        if library in {None, spec.backend}:
            return None
        words = f"it is written in {_LIBRARIES[library]}, and {spec.name} is in {_LIBRARIES[spec.backend]}"
        return self.named(spec)[0], words

    def _difference(self, name: str, spec: Outline) -> str:
        shape, function = self.shape(name), spec.functions[name]
        if shape is None:
            return ""
        words = _other_methods(shape, function) if isinstance(shape, ClassShape) else ""
        seen = shape.constructor if isinstance(shape, ClassShape) else shape
        if seen is not None and function.signature is not None:
            expected = Signature.parsed(function.signature)
            is_other = isinstance(shape, ClassShape) and _is_other_constructor(seen, expected)
            if is_other or not seen.takes(expected):
                return f"it takes {seen}, not {expected}"
        return words

    def library(self, names: Sequence[str]) -> str | None:
        """The library that these functions and their helpers import, or else name; None if they show none."""
        functions = [self.extracted.functions[name] for name in names]
        numbers = {number for function in functions for number in function.chunks}
        text = "\n".join(chunk.source for chunk in self.extracted.chunks if chunk.number in numbers)
        imported = {found for line in _IMPORT.findall(text) for found in _LIBRARY.findall(line)}
        named = (library for library, used in _USED.items() if used.search(text))
        return next((library for library in _LIBRARIES if library in imported), next(named, None))


def _is_other_constructor(seen: Signature, expected: Signature) -> bool:
    """Whether a class that can be made without arguments is not what this is: it needs some, or has known ones elsewhere."""
    places = {name: place for place, name in enumerate(expected.names)}
    moved = (places.get(name, place) != place for place, name in enumerate(seen.names))
    return not expected.required and (seen.required > 0 or any(moved))


def _other_methods(shape: ClassShape, function: FunctionSpec) -> str:
    """How the methods differ from the spec's, if most of them do; one that is not there is not written yet."""
    if not isinstance(function, AnyFunction | ClassifierClass) or not function.methods:
        return ""
    expected = {name: Signature.parsed(text) for name, text in function.methods.items()}
    absent = [name for name in expected if name not in shape.methods and not shape.is_open]
    other = {
        name: shape.methods[name]
        for name, each in expected.items()
        if name in shape.methods and not shape.methods[name].takes(each, fully=True)
    }
    if len(absent) == len(expected) and shape.public:
        return f"it has {formatting.several(shape.public)}, and no {formatting.listing(absent, 'or')}"
    if not other or len(other) + len(absent) <= len(expected) / 2:
        return ""
    words = [f"its {name} takes {seen}, not {expected[name]}" for name, seen in other.items()]
    if absent:
        words.append(f"it has no {formatting.listing(absent, 'or')}")
    return ", and ".join(words)
