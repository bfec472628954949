"""The same checks in one warm process, as graders without a sandbox run them: what our own costs on top of that.

Started as `python -m benchmarks.one_process`, prints CPU seconds as JSON. Left out of both sides: the checks that count
instructions, time calls or watch a training, which need a worker.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.battery import cpu_seconds, sample_module
from benchmarks.measures import SAMPLE
from grader.checks import AnyCheck
from grader.checks.base.context import CheckContext
from grader.data import standin_data
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.model.observation import Observation, Received, Returned, SpyCall, Value
from grader.model.trial import Argument, FunctionArgument, ResidentTensor, Scalar, Spy, Tensor, Trial
from grader.sandbox.host import Sandbox
from grader.spec import LoadedSpec, load_spec

REPETITIONS = 5
_LEFT_OUT = frozenset({"accuracy", "loops", "speedup"})
_SETTLING_SECONDS = 0.3


def _checks(loaded: LoadedSpec) -> list[AnyCheck]:
    return [check for check in loaded.spec.checks if check.kind not in _LEFT_OUT]


def graded(sandbox: Sandbox, repetitions: int = REPETITIONS) -> list[float]:
    """CPU seconds of judge, zygote and workers for one right submission, from its file to its report."""
    loaded = load_spec("eecs498_2019")
    only = frozenset(check.id for check in _checks(loaded))
    seconds = []
    for seed in range(repetitions + 1):
        before = cpu_seconds()
        report = grade(load_submission(SAMPLE), loaded, sandbox, Settings(seed=seed, only=only))
        time.sleep(_SETTLING_SECONDS)
        seconds.append(cpu_seconds() - before)
        if any(check.status == "failed" for check in report.checks):
            raise ValueError("the right module did not pass")
    return seconds[1:]


def in_one_process(repetitions: int = REPETITIONS) -> list[float]:
    """CPU seconds of the same checks, drawing, calling and judging in a process that has imported torch."""
    command = [sys.executable, "-m", "benchmarks.one_process", str(repetitions)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds: list[float] = json.loads(printed.splitlines()[-1])  # a trainer prints too
    return seconds


def _run_all(repetitions: int) -> list[float]:
    import torch  # noqa: PLC0415  the judge of the other measures never does

    torch.set_num_threads(1)
    loaded, module = load_spec("eecs498_2019"), sample_module()
    assignment = loaded.spec.assignment
    seconds = []
    for seed in range(repetitions + 1):
        started = time.process_time()
        for check in _checks(loaded):
            evidence: list[tuple[Trial, Observation]] = []
            trials = check.trials(CheckContext(assignment, seed, data=standin_data()))
            while trials:
                evidence += [(trial, _Call(module, evidence).make(trial)) for trial in trials]
                trials = check.more_trials(CheckContext(assignment, seed, data=standin_data()), evidence)
            verdict = check.judge(CheckContext(assignment, 0, data=standin_data()), evidence)
            if verdict.status != "passed":
                raise ValueError(f"{check.id}: {verdict.message}")
        seconds.append(time.process_time() - started)
    return seconds[1:]


class _Call:
    """Makes one call with tensors, and reads what came back."""

    before: list[Any] | None = None
    earlier: Any = None

    def __init__(self, module: ModuleType, evidence: list[tuple[Trial, Observation]]) -> None:
        self._module = module
        self._is_first = not evidence

    def make(self, trial: Trial) -> Returned:
        import torch  # noqa: PLC0415  see above

        spied: list[SpyCall] = []
        positional = [self._argument(each, spied) for each in trial.positional]
        earlier = _Call.earlier
        if trial.is_again and _Call.before is not None:
            for old, new in zip(_Call.before, positional, strict=True):
                if isinstance(old, torch.Tensor):
                    old.copy_(new)
            positional = _Call.before
        keywords = {name: self._argument(each, spied) for name, each in trial.keywords.items()}
        target = getattr(self._module, trial.function)
        owner = None
        if trial.method is not None:
            owner = target()
            for name, value in trial.state.items():
                setattr(owner, name, self._argument(value, spied))
            target = getattr(owner, trial.method)
        result = target(*positional, **keywords)
        _Call.before, _Call.earlier = positional, result
        values = result if len(trial.outputs) > 1 else (result,)
        return Returned(
            values=tuple(map(_received, values)),
            seconds=0.0,
            fetched={name: _received(getattr(owner, name)) for name in trial.fetch},
            echoes=tuple(_received(positional[each]) for each in trial.echo),
            spy_calls=tuple(spied),
            earlier=tuple(map(_received, earlier if len(trial.outputs) > 1 else (earlier,)))
            if trial.is_again
            else (),
        )

    def _argument(self, argument: Argument, spied: list[SpyCall]) -> Any:
        import torch  # noqa: PLC0415  see above

        match argument:
            case Tensor(array=array):
                return torch.from_numpy(array.copy())
            case ResidentTensor(array=array):
                return torch.from_numpy(array if array.flags.writeable else array.copy())
            case Scalar(value=value):
                return value
            case FunctionArgument(name=name):
                return getattr(self._module, name)
            case Spy():
                return _lent(argument, spied)


def _lent(spy: Spy, spied: list[SpyCall]) -> Callable[..., Any]:
    import torch  # noqa: PLC0415  see above

    def loss(W: Any, X: Any, y: Any, reg: Any) -> Any:
        step = len(spied)
        spied.append(SpyCall(*map(_received, (W.clone(), X, y, reg))))
        return torch.tensor(spy.losses[step]), torch.from_numpy(spy.gradients[step].copy())

    return loss


def _received(value: Any) -> Value:
    import torch  # noqa: PLC0415  see above

    if isinstance(value, torch.Tensor):
        array = value.detach().numpy()
        return Received(array.copy(), str(array.dtype))
    return Received(np.asarray(value, np.float64), "float")


if __name__ == "__main__":
    print(json.dumps(_run_all(int(sys.argv[1]))))
