"""The hostile submissions: what each tries, what stands against it, and what it must not gain."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from grader.errors import SubmissionError
from grader.grading.grade import grade
from grader.grading.reporting import report_without_code
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.model.report import Report
from grader.sandbox.host import Sandbox
from grader.sandbox.watch import GREATEST_FILES
from grader.spec import LoadedSpec, load_spec

HERE = Path(__file__).parent
SUBMISSIONS = HERE / "submissions"
TWINS = HERE / "twins"

MARK = "left_by_attack"
"""Begins every name that an attack gives to what it tries to leave outside its folder."""

SEED = 20_260_101

Twin = Literal["wrong", "right"]


@dataclass(frozen=True, slots=True)
class Attack:
    """One hostile submission: a folder with its files and an expected.json that holds the rest.

    cheat, defence: a sentence each. twin: the same function without the cheat; its points are all that can be had.
    points: the same as a number, for what is right in some calls and wrong in others.
    says: what the words of the report must contain. call_seconds: the limit of one call that it is graded with.
    files: how many it may make; fewer where another attack meets the limit of all, which takes seconds for each check.
    """

    name: str
    cheat: str
    defence: str
    twin: Twin = "wrong"
    points: float | None = None
    says: tuple[str, ...] = ()
    call_seconds: float = 1.0
    files: int = GREATEST_FILES

    @property
    def folder(self) -> Path:
        """Where its files are."""
        return SUBMISSIONS / self.name

    def hand_in(self, folder: Path) -> Path:
        """A copy of its files, with the right function beside them; the path of what was handed in."""
        return _with_neighbour(self.folder, folder / self.name)


def _read(path: Path) -> Attack:
    fields = json.loads(path.read_text(encoding="utf-8"))
    return Attack(path.parent.name, **{**fields, "says": tuple(fields.get("says", ()))})


ATTACKS = tuple(_read(path) for path in sorted(SUBMISSIONS.glob("*/expected.json")))


def _with_neighbour(source: Path, target: Path) -> Path:
    target.mkdir(parents=True)
    for file in [*source.glob("*"), TWINS / "neighbour.py"]:
        shutil.copyfile(file, target / file.name)
    return target


@cache
def spec(call_seconds: float = 1.0) -> LoadedSpec:
    """What they are graded with."""
    loaded = load_spec(str(HERE / "attacks.toml"))
    limits = loaded.spec.limits.model_copy(update={"call_seconds": call_seconds})
    return replace(loaded, spec=loaded.spec.model_copy(update={"limits": limits}))


def hand_in_twin(twin: Twin, folder: Path) -> Path:
    """A folder with the honest twin and the right function beside it."""
    target = folder / f"twin_{twin}"
    target.mkdir(parents=True)
    for name in (f"{twin}.py", "neighbour.py"):
        shutil.copyfile(TWINS / name, target / name)
    return target


def graded(path: Path, sandbox: Sandbox, loaded: LoadedSpec) -> Report:
    """The report that a batch would write for what lies at the path."""
    settings = Settings(seed=SEED)
    try:
        return grade(load_submission(path), loaded, sandbox, settings)
    except SubmissionError as error:
        return report_without_code(path.name, "unreadable", str(error), loaded, settings, sandbox.isolation)


def words_of(report: Report) -> str:
    """Everything that a report says in sentences."""
    said = [check.message for check in report.checks]
    said += [note for function in report.functions.values() for note in function.notes]
    said += [diagnosis.message for function in report.functions.values() for diagnosis in function.diagnosis]
    return "\n".join([*said, *(each.message for each in report.flags)])
