"""The effects of the calls in a statement, as far as its syntax tree and lists of known modules tell."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from grader.extract.source.parsing import Statement
from grader.extract.source.scopes import Definition, executed_with

_PURE = frozenset(
    {"torch", "numpy", "math", "cmath", "functools", "itertools", "collections", "operator", "typing", "copy"}
    | {"dataclasses", "random", "enum", "string", "re", "statistics", "decimal", "fractions", "types", "time"}
    | {"warnings", "logging", "datetime", "contextlib", "abc", "numbers", "bisect", "heapq", "textwrap"}
    | {"platform", "past", "six", "tqdm", "json", "argparse"}
)
"""Modules whose functions do no harm; the worker's stubs for past, six and tqdm work."""

_LOADERS = frozenset(
    {"torch.load", "torch.save", "torch.hub", "torch.multiprocessing", "torch.distributed", "torch.from_file"}
    | {"torch.utils.cpp_extension", "torch.jit.load", "torch.jit.save", "numpy.genfromtxt", "numpy.fromfile"}
    | {"numpy.memmap", "numpy.DataSource", "numpy.ctypeslib"}
    | {"json.load", "pickle.load", "cPickle.load", "h5py.File", "scipy.io.loadmat"}
    | {"logging.FileHandler", "logging.config", "logging.handlers"}
)
_LOADER_PREFIXES = (
    "numpy.load",
    "numpy.save",
    "torch.utils.data.",
    "torch.utils.tensorboard",
    "pandas.read_",
)
_HARMLESS = ("os.path.", "os.environ.", "sys.platform.", "sys.version.", "sys.modules.", "sys.path.")
_HARMLESS_MEMBERS = frozenset(
    {"os.getenv", "os.getcwd", "os.cpu_count", "sys.getrecursionlimit", "sys.getsizeof", "pickle.dumps"}
    | {"importlib.util.find_spec", "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath"}
)
"""Members of other modules that only ask, or change nothing outside of a confined process."""

_OF_SHELL = frozenset({"config", "kernel"})
"""Attributes of the shell that are no command."""

REACHING_BUILTINS = frozenset(
    {"open", "input", "exec", "eval", "compile", "__import__", "breakpoint", "exit", "quit", "help"}
)
SETTINGS = frozenset(
    {"torch.set_default_dtype", "torch.set_default_tensor_type", "torch.set_default_device"}
    | {"torch.set_grad_enabled", "torch.set_printoptions", "torch.set_float32_matmul_precision"}
    | {"numpy.seterr", "numpy.set_printoptions", "warnings.filterwarnings", "warnings.simplefilter"}
)
"""Functions that set up a module: a call of one at top level is needed wherever the module is."""


def member_reason(dotted: str, *, is_real: bool) -> str | None:
    """Why a member of an imported module must not be called before grading, as a clause; None where it may."""
    prefixes = {dotted[:end] for end, mark in enumerate(dotted + ".") if mark == "."}
    if dotted.startswith(_LOADER_PREFIXES) or prefixes & _LOADERS:
        return f"it loads or saves data: it calls {dotted}"
    if dotted == "time.sleep":
        return "it waits: it calls time.sleep"
    if dotted.partition(".")[0] in _PURE or dotted.startswith(_HARMLESS) or dotted in _HARMLESS_MEMBERS:
        return None
    if not is_real:
        return f"it calls {dotted}, which is not available during grading"
    return f"it accesses the system: it calls {dotted}"


def calls_in(node: ast.stmt) -> Iterator[ast.Call]:
    """Calls made when the statement is executed: in the bodies of classes, but not of functions."""
    pending: list[ast.AST] = [node]
    while pending:
        item = pending.pop()
        if isinstance(item, ast.Call):
            yield item
        pending.extend(executed_with(item))
        if isinstance(item, ast.ClassDef):
            pending.extend(item.body)


def body_calls_in(node: ast.stmt) -> list[ast.Call]:
    """Calls that a call of this function, class or lambda may make; inner functions count if it calls them."""
    calls: list[ast.Call] = []
    inner: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
    pending: list[ast.AST] = [node]
    while pending:
        item = pending.pop()
        if isinstance(item, ast.Call):
            calls.append(item)
        is_inner = item is not node and not isinstance(node, ast.ClassDef)
        if is_inner and isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
            inner.append(item)
        else:
            pending.extend(ast.iter_child_nodes(item))
    called = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
    for function in inner:
        if function.name in called:
            calls.extend(item for item in ast.walk(function) if isinstance(item, ast.Call))
    return calls


def called_attributes(function: ast.expr) -> list[str]:
    """`["nn", "init"]` for torch.nn.init; what follows a subscript does not count."""
    found = []
    while isinstance(function, ast.Attribute | ast.Subscript):
        if isinstance(function, ast.Attribute):
            found.append(function.attr)
        else:
            found.clear()
        function = function.value
    return found[::-1]


def is_callable(node: ast.stmt | None) -> bool:
    """Whether the statement defines a function or class, or gives a lambda a name."""
    return isinstance(node, Definition) or (
        isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda)
    )


def shell_queries(node: ast.AST) -> set[int]:
    """The ids of the calls of get_ipython() that only ask about the shell: it is given no command."""
    calls: set[int] = set()
    commanded: set[int] = set()
    for item in ast.walk(node):
        if isinstance(item, ast.Call) and isinstance(item.func, ast.Name) and item.func.id == "get_ipython":
            calls.add(id(item))
        elif (
            isinstance(item, ast.Attribute) and not item.attr.startswith("__") and item.attr not in _OF_SHELL
        ):
            commanded.add(id(item.value))
    return calls - commanded


def mentions_cuda(statement: Statement) -> bool:
    """Whether the statement says cuda in code or in a string; comments and docstrings do not count."""
    node = statement.node
    if node is None or "cuda" not in statement.source.lower():
        return False
    docstrings = {id(item.value) for item in ast.walk(node) if isinstance(item, ast.Expr)}
    return any(
        isinstance(text, str) and "cuda" in text.lower()
        for item in ast.walk(node)
        if id(item) not in docstrings
        for _, text in ast.iter_fields(item)
    )
