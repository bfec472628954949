"""A plain Linux machine as code asks about it: neither Colab nor Kaggle, few environment variables, a notebook's shell or none."""

from __future__ import annotations

import ast
import posixpath
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

EVERYDAY = frozenset(
    {"IPython", "matplotlib", "mpl_toolkits", "seaborn", "torchvision", "tqdm", "past", "future", "six"}
)
"""Modules that students have and grading does without: an import of them is taken to succeed. The worker's too."""

PLACES = frozenset(
    {"google.colab", "kaggle", "kaggle_secrets", "kaggle_datasets", "kaggle_web_client", "dbutils"}
)
"""Modules that are there in one hosted notebook service only. The worker's too."""

_HOME = "/home/student"
_VARIABLES = {
    "HOME": _HOME,
    "USER": "student",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
}
_HOSTED_FOLDERS = ("content", "kaggle", "gdrive", "drive", "dbfs", "databricks")
_ROOT_FOLDERS = (
    "bin",
    "boot",
    "dev",
    "etc",
    "home",
    "lib",
    "mnt",
    "opt",
    "proc",
    "root",
    "tmp",
    "usr",
    "var",
)
_LOADED = ("builtins", "sys", "os", "re", "numpy")
_OF_IPYTHON = ("IPython", "ipykernel")
_SHELL_NAMES = frozenset({"get_ipython", "__IPYTHON__"})
_CONSTANTS: Mapping[str, Any] = {
    "os.name": "posix",
    "os.sep": "/",
    "sys.platform": "linux",
    "sys.version_info": sys.version_info,
    "<uname>.sysname": "Linux",
    "<uname>.nodename": "localhost",
}
_STRING_METHODS = frozenset(
    {"lower", "upper", "title", "casefold", "startswith", "endswith", "strip", "lstrip", "rstrip", "split"}
    | {"find", "count"}
)
_PATH_METHODS = frozenset({"exists", "is_dir", "is_file"})


class Unknown(Exception):
    """The source does not tell."""


class Raises(Exception):
    """The student's code raises an exception of this class."""

    def __init__(self, kind: type[BaseException]) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Thing:
    """A module or a member of one by its dotted name; builtins have no dot."""

    dotted: str


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a known string or path."""

    owner: str | PurePosixPath
    name: str


SHELL = Thing("<shell>")
SPEC = Thing("<spec>")
NAMES = Thing("<names>")
STUB = Thing("<stub>")
ENVIRON = Thing("os.environ")
MODULES = Thing("sys.modules")
_SHELL_CLASS = Thing("<shell>.__class__")
_BUILTINS = Thing("builtins")


class Machine:
    """Answers what a file asks of the machine that executes it; raises Unknown for everything else."""

    def __init__(self, *, is_notebook: bool, is_absent: Callable[[str], bool]) -> None:
        self.is_notebook = is_notebook
        self.is_absent = is_absent
        self.was_asked = False
        """Whether an answer was about the place where the code runs; whoever wants to know sets it to False first."""
        self.set_variables: set[str] = set()
        """Environment variables that the code itself sets."""
        self._functions = self._answers()

    def attribute(self, owner: Any, name: str) -> Any:
        """`owner.name`."""
        if owner == SHELL and name == "__class__":
            return _SHELL_CLASS
        if owner == _SHELL_CLASS and name in {"__name__", "__qualname__"}:
            return "ZMQInteractiveShell" if self.is_notebook else "TerminalInteractiveShell"
        if owner == _SHELL_CLASS and name == "__module__":
            return "ipykernel.zmqshell" if self.is_notebook else "IPython.terminal.interactiveshell"
        if owner is sys.version_info and name in {"major", "minor"}:
            return getattr(owner, name)
        if isinstance(owner, Thing):
            dotted = f"{owner.dotted}.{name}"
            self.was_asked |= Thing(dotted) in (ENVIRON, MODULES)
            return _CONSTANTS.get(dotted, Thing(dotted))
        if isinstance(owner, str | PurePosixPath):
            return Method(owner, name)
        raise Unknown

    def called(self, function: Any, arguments: list[Any]) -> Any:
        """`function(*arguments)` for something that is not the file's own."""
        match function:
            case Method(owner=PurePosixPath() as path, name=name) if name in _PATH_METHODS and not arguments:
                self.was_asked = True
                return self._path_exists(str(path))
            case Method(owner=str() as owner, name=name) if name in _STRING_METHODS:
                if all(isinstance(each, str | tuple) for each in arguments):
                    found = getattr(owner, name)(*arguments)
                    return tuple(found) if isinstance(found, list) else found
            case Thing(dotted=dotted) if dotted in self._functions:
                self.was_asked |= "." in dotted or dotted == "get_ipython"
                return self._functions[dotted](*arguments)
            case Thing(dotted=dotted) if "." in dotted and self.is_absent(dotted.partition(".")[0]):
                return STUB  # as in the worker, where nothing is done and nothing is true
        raise Unknown

    def truth(self, value: Any) -> bool:
        """`bool(value)`."""
        if value in (SHELL, SPEC):
            return True
        if isinstance(value, Thing | Method | ast.AST) and value != STUB:
            raise Unknown
        return value != STUB and bool(value)

    def text(self, value: Any) -> str:
        """`str(value)`."""
        if value in (SHELL, _SHELL_CLASS):
            name = f"{self.attribute(_SHELL_CLASS, '__module__')}.{self.attribute(_SHELL_CLASS, '__name__')}"
            return f"<{name} object at 0x7f0000000000>" if value == SHELL else f"<class '{name}'>"
        if value == ENVIRON:
            return str(_VARIABLES)
        if isinstance(value, Thing | Method | ast.AST | tuple):
            raise Unknown
        return str(value)

    def contains(self, container: Any, item: Any) -> bool:
        """`item in container`."""
        if isinstance(item, str):
            if isinstance(container, str):
                return item in container
            if container == ENVIRON:
                return self._variable(item) is not None
            if container == MODULES:
                return self._is_loaded(item)
            if container in (NAMES, _BUILTINS) and item in _SHELL_NAMES:
                return self.is_notebook
            if container == Thing("<shell>.config"):
                return self.is_notebook and item == "IPKernelApp"
        if isinstance(container, tuple) and not any(
            isinstance(each, Thing | ast.AST) for each in (*container, item)
        ):
            return item in container
        raise Unknown

    def item(self, owner: Any, key: Any) -> Any:
        """`owner[key]`."""
        if isinstance(owner, tuple | str) and isinstance(key, slice):
            return tuple(owner)[key] if isinstance(owner, tuple) else owner[key]
        if isinstance(owner, tuple | str) and isinstance(key, int) and -len(owner) <= key < len(owner):
            return owner[key]
        if isinstance(key, str) and owner == ENVIRON:
            if self._variable(key) is None:
                raise Raises(KeyError)
            return self._variable(key)
        if isinstance(key, str) and owner == MODULES and not self._is_loaded(key):
            raise Raises(KeyError)
        raise Unknown

    def items(self, value: Any) -> tuple[Any, ...]:
        """`tuple(value)`."""
        if value == ENVIRON:
            return (*_VARIABLES, *sorted(self.set_variables))
        if value == MODULES:
            return (*_LOADED, *_OF_IPYTHON) if self.is_notebook else _LOADED
        if isinstance(value, tuple):
            return value
        raise Unknown

    # Functions

    def _answers(self) -> Mapping[str, Callable[..., Any]]:
        """What calls of modules' functions and of builtins give."""
        same: dict[str, Callable[..., Any]] = {
            **dict.fromkeys(("str", "repr"), self.text),
            **dict.fromkeys(("list", "tuple", "set", "sorted"), self.items),
            **dict.fromkeys(("globals", "locals", "vars"), lambda: NAMES),
            **dict.fromkeys(
                ("importlib.util.find_spec", "importlib.find_loader", "pkgutil.find_loader"), self._found
            ),
            **dict.fromkeys(
                ("os.path.exists", "os.path.isdir", "os.path.isfile", "os.path.lexists"), self._path_exists
            ),
            **dict.fromkeys(
                ("get_ipython", "IPython.get_ipython", "IPython.core.getipython.get_ipython"), lambda: SHELL
            ),
            **dict.fromkeys(("os.getenv", "os.environ.get"), self._variable),
            **dict.fromkeys(("pathlib.Path", "pathlib.PurePath"), _path),
            **dict.fromkeys(("os.path.abspath", "os.path.expanduser"), _absolute),
        }
        return {
            **same,
            "bool": self.truth,
            "int": lambda value: _number(int, value),
            "float": lambda value: _number(float, value),
            "any": lambda values: any(self.truth(each) for each in self.items(values)),
            "all": lambda values: all(self.truth(each) for each in self.items(values)),
            "type": _type,
            "dir": lambda owner=NAMES: owner,
            "hasattr": self._has,
            "os.environ.keys": lambda: ENVIRON,
            "sys.modules.keys": lambda: MODULES,
            "sys.modules.get": self._module,
            "platform.system": lambda: "Linux",
            **dict.fromkeys(("socket.gethostname", "socket.getfqdn", "platform.node"), lambda: "localhost"),
            **dict.fromkeys(("getpass.getuser", "os.getlogin"), lambda: _VARIABLES["USER"]),
            **dict.fromkeys(("os.uname", "platform.uname"), lambda: Thing("<uname>")),
            "os.getcwd": lambda: _HOME,
            "os.listdir": _listed,
            "os.path.join": _joined,
        }

    def _has(self, owner: Any, name: Any) -> bool:
        if (owner == _BUILTINS and name in _SHELL_NAMES) or (owner == SHELL and name == "kernel"):
            return self.is_notebook
        raise Unknown

    def _variable(self, name: Any, default: Any = None) -> Any:
        """An environment variable."""
        if name in self.set_variables or not isinstance(name, str):
            raise Unknown
        return _VARIABLES.get(name, default)

    def _module(self, name: Any, default: Any = None) -> Any:
        if isinstance(name, str) and not self._is_loaded(name):
            return default
        raise Unknown

    def _is_loaded(self, module: str) -> bool:
        """Whether a module is in sys.modules."""
        if module.partition(".")[0] in _OF_IPYTHON:
            return self.is_notebook
        if module == "google" or self.is_absent(module):
            return False
        raise Unknown

    def _found(self, module: Any) -> Any:
        """What find_spec gives."""
        if not isinstance(module, str):
            raise Unknown
        if module == "google" or self.is_absent(module):
            return None
        if module.partition(".")[0] in _OF_IPYTHON:
            return SPEC if self.is_notebook else None
        if "." in module:
            raise Unknown
        return SPEC

    def _path_exists(self, path: Any) -> bool:
        """Whether a file is there: none is where only hosted services have folders."""
        parts = PurePosixPath(path).parts if isinstance(path, str | PurePosixPath) else ()
        if parts[:1] == ("/",) and parts[1:2] and parts[1] in _HOSTED_FOLDERS:
            return False
        raise Unknown


def _number(kind: type[int | float], value: Any) -> int | float:
    if not isinstance(value, bool | int | float | str):
        raise Unknown
    try:
        return kind(value)
    except (ValueError, OverflowError):
        raise Raises(ValueError) from None


def _type(value: Any) -> Thing:
    if value == SHELL:
        return _SHELL_CLASS
    raise Unknown


def _path(path: Any) -> PurePosixPath:
    if isinstance(path, str):
        return PurePosixPath(path)
    raise Unknown


def _absolute(path: Any) -> str:
    if isinstance(path, str) and path.startswith("/"):
        return path
    raise Unknown


def _listed(path: Any) -> tuple[str, ...]:
    if path == "/":
        return _ROOT_FOLDERS
    raise Unknown


def _joined(first: Any, *others: Any) -> str:
    if all(isinstance(part, str) for part in (first, *others)):
        return posixpath.join(str(first), *others)
    raise Unknown
