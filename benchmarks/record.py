"""What a run of the benchmarks leaves behind: the machine, its load, and each measure with its repetitions."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

RESULTS = Path(__file__).with_name("results")

IDLE_LOAD = 0.5
"""The load average of a minute, up to which a machine counts as idle when a run begins."""

Unit = Literal["s", "CPU s", "MiB", "x", "runs", "rounds", "/min"]
"""x: a ratio of two things measured in turn within one run."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Measure(_Model):
    """One thing measured, a few times over."""

    name: str = Field(description="The benchmark's, a colon, and what was measured; unique within a run.")
    what: str = Field(description="A sentence.")
    unit: Unit
    better: Literal["lower", "higher"] = "lower"
    goal: float | None = Field(default=None, description="The worst median that we want to see.")
    n: int = Field(ge=1, description="How many repetitions the median is of.")
    median: float
    values: tuple[float, ...] = Field(description="The repetitions; none where a run kept only the median.")

    @model_validator(mode="after")
    def _values_are_the_repetitions(self) -> Self:
        if self.values and len(self.values) != self.n:
            raise ValueError(f"{self.name}: n is {self.n}, but there are {len(self.values)} values")
        return self

    @classmethod
    def of(
        cls,
        name: str,
        what: str,
        unit: Unit,
        values: list[float],
        *,
        better: Literal["lower", "higher"] = "lower",
        goal: float | None = None,
    ) -> Self:
        """From the repetitions, to four digits."""
        rounded = tuple(float(f"{value:.4g}") for value in values)
        middle = float(f"{median(values):.4g}")
        return cls(
            name=name,
            what=what,
            unit=unit,
            better=better,
            goal=goal,
            n=len(rounded),
            median=middle,
            values=rounded,
        )

    @property
    def misses_goal(self) -> bool:
        if self.goal is None:
            return False
        return self.median > self.goal if self.better == "lower" else self.median < self.goal


class Machine(_Model):
    """Where a run took place, and with which versions."""

    processor: str
    cores: int
    gpu: str | None = None
    gpu_isolation_missing: tuple[str, ...] = ()
    system: str
    python: str
    torch: str
    numpy: str | None = None
    grader: str
    commit: str | None = Field(default=None, description="Of the repository.")
    has_changes: bool = Field(default=False, description="Whether files differed from that commit.")

    @property
    def words(self) -> str:
        return ", ".join([self.processor, f"{self.cores} cores", *([] if self.gpu is None else [self.gpu])])

    def is_like(self, other: Machine) -> bool:
        """Whether times of the two can be compared."""
        return self.words == other.words


class Load(_Model):
    """The load average of a minute when the run began, and when it was over."""

    before: float
    after: float


class Run(_Model):
    """One run. `results/` keeps those of all benchmarks with all repetitions."""

    measured_at: datetime
    seconds: float | None = Field(default=None, description="The run took.")
    is_quick: bool = False
    machine: Machine
    load: Load | None = None
    measures: tuple[Measure, ...]

    @property
    def was_idle(self) -> bool | None:
        """Whether nothing else kept the machine busy at the start; None where nobody looked."""
        return None if self.load is None else self.load.before <= IDLE_LOAD

    def by_name(self) -> dict[str, Measure]:
        return {measure.name: measure for measure in self.measures}

    def to_json(self) -> str:
        """Each measure on a line of its own; `was_idle` is written for the reader."""
        head = self.model_dump(mode="json", exclude={"measures"}) | {"was_idle": self.was_idle}
        lines = [f"    {json.dumps(each.model_dump(mode='json'))}" for each in self.measures]
        rows = ",\n".join(lines)
        return json.dumps(head, indent=2).removesuffix("\n}") + f',\n  "measures": [\n{rows}\n  ]\n}}\n'

    @classmethod
    def from_json(cls, text: str) -> Self:
        fields = json.loads(text)
        fields.pop("was_idle", None)
        return cls.model_validate(fields)


def keep(run: Run, folder: Path = RESULTS) -> Path:
    """Write the run to a file named after its second. FileExistsError rather than losing another run."""
    path = folder / f"{run.measured_at:%Y-%m-%dT%H-%M-%SZ}.json"
    with path.open("x", encoding="utf-8") as file:
        file.write(run.to_json())
    return path


def last_committed(folder: Path = RESULTS) -> Run | None:
    """The newest run in the last commit; of all in the folder where there is no repository."""
    runs = [Run.from_json(text) for text in _committed(folder)]
    return max(runs, key=lambda run: run.measured_at, default=None)


def _committed(folder: Path) -> Iterator[str]:
    names = git("ls-tree", "--name-only", "HEAD", "./", folder=folder)
    if names is None:
        yield from (path.read_text(encoding="utf-8") for path in folder.glob("*.json"))
        return
    for name in names.splitlines():
        text = git("show", f"HEAD:./{name}", folder=folder) if name.endswith(".json") else None
        if text is not None:
            yield text


def git(*words: str, folder: Path) -> str | None:
    """What git prints; None where there is no repository, or no git."""
    try:
        done = subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout
