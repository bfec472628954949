"""Where an imported module comes from: a file of the submission, an installed package, or nowhere."""

from __future__ import annotations

import ast
import keyword
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import PathFinder

from grader.extract.source.extracted import NOT_HANDED_IN
from grader.extract.source.parsing import Statement

SUBMISSION_PACKAGE = "submission"
"""The package of a submission's files, as the worker sets it up: relative imports count from it."""

_STUBBED = frozenset(
    {"IPython", "coutils", "eecs598", "google", "grader", "matplotlib", "mpl_toolkits", "numba", "past"}
    | {"pydrive", "pytest", "reference", "seaborn", "test_specs", "torchvision", "tqdm"}
)
"""Top-level modules that are stubs for the student's code, whether installed or not."""

_PACKAGES = _STUBBED | frozenset(
    {"PIL", "absl", "autograd", "cupy", "cv2", "cython", "dask", "einops", "fastai", "fastprogress", "future"}
    | {"gdown", "graphviz", "h5py", "imageio", "import_ipynb", "importnb", "ipdb", "ipykernel", "ipynb"}
    | {
        "ipywidgets",
        "jax",
        "joblib",
        "jupyter",
        "kaggle",
        "keras",
        "lightning",
        "marimo",
        "mnist",
        "nbformat",
    }
    | {"nbimporter", "networkx", "nltk", "onnx", "opt_einsum", "pandas", "plotly", "polars", "progressbar"}
    | {"dbutils", "kaggle_datasets", "kaggle_secrets", "kaggle_web_client"}
    | {"psutil", "pylab", "pyspark", "pytorch_lightning", "requests", "rich", "scipy", "six", "skimage"}
    | {"sklearn", "statsmodels", "sympy", "tensorboard", "tensorboardX", "tensorflow", "timm", "torchaudio"}
    | {"torchinfo", "torchmetrics", "torchsummary", "torchtext", "torchviz", "transformers", "wandb", "yaml"}
)
"""Top-level modules that are installed and not handed in, wherever they are missing."""

_IPYNB = (("ipynb", "fs", "full"), ("ipynb", "fs", "defs"))
"""The packages under which the module `ipynb` offers notebooks."""

_NEVER_SHADOWED = sys.stdlib_module_names | {"torch", "numpy"}

_SIMPLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign)


def imports_in(statement: Statement) -> Iterator[ast.Import | ast.ImportFrom]:
    """Every import in a statement, inside functions too."""
    node = statement.node
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node
    elif node is not None and not isinstance(node, _SIMPLE) and "import" in statement.source:
        yield from (item for item in ast.walk(node) if isinstance(item, ast.Import | ast.ImportFrom))


def absolute_name(module: str | None, level: int, importer: str) -> str:
    """The dotted name that `from module import ...`, with `level` dots, asks for in the file `importer`."""
    if not level:
        return module or ""
    parts = [SUBMISSION_PACKAGE, *importer.split("/")[:-1]]
    package = ".".join(parts).rsplit(".", level - 1)[0]
    return f"{package}.{module}" if module else package


class ModuleFinder:
    """Knows which dotted names mean files of the submission, and which top-level modules are installed."""

    def __init__(self, paths: Iterable[str], search_path: Sequence[str] | None = None) -> None:
        self._by_last_part: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._installed: dict[str, bool] = {}
        self._found: dict[tuple[str, str], str | None] = {}
        # Not the whole of sys.path: the judge's working folder is not on the worker's.
        self._search_path = [
            entry
            for entry in (sys.path if search_path is None else search_path)
            if entry.rstrip("/\\").endswith(("site-packages", "dist-packages"))
        ]
        self._folders: set[str] = set()
        self._notebooks: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._named: dict[str, str] = {}
        self._absent: dict[str, str] = {}
        self._main: set[str] = set()
        for path in paths:
            self._folders.update(path.split("/")[:-1])
            stem, _, suffix = path.rpartition(".")
            if suffix.lower() == "py":
                parts = tuple(stem.split("/"))
                parts = parts[:-1] if parts[-1] == "__init__" else parts
                if parts:
                    self._by_last_part.setdefault(parts[-1], []).append((parts, path))
            elif suffix.lower() == "ipynb":
                parts = tuple(stem.replace(" ", "_").split("/"))
                self._notebooks.setdefault(parts[-1], []).append((parts, path))

    def file_of(self, name: str, importer: str) -> str | None:
        """The path of the submission's file that `name` means when `importer` imports it, or None."""
        if name in self._named:
            return self._named[name]
        key = (name, importer if self._notebooks else importer.rpartition("/")[0])
        if key not in self._found:
            self._found[key] = self._find(name, importer)
        return self._found[key]

    def is_real(self, top: str) -> bool:
        """Whether a top-level module is available when functions are graded; it is not imported to find out."""
        if top in _NEVER_SHADOWED:
            return True
        if top in _STUBBED or top == SUBMISSION_PACKAGE:
            return False
        if top not in self._installed:
            try:
                spec = PathFinder.find_spec(top, self._search_path)
            except (ImportError, ValueError, OSError):
                spec = None
            self._installed[top] = spec is not None and spec.origin is not None
        return self._installed[top]

    def run_as_main(self, path: str) -> None:
        """Take note that a file runs this module, not by an import."""
        self._main.add(path)

    def is_main(self, path: str) -> bool:
        """Whether `__name__` is "__main__" in a file of the submission: in a notebook, and in a module that one runs."""
        return path.lower().endswith(".ipynb") or path in self._main

    def name_of(self, path: str) -> str:
        """A dotted name that means this file of the submission, whatever characters its path has."""
        return self._new_name(path, self._named)

    def name_absent(self, path: str) -> str:
        """A dotted name for a file that was not handed in."""
        return self._new_name(path, self._absent)

    def _new_name(self, path: str, paths: dict[str, str]) -> str:
        stem = path.removesuffix(".py").removesuffix(".ipynb")
        parts = [re.sub(r"\W", "_", part) for part in stem.split("/") if part not in {"", ".", ".."}]
        dotted = ".".join(
            [SUBMISSION_PACKAGE, *(f"_{part}" if part[:1].isdecimal() else part for part in parts)]
        )
        while keyword.iskeyword(dotted.rpartition(".")[2]) or paths.get(dotted, path) != path:
            dotted += "_"
        paths[dotted] = path
        return dotted

    def absence(self, dotted: str) -> tuple[str, str]:
        """What is missing where a module is not there, and why: ("helpers.py", "was not handed in")."""
        if dotted in self._absent:
            return self._absent[dotted].rpartition("/")[2], NOT_HANDED_IN
        parts = tuple(dotted.split("."))
        if parts[:3] in _IPYNB and len(parts) > 3:
            return f"{'/'.join(parts[3:])}.ipynb", NOT_HANDED_IN
        top, _, below = dotted.partition(".")
        if top in _PACKAGES and not self.has_folder(top):
            return top, "cannot be used here"
        path = below if top == SUBMISSION_PACKAGE and below else dotted
        return f"{path.replace('.', '/')}.py", NOT_HANDED_IN

    def _find(self, name: str, importer: str) -> str | None:
        parts = tuple(name.split("."))
        if parts[0] in _NEVER_SHADOWED:
            return None
        return self._find_module(parts, importer) or self._find_notebook(parts, importer)

    def _find_notebook(self, parts: tuple[str, ...], importer: str) -> str | None:
        """The sibling notebook that nbimporter, import_ipynb or ipynb.fs would import; its path must match in full."""
        if parts[:3] in _IPYNB or parts[0] == SUBMISSION_PACKAGE:
            parts = parts[3:] if parts[:3] in _IPYNB else parts[1:]
        elif parts[0] in _PACKAGES or parts[-1] not in self._notebooks or self.is_real(parts[0]):
            return None
        found = self._notebooks.get(parts[-1], []) if parts else []
        found = [item for item in found if item[0][-len(parts) :] == parts and item[1] != importer]
        return _nearest(found, tuple(importer.split("/")[:-1]))

    def _find_module(self, parts: tuple[str, ...], importer: str) -> str | None:
        folder = tuple(importer.split("/")[:-1])
        whole = self._ending_in(parts)
        if not whole and parts[0] == SUBMISSION_PACKAGE and len(parts) > 1:
            parts = parts[1:]
            whole = self._ending_in(parts) or self._flattened(parts, folder)
        elif not whole and parts[0] not in _STUBBED and not self.is_real(parts[0]):
            whole = self._flattened(parts, folder)
        return _nearest(whole, folder)

    def _ending_in(self, parts: tuple[str, ...]) -> list[tuple[tuple[str, ...], str]]:
        return [item for item in self._by_last_part.get(parts[-1], []) if item[0][-len(parts) :] == parts]

    def _flattened(
        self, parts: tuple[str, ...], folder: tuple[str, ...]
    ) -> list[tuple[tuple[str, ...], str]]:
        """Files submitted without their package: linear_svm.py for cs231n.classifiers.linear_svm."""
        found = self._by_last_part.get(parts[-1], [])
        return [item for item in found if parts[-len(item[0]) :] == item[0] or item[0][:-1] == folder]

    def has_folder(self, top: str) -> bool:
        """Whether a file of the submission lies in a folder of this name."""
        return top in self._folders


def _nearest(found: Sequence[tuple[tuple[str, ...], str]], folder: tuple[str, ...]) -> str | None:
    """The file that shares the most folders with the importer's; None if there is none."""

    def distance(candidate: tuple[tuple[str, ...], str]) -> tuple[int, int, str]:
        own, path = candidate
        common = 0
        while common < min(len(own) - 1, len(folder)) and own[common] == folder[common]:
            common += 1
        return (-common, len(own), path)

    return min(found, key=distance)[1] if found else None
