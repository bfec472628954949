"""Which file counts where several define the same graded name."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

from grader.extract.program import Program
from grader.extract.unwritten import is_template

_LEFTOVER_WORDS = (
    "archived?|attempts?|backups?|bak|copy|deprecated|drafts?|junk|old|older|orig|original|prev|previous|scratch"
    "|starter|temp|template|tmp|trash|unused|wip"
)
_LEFTOVER = re.compile(
    rf"(?:^|[-_ .(])(?:{_LEFTOVER_WORDS})\d*(?:$|[-_ .)])|-copy\d*$| \(\d+\)$|^copy of |^untitled\d*$|-checkpoint$",
    re.IGNORECASE,
)
"""In a part of a path, without its suffix: old/, linear_svm_backup, hw-Copy1, hw (1), Copy of hw."""


@dataclass(frozen=True, slots=True, order=True)
class _Rank:
    """What speaks against a file, the weightiest first."""

    is_unwritten: bool
    is_leftover: bool
    is_unused: bool
    """No file with graded names imports it."""
    is_elsewhere: int
    """Minus the parts of its path that agree with one of the handout's, counted from the end."""
    is_poor: int
    """Minus the graded names that it defines."""
    depth: int
    is_earlier: int
    """Minus the number of its version."""
    path: str


@dataclass(frozen=True)
class Choice:
    """Ranks the files that define a graded name. paths: the handout's files."""

    program: Program
    names: Sequence[str]
    paths: Sequence[str] = ()

    @cached_property
    def _defined(self) -> Mapping[str, frozenset[str]]:
        """By file, the graded names that it defines itself."""
        return {
            path: frozenset(name for name in self.names if self._defines(path, name))
            for path in self.program.namespaces
        }

    @cached_property
    def _imported(self) -> frozenset[str]:
        """Files that another one with graded names imports, unless that is a leftover."""
        importers: defaultdict[str, set[str]] = defaultdict(set)
        for path, space in self.program.namespaces.items():
            if self._defined[path] and not is_leftover(path):
                for number in range(space.first, space.first + len(space.statements)):
                    for each in self.program.modules_of(number):
                        importers[each.file].add(path)
        return frozenset(file for file, paths in importers.items() if paths - {file})

    def files(self, name: str) -> list[str]:
        """Files that define `name`, the one that counts first."""
        found = [path for path, defined in self._defined.items() if name in defined]
        if len(found) > 1:
            run = self._run_by_others(found, name)
            found = [path for path in found if path not in run] or found
        return found if len(found) < 2 else sorted(found, key=lambda path: self._rank(path, name))

    def _run_by_others(self, paths: Sequence[str], name: str) -> set[str]:
        """The notebooks that another of the files runs: it has their definitions of the name, and more names."""
        return {
            self.program.statements[number].unit.run_from
            for path in paths
            if not is_leftover(path)
            for number in self.program.namespaces[path].events[name]
        }

    def reason(self, name: str, path: str, other: str) -> str:
        """Why the definition in `path` counts and the one in `other` does not, as a clause."""
        one, two = self._rank(path, name), self._rank(other, name)
        decisive = next(
            each.name for each in fields(_Rank) if getattr(one, each.name) != getattr(two, each.name)
        )
        of_all = f"{len(self._defined[path])} of the {len(self.names)} graded names"
        return {
            "is_unwritten": f"the one in {other} is not written yet",
            "is_leftover": f"{other} looks like a copy or an old version",
            "is_unused": "another graded file imports it",
            "is_elsewhere": "that is where the handout has it",
            "is_poor": f"that file defines {of_all}",
            "depth": "it is in the folder further up",
            "is_earlier": "its name says that it is the later version",
        }.get(decisive, "its name comes first")

    def _rank(self, path: str, name: str) -> _Rank:
        return _Rank(
            is_unwritten=self._is_unwritten(path, name),
            is_leftover=is_leftover(path),
            is_unused=path not in self._imported,
            is_elsewhere=-max((_common_end(path, each) for each in self.paths), default=0),
            is_poor=-len(self._defined[path]),
            depth=path.count("/"),
            is_earlier=-_version(path),
            path=path,
        )

    def _is_unwritten(self, path: str, name: str) -> bool:
        number = next(self.program.events(path, name, None))
        return is_template(name, [self.program.statements[number].source])

    def _defines(self, path: str, name: str) -> bool:
        """Whether the file itself binds the name; an import counts where it gives the name to something else."""
        for number in self.program.namespaces[path].events.get(name, ()):
            node = self.program.statements[number].node
            if isinstance(node, ast.Import | ast.ImportFrom):
                if any(
                    alias.asname == name != alias.name for alias in node.names
                ) and self.program.modules_of(number):
                    return True
            elif node is not None:
                return True
        return False


def is_leftover(path: str) -> bool:
    """Whether a path looks like a copy, a draft or an old version: old/svm.py, hw-Copy1.ipynb, hw (1).ipynb."""
    *folders, name = path.split("/")
    return any(_LEFTOVER.search(part) for part in (*folders, name.rpartition(".")[0]))


def _version(path: str) -> int:
    """2 for hw_v2.py, and more than any number for hw_final.py; 0 for a name that says nothing."""
    name = path.rpartition("/")[2].rpartition(".")[0].casefold()
    match = re.search(r"(?:^|[-_ .])(?:(final)|(?:v|ver|version|rev)[-_ ]?(\d{1,4}))(?![^\W_])", name)
    return 0 if match is None else 10_000 if match[1] else int(match[2])


def _common_end(path: str, expected: str) -> int:
    """How many parts two paths have in common, from the end: 2 for hw/classifiers/a.py and cs231n/classifiers/a.py."""
    count = 0
    for own, other in zip(reversed(path.split("/")), reversed(expected.split("/")), strict=False):
        if own != other:
            break
        count += 1
    return count
