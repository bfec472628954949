"""All checks but those that train, time or count: CPU seconds of one right submission, and of its bare calls alone.

Started as `python -m benchmarks.battery N`, prints the CPU seconds of the bare calls as JSON: a process of its own,
since the judge of the other measures never imports torch.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from benchmarks.classes import SETTLING_SECONDS, cpu_seconds
from benchmarks.measures import SAMPLE, ratios
from benchmarks.record import Measure
from grader.checks import KINDS, AnyCheck, is_slow
from grader.checks.base.context import CheckContext
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.model.trial import Argument, Device, ResidentTensor, Scalar, Tensor
from grader.sandbox.host import Sandbox
from grader.spec import LoadedSpec, load_spec

_TRAINING = set(filter(is_slow, KINDS)) | {"training", "sampling", "classifier", "initial_loss"}


def _checks_without_training(loaded: LoadedSpec) -> list[AnyCheck]:
    return [check for check in loaded.spec.checks if check.kind not in _TRAINING]


def battery(repetitions: int) -> Iterator[Measure]:
    with Sandbox() as sandbox:
        own = graded(sandbox, repetitions)
    calls = bare(repetitions)
    yield Measure.of("battery: graded", "Judge, zygote and workers, another seed each time.", "CPU s", own)
    yield Measure.of("battery: bare calls", "The same calls in one process.", "CPU s", calls)
    what = "What a check costs beside its calls."
    yield Measure.of("battery: over its calls", what, "x", ratios(own, calls))


def graded(sandbox: Sandbox, repetitions: int, *, device: Device = "cpu") -> list[float]:
    """CPU seconds of judge, zygote and workers together."""
    loaded, submission = load_spec("eecs498_2019"), load_submission(SAMPLE)
    only = frozenset(check.id for check in _checks_without_training(loaded))
    seconds = []
    for seed in range(repetitions + 1):
        before = cpu_seconds()
        report = grade(submission, loaded, sandbox, Settings(seed=seed, device=device, only=only))
        time.sleep(SETTLING_SECONDS)
        seconds.append(cpu_seconds() - before)
        if any(check.status == "failed" for check in report.checks):
            raise ValueError("the right module did not pass")
    return seconds[1:]


def bare(repetitions: int) -> list[float]:
    """CPU seconds of the same calls of the same functions, made in a process that has imported torch."""
    command = [sys.executable, "-m", "benchmarks.battery", str(repetitions)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds: list[float] = json.loads(printed)
    return seconds


def _call_all(repetitions: int) -> list[float]:
    import torch  # noqa: PLC0415  the judge of the other measures never does

    torch.set_num_threads(1)
    loaded, module = load_spec("eecs498_2019"), _sample_module()
    seconds = []
    for seed in range(repetitions + 1):
        calls = [
            (getattr(module, trial.function), [_argument(each) for each in trial.positional])
            for check in _checks_without_training(loaded)
            for trial in check.trials(CheckContext(loaded.spec.assignment, seed))
        ]
        started = time.process_time()
        for function, arguments in calls:
            function(*arguments)
        seconds.append(time.process_time() - started)
    return seconds[1:]


def _argument(argument: Argument) -> Any:
    import torch  # noqa: PLC0415  the judge of the other measures never does

    if isinstance(argument, Tensor | ResidentTensor):
        return torch.from_numpy(argument.array.copy())
    if isinstance(argument, Scalar):
        return argument.value
    raise TypeError(f"no check without training passes a {type(argument).__name__}")


def _sample_module() -> ModuleType:
    (path,) = SAMPLE.glob("*.py")
    spec = importlib.util.spec_from_file_location("sample", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print(json.dumps(_call_all(int(sys.argv[1]))))
