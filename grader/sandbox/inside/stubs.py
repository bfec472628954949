"""Inert stubs for modules that are not there and for names that are left out."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import math
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np

import packing
from backends import needed_torch

_OPERATORS = (
    *("add", "and", "divmod", "floordiv", "lshift", "matmul", "mod"),
    *("mul", "or", "pow", "rshift", "sub", "truediv", "xor"),
)
_USES = (
    *(*_OPERATORS, *(f"r{each}" for each in _OPERATORS), "ge", "gt", "le", "lt"),
    *("abs", "ceil", "complex", "float", "floor", "index", "int", "invert", "neg"),
    *("next", "pos", "round", "trunc"),
    *("array", "array_function", "array_ufunc"),
)
"""Special methods, without their underscores, that only an object with a value has."""


class Absent(packing.Described):  # type: ignore[misc]
    """An object that is not there. Code that needs its value gets an exception that says why.

    Each kind of object is a class of its own, whose name is a description: Python puts the name into its own messages.
    """

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise self.error_of_use()

    def error_of_use(self) -> Exception:
        """The exception for code that needs the object's value."""
        raise NotImplementedError

    @classmethod
    def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        pending = [*args, *(kwargs or {}).values()]
        while pending:
            item = pending.pop()
            if isinstance(item, Absent):
                raise item.error_of_use()
            if isinstance(item, list | tuple):
                pending.extend(item)
        return NotImplemented


for _name in _USES:
    setattr(Absent, f"__{_name}__", Absent._refuse)  # noqa: SLF001  a part of the class


class Source:
    """A module that is not there: what is missing, and why."""

    def __init__(
        self, subject: str, predicate: str, *, is_package: bool, starred: Iterable[str] = ()
    ) -> None:
        self.why = f"{subject} {predicate}"
        self.is_package = is_package
        self.starred = tuple(starred)
        self.stub_class = type(f"missing value ({self.why})", (Stub,), {})
        self.bases: dict[str, type] = {}


_sources: dict[str, Source] = {}
"""By the dotted names of modules."""


def _source_of(dotted: str) -> Source:
    """The nearest module above, or at, this name that the judge has told of; else the file that it would be."""
    above = dotted
    while above:
        found = _sources.get(above)
        if found is not None and (found.is_package or above == dotted):
            return found
        above = above.rpartition(".")[0]
    path = dotted.removeprefix("submission.").replace(".", "/")
    source = Source(f"{path}.py", "was not handed in", is_package=False)
    _sources[dotted] = source
    return source


class Stub(Absent):
    """Any object of a missing module: accepts any call, and does nothing.

    Called with one function or class, like a decorator, it returns that unchanged. Of a package such as matplotlib it is
    empty when iterated; of a file that was not handed in, only the student knows what it would hold.
    """

    def __init__(self, name: str, source: Source) -> None:
        self.__dict__["_name"] = name
        self.__dict__["_source"] = source

    def _another(self, name: str) -> Any:
        return self._source.stub_class(name, self._source)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self._another(f"{self._name}.{name}")

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        if len(arguments) == 1 and not keywords and isinstance(arguments[0], types.FunctionType | type):
            return arguments[0]
        return self._another(f"{self._name.removesuffix('()')}()")

    def __getitem__(self, key: Any) -> Any:
        return self._another(f"{self._name.removesuffix('[]')}[]")

    def __iter__(self) -> Iterator[Any]:
        if self._source.is_package:
            return iter(())
        raise self.error_of_use()

    def __len__(self) -> int:
        if self._source.is_package:
            return 0
        raise self.error_of_use()

    def __bool__(self) -> bool:
        return False

    def __enter__(self) -> Self:
        return self

    def _ignore(self, *_: Any) -> None:
        pass

    __setattr__ = __setitem__ = __delattr__ = __delitem__ = __exit__ = _ignore

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (self._base(),)

    def _base(self) -> type:
        """The class that stands for this object where another derives from it."""
        bases: dict[str, type] = self._source.bases
        if self._name not in bases:
            bases[self._name] = type(self._name, (AbsentBase,), {"_absence": str(self)})
        return bases[self._name]

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, self._base())

    def __subclasscheck__(self, subclass: type) -> bool:
        return issubclass(subclass, self._base())

    def error_of_use(self) -> Exception:
        return ModuleNotFoundError(f"{self._source.why}; {self._name} comes from it")

    def __repr__(self) -> str:
        return f"{self._name} ({self._source.why})"


class AbsentBase:
    """A base class that is not there: it takes any arguments, and has nothing but the other bases have."""

    _absence = ""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        following = super().__init__
        if getattr(following, "__objclass__", None) is object:
            following()
        else:
            following(*arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        following = getattr(super(), "__getattr__", None)
        if following is not None:
            return following(name)
        kind = type(self).__name__
        raise AttributeError(f"{kind!r} object has no attribute {name!r}: it derives from {self._absence}")


class ZMQInteractiveShell(Stub):
    """The shell of a notebook, which obeys no command."""

    __repr__ = object.__repr__

    def __bool__(self) -> bool:
        return True


ZMQInteractiveShell.__module__ = "ipykernel.zmqshell"
_SHELL = ZMQInteractiveShell(
    "get_ipython()",
    Source("the notebook's shell", "runs no commands during grading", is_package=True),
)
_SHELL.__dict__["config"] = {"IPKernelApp": {}}


def get_ipython() -> ZMQInteractiveShell:
    """IPython's function of this name."""
    return _SHELL


class StubModule(types.ModuleType):
    """A module whose every attribute is a Stub; star imports bring the names that the student's code can only have so."""

    __path__: list[str] = []  # noqa: RUF012  the import system wants a list

    def __getattr__(self, name: str) -> Any:
        source = _source_of(self.__name__)
        if name == "__all__":
            return source.starred
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        if name in _CUSTOMARY and not source.is_package:
            return _CUSTOMARY[name]()
        return source.stub_class(name, source)

    def __repr__(self) -> str:
        return f"<module {self.__name__!r} ({_source_of(self.__name__).why})>"


StubModule.__name__ = "module"  # as Python calls it in its messages
_CUSTOMARY: dict[str, Callable[[], types.ModuleType]] = {
    "np": lambda: np,
    "numpy": lambda: np,
    "torch": needed_torch,
    "nn": lambda: needed_torch().nn,
    "math": lambda: math,
}
"""Names that mean the same wherever they come from."""


def is_stub(value: Any) -> bool:
    """Whether a value is a stub of ours."""
    return isinstance(value, Stub | StubModule)


class _PassThrough:
    """A progress bar that shows nothing: it iterates its argument."""

    def __init__(self, iterable: Iterable[Any] = (), *_: Any, **__: Any) -> None:
        self._iterable = iterable

    def __iter__(self) -> Iterator[Any]:
        return iter(self._iterable)

    def __len__(self) -> int:
        return len(self._iterable)  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __getattr__(self, name: str) -> Any:
        source = _source_of("tqdm")
        return source.stub_class(f"tqdm.{name}", source)


def _old_division(dividend: Any, divisor: Any) -> Any:
    """Python 2's division: integers give an integer."""
    if isinstance(dividend, int) and isinstance(divisor, int):
        return dividend // divisor
    return dividend / divisor


def _progress_range(*arguments: int, **_: Any) -> range:
    return range(*arguments)


_WORKING: dict[str, dict[str, Any]] = {
    # These decide results, so an inert object would fail a right function.
    "tqdm": {
        "tqdm": _PassThrough,
        "trange": _progress_range,
        "tqdm_notebook": _PassThrough,
        "tnrange": _progress_range,
    },
    "past": {
        "xrange": range,
        "range": range,
        "unicode": str,
        "basestring": str,
        "long": int,
        "raw_input": None,
        "old_div": _old_division,
    },
    "future": {"range": range, "object": object, "zip": zip, "map": map, "int": int, "str": str},
    "IPython": {"get_ipython": get_ipython},
    "six": {"xrange": range, "range": range, "string_types": (str,), "integer_types": (int,)},
}


def _is_among(module: str, names: frozenset[str]) -> bool:
    """Whether a module is one of these, or below one."""
    return any(module == name or module.startswith(f"{name}.") for name in names)


def _importer() -> tuple[types.FrameType | None, str]:
    """The code that asks for the module being looked up.

    With "question" if it asks find_spec whether there is one, and "parent" if find_spec imports the package around it.
    """
    frame: types.FrameType | None = sys._getframe(1)  # noqa: SLF001  there is no other way to ask
    purpose = ""
    is_loaded = False
    while frame is not None:
        code = frame.f_code
        if code is importlib.util.find_spec.__code__:
            purpose = "parent" if is_loaded else "question"
        elif code.co_filename not in {__file__, importlib.__file__} and not code.co_filename.startswith(
            "<frozen importlib"
        ):
            break
        is_loaded = is_loaded or code.co_name == "_find_and_load"
        frame = frame.f_back
    return frame, purpose


_IMPORT_ERRORS = frozenset({"ImportError", "ModuleNotFoundError"})
_BROAD_ERRORS = frozenset({"Exception", "BaseException"})
_guards: dict[str, list[tuple[int, int, bool]]] = {}


def _is_guarded(frame: types.FrameType, module: str) -> bool:
    """Whether the import is in a `try` or `suppress` that goes on without the module."""
    name = frame.f_code.co_filename
    if name not in _guards:
        try:
            tree = ast.parse("".join(linecache.getlines(name)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            tree = ast.Module([], [])
        _guards[name] = [guard for node in ast.walk(tree) for guard in _guards_in(node)]
    return any(
        first <= frame.f_lineno <= last and (is_narrow or _is_among(module, PLACES))
        for first, last, is_narrow in _guards[name]
    )


def _guards_in(node: ast.AST) -> Iterator[tuple[int, int, bool]]:
    """The lines in which a missing module is caught, and whether the node is about nothing else."""
    match node:
        case ast.Try(body=body, handlers=handlers):
            for handler in handlers:
                kinds = _names_in(handler.type)
                last = handler.body[-1]
                gives_up = isinstance(last, ast.Raise) or (
                    isinstance(last, ast.Expr)
                    and isinstance(last.value, ast.Call)
                    and _names_in(last.value.func) & {"exit", "quit", "_exit"}
                )
                if not kinds & (_IMPORT_ERRORS | _BROAD_ERRORS):
                    continue
                only_imports = all(
                    isinstance(each, ast.Import | ast.ImportFrom | ast.Assign | ast.Pass) for each in body
                )
                if not gives_up:
                    is_narrow = bool(kinds & _IMPORT_ERRORS) or only_imports
                    yield body[0].lineno, body[-1].end_lineno or 0, is_narrow
                break
        case ast.With(items=items, body=body):
            for item in items:
                call = item.context_expr
                if isinstance(call, ast.Call) and "suppress" in _names_in(call.func):
                    kinds = {name for each in call.args for name in _names_in(each)}
                    if kinds & (_IMPORT_ERRORS | _BROAD_ERRORS):
                        yield body[0].lineno, body[-1].end_lineno or 0, bool(kinds & _IMPORT_ERRORS)


def _names_in(expression: ast.expr | None) -> set[str]:
    """The names of exceptions or of a function, without what stands before a dot; a bare `except` catches all."""
    if expression is None:
        return {"BaseException"}
    found = set()
    for each in expression.elts if isinstance(expression, ast.Tuple) else [expression]:
        if isinstance(each, ast.Name | ast.Attribute):
            found.add(each.id if isinstance(each, ast.Name) else each.attr)
    return found


EVERYDAY = frozenset(
    {"IPython", "matplotlib", "mpl_toolkits", "seaborn", "torchvision", "tqdm", "past", "future", "six"}
)
"""Modules that students have: a guarded import of them is a stub; one of any other missing module raises."""

PLACES = frozenset(
    {"google.colab", "kaggle", "kaggle_secrets", "kaggle_datasets", "kaggle_web_client", "dbutils"}
)
"""Modules that are there in one hosted notebook service only."""


class StubFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds stubs: for these modules and those below, or (None) for what no other finder has found."""

    def __init__(self, names: frozenset[str] | None) -> None:
        self._names = names

    def find_spec(self, fullname: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        """A spec for a stub; None to leave the import to other finders."""
        top = fullname.partition(".")[0]
        if self._names is not None and not _is_among(fullname, self._names):
            return None
        importer, purpose = _importer()
        if purpose == "parent" and fullname == "google":
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        if self._names is None:
            if "." in fullname and not isinstance(sys.modules.get(top), StubModule):
                return None  # a missing part of a real package raises, as it should
            if importer is None or not importer.f_code.co_filename.startswith(packing.CHUNK_FILE):
                return None  # so does an optional import in a library
        if top not in EVERYDAY | GRADERS_OWN and importer is not None:
            if purpose == "question":
                return None
            if _is_guarded(importer, fullname):
                raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        if _is_among(fullname, PLACES):
            _places.append(fullname)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """The stub, with the few attributes that must work."""
        module = StubModule(spec.name)
        for name, value in _WORKING.get(spec.name.partition(".")[0], {}).items():
            setattr(module, name, value)
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to run."""


_places: list[str] = []
"""Modules of PLACES that were imported all the same, outside of any guard."""


def forget_places() -> None:
    """Leave nothing of hosted services in sys.modules, where code looks to know where it runs."""
    while _places:
        sys.modules.pop(_places.pop(), None)


GRADERS_OWN = frozenset({"grader", "reference", "test_specs"})
"""Always stubs: an installed grader lies in the same folder as torch."""


def install(names: Iterable[str], absences: Mapping[str, Mapping[str, Any]]) -> None:
    """Make stubs of imports of `names` (and below), of the grader, and of everything that is not found.

    absences: what the judge knows of modules that are not there, by their dotted names.
    """
    for own in GRADERS_OWN:
        _sources[own] = Source(own, "cannot be used here", is_package=True)
    for dotted, absence in absences.items():
        _sources[dotted] = Source(
            absence["subject"],
            absence["predicate"],
            is_package=absence["is_package"],
            starred=absence["starred"],
        )
        if absence["is_package"]:
            _sources.setdefault(dotted.partition(".")[0], _sources[dotted])
    named = GRADERS_OWN | frozenset(names)
    # First a cheap test: a walk over all modules would touch, and so copy, the memory of all their names.
    if any(name in sys.modules for name in named):
        for loaded in [name for name in sys.modules if _is_among(name, named)]:
            del sys.modules[loaded]
    sys.meta_path.insert(0, StubFinder(named))
    sys.meta_path.append(StubFinder(None))


class LeftOutName(Absent):
    """A name bound by a top-level statement that is left out, because it loads data or trains.

    Its device is answered, which is harmless; any other use raises a NameError with the reason.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.__dict__["_name"] = name
        self.__dict__["_reason"] = reason

    def __getattr__(self, name: str) -> Any:
        if name == "device":
            return needed_torch().device("cpu")
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        raise self.error_of_use()

    def __getitem__(self, key: Any) -> Any:
        return LeftOutName(self._name, self._reason)

    def error_of_use(self) -> Exception:
        return NameError(f"name '{self._name}' is not defined: {self._reason}")

    def __repr__(self) -> str:
        return f"{self._name} (left out: {self._reason})"

    __call__ = __iter__ = __len__ = __bool__ = __contains__ = __setitem__ = __setattr__ = Absent._refuse  # noqa: SLF001


LeftOutName.__name__ = "left-out name"
