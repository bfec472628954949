"""How repeatable the speed check is: the same honest submission measured again and again."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from statistics import median, stdev

from benchmarks.measures import SAMPLE
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.model.trial import Device
from grader.sandbox.host import Sandbox
from grader.spec import LoadedSpec, load_spec

RUNS = 20

_CHECK = """
name = "speed"
title = "Speed"
[functions]
svm_loss_naive = { role = "loss", classifier = "svm", style = "naive" }
svm_loss_vectorized = { role = "loss", classifier = "svm", style = "vectorized" }
[[checks]]
id = "speed"
kind = "speedup"
title = "svm: speed"
naive = "svm_loss_naive"
vectorized = "svm_loss_vectorized"
points = 3
"""


@dataclass(frozen=True, slots=True)
class Stability:
    """One entry for each run."""

    speedups: list[float]
    half_widths: list[float]
    slowdowns: list[float]
    rounds: list[float]
    points: list[float]
    seconds: list[float]

    @property
    def spread(self) -> float:
        """Standard deviation of the speedups over their median."""
        return stdev(self.speedups) / median(self.speedups)

    @property
    def ratios(self) -> dict[str, float]:
        """What is no time: medians, and how many runs gave full points."""
        return {
            "speedup_spread": self.spread,
            "speedup_half_width": median(self.half_widths),
            "speedup_slowdown": median(self.slowdowns),
            "speedup_rounds": median(self.rounds),
            "speedup_runs_with_full_points": float(sum(points == 3 for points in self.points)),
        }


def stability(sandbox: Sandbox, runs: int = RUNS, *, device: Device = "cpu") -> Stability:
    """The speed check on the sample, with another seed each time."""
    loaded, submission = _spec(), load_submission(SAMPLE)
    found = Stability([], [], [], [], [], [])
    for seed in range(runs):
        (part,) = grade(submission, loaded, sandbox, Settings(seed=seed, device=device)).checks
        measured = part.measured
        width = sqrt(measured["speedup_high"] / measured["speedup_low"]) - 1
        found.speedups.append(measured["speedup"])
        found.half_widths.append(width)
        found.slowdowns.append(measured["slowdown"])
        found.rounds.append(measured["rounds"])
        found.points.append(part.points)
        found.seconds.append(part.seconds)
    return found


def _spec() -> LoadedSpec:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "speed.toml")
        path.write_text(_CHECK, encoding="utf-8")
        return load_spec(str(path))


if __name__ == "__main__":
    with Sandbox() as made:
        seen = stability(made)
    rows = zip(
        seen.speedups, seen.half_widths, seen.slowdowns, seen.rounds, seen.points, seen.seconds, strict=True
    )
    for speedup, width, slowdown, rounds, points, seconds in rows:
        print(
            f"speedup {speedup:6.1f} +-{width:4.0%}  slowdown {slowdown:.2f}  {rounds:.0f} rounds"
            f"  {points:g} points  {seconds:.2f} s"
        )
    print({name: round(value, 3) for name, value in seen.ratios.items()}, f"{median(seen.seconds):.2f} s")
