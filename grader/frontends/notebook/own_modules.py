"""The student's own files beside a notebook: the modules it imports, runs and writes, as they are on disk now."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grader import formatting
from grader.errors import SubmissionError
from grader.extract.source.file_magics import Run, line_magic, written_files
from grader.frontends.notebook.executed import NOTEBOOK
from grader.frontends.notebook.kernel import OURS
from grader.frontends.notebook.snapshot import Snapshot, is_found
from grader.intake.archive import FILE_COUNT, SAVED_BYTES, is_saved
from grader.intake.notebook import read_notebook
from grader.intake.submission import SourceFile, decode_source, load_submission

_FROM = re.compile(r"^\s*(?:>>>\s*)?from\s+(\.*)([\w.]*)\s+import\s+(\([^)]*\)|[^#;\n]+)", re.MULTILINE)
_IMPORT = re.compile(r"^\s*(?:>>>\s*)?import\s+([^#;\n]+)", re.MULTILINE)
_OPENED = re.compile(r"""\bopen\(\s*["']([^"'\n]+\.py)["']""")
_NAME = re.compile(r"[\w.]+")


def own_files(snapshot: Snapshot, cells: Sequence[str]) -> tuple[tuple[SourceFile, ...], tuple[str, ...]]:
    """The files, by their paths below the folders they were found in, and notes on those that could not be read."""
    found = _Files([Path(folder) for folder in snapshot.folders], Path(snapshot.folder))
    for module in snapshot.modules:
        found.add(Path(module))
    for text in cells:
        for each in written_files(text):
            found.add(found.here / each.path)
        found.follow(text, found.here)
    return tuple(found.files[path] for path in sorted(found.files)), tuple(found.notes)


def without_writes(cells: Sequence[str], files: Iterable[SourceFile]) -> tuple[str, ...]:
    """The cells, but for those that write files that were read from disk: a later edit of the file counts."""
    read = {file.path for file in files}
    return tuple(
        ""
        if (written := written_files(text)) and all(_is_read(each.path, read) for each in written)
        else text
        for text in cells
    )


def saved_files(snapshot: Snapshot, names: Iterable[str]) -> Iterator[SourceFile]:
    """The files of saved weights that the assignment asks for, from the first of the student's folders that has them."""
    folders = dict.fromkeys((snapshot.folder, *snapshot.folders))
    for name in sorted(filter(is_saved, names)):
        for path in (Path(folder, name) for folder in folders):
            with contextlib.suppress(OSError):  # there is none, or it cannot be read
                if path.is_file() and path.stat().st_size <= SAVED_BYTES:
                    yield SourceFile(formatting.printable(name), path.read_bytes())
                    break


def _is_read(path: str, read: set[str]) -> bool:
    return any(
        each == path or each.endswith(f"/{path.rpartition('/')[2]}") or path.endswith(f"/{each}")
        for each in read
    )


@dataclass(eq=False)
class _Files:
    folders: Sequence[Path]
    here: Path
    files: dict[str, SourceFile] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _seen: set[Path] = field(default_factory=set)

    def add(self, path: Path) -> bool:
        """Read a file and what it imports; False if it is not there."""
        try:
            place = path.resolve()
            if place in self._seen:
                return True
            if not is_found(place.is_file) or len(self.files) >= FILE_COUNT:
                return False
            self._seen.add(place)
            (file,) = load_submission(place).files
        except (OSError, ValueError, RuntimeError, SubmissionError) as error:
            self.notes.append(formatting.printable(f"{path.name} could not be read: {error}"))
            return False
        name = self._name_of(path)
        if name in self.files or name == NOTEBOOK:
            return True
        self.files[name] = SourceFile(name, file.content)
        if name.endswith(".ipynb"):
            try:
                texts = [cell.source for cell in read_notebook(file.content, name)]
            except SubmissionError:
                texts = []  # grading says so
        else:
            texts = [decode_source(file.content)]
        for text in texts:
            self.follow(text, path.parent)
        return True

    def _name_of(self, path: Path) -> str:
        """Its path below the innermost of the folders; its name if it is below none."""
        below = [path.relative_to(each).as_posix() for each in self.folders if path.is_relative_to(each)]
        return formatting.printable(min(below, key=len, default=path.name))

    def follow(self, text: str, folder: Path) -> None:
        """Read what a text of this folder imports or runs."""
        for match in _FROM.finditer(text):
            dots, module, names = match.groups()
            base = [module] if module else []
            within = [".".join([*base, name]) for name in _NAME.findall(names.replace(" as ", ","))]
            roots = [folder.joinpath(*[".."] * (len(dots) - 1))] if dots else self.folders
            self._find([*base, *within], [folder, *roots] if not dots else roots)
        for match in _IMPORT.finditer(text):
            names = [part.split(" as ")[0].strip() for part in match[1].split(",")]
            self._find(names, [folder, *self.folders])
        for line in text.split("\n") if "run" in text or "%aimport" in text else ():
            asked = line_magic(line) if line.lstrip().startswith(("%", "run ")) else None
            if isinstance(asked, Run):
                self._run(asked.path, folder)
            elif asked is not None:
                self._find([each.module for each in asked], [folder, *self.folders])
        for match in _OPENED.finditer(text):
            self._run(match[1], folder)

    def _run(self, path: str, folder: Path) -> None:
        for name in (path, f"{path}.py"):
            if any(self.add(Path(base, name)) for base in (self.here, folder)):
                return

    def _find(self, names: Iterable[str], roots: Sequence[Path]) -> None:
        for name in dict.fromkeys(names):
            parts = name.split(".")
            if not all(part.isidentifier() for part in parts) or parts[0] in OURS:
                continue
            for root in roots:
                place = root.joinpath(*parts)
                if not any(map(is_found, ((root / parts[0]).is_dir, (root / f"{parts[0]}.py").is_file))):
                    continue
                packages = (root.joinpath(*parts[:at], "__init__.py") for at in range(1, len(parts)))
                for each in (*packages, place / "__init__.py", place.with_name(f"{parts[-1]}.py")):
                    if is_found(each.is_file):
                        self.add(each)
                break
