"""The commands by which a cell runs, writes or imports a file: %run, %%writefile, %aimport and their spellings in Python."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grader.extract.source.ipython import PYTHON_CELL_MAGICS

_CELL_MAGIC = re.compile(r"\s*%%(\w+)[ \t]*(.*)")
_LINE_MAGIC = re.compile(r"(?:%time\s+)?%?(run|aimport)\b\s*(.*)", re.DOTALL)
_SHELLS = frozenset({"bash", "sh", "shell"})
_HERE = re.compile(r"\s*(?:cat|tee)\b(?P<before>[^<]*)<<-?\s*(['\"]?)(?P<end>\w+)\2(?P<after>.*)")
_LONGEST_COMMAND = 1_000
_RUN_OPTIONS_WITH_VALUES = frozenset("NbDlsTm")
_MODULE_CALLS = frozenset({"import_module", "__import__", "load_module", "load_source", "SourceFileLoader"})
_RUNNERS = frozenset({"exec", "execfile"})
_SUFFIXES = (".py", ".ipynb", ".ipy")


@dataclass(frozen=True, slots=True)
class Run:
    """A file that is executed.

    is_shared: in the namespace of the file that runs it, and not in one of its own whose names are copied.
    is_imported: as an import would, with another `__name__` than "__main__".
    is_exec: by exec, whose text may come from elsewhere.
    """

    path: str
    is_shared: bool
    is_imported: bool = False
    is_exec: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """A module that gets a name: by its dotted name, or by the path of its file."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that a cell writes: the text below the cell's line `line`, counted from 1, up to the line `last`."""

    path: str
    is_appended: bool
    line: int
    last: int


def python_below_magics(text: str) -> str:
    """The cell with the lines of leading cell magics whose body is Python blanked."""
    lines = text.split("\n")
    for index, line in enumerate(lines):
        match = _CELL_MAGIC.match(line)
        if match and match[1] in PYTHON_CELL_MAGICS:
            lines[index] = ""
        elif line.strip():
            break
    return "\n".join(lines)


def written_files(text: str) -> list[WrittenFile]:
    """The modules that a %%writefile cell writes, or the here-documents of a shell cell; none for any other cell."""
    start = len(text) - len(text.lstrip())
    first = text.count("\n", 0, start) + 1
    match = _CELL_MAGIC.match(text)
    if match is not None and match[1] in _SHELLS:
        return list(_here_documents(text.split("\n"), first))
    if match is None or match[1] not in {"writefile", "file"}:
        return []
    words = _words(match[2])
    paths = [word for word in words if not word.startswith("-")]
    if len(paths) != 1 or not paths[0].endswith(".py"):
        return []
    is_appended = any(word in {"-a", "--append"} for word in words)
    return [WrittenFile(paths[0], is_appended, first, text.count("\n") + 1)]


def _here_documents(lines: Sequence[str], first: int) -> Iterator[WrittenFile]:
    """`cat > tools.py << EOF` and what follows, up to EOF."""
    index = first
    while index < len(lines):
        if match := _HERE.match(lines[index][:_LONGEST_COMMAND]):
            end = next(
                (at for at in range(index + 1, len(lines)) if lines[at].strip() == match["end"]), len(lines)
            )
            words = _words(match["before"] + match["after"])
            is_appended = ">>" in match["before"] + match["after"]
            paths = [word.lstrip(">") for word in words if word.endswith(".py")]
            if len(paths) == 1:
                yield WrittenFile(paths[0], is_appended, index + 1, end)
            index = end
        index += 1


def line_magic(text: str) -> Run | list[Import] | None:
    """The file that a line magic runs, or the modules that it imports."""
    match = _LINE_MAGIC.match(text.strip().rstrip(";"))
    if match is None:
        return None
    if match[1] == "run":
        return _run_magic(match[2])
    modules = (word.strip() for word in match[2].split(","))
    return [Import(module, module.partition(".")[0]) for module in modules if _is_dotted(module)]


def command(node: ast.stmt) -> Run | list[Import] | None:
    """The same for a statement: get_ipython().run_line_magic("run", "x.py"), exec(open("x.py").read()) and the like."""
    match node:
        case ast.Expr(
            ast.Call(
                ast.Attribute(attr="run_line_magic"), [ast.Constant(str(magic)), ast.Constant(str(rest)), *_]
            )
        ):
            return line_magic(f"%{magic} {rest}")
        case ast.Expr(ast.Call(ast.Attribute(attr="magic"), [ast.Constant(str(text))])):
            return line_magic(f"%{text}")
        case ast.Expr(ast.Call(ast.Name(name)) as call) if name in _RUNNERS:
            return next((Run(path, is_shared=True, is_exec=True) for path in _paths_in(call)), None)
        case ast.With(items=items, body=[ast.Expr(ast.Call(ast.Name(name)))]) if name in _RUNNERS:
            paths = (path for item in items for path in _paths_in(item.context_expr))
            return next((Run(path, is_shared=True, is_exec=True) for path in paths), None)
        case ast.Expr(ast.Call(ast.Attribute(ast.Call(ast.Name("globals")), "update"), [ast.Call() as call])):
            found = _paths_in(call) if _last_part(call.func) == "run_path" else iter(())
            return next((Run(path, is_shared=False, is_imported=True) for path in found), None)
        case ast.Assign(targets=[ast.Name(name)], value=ast.Call() as call):
            module = _module_loaded(call)
            return None if module is None else [Import(module, name)]
    return None


def _run_magic(arguments: str) -> Run | None:
    words = _words(arguments)
    is_shared = is_imported = False
    while words and words[0].startswith("-"):
        option = words.pop(0)
        is_shared = is_shared or "i" in option
        is_imported = is_imported or "n" in option
        if option[-1] in _RUN_OPTIONS_WITH_VALUES and len(option) == 2 and words:
            value = words.pop(0)
            if option == "-m":
                return Run(value.replace(".", "/") + ".py", is_shared)
    if not words:
        return None
    path = words[0]
    return Run(path, is_shared or path.endswith((".ipynb", ".ipy")), is_imported)


def _words(arguments: str) -> list[str]:
    """The words of a command line; a Windows path has slashes."""
    text = arguments.replace("\\", "/").replace("/ ", " ")
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _paths_in(node: ast.expr) -> Iterator[str]:
    return (
        item.value
        for item in ast.walk(node)
        if isinstance(item, ast.Constant) and isinstance(item.value, str) and item.value.endswith(_SUFFIXES)
    )


def _module_loaded(call: ast.Call) -> str | None:
    """The module that import_module("a.b") and its like return: a dotted name, or a path."""
    for item in ast.walk(call):
        if not isinstance(item, ast.Call) or _last_part(item.func) not in _MODULE_CALLS:
            continue
        texts = [
            each.value for each in item.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
        ]
        paths = [text for text in texts if text.endswith(_SUFFIXES)]
        if paths:
            return paths[0]
        if texts and _is_dotted(texts[0]) and not (_last_part(item.func) == "__import__" and "." in texts[0]):
            return texts[0]
    return None


def _last_part(function: ast.expr) -> str:
    match function:
        case ast.Name(name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_dotted(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def nearest(path: str, folder: str, paths: Sequence[str]) -> str | None:
    """The submission's file that a command in a file of `folder` means by `path`, or None.

    The file at that place, else the one whose path ends in the most of the same parts: the student's own folders
    (/content/drive/..., ../shared) were not handed in. A path may lack its suffix, or have a notebook's for a module.
    """
    wanted = [part for part in path.split("/") if part not in {"", "."}]
    while ".." in wanted[1:] and wanted[0] != "..":
        at = wanted.index("..")
        del wanted[at - 1 : at + 1]
    wanted = [part for part in wanted if part != ".."]
    if not wanted:
        return None
    stem, suffix = wanted[-1], ""
    for known in _SUFFIXES:
        if wanted[-1].endswith(known):
            stem, suffix = wanted[-1].removesuffix(known), known
    here = [part for part in folder.split("/") if part]

    def rank(candidate: str) -> tuple[bool, int, int, int, str]:
        parts = candidate.split("/")
        place = [*here, *wanted[:-1]]
        alike = 0
        while alike < min(len(parts), len(wanted)) - 1 and parts[-2 - alike] == wanted[-2 - alike]:
            alike += 1
        near = 0
        while near < min(len(parts) - 1, len(here)) and parts[near] == here[near]:
            near += 1
        return (parts[:-1] != place, -alike, -near, len(parts), candidate)

    for ending in dict.fromkeys((suffix or ".py", ".py", ".ipynb")):
        found = [each for each in paths if each.rpartition("/")[2] == stem + ending]
        if found:
            return min(found, key=rank)
    return None
