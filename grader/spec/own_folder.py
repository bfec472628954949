"""A spec's own folder, looked at before anybody is graded: its questions work, and students' code cannot read it."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterable, Iterator
from pathlib import Path

from grader.errors import SpecError
from grader.spec.own_questions import QUESTIONS_FILE, shown
from grader.spec.question_trial import try_question
from reference.conventions import Convention
from reference.questions.question_set import QuestionSet

_SYSTEM_ROOTS = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/nix/store")
"""Folders of the system's libraries lie below these, and no instructor's own folder need."""


def require_sound(folder: Path, files: Iterable[str], questions: QuestionSet, convention: Convention) -> None:
    """SpecError if a question fails where it is tried, or if a worker may read one of the files."""
    for name in files:
        require_out_of_reach(folder / name)
    for question in questions.questions.values():
        try_question(question, folder / QUESTIONS_FILE, convention)


def require_out_of_reach(file: Path) -> None:
    """SpecError if the file lies where Python's own files are: a worker may read those, and it must not read answers."""
    place = os.path.realpath(file)
    for root in _readable_folders():
        if Path(place).is_relative_to(root):
            raise SpecError(
                f"{shown(file)}: students' code could read this file, because it may read {root}; move the folder to another"
                " place, such as your home folder"
            )


def _readable_folders() -> Iterator[str]:
    """The folders that grader.sandbox.inside.confinement lets a worker read."""
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        yield os.path.realpath(sysconfig.get_path(name))
    yield from map(os.path.realpath, _SYSTEM_ROOTS)
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for path in sorted({line[line.index("/") :] for line in lines if "/" in line}):
        folder = os.path.dirname(path)  # noqa: PTH120  text in, text out
        if folder.startswith(("/usr/", "/opt/")):  # of a library elsewhere a worker may read the file alone
            yield os.path.realpath(folder)
