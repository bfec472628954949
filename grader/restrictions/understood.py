"""The names of libraries that the grader understands; a call of any other may reach anything."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection

_TORCH_PARTS = frozenset(
    {"amp", "autograd", "backends", "cuda", "distributions", "fft", "func", "functional", "linalg", "masked"}
    | {"mps", "nested", "nn", "optim", "profiler", "random", "signal", "sparse", "special", "testing"}
    | {"utils", "version"}
)
"""Modules of torch that hold plain functions and classes."""

_OPAQUE_IN_TORCH = frozenset(
    {
        "__future__",
        "accelerator",
        "ao",
        "classes",
        "compile",
        "compiler",
        "cpu",
        "distributed",
        "export",
        "fx",
    }
    | {
        "functools",
        "glob",
        "hub",
        "jit",
        "library",
        "load",
        "monitor",
        "mtia",
        "multiprocessing",
        "onnx",
        "ops",
    }
    | {"os", "overrides", "package", "platform", "quantization", "return_types", "serialization", "storage"}
    | {"threading", "torch_version", "types", "xpu"}
)
"""Names in torch that run code given as text, find an operator by its name, or are modules of other uses."""

_INNER_MODULES = frozenset(
    {
        "autocast_mode",
        "benchmark",
        "cuda",
        "cudnn",
        "data",
        "forward_ad",
        "function",
        "functional",
        "grad_mode",
    }
    | {"graph", "init", "lr_scheduler", "mkl", "mkldnn", "modules", "mps", "openmp", "parameter", "profiler"}
    | {"random", "utils"}
)
"""Modules of torch's modules."""

_PARTS_OF_UTILS = frozenset({"data"})
_DTYPE = re.compile(r"(?:b?float|u?int|q?u?int|complex)\d+|bool|double|float|half|int|long|short|strided")
_TORCH_MODULES = frozenset(
    {"torch.autograd.forward_ad", "torch.autograd.functional", "torch.nn.functional", "torch.nn.init"}
    | {"torch.nn.modules", "torch.nn.modules.loss", "torch.nn.utils"}
)

_NUMPY_PARTS = frozenset(
    {
        "char",
        "dtypes",
        "exceptions",
        "fft",
        "linalg",
        "ma",
        "polynomial",
        "random",
        "rec",
        "strings",
        "testing",
    }
    | {"typing", "version"}
)
_OPAQUE_IN_NUMPY = frozenset({"compat", "core", "ctypeslib", "distutils", "f2py", "lib", "load", "os", "sys"})

_UNDERSTOOD_IN_TESTING = ("assert", "suppress_warnings", "testing")
"""Beginnings of names in numpy.testing; others run a text as code."""

_STANDARD = frozenset(
    {"__future__", "abc", "argparse", "array", "asyncio", "base64", "binascii", "bisect", "builtins", "bz2"}
    | {"calendar", "cmath", "codecs", "collections", "concurrent", "contextlib", "contextvars", "copy", "csv"}
    | {"dataclasses", "datetime", "decimal", "enum", "errno", "faulthandler", "fractions", "functools"}
    | {"getpass", "glob", "gzip", "hashlib", "heapq", "html", "io", "itertools", "json", "keyword", "locale"}
    | {"logging", "lzma", "math", "mimetypes", "multiprocessing", "numbers", "operator", "os", "pathlib"}
    | {"platform", "posixpath", "pprint", "queue", "random", "re", "reprlib", "resource", "secrets", "shutil"}
    | {"signal", "statistics", "string", "struct", "subprocess", "tarfile", "tempfile", "textwrap"}
    | {"threading", "time", "tkinter", "token", "traceback", "typing", "unicodedata", "urllib", "uuid"}
    | {"warnings", "weakref", "zipfile", "zlib"}
)
"""Modules of the standard library that look nothing up by name and run no text as code, some names aside."""

_OPAQUE_NAMES = frozenset(
    {"dataclasses.asdict", "dataclasses.astuple", "dataclasses.fields", "dataclasses.make_dataclass"}
    | {"functools.singledispatch", "functools.singledispatchmethod"}
    | {"logging.config", "logging.handlers", "string.Formatter", "traceback.walk_stack", "typing.ForwardRef"}
    | {"typing.evaluate_forward_ref", "typing.get_type_hints"}
)
_SOME_NAMES: dict[str, frozenset[str]] = {
    "ast": frozenset({"literal_eval"}),
    "gc": frozenset({"collect", "disable", "enable", "get_count", "isenabled"}),
    "importlib": frozenset(),
    "inspect": frozenset(
        {"Parameter", "getdoc", "getfile", "getfullargspec", "getsource", "isclass", "isfunction", "ismethod"}
        | {"signature"}
    ),
    "pickle": frozenset({"HIGHEST_PROTOCOL", "dump", "dumps"}),
    "sys": frozenset(
        {
            "argv",
            "byteorder",
            "exc_info",
            "executable",
            "exit",
            "float_info",
            "getrecursionlimit",
            "getrefcount",
        }
        | {"getsizeof", "hexversion", "implementation", "int_info", "intern", "maxsize", "path", "platform"}
        | {"setrecursionlimit", "stderr", "stdin", "stdout", "version", "version_info"}
    ),
    "timeit": frozenset({"default_timer"}),
    "types": frozenset({"FunctionType", "MappingProxyType", "MethodType", "SimpleNamespace"}),
}
"""Modules of which only these names are understood."""

_LIBRARIES = frozenset(
    {"IPython", "PIL", "cv2", "future", "google", "h5py", "imageio", "ipywidgets", "matplotlib"}
    | {"mpl_toolkits", "nose", "pandas", "past", "psutil", "pylab", "pytest", "scipy", "seaborn", "six"}
    | {"skimage", "sklearn", "torchvision", "tqdm", "typing_extensions"}
)
_OPAQUE_IN_LIBRARIES = frozenset({"pandas.eval", "pandas.read_pickle"})

_LEADING = frozenset(
    {"builtins", "ctypes", "functorch", "gc", "importlib", "inspect", "marshal", "pickle", "sys", "torch"}
    | {"types", "typing"}
)
"""Top-level modules that lead to restricted names."""

_ALSO_ELSEWHERE = _LEADING - {"types", "typing"}
"""Those that other modules imported, such as torch.nn.functional.torch and random._os.sys."""

_ALIASES = {"bltns": "builtins", "_sys": "sys", "_os": "os"}
_IMPORTED_IN_STANDARD = _ALSO_ELSEWHERE | {
    "ast",
    "copyreg",
    "dis",
    "functools",
    "linecache",
    "operator",
    "types",
}
"""Those that modules of the standard library imported."""

_FINDERS = frozenset(
    {f"builtins.{name}" for name in ("delattr", "getattr", "globals", "locals", "setattr", "vars")}
    | {"operator.attrgetter", "operator.methodcaller", "object.__getattribute__"}
)
"""Functions that find things by a name that is a value."""

_DUNDER = re.compile(r"__\w+__")
_PLAIN_DUNDERS = frozenset(
    f"__{name}__"
    for name in (
        *("abs", "add", "aenter", "aexit", "aiter", "all", "and", "anext", "annotations", "array", "author"),
        *(
            "await",
            "bool",
            "bytes",
            "call",
            "ceil",
            "class",
            "contains",
            "copy",
            "debug",
            "deepcopy",
            "delattr",
        ),
        *("delitem", "dir", "divmod", "doc", "enter", "eq", "exit", "file", "float", "floor", "floordiv"),
        *("format", "ge", "getitem", "gt", "hash", "iadd", "iand", "ifloordiv", "imatmul", "imod", "imul"),
        *(
            "index",
            "init",
            "init_subclass",
            "int",
            "invert",
            "ior",
            "ipow",
            "isub",
            "iter",
            "itruediv",
            "ixor",
        ),
        *(
            "le",
            "len",
            "length_hint",
            "lshift",
            "lt",
            "matmul",
            "missing",
            "mod",
            "module",
            "mul",
            "name",
            "ne",
        ),
        *("neg", "new", "next", "or", "package", "pos", "post_init", "pow", "qualname", "radd", "rand"),
        *(
            "rfloordiv",
            "rmatmul",
            "rmod",
            "rmul",
            "ror",
            "round",
            "rpow",
            "rshift",
            "rsub",
            "rtruediv",
            "rxor",
        ),
        *("repr", "reversed", "set_name", "setitem", "sizeof", "slots", "str", "sub", "truediv", "trunc"),
        *("version", "wrapped", "xor"),
    )
)
"""Special names that give no way to another object."""

_INTERNALS = frozenset(
    {"ag_frame", "cell_contents", "co_code", "co_consts", "cr_frame", "f_back", "f_builtins", "f_code"}
    | {"builtins", "f_globals", "f_locals", "func_globals", "gi_code", "gi_frame", "importlib", "mro"}
    | {"next_functions", "sys", "tb_frame", "tb_next"}
)
"""Attributes of the interpreter's and the engine's own objects."""


def canonical(dotted: str) -> str:
    """The name without the modules that only imported it: torch.nn.functional.torch.nn is torch.nn."""
    parts = [_ALIASES.get(part, part) for part in dotted.split(".")]
    last = max((at for at, part in enumerate(parts) if part in _ALSO_ELSEWHERE), default=0)
    if parts[0] in _STANDARD:
        last = max((at for at, part in enumerate(parts) if part in _IMPORTED_IN_STANDARD), default=last)
    return ".".join(parts[last:])


def is_leading(dotted: str) -> bool:
    """Whether the value, a module or a finder of names, leads to restricted names wherever it is handed on."""
    if dotted in _FINDERS or dotted in _LEADING or dotted in _TORCH_MODULES:
        return True
    parts = dotted.split(".")
    if parts[0] != "torch" or not parts[1:]:
        return parts[-1] == "__dict__"
    is_module = parts[1] in _TORCH_PARTS and not parts[2:]
    return is_module or (dotted.startswith("torch.nn.modules.") and not _is_class(parts[-1]))


def is_plain_library(dotted: str) -> bool:
    """Whether this is in a library whose names lead to nothing restricted, such as numpy or math."""
    top = dotted.partition(".")[0]
    return top == "numpy" or top in _LIBRARIES - {"scipy", "sklearn"} or top in _STANDARD - _LEADING


def is_understood(dotted: str, inert: Collection[str] = ()) -> bool:
    """Whether a full name means something whose calls the grader can follow. inert: modules that are not there."""
    top, *parts = dotted.split(".")
    if not parts:
        return True
    if any(is_private(part) for part in (top, *parts)) and top in {
        "numpy",
        "torch",
        *_STANDARD,
        *_SOME_NAMES,
    }:
        return False
    if top == "torch":
        return _is_understood_in_torch(parts)
    if top == "numpy":
        runs_text = parts[0] == "testing" and not parts[-1].startswith(_UNDERSTOOD_IN_TESTING)
        return parts[0] not in _OPAQUE_IN_NUMPY and not runs_text
    if top in _SOME_NAMES:
        return parts[0] in _SOME_NAMES[top]
    if top in sys.stdlib_module_names:
        return top in _STANDARD and not any(_begins(dotted, name) for name in _OPAQUE_NAMES)
    if top in inert:
        return True
    return top in _LIBRARIES and not any(_begins(dotted, name) for name in _OPAQUE_IN_LIBRARIES)


def is_private(name: str) -> bool:
    """Whether this is a library's own name: _C, not __version__."""
    return name.startswith("_") and not name.startswith("__")


def is_inside(name: str) -> bool:
    """Whether an attribute of that name leads into the interpreter: __globals__, tb_frame."""
    return name in _INTERNALS or (_DUNDER.fullmatch(name) is not None and name not in _PLAIN_DUNDERS)


def _is_understood_in_torch(parts: list[str]) -> bool:
    first, *rest = [part for part in parts if not _DUNDER.fullmatch(part)] or [""]
    if first in _OPAQUE_IN_TORCH:
        return False
    if not rest or _is_class(first) or _DTYPE.fullmatch(first):
        return True
    if first not in _TORCH_PARTS or (first == "utils" and rest[0] not in _PARTS_OF_UTILS):
        return False
    depth = next((at for at, part in enumerate(rest) if _is_class(part)), len(rest) - 1)
    return all(part in _INNER_MODULES for part in rest[:depth]) or rest[:1] == ["modules"]


def _is_class(name: str) -> bool:
    return name[:1].isupper()


def _begins(dotted: str, name: str) -> bool:
    return dotted == name or dotted.startswith(f"{name}.")


def is_keeper(base: str) -> bool:
    """Whether a class derived from this one of a library keeps its attributes under other names too, as Enum does."""
    return base.startswith(("enum.", "typing.NamedTuple", "collections.", "ctypes.", "builtins.type"))
