"""The inputs of one call to a function that is asked a question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reference.conventions import Convention
from reference.losses.problem import Array

Value = Array | float | int | None

_DEFAULT = Convention()


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Inputs by the name of their parameter, read as the type that the formula needs."""

    values: Mapping[str, Value]
    convention: Convention = _DEFAULT
    """How the assignment states its loss."""

    def __getitem__(self, name: str) -> Value:
        return self.values[name]

    def array(self, name: str) -> Array:
        """An input as an array."""
        return np.asarray(self.values[name])

    def arrays(self, *names: str) -> list[Array]:
        """Several inputs as arrays."""
        return [self.array(name) for name in names]

    def number(self, name: str) -> float:
        """An input as a float."""
        value = self.values[name]
        assert isinstance(value, int | float)
        return float(value)

    def integer(self, name: str) -> int:
        """An input as an int."""
        return int(self.number(name))

    def replace(self, **values: Value) -> Inputs:
        """These inputs with other values."""
        return Inputs({**self.values, **values}, self.convention)
