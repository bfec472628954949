"""The parameters of a function, and whether a call that is meant for others fits them."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Self

_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Signature:
    """The parameters of a function that a caller passes: a method's without `self`."""

    names: tuple[str, ...]
    """Those that can be given by position."""
    required: int
    """How many of them have no default."""
    is_open: bool = False
    """Whether it takes any others too: *args or **kwargs."""
    is_by_name: bool = False
    """Whether it requires a parameter that can only be given by name."""

    @classmethod
    def parsed(cls, text: str) -> Self:
        """The signature that a text such as `(X, y=None, reg=0.0)` states; ValueError if it does not."""
        try:
            (function,) = ast.parse(f"def f{text}: pass").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ValueError("not a signature") from error
        if not isinstance(function, ast.FunctionDef) or not text.strip().startswith("("):
            raise ValueError("not a signature")
        return cls.of(function.args)

    @classmethod
    def of(cls, arguments: ast.arguments, *, is_bound: bool = False) -> Self:
        """The signature of a parsed function. is_bound: its first parameter is not the caller's."""
        names = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
        required = len(names) - len(arguments.defaults)
        is_dropped = is_bound and bool(names)
        return cls(
            names=tuple(names[1:] if is_dropped else names),
            required=max(required - is_dropped, 0),
            is_open=arguments.vararg is not None or arguments.kwarg is not None,
            is_by_name=any(default is None for default in arguments.kw_defaults),
        )

    def takes(self, expected: Signature, *, fully: bool = False) -> bool:
        """Whether a call that fits `expected` fits here: by the number of arguments, and by the order of known names.

        fully: a call with all its arguments, not only with those that have no default.
        """
        if self.is_by_name or self.required > len(expected.names):
            return False
        fewest = len(expected.names) if fully else expected.required
        if len(self.names) < fewest and not self.is_open:
            return False
        places = {name.casefold(): place for place, name in enumerate(self.names)}
        wanted = [name.casefold() for name in expected.names]
        return all(places.get(name, place) == place for place, name in enumerate(wanted[: expected.required]))

    def __str__(self) -> str:
        """The names without defaults; at most a dozen."""
        more = ["..."] if self.is_open or len(self.names) > _SHOWN else []
        return f"({', '.join([*self.names[:_SHOWN], *more])})"
