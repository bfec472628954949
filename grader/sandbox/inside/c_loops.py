"""Loops that run in C without a frame: iterators such as map over a C function that computes with data.

No event shows their steps. But the iterator exists when the instruction that made it has run, by whatever name it was
called: it is found among Python's youngest objects, with its function and the number of items still to come.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import gc
import itertools
import operator
import sys
import types
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

import index_lists
import tampering
from backends import Tensor

_LOOPS = (
    *(map, filter, itertools.starmap, itertools.accumulate),
    *(itertools.filterfalse, itertools.takewhile, itertools.dropwhile),
)
"""Types of iterators that call a function for each item."""

_ITERATORS: tuple[object, ...] = (
    *(iter([]), iter(()), iter(range(0)), iter(range(1 << 70)), iter({}), iter({}.values())),
    *(iter({}.items()), iter(set()), iter(""), iter(b""), reversed([]), reversed(())),
    *(iter(collections.deque()), iter(np.zeros(1)), itertools.repeat(0, 1)),
)
_SIZED = frozenset(map(type, _ITERATORS))
"""Types of iterators that know how many items are still to come."""

_DEPTH = 8
_YOUNG = 300
"""So many young objects are looked at again and again, and no more."""

_C_FUNCTIONS = (
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    types.MethodDescriptorType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    type(np.dot),
)
_MODULES = frozenset({"math", "cmath", "operator"})
_BUILT_IN = frozenset({"abs", "max", "min", "pow", "sum"})
_REDUCTIONS = frozenset(
    f"{module}'s {name}"
    for module in ("operator", "NumPy", "builtins")
    for name in ("add", "iadd", "max", "maximum", "min", "minimum")
)
"""Accumulated, they are built-in sums and maxima."""
_DATA = (np.ndarray, np.generic, Tensor, float, complex, list, tuple)

_PLAIN = frozenset(
    {
        "__bool__",
        "__contains__",
        "__float__",
        "__hash__",
        "__index__",
        "__int__",
        "__iter__",
        "__len__",
        "__repr__",
    }
    | {
        "__str__",
        "append",
        "array",
        "asarray",
        "astype",
        "copy",
        "detach",
        "flatten",
        "index",
        "is_",
        "is_integer",
    }
    | {
        "is_not",
        "item",
        "length_hint",
        "ndim",
        "not_",
        "numpy",
        "ravel",
        "reshape",
        "shape",
        "size",
        "squeeze",
    }
    | {"tolist", "transpose", "truth", "view"}
)
"""Functions that move or convert what they are given."""


def prepare() -> None:
    """Have functions that loop in C without an iterator tell of it, before the fork."""
    for module in ("functools", "_functools"):
        vars(sys.modules[module])["reduce"] = _reduce
    for module in ("numpy", "numpy._core.umath", "numpy._core._multiarray_umath"):
        vars(sys.modules[module])["frompyfunc"] = _frompyfunc


class CLoops:
    """The loops in C that were made during a call."""

    def __init__(self) -> None:
        self._direct = Counter[str]()
        self._found: dict[int, tuple[Any, str | None, int]] = {}
        """By id: the iterator, which is kept so that no other object gets its id, its function and its items."""

    def look(self) -> None:
        """Find those that are new."""
        with tampering.own_changes():
            self._look()

    def _look(self) -> None:
        for each in gc.get_objects(generation=0):
            if issubclass(type(each), _LOOPS) and id(each) not in self._found:
                name = _function_in(each)
                self._found[id(each)] = (each, name, (_left(each) or 0) if name is not None else 0)
        if gc.get_count()[0] > _YOUNG:
            gc.collect(0)  # they have been looked at

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Functions that loop in C without an iterator tell of it inside."""
        _listening.append(self._direct)
        try:
            yield
        finally:
            _listening.remove(self._direct)

    def add_to(self, calls: Counter[str]) -> None:
        """Add how often each function was called."""
        calls.update(self._direct)
        with tampering.own_changes():
            self._add_found(calls)

    def _add_found(self, calls: Counter[str]) -> None:
        for iterator, name, items in self._found.values():
            if name is not None:
                calls[name] += items - (_left(iterator) or 0)


_listening: list[Counter[str]] = []
"""The count of the counted call that goes on, if one does."""

_c_reduce, _c_frompyfunc = functools.reduce, np.frompyfunc


@functools.wraps(_c_reduce)
def _reduce(function: Any, iterable: Any, *initial: Any) -> Any:
    if not _listening or isinstance(function, types.FunctionType):
        return _c_reduce(function, iterable, *initial)
    items = iter(iterable)
    name = _computing(function, needs_data=_are_integers(items))
    if name is not None and name not in _REDUCTIONS:
        _listening[0][name] += _left(items) or 0
    return _c_reduce(function, items, *initial)


@functools.wraps(_c_frompyfunc)
def _frompyfunc(function: Any, *arguments: Any, **keywords: Any) -> Any:
    name = _computing(function, needs_data=False)
    if name is None:
        return _c_frompyfunc(function, *arguments, **keywords)

    def counted(*values: Any) -> Any:
        if _listening:
            _listening[0][name] += 1
        return function(*values)

    return _c_frompyfunc(counted, *arguments, **keywords)


def _left(iterator: Any, depth: int = 0) -> int | None:
    """How many items are still to come; None where that cannot be told."""
    if type(iterator) in _SIZED:
        try:
            return operator.length_hint(iterator)
        except (TypeError, ValueError, OverflowError):
            return None
    if depth == _DEPTH:
        return None
    parts = (_left(each, depth + 1) for each in _iterators_in(iterator))
    return min((part for part in parts if part is not None), default=None)


def _function_in(iterator: Any) -> str | None:
    """The name of the function that a loop calls, if it is one in C that computes with data."""
    needs_data = _are_integers(iterator)
    names = (_computing(each, needs_data=needs_data) for each in gc.get_referents(iterator))
    name = next((each for each in names if each is not None), None)
    is_reduction = type(iterator) is itertools.accumulate and name is not None
    return None if is_reduction and name in _REDUCTIONS else name


def _are_integers(iterator: Any, depth: int = 0) -> bool:
    """Whether all that an iterator goes through are integers, such as labels or indices."""
    if depth == _DEPTH:
        return False
    if type(iterator) in _SIZED:
        return all(index_lists.is_integral(each) for each in gc.get_referents(iterator))
    inner = list(_iterators_in(iterator))
    return bool(inner) and all(_are_integers(each, depth + 1) for each in inner)


def _iterators_in(iterator: Any) -> Iterator[Any]:
    """What an iterator of Python's takes its items from; map and zip hold theirs in a tuple."""
    kind = type(iterator)
    if kind.__module__ not in {"builtins", "itertools"} and not issubclass(kind, _LOOPS):
        return
    for each in gc.get_referents(iterator):
        for one in each if type(each) is tuple else (each,):
            if hasattr(type(one), "__next__"):
                yield one


def _computing(function: Any, *, needs_data: bool) -> str | None:
    """The name of a C function that does arithmetic, or picks from data.

    needs_data: only of one that holds data itself, as X.__getitem__ does; the items are integers.
    """
    match function:
        case functools.partial():
            holds_data = any(map(_is_data, (*function.args, *function.keywords.values())))
            return _computing(function.func, needs_data=needs_data and not holds_data)
        case operator.methodcaller():
            name, *arguments = tuple[Any, ...](function.__reduce__()[1])
            is_computing = name not in _PLAIN and (not needs_data or any(map(_is_data, arguments)))
            return f"each item's {name}" if is_computing else None
        case operator.itemgetter():
            return None if needs_data else "operator.itemgetter"
        case np.ufunc():
            return None if needs_data else f"NumPy's {function.__name__}"
    if not isinstance(function, _C_FUNCTIONS) or function.__name__ in _PLAIN:
        return None
    if type(function) is type(np.dot):
        return None if needs_data else f"NumPy's {function.__name__}"
    owner = getattr(function, "__self__", getattr(function, "__objclass__", None))
    if isinstance(owner, types.ModuleType):
        module = owner.__name__.strip("_")
        is_computing = module in _MODULES or (module == "builtins" and function.__name__ in _BUILT_IN)
        return f"{module}'s {function.__name__}" if is_computing and not needs_data else None
    if isinstance(owner, type):
        return None if needs_data or not issubclass(owner, _DATA) else f"{owner.__name__}.{function.__name__}"
    if isinstance(owner, _DATA) and (not needs_data or _is_data(owner)):
        return f"{type(owner).__name__}.{function.__name__}"
    return None


def _is_data(value: Any) -> bool:
    """Whether a bound value holds anything but integers."""
    return isinstance(value, _DATA) and not index_lists.is_integral(value)
