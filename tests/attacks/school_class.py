"""A class of hostile students with right ones between them, as a folder that a batch is given, and what came of it."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.batch.run import ClassResult, ClassRun
from grader.batch.store import ReportStore
from grader.execution.serial import SerialExecutor
from grader.grading.settings import Settings
from grader.intake.folder import find_entries
from grader.model.report import Report, parse_report
from grader.sandbox.host import Sandbox
from tests.attacks.attack import SEED, Attack, hand_in_twin, spec
from tests.attacks.hand_ins import HostileHandIn

BETWEEN = 5
"""After so many hostile students sits a right one."""

RIGHT_POINTS, WRONG_POINTS = 30.0, 10.0


@dataclass(frozen=True, slots=True)
class SchoolClass:
    """folder: of the class. limits: the points that each hand-in may have at most, by its name without suffix."""

    folder: Path
    limits: Mapping[str, float]

    @property
    def right(self) -> list[str]:
        """Who is no attacker."""
        return [name for name in self.limits if name.endswith("_right")]


def grade_class(folder: Path, sandbox: Sandbox, out: Path) -> ClassResult:
    """As `grader batch` does, at the isolation that it asks for."""
    run = ClassRun(spec(), Settings(seed=SEED), ReportStore(out), regrade=True)
    return run.grade(find_entries(folder), SerialExecutor(sandbox))


def make_class(folder: Path, attacks: Iterable[Attack], hand_ins: Iterable[HostileHandIn]) -> SchoolClass:
    """Every attack and hand-in in a folder, numbered in order, with right submissions between them."""
    limits: dict[str, float] = {}
    folder.mkdir()

    def seat(points: float, path: Path, kind: str) -> None:
        name = f"{len(limits):03d}_{kind}"
        path.rename(folder / (name + (path.suffix if path.is_symlink() or not path.is_dir() else "")))
        limits[name] = points

    def seat_right() -> None:
        seat(RIGHT_POINTS, hand_in_twin("right", folder / "made"), "right")

    seat_right()
    for number, attack in enumerate(attacks):
        if number % BETWEEN == BETWEEN - 1:
            seat_right()
        twins_points = WRONG_POINTS if attack.twin == "wrong" else RIGHT_POINTS
        limit = twins_points if attack.points is None else attack.points
        seat(limit, attack.hand_in(folder / "made"), attack.name)
    for hand_in in hand_ins:
        if hand_in.name.endswith(".gz"):
            continue  # its name has two suffixes
        seat(hand_in.points, hand_in.hand_in(folder / "made"), "hand_in")
    seat_right()
    shutil.rmtree(folder / "made")
    return SchoolClass(folder, limits)


def reports_in(out: Path) -> dict[str, Report]:
    """Every report on disk by its id; each must be whole."""
    return {
        path.stem: parse_report(path.read_text(encoding="utf-8"))
        for path in sorted((out / "reports").glob("*.json"))
    }


def digest_of(folder: Path) -> str:
    """Of names, kinds and contents of all that lies in a folder."""
    digest = hashlib.sha256()
    for place, folders, files, descriptor in os.fwalk(folder):  # no path is too long for it
        folders.sort()
        for name in sorted([*folders, *files]):
            status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            digest.update(os.fsencode(f"{place}/{name} {status.st_mode:o}\n"))
            if stat.S_ISREG(status.st_mode):
                with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=descriptor), "rb") as file:
                    digest.update(file.read())
    return digest.hexdigest()
