"""A cheat and its honest twin, graded with a shipped spec or one of their own."""

from __future__ import annotations

import importlib
import pkgutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.model.report import Report
from grader.sandbox.host import Sandbox
from grader.spec import load_spec
from tests.attacks import pairs
from tests.attacks.attack import SEED

SAMPLES = Path(__file__).parents[2] / "submissions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One cheat beside the same work done honestly: two modules that differ in what the cheat adds.

    cheat: what it tries, in a sentence. spec: a name, or the text of a spec.
    checks: those that are graded. base: a module below submissions/ that both begin with; hostile and honest
    follow, so their definitions replace the base's.
    points, honest_points: what the two have in these checks. says: what the hostile one's words must contain.
    flags: kinds of flags that the hostile report has; the honest one has none of them.
    """

    cheat: str
    spec: str
    checks: tuple[str, ...]
    hostile: str
    honest: str
    points: float
    honest_points: float
    base: str | None = None
    says: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    seed: int = SEED

    def graded(self, work: str, sandbox: Sandbox) -> Report:
        """The report on the base with that work behind it."""
        source = (
            work if self.base is None else f"{(SAMPLES / self.base).read_text(encoding='utf-8')}\n\n{work}"
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "hand_in.py")
            path.write_text(source, encoding="utf-8")
            name = self.spec
            if "\n" in name:
                name = str(Path(folder, "own.toml"))
                Path(name).write_text(self.spec, encoding="utf-8")
            settings = Settings(self.seed, only=frozenset(self.checks))
            return grade(load_submission(path), load_spec(name), sandbox, settings)


def honest_of(pair: Pair, sandbox: Sandbox) -> tuple[Report, float]:
    """The report on the honest twin, and the seconds that it took: once where several cheats have the same twin."""
    return _honest_of(replace(pair, cheat="", hostile="", points=0, says=(), flags=()), sandbox)


@cache
def _honest_of(pair: Pair, sandbox: Sandbox) -> tuple[Report, float]:
    started = time.perf_counter()
    return pair.graded(pair.honest, sandbox), time.perf_counter() - started


def points_of(report: Report) -> float:
    """The sum over the checks that were graded."""
    return sum(check.points for check in report.checks)


def all_pairs() -> Mapping[str, Pair]:
    """Those of every module in tests/attacks/pairs, by the module's name and their own."""
    found: dict[str, Pair] = {}
    for info in pkgutil.iter_modules(pairs.__path__):
        module = importlib.import_module(f"{pairs.__name__}.{info.name}")
        found |= {f"{info.name}: {name}": pair for name, pair in module.PAIRS.items()}
    return found
