"""Grades linear classifier assignments without ever running the student's code in the process that judges it.

In a notebook: `%load_ext grader`, then `%grader svm_loss_vectorized`, or `grader.check("svm_loss_vectorized")`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own would be imported for it
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    check: Callable[..., Any]
    load_ipython_extension: Callable[[Any], None]
    unload_ipython_extension: Callable[[Any], None]

__version__ = "0.1.0"

_IN_A_NOTEBOOK = frozenset({"check", "load_ipython_extension", "unload_ipython_extension"})
"""Names of grader.frontends.notebook, which is imported when one of them is used."""


def __getattr__(name: str) -> Any:
    """A name for notebooks."""
    if name not in _IN_A_NOTEBOOK:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  for nobody else

    return getattr(import_module("grader.frontends.notebook"), name)
