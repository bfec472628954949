"""Answers tests that ask where code runs, as on a plain Linux machine: neither Colab nor Kaggle, one file executed from top to bottom."""

from __future__ import annotations

import ast
import builtins
import posixpath
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from grader.extract.importing import SUBMISSION_PACKAGE, absolute_name
from grader.extract.scopes import Assigned, Definition, Function, bindings_in, walk_scope

EVERYDAY = frozenset(
    {"IPython", "matplotlib", "mpl_toolkits", "seaborn", "torchvision", "tqdm", "past", "future", "six"}
)
"""Modules that students have and grading does without: an import of them is taken to succeed. The worker's too."""

PLACES = frozenset({"google.colab", "kaggle", "kaggle_secrets", "kaggle_datasets", "kaggle_web_client", "dbutils"})
"""Modules that are there in one hosted notebook service only. The worker's too."""

_STEPS = 20_000
"""Expressions evaluated for one file."""
_DEPTH = 30
"""How deeply expressions and calls may be nested to be evaluated."""
_CALLS = 4
"""How many calls deep functions are followed to names that they change with `global`."""
_ITEMS = 50
"""Entries of a sequence that a comprehension goes through."""

_HOME = "/home/student"
_VARIABLES = {"HOME": _HOME, "USER": "student", "SHELL": "/bin/bash", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
_HOSTED_FOLDERS = ("content", "kaggle", "gdrive", "drive", "dbfs", "databricks")
_ROOT_FOLDERS = ("bin", "boot", "dev", "etc", "home", "lib", "mnt", "opt", "proc", "root", "sys", "tmp", "usr", "var")
_STRING_METHODS = frozenset(
    {"lower", "upper", "title", "casefold", "startswith", "endswith", "strip", "lstrip", "rstrip", "split"}
    | {"find", "count"}
)
_CONSTANTS: Mapping[str, Any] = {
    "os.name": "posix",
    "os.sep": "/",
    "sys.platform": "linux",
    "sys.version_info": sys.version_info,
}
_GETTERS_OF_SHELL = frozenset(
    {"get_ipython", "IPython.get_ipython", "IPython.core.getipython.get_ipython", "IPython.display.get_ipython"}
)
_FINDERS = frozenset({"importlib.util.find_spec", "importlib.find_loader", "pkgutil.find_loader"})
_PATH_TESTS = frozenset({"os.path.exists", "os.path.isdir", "os.path.isfile", "os.path.lexists"})
_PATH_METHODS = frozenset({"exists", "is_dir", "is_file"})


class _Unknown(Exception):  # noqa: N818  a way out, not an error
    """The source does not tell."""


class _Raises(Exception):  # noqa: N818  a way out, not an error
    """The student's code raises an exception of this class."""

    def __init__(self, kind: type[BaseException]) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class _Thing:
    """A module, or a member of one, by its dotted name; builtins have no dot."""

    dotted: str


_SHELL = _Thing("<shell>")
_SHELL_CLASS = _Thing("<shell>.__class__")
_SPEC = _Thing("<spec>")
_NAMES = _Thing("<names>")
_UNKNOWN = _Thing("<unknown>")


class Environment:
    """What is known of a file's names while its statements are executed one after the other."""

    def __init__(
        self, path: str, is_absent: Callable[[str], bool], changed_elsewhere: AbstractSet[str] = frozenset()
    ) -> None:
        """Args:

        is_absent: whether an import of this dotted name fails.
        changed_elsewhere: names that functions of the file change with `global`: their values are not known.
        """
        self._path = path
        self._is_notebook = path.lower().endswith(".ipynb")
        self._is_absent = is_absent
        self._changed_elsewhere = changed_elsewhere
        self._known: dict[str, Any] = {}
        self._set_variables: set[str] = set()
        self._steps_left = _STEPS

    def copied(self) -> Environment:
        """Another that begins with what is known here."""
        other = Environment(self._path, self._is_absent, self._changed_elsewhere)
        other._known = dict(self._known)
        other._set_variables = set(self._set_variables)
        return other

    def truth(self, test: ast.expr) -> bool | None:
        """Whether the test holds; None if the source does not tell."""
        try:
            return self._truth(self._value(test, self._known, 0))
        except (_Unknown, _Raises):
            return None

    def raised_by(self, node: ast.stmt) -> type[BaseException] | bool:
        """The class of exception that the statement raises, True if it might raise one, False if not."""
        try:
            self._check(node)
        except _Raises as raised:
            return raised.kind
        except _Unknown:
            return True
        return False

    def execute(self, node: ast.stmt) -> None:
        """Take a statement into account that is executed now."""
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Subscript):
                        self._set_variable(target)
            case ast.AnnAssign(value=ast.expr() as value):
                pass
            case _:
                value = None
        self._bind(node, self._known)

    def forget(self, nodes: Iterable[ast.stmt]) -> None:
        """Take statements into account that may be executed or not."""
        for item in walk_scope(list(nodes)):
            for name, _ in bindings_in(item):
                self._known[name] = _UNKNOWN
            if isinstance(item, ast.Subscript):
                self._set_variable(item)

    # Statements

    def _bind(self, node: ast.stmt, known: dict[str, Any]) -> None:
        """Give the names that a simple statement or definition binds their values."""
        found: dict[str, Any] = {}
        for item in walk_scope([node]):
            for name, binding in bindings_in(item):
                value: Any = _UNKNOWN
                if isinstance(item, ast.FunctionDef) and item is node and not item.decorator_list:
                    value = item
                elif isinstance(item, ast.Import | ast.ImportFrom) and item is node:
                    value = self._imported(item, name)
                elif isinstance(binding, Assigned) and binding.value is not None and item is node:
                    try:
                        value = self._value(binding.value, known, 0)
                    except (_Unknown, _Raises):
                        value = _UNKNOWN
                found[name] = value
        for name, value in found.items():
            known[name] = _UNKNOWN if name in self._changed_elsewhere and known is self._known else value

    def _imported(self, node: ast.Import | ast.ImportFrom, bound: str) -> Any:
        for alias in node.names:
            if bound != (alias.asname or (alias.name if isinstance(node, ast.ImportFrom) else alias.name.partition(".")[0])):
                continue
            if isinstance(node, ast.ImportFrom):
                module = absolute_name(node.module, node.level, self._path)
                return _UNKNOWN if module.startswith(SUBMISSION_PACKAGE) else _Thing(f"{module}.{alias.name}")
            return _Thing(alias.name if alias.asname else bound)
        return _UNKNOWN

    def _check(self, node: ast.stmt, depth: int = 0) -> None:
        """Raise _Raises if the statement raises, _Unknown if it might."""
        if depth > _DEPTH:
            raise _Unknown
        match node:
            case ast.Import(names=names):
                self._check_import(alias.name for alias in names)
            case ast.ImportFrom(module=module, level=level, names=names):
                dotted = absolute_name(module, level, self._path)
                self._check_import([dotted])
                if dotted.partition(".")[0] not in EVERYDAY and not self._is_submodule(dotted, names):
                    raise _Unknown
            case ast.Assign(value=value, targets=targets) if all(isinstance(each, ast.Name) for each in targets):
                self._value(value, self._known, 0)
            case ast.AnnAssign(value=ast.expr() as value) | ast.Expr(value=value):
                self._value(value, self._known, 0)
            case ast.If(test=test, body=body, orelse=orelse):
                for each in body if self._truth(self._value(test, self._known, 0)) else orelse:
                    self._check(each, depth + 1)
            case ast.FunctionDef(decorator_list=[], args=ast.arguments(defaults=[], kw_defaults=[])) | ast.Pass():
                pass
            case ast.Raise(exc=exc):
                raise _Raises(_exception_of(exc))
            case _:
                raise _Unknown

    def _is_submodule(self, dotted: str, names: Sequence[ast.alias]) -> bool:
        """Whether names taken from this module are certain to be there: those that assignments take."""
        return dotted in {"__future__", "builtins"} or (dotted == "torch" and all(each.name == "nn" for each in names))

    def _check_import(self, modules: Iterable[str]) -> None:
        for module in modules:
            if self._is_absent(module):
                raise _Raises(ModuleNotFoundError)
            if "." in module and module.partition(".")[0] not in EVERYDAY:
                raise _Unknown  # a part of a package, which may be missing

    def _set_variable(self, target: ast.Subscript) -> None:
        """Note `os.environ["NAME"] = ...`."""
        match target:
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str(name))):
                self._set_variables.add(name)

    # Functions

    def _call(self, function: ast.FunctionDef, node: ast.Call, known: Mapping[str, Any], depth: int) -> Any:
        """What a call of one of the file's functions returns."""
        arguments = function.args
        if node.keywords or arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
            raise _Unknown
        parameters = [*arguments.posonlyargs, *arguments.args]
        given = [*node.args, *arguments.defaults[len(arguments.defaults) - len(parameters) + len(node.args) :]]
        if len(given) != len(parameters):
            raise _Unknown
        own = dict(self._known)
        own.update((item.arg, self._value(value, known, depth)) for item, value in zip(parameters, given, strict=True))
        returned = self._run(function.body, own, depth)
        return returned[0] if returned else None

    def _run(self, body: Iterable[ast.stmt], own: dict[str, Any], depth: int) -> tuple[Any] | None:
        """Execute statements of a function; a tuple of what it returns, None if it goes on."""
        if depth > _DEPTH:
            raise _Unknown
        for node in body:
            returned = None
            match node:
                case ast.Return(value=value):
                    return (None if value is None else self._value(value, own, depth),)
                case ast.If(test=test, body=then, orelse=orelse):
                    is_true = self._truth(self._value(test, own, depth))
                    returned = self._run(then if is_true else orelse, own, depth + 1)
                case ast.Try():
                    returned = self._run_try(node, own, depth)
                case ast.Import(names=names):
                    self._check_import(alias.name for alias in names)
                    self._bind(node, own)
                case ast.ImportFrom(module=module, level=level):
                    self._check_import([absolute_name(module, level, self._path)])
                    self._bind(node, own)
                case ast.Assign(targets=targets, value=value) if all(isinstance(each, ast.Name) for each in targets):
                    found = self._value(value, own, depth)
                    own.update((each.id, found) for each in targets if isinstance(each, ast.Name))
                case ast.Expr(value=ast.Call(func=ast.Name(id="print"))) | ast.Pass():
                    pass
                case ast.Expr(value=value):
                    self._value(value, own, depth)
                case ast.Raise(exc=exc):
                    raise _Raises(_exception_of(exc))
                case _:
                    raise _Unknown
            if returned is not None:
                return returned
        return None

    def _run_try(self, node: ast.Try, own: dict[str, Any], depth: int) -> tuple[Any] | None:
        try:
            returned = self._run(node.body, own, depth + 1) or self._run(node.orelse, own, depth + 1)
        except _Raises as raised:
            handler = handler_of(node, raised.kind)
            if handler is None:
                raise
            returned = self._run(handler.body, own, depth + 1)
        return self._run(node.finalbody, own, depth + 1) or returned

    # Expressions

    def _truth(self, value: Any) -> bool:
        if value == _SHELL or value == _SPEC:
            return True
        if isinstance(value, _Thing | ast.AST):
            raise _Unknown
        return bool(value)

    def _value(self, node: ast.expr, known: Mapping[str, Any], depth: int) -> Any:
        """The value of an expression: a constant, a _Thing or a function of the file."""
        self._steps_left -= 1
        if self._steps_left < 0 or depth > _DEPTH:
            raise _Unknown
        depth += 1
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self._named(name, known)
            case ast.Attribute(value=owner, attr=attribute):
                return self._attribute(self._value(owner, known, depth), attribute)
            case ast.Call():
                return self._called(node, known, depth)
            case ast.BoolOp(op=operator, values=values):
                return self._bool_op(values, known, depth, is_or=isinstance(operator, ast.Or))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return not self._truth(self._value(operand, known, depth))
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                return self._compared(self._value(left, known, depth), operator, self._value(right, known, depth))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                is_true = self._truth(self._value(test, known, depth))
                return self._value(body if is_true else orelse, known, depth)
            case ast.Subscript(value=owner, slice=index):
                return self._item(self._value(owner, known, depth), index, known, depth)
            case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
                return tuple(self._value(item, known, depth) for item in items)
            case ast.GeneratorExp() | ast.ListComp() | ast.SetComp():
                return self._comprehended(node, known, depth)
            case ast.JoinedStr(values=[ast.FormattedValue(value=value, conversion=-1, format_spec=None)]):
                return self._text(self._value(value, known, depth))
            case _:
                raise _Unknown

    def _named(self, name: str, known: Mapping[str, Any]) -> Any:
        if name in known:
            if known[name] is _UNKNOWN:
                raise _Unknown
            return known[name]
        if name in self._changed_elsewhere:
            raise _Unknown
        if name == "__name__":
            return "__main__" if self._is_notebook else posixpath.basename(self._path).rpartition(".")[0]
        if name in {"get_ipython", "__IPYTHON__"}:
            if not self._is_notebook:
                raise _Raises(NameError)
            return _Thing("get_ipython") if name == "get_ipython" else True
        if name == "__builtins__" or hasattr(builtins, name):
            return _Thing("builtins" if name == "__builtins__" else name)
        raise _Unknown

    def _attribute(self, owner: Any, name: str) -> Any:
        if owner == _SHELL and name == "__class__":
            return _SHELL_CLASS
        if owner == _SHELL_CLASS and name in {"__name__", "__qualname__", "__module__"}:
            kind, module = ("ZMQInteractiveShell", "ipykernel.zmqshell")
            if not self._is_notebook:
                kind, module = ("TerminalInteractiveShell", "IPython.terminal.interactiveshell")
            return module if name == "__module__" else kind
        if owner is sys.version_info and name in {"major", "minor"}:
            return getattr(owner, name)
        if isinstance(owner, _Thing):
            dotted = f"{owner.dotted}.{name}"
            return _CONSTANTS.get(dotted, _Thing(dotted))
        if isinstance(owner, str | PurePosixPath):
            return _Method(owner, name)
        raise _Unknown

    def _called(self, node: ast.Call, known: Mapping[str, Any], depth: int) -> Any:
        function = self._value(node.func, known, depth)
        if isinstance(function, ast.FunctionDef):
            return self._call(function, node, known, depth)
        if isinstance(function, _Thing) and function.dotted == "print":
            return None
        arguments = [self._value(each, known, depth) for each in node.args]
        arguments += [self._value(each.value, known, depth) for each in node.keywords if each.arg == "default"]
        if len(arguments) != len(node.args) + len(node.keywords):
            raise _Unknown
        if isinstance(function, _Method):
            return self._method(function, arguments)
        if isinstance(function, _Thing):
            return self._of_module(function.dotted, arguments)
        raise _Unknown

    def _method(self, method: _Method, arguments: list[Any]) -> Any:
        if isinstance(method.owner, PurePosixPath):
            if method.name in _PATH_METHODS and not arguments:
                return self._path_exists(str(method.owner))
        elif method.name in _STRING_METHODS and all(isinstance(each, str | tuple) for each in arguments):
            found = getattr(method.owner, method.name)(*arguments)
            return tuple(found) if isinstance(found, list) else found
        raise _Unknown

    def _of_module(self, dotted: str, arguments: list[Any]) -> Any:  # noqa: C901, PLR0911, PLR0912  one case for each function
        if dotted in _FINDERS and arguments:
            return self._found(arguments[0])
        if dotted in _PATH_TESTS and arguments:
            return self._path_exists(arguments[0])
        if dotted in _GETTERS_OF_SHELL:
            return _SHELL
        match dotted, arguments:
            case ("str" | "repr"), [value]:
                return self._text(value)
            case "type", [value] if value == _SHELL:
                return _SHELL_CLASS
            case "bool", [value]:
                return self._truth(value)
            case ("int" | "float"), [bool() | int() | float() | str() as value]:
                try:
                    return {"int": int, "float": float}[dotted](value)
                except (ValueError, OverflowError):
                    raise _Raises(ValueError) from None
            case ("any" | "all"), [tuple(values)]:
                return {"any": any, "all": all}[dotted](self._truth(value) for value in values)
            case ("list" | "tuple" | "set" | "sorted"), [tuple(values)]:
                return values
            case ("list" | "tuple" | "set" | "sorted"), [_Thing("os.environ" | "sys.modules") as value]:
                return value
            case ("os.environ.get" | "os.getenv"), [str(name), *default]:
                return self._variable(name, default[0] if default else None)
            case "os.environ.keys", []:
                return _Thing("os.environ")
            case "sys.modules.keys", []:
                return _Thing("sys.modules")
            case "sys.modules.get", [str(name), *default] if not self._is_loaded(name):
                return default[0] if default else None
            case ("globals" | "locals" | "dir" | "vars"), []:
                return _NAMES
            case "dir", [_Thing("builtins")]:
                return _Thing("builtins")
            case "hasattr", [_Thing("builtins"), "__IPYTHON__" | "get_ipython"]:
                return self._is_notebook
            case "hasattr", [value, "kernel"] if value == _SHELL:
                return self._is_notebook
            case "platform.system", []:
                return "Linux"
            case "os.getcwd", []:
                return _HOME
            case "os.listdir", ["/"]:
                return _ROOT_FOLDERS
            case "os.path.join", [str(), *_] if all(isinstance(each, str) for each in arguments):
                return posixpath.join(*arguments)
            case ("os.path.expanduser" | "os.path.abspath"), [str(path)] if path.startswith("/"):
                return path
            case ("pathlib.Path" | "pathlib.PurePath"), [str(path)]:
                return PurePosixPath(path)
        raise _Unknown

    def _text(self, value: Any) -> str:
        """What str() gives."""
        if value == _SHELL:
            return f"<{self._attribute(_SHELL_CLASS, '__module__')}.{self._attribute(_SHELL_CLASS, '__name__')} object at 0x7f0000000000>"
        if value == _SHELL_CLASS:
            return f"<class '{self._attribute(value, '__module__')}.{self._attribute(value, '__name__')}'>"
        if value == _Thing("os.environ"):
            return str(_VARIABLES)
        if isinstance(value, _Thing | _Method | ast.AST | tuple):
            raise _Unknown
        return str(value)

    def _bool_op(self, values: Sequence[ast.expr], known: Mapping[str, Any], depth: int, *, is_or: bool) -> Any:
        """`and` and `or`: one operand that decides is enough, whatever the others are."""
        is_certain = True
        value: Any = None
        for each in values:
            try:
                value = self._value(each, known, depth)
                if self._truth(value) == is_or:
                    return value if is_certain else is_or
            except _Unknown:
                is_certain = False
        if not is_certain:
            raise _Unknown
        return value

    def _compared(self, left: Any, operator: ast.cmpop, right: Any) -> bool:
        match operator:
            case ast.In():
                return self._contains(right, left)
            case ast.NotIn():
                return not self._contains(right, left)
            case ast.Is() | ast.Eq() | ast.IsNot() | ast.NotEq():
                things = [each for each in (left, right) if isinstance(each, _Thing | _Method | ast.AST)]
                if len(things) == 2 or (things and None not in (left, right)):  # noqa: PLR2004  both sides
                    raise _Unknown
                return (left == right) is isinstance(operator, ast.Is | ast.Eq)
            case ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE() if (
                isinstance(left, tuple | int | float) and isinstance(right, tuple | int | float)
            ):
                return _ordered(left, operator, right)
        raise _Unknown

    def _contains(self, container: Any, item: Any) -> bool:
        if isinstance(item, str):
            if isinstance(container, str):
                return item in container
            if container == _Thing("os.environ"):
                return self._variable(item, None) is not None
            if container == _Thing("sys.modules"):
                return self._is_loaded(item)
            if container in (_NAMES, _Thing("builtins")) and item in {"get_ipython", "__IPYTHON__"}:
                return self._is_notebook
            if container == _NAMES and item in self._known:
                return True
            if container == _Thing("<shell>.config"):
                return self._is_notebook and item == "IPKernelApp"
        if isinstance(container, tuple) and not any(isinstance(each, _Thing | ast.AST) for each in (*container, item)):
            return item in container
        raise _Unknown

    def _item(self, owner: Any, index: ast.expr, known: Mapping[str, Any], depth: int) -> Any:
        if isinstance(owner, tuple) and isinstance(index, ast.Slice):
            bounds = [None if each is None else self._value(each, known, depth) for each in (index.lower, index.upper)]
            if index.step is None and all(each is None or isinstance(each, int) for each in bounds):
                return tuple(owner)[bounds[0] : bounds[1]]
            raise _Unknown
        key = self._value(index, known, depth)
        if owner == _Thing("os.environ") and isinstance(key, str):
            value = self._variable(key, None)
            if value is None:
                raise _Raises(KeyError)
            return value
        if owner == _Thing("sys.modules") and isinstance(key, str) and not self._is_loaded(key):
            raise _Raises(KeyError)
        if isinstance(owner, tuple | str) and isinstance(key, int) and -len(owner) <= key < len(owner):
            return owner[key]
        raise _Unknown

    def _comprehended(
        self, node: ast.GeneratorExp | ast.ListComp | ast.SetComp, known: Mapping[str, Any], depth: int
    ) -> tuple[Any, ...]:
        match node.generators:
            case [ast.comprehension(target=ast.Name(id=name), iter=iterable, ifs=tests)]:
                found = []
                for item in self._items(self._value(iterable, known, depth)):
                    inner = {**known, name: item}
                    if all(self._truth(self._value(test, inner, depth)) for test in tests):
                        found.append(self._value(node.elt, inner, depth))
                return tuple(found)
        raise _Unknown

    def _items(self, value: Any) -> Iterator[Any]:
        if value == _Thing("os.environ"):
            value = (*_VARIABLES, *sorted(self._set_variables))
        elif value == _Thing("sys.modules"):
            value = ("builtins", "sys", "os", "re", "numpy", *(("IPython", "ipykernel") if self._is_notebook else ()))
        if not isinstance(value, tuple) or len(value) > _ITEMS:
            raise _Unknown
        return iter(value)

    def _variable(self, name: str, default: Any) -> Any:
        """An environment variable: a plain machine has few, and the code may set others."""
        if name in self._set_variables:
            raise _Unknown
        return _VARIABLES.get(name, default)

    def _is_loaded(self, module: str) -> bool:
        """Whether a module is in sys.modules."""
        if module.partition(".")[0] in {"IPython", "ipykernel"}:
            return self._is_notebook
        if module == "google" or self._is_absent(module):
            return False
        raise _Unknown

    def _found(self, module: Any) -> Any:
        """What find_spec gives."""
        if not isinstance(module, str):
            raise _Unknown
        if module == "google" or self._is_absent(module):
            return None
        if module.partition(".")[0] in {"IPython", "ipykernel"}:
            return _SPEC if self._is_notebook else None
        if "." in module:
            raise _Unknown
        return _SPEC

    def _path_exists(self, path: Any) -> bool:
        """Whether a file is there: none is where only hosted services have folders."""
        parts = PurePosixPath(path).parts if isinstance(path, str | PurePosixPath) else ()
        if parts[:1] == ("/",) and parts[1:2] and parts[1] in _HOSTED_FOLDERS:
            return False
        raise _Unknown


@dataclass(frozen=True, slots=True)
class _Method:
    """A method of a known string or path."""

    owner: str | PurePosixPath
    name: str


def _ordered(left: Any, operator: ast.cmpop, right: Any) -> bool:
    try:
        match operator:
            case ast.Lt():
                return bool(left < right)
            case ast.LtE():
                return bool(left <= right)
            case ast.Gt():
                return bool(left > right)
            case _:
                return bool(left >= right)
    except TypeError:
        raise _Unknown from None


def _exception_of(node: ast.expr | None) -> type[BaseException]:
    """The builtin exception that `raise` names."""
    name = node.func if isinstance(node, ast.Call) else node
    kind = getattr(builtins, name.id, None) if isinstance(name, ast.Name) else None
    if isinstance(kind, type) and issubclass(kind, BaseException):
        return kind
    raise _Unknown


def handler_of(node: ast.Try, kind: type[BaseException]) -> ast.ExceptHandler | None:
    """The handler that catches an exception of this class."""
    return next((each for each in node.handlers if catches(each.type, kind)), None)


def catches(expression: ast.expr | None, kind: type[BaseException]) -> bool:
    """Whether `except expression:` catches an exception of this class; without an expression it catches all."""
    if expression is None:
        return True
    named = expression.elts if isinstance(expression, ast.Tuple) else [expression]
    above = {each.__name__ for each in kind.__mro__} | ({"IOError", "EnvironmentError"} if issubclass(kind, OSError) else set())
    return any(isinstance(each, ast.Name) and each.id in above for each in named)


def gives_up(body: Sequence[ast.stmt]) -> bool:
    """Whether a handler ends in `raise` or an exit, so that the code after it counts on the `try`."""
    last = body[-1]
    if isinstance(last, ast.Raise):
        return True
    match last:
        case ast.Expr(value=ast.Call(func=ast.Name(id="exit" | "quit") | ast.Attribute(attr="exit" | "_exit"))):
            return True
    return False


def globals_changed_in(nodes: Iterable[ast.AST]) -> dict[str, frozenset[str]]:
    """Functions in these statements, by name, and the names that a call of each changes with `global`."""
    changed: dict[str, set[str]] = {}
    calls: dict[str, set[str]] = {}
    for function in (item for node in nodes for item in ast.walk(node)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            own = changed.setdefault(function.name, set())
            called = calls.setdefault(function.name, set())
            for item in ast.walk(function):
                if isinstance(item, ast.Global):
                    own.update(item.names)
                elif isinstance(item, ast.Call) and isinstance(item.func, ast.Name):
                    called.add(item.func.id)
    for _ in range(_CALLS):
        for name, called in calls.items():
            changed[name] = changed[name].union(*(changed.get(each, ()) for each in called))
    return {name: frozenset(names) for name, names in changed.items() if names}
