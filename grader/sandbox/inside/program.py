"""The submission's code in the worker."""

from __future__ import annotations
import __future__

import ast
import gc
import linecache
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

import packing
import stubs
import witness
from backends import torch

if torch is not None:
    import cuda_redirect

MODULE_PREFIX = "submission"


class Program:
    """The submission's chunks, executed when a function that needs them is loaded, each at most once."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        self._chunks: dict[int, Mapping[str, Any]] = {
            chunk["number"]: chunk for chunk in description["chunks"]
        }
        self._executed: set[int] = set()
        self._failures: dict[str, BaseException] = {}
        self._files = {path: _module_for(path) for path in description["files"]}
        sys.argv = [""]  # not the zygote's: the student's code may parse its arguments
        _name_main(self._files, set(description["modules"].values()))
        stubs.install(description["stubs"], description["absences"])
        for name, path in description["modules"].items():
            _register(name, self._files[path])
        if description["redirect_cuda"] and torch is not None:
            cuda_redirect.install()

    def load(
        self, name: str, numbers: list[int], lacks: Mapping[str, str], file: str, partners: Mapping[str, str]
    ) -> Any:
        """Execute the chunks that `name` needs and return it. Raises what the student's code raised.

        partners: functions, with their files, whose calls are noted, because `name` should not call them.
        """
        namespace = vars(self._files[file])
        for number in numbers:
            if number not in self._executed:
                self._executed.add(number)
                self._execute(self._chunks[number], partners)
        for lacking, reason in lacks.items():
            namespace.setdefault(lacking, stubs.LeftOutName(lacking, reason))
        if isinstance(namespace.get(name), stubs.LeftOutName) and name in self._failures:
            raise self._failures[name]
        if name not in namespace:
            raise NameError(f"name '{name}' is not defined")
        return namespace[name]

    def replace(self, name: str, attribute: str | None, file: str, right: Callable[..., Any]) -> None:
        """Have every reference to a function, or a method of a class, lead to the right one; nothing if it is not loaded."""
        old = vars(self._files[file]).get(name)
        if attribute is not None:
            if isinstance(old, type):
                setattr(old, attribute, right)
            return
        if isinstance(old, types.FunctionType) and old.__closure__ is None:
            _lead_to(right, old)
            return
        for module in self._files.values():
            for alias, value in list(vars(module).items()):
                if value is old and old is not None:
                    setattr(module, alias, right)

    def wrap(self, name: str, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
        """Have every reference to a function lead to what `around` makes of it; nothing if it is not loaded."""
        found = {id(each): each for module in self._files.values() if (each := vars(module).get(name))}
        for old in found.values():
            if isinstance(old, types.FunctionType) and old.__closure__ is None:
                _wrap(old, around)

    def _execute(self, chunk: Mapping[str, Any], partners: Mapping[str, str]) -> None:
        """Run one chunk; a failure is remembered for the names it binds and stops nothing else."""
        file_name = f"{packing.CHUNK_FILE}{chunk['number']}"
        source = "\n" * (chunk["line"] - 1) + chunk["source"] + "\n"
        linecache.cache[file_name] = (len(source), None, source.splitlines(keepends=True), file_name)
        namespace = vars(self._files[chunk["file"]])
        kept = {name: namespace[name] for name in chunk["borrows"] if name in namespace}
        try:
            flags = __future__.annotations.compiler_flag
            code = compile(
                _within_package(source, namespace["__package__"]),
                file_name,
                "exec",
                flags=flags,
                dont_inherit=True,
            )
            exec(code, namespace)
            for each in code.co_consts if partners else ():
                if isinstance(each, types.CodeType) and partners.get(each.co_name) == chunk["file"]:
                    _wrap_all(each, witness.noting_calls)
        except BaseException as error:
            reason = f"{chunk['place']} raised {packing.type_name(error)}: {packing.message_of(error)}"
            for name in chunk["binds"]:
                self._failures[name] = error
                namespace.setdefault(name, stubs.LeftOutName(name, reason))
        finally:
            stubs.forget_places()
        for name, value in kept.items():
            if stubs.is_stub(namespace.get(name)):  # an import of what is not there replaces nothing
                namespace[name] = value


def _within_package(source: str, package: str) -> str | ast.Module:
    """The source; where a relative import leads above the submission, as in a file handed in without its package's folders,
    its tree with one that ends there, where the judge found the file.
    """
    if ".." not in source:
        return source
    tree = ast.parse(source)  # its line numbers are the source's
    deepest = package.count(".") + 1
    above = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level > deepest]
    for node in above:
        node.level = deepest
    return tree if above else source


def _name_main(files: Mapping[str, types.ModuleType], imported: set[str]) -> None:
    """Call the notebook that is not imported by another file `__main__`, as it is where its cells are executed."""
    notebooks = [path for path in files if path.lower().endswith(".ipynb") and path not in imported]
    for path in notebooks:
        files[path].__name__ = "__main__"
    if len(notebooks) == 1:  # dataclasses look their module up by its name
        sys.modules["__main__"] = files[notebooks[0]]


def _wrap_all(code: types.CodeType, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Have every function of this code, whatever holds it, lead to what `around` makes of it."""
    for each in gc.get_referrers(code):
        if isinstance(each, types.FunctionType) and each.__code__ is code and each.__closure__ is None:
            _wrap(each, around)


def _wrap(old: types.FunctionType, around: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    same = types.FunctionType(old.__code__, old.__globals__, old.__name__, old.__defaults__)
    same.__kwdefaults__ = old.__kwdefaults__
    _lead_to(around(same), old)


def _lead_to(right: Callable[..., Any], old: types.FunctionType) -> None:
    """Whoever holds the old function itself (a default argument, a partial) calls the right one as well."""
    old.__code__ = _call_in_its_place.__code__
    old.__defaults__, old.__kwdefaults__ = None, {"_right": right}


def _call_in_its_place(*arguments: Any, _right: Callable[..., Any], **keywords: Any) -> Any:
    return _right(*arguments, **keywords)


def _module_for(path: str) -> types.ModuleType:
    parts = path.rsplit(".", 1)[0].split("/")
    module = types.ModuleType(".".join([MODULE_PREFIX, *parts]))
    module.__package__ = ".".join([MODULE_PREFIX, *parts[:-1]])
    module.__file__ = path
    vars(module)["xrange"] = range  # Python 2's, so that old code runs
    vars(module)["get_ipython"] = stubs.get_ipython
    _register(module.__name__, module)
    return module


def _register(dotted: str, module: types.ModuleType) -> None:
    """Put `module` into sys.modules under `dotted`, with the packages above it."""
    parent, _, last = dotted.rpartition(".")
    if parent:
        package = sys.modules.get(parent)
        if package is None:
            package = types.ModuleType(parent)
            _register(parent, package)
        if not hasattr(package, "__path__"):
            package.__path__ = []
        setattr(package, last, module)
    sys.modules[dotted] = module
