"""A class made of samples: right, wrong and hostile submissions, modules and notebooks, as many as asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from benchmarks.measures import SUBMISSIONS

SPEC = "eecs498_2019"

_ATTACKS = SUBMISSIONS.parent / "tests" / "attacks"
_HOSTILE = ("endless_loop", "flood_of_prints", "os_exit", "sys_exit")
"""Samples of the spec that are hostile, if not on purpose."""
_OF_ATTACKS = (
    "exit_at_once",
    "wire_forged_answer",
    "clocks_patched",
    "kill_everybody",
    "compare_torch_patched",
    "output_evil_object",
    "signals_handled",
    "frames_searched_for_answers",
    "words_of_10_megabytes",
    "main_replaced",
    "import_hooks",
    "spawn_daemon",
    "exit_by_segmentation_fault",
    "wire_garbage",
    "torch_reading_patched",
)
_OF_OTHER_COURSES = ("cs231n/one_notebook", "eecs498_2020/functions_in_notebook")
_TURN = ["right", "wrong", "right", "right", "hostile", "right", "wrong", "right", "right", "wrong"]


def make_class(folder: Path, count: int) -> None:
    """Fill a folder with so many submissions, a file or folder each; the same ones every time."""
    kinds = {"right": cycle(_samples(100.0)), "wrong": cycle(_wrong()), "hostile": cycle(_hostile())}
    folder.mkdir(parents=True)
    for number, kind in enumerate(islice(cycle(_TURN), count)):
        sources = next(kinds[kind])
        target = folder / f"{number:03d}_{kind}_{sources[0].parent.name}"
        if len(sources) == 1:
            shutil.copyfile(sources[0], target.with_name(target.name + sources[0].suffix))
            continue
        target.mkdir()
        for source in sources:
            shutil.copyfile(source, target / source.name)


def _samples(*scores: float) -> list[list[Path]]:
    """The files of this spec's samples that have one of the scores."""
    return [
        _files(path.parent)
        for path in sorted((SUBMISSIONS / SPEC).glob("*/expected.json"))
        if json.loads(path.read_text(encoding="utf-8"))["score"] in scores
    ]


def _wrong() -> Iterator[list[Path]]:
    right = _samples(100.0)
    for folder in sorted((SUBMISSIONS / SPEC).iterdir()):
        if folder.name not in _HOSTILE and _files(folder) not in right:
            yield _files(folder)
    for name in _OF_OTHER_COURSES:
        yield _files(SUBMISSIONS / name)


def _hostile() -> Iterator[list[Path]]:
    for name in _HOSTILE:
        yield _files(SUBMISSIONS / SPEC / name)
    for name in _OF_ATTACKS:
        yield [*_files(_ATTACKS / "submissions" / name), _ATTACKS / "twins" / "neighbour.py"]


def _files(folder: Path) -> list[Path]:
    return [each for each in sorted(folder.iterdir()) if each.is_file() and each.name != "expected.json"]
