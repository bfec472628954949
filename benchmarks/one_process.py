"""The same work in one warm process, as graders without a sandbox do it: what our own costs on top of that.

Started as `python -m benchmarks.one_process SPEC`, it reads a line for each repetition and answers with the CPU seconds
that it took. The work is all that the same report needs: reading the submission and finding its functions, drawing,
calling, counting loops, judging, looking for what is restricted, and writing the report. Each check goes on by its own
rules, with real data and real times, so trainings end where they end in a submission too. Missing is what a sandbox adds:
processes, messages, limits and watching; and no call is traced, which finds what an honest source does not show.
"""

from __future__ import annotations

import importlib
import io
import linecache
import os
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.measures import SUBMISSIONS
from grader.checks import AnyCheck
from grader.checks.base.context import CheckContext
from grader.extract import extract
from grader.grading.check_result import CheckResult
from grader.grading.gate import reportable
from grader.grading.reporting import ReportDraft
from grader.grading.settings import Settings
from grader.intake.submission import SourceFile, load_submission
from grader.model.observation import (
    Instructions,
    Location,
    Observation,
    Raised,
    Received,
    Returned,
    SpyCall,
    Step,
    Value,
    Watched,
)
from grader.model.trial import (
    Argument,
    FileArgument,
    FunctionArgument,
    ResidentTensor,
    Scalar,
    Spy,
    Tensor,
    Trial,
    Watch,
)
from grader.restrictions import find_violations
from grader.sandbox.inside import __file__ as inside
from grader.sandbox.isolation import Isolation
from grader.spec import LoadedSpec, load_spec
from reference import timed_source
from reference.in_worker.saved import saved_sources
from reference.in_worker.searched import searched_source

RIGHT = {
    "eecs498_2019": SUBMISSIONS / "eecs498_2019" / "perfect_module",
    "eecs498_2020": SUBMISSIONS / "eecs498_2020" / "zip_as_handed_in",
}
"""A right submission of each spec; its code is in linear_classifier.py."""

SEED = 0
_STEPS_SEEN = 30
"""Of a watched training; a worker sends as many."""


@contextmanager
def one_process(spec: str) -> Iterator[Callable[[], float]]:
    """Give a function that does the work once more and returns its CPU seconds; the first time warms up."""
    command = [sys.executable, "-m", "benchmarks.one_process", spec]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writing, reading = process.stdin, process.stdout

        def once() -> float:
            print(file=writing, flush=True)
            answer = reading.readline()
            if not answer:
                raise RuntimeError(f"the work of {spec} in one process failed")
            return float(answer)

        try:
            yield once
        finally:
            writing.close()


def _serve(spec: str) -> None:
    import torch  # noqa: PLC0415  the judge of the other measures never does

    torch.set_num_threads(1)
    sys.path.append(
        str(Path(inside).parent)
    )  # the counter of loops, whose files import each other by bare name
    importlib.import_module("library_code").prepare()
    loaded = load_spec(spec)
    warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
    answers = sys.stdout
    with redirect_stdout(io.StringIO()):  # a trainer prints too
        for _ in sys.stdin:
            print(_grade(loaded), file=answers, flush=True)


def _grade(loaded: LoadedSpec) -> float:
    """CPU seconds of all checks of the spec, from the submission's file to the report."""
    started, now = time.process_time(), datetime.now(UTC)
    spec, settings = loaded.spec, Settings(seed=SEED)
    assignment = spec.assignment
    context = settings.context(assignment)
    submission = load_submission(RIGHT[spec.name])
    extracted = extract(submission, list(spec.functions), spec.files)
    reference = "\n".join((searched_source(), *saved_sources().values()))
    process = _Process(
        student=_module("student", _file(submission.files, "linear_classifier.py").decode()),
        reference=(
            _module("reference", timed_source(assignment.backend, assignment.convention)),
            _module("worker", reference),
        ),
        files=submission.files,
    )
    results = [_judge(check, context, process) for check in spec.checks]
    violations = find_violations(assignment, extracted, {})
    ReportDraft(
        submission=submission,
        loaded=loaded,
        extracted=extracted,
        results=[result.under(violations) for result in results],
        violations=violations,
        faults=[],
        notes=[],
        settings=settings,
        isolation=Isolation.of_tiers(0),
        started=now,
    ).report()
    return time.process_time() - started


def _judge(check: AnyCheck, context: CheckContext, process: _Process) -> CheckResult:
    evidence: list[tuple[Trial, Observation]] = []
    trials = check.trials(context)
    while trials:
        evidence += check.digest(context, [(trial, process.call(trial)) for trial in trials])
        trials = check.more_trials(context, evidence)
    verdict = reportable(check, check.judge(context, evidence))
    if verdict.status != "passed":
        raise ValueError(f"{check.id}: {verdict.message}")
    return CheckResult(check, verdict)


def _file(files: tuple[SourceFile, ...], name: str) -> bytes:
    (content,) = (each.content for each in files if each.path.rpartition("/")[2] == name)
    return content


def _module(name: str, text: str) -> ModuleType:
    module = ModuleType(name)
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    exec(compile(text, name, "exec"), vars(module))
    return module


@dataclass
class _Process:
    """Calls functions of the student's module and of the reference's, without any isolation."""

    student: ModuleType
    reference: tuple[ModuleType, ...]
    files: tuple[SourceFile, ...]
    resident: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    """By key: an array and its tensor."""
    drivers: dict[str, ModuleType] = field(default_factory=dict)
    before: list[Any] | None = None
    earlier: Any = None
    counted: list[Any] = field(default_factory=list)
    """The counts of the counted calls so far, of one function after the other."""
    counted_of: str = ""

    def call(self, trial: Trial) -> Observation:
        if not trial.is_counted:
            return self._called(trial)
        if trial.function != self.counted_of:
            self.counted, self.counted_of = [], trial.function
        try:
            with self._counting(trial) as counts:
                seen = self._called(trial)
        except Exception as error:  # a disturbed function may raise anything
            if trial.disturbed is None:
                raise
            return Raised(type(error).__name__, str(error), None, 0.0)
        if trial.disturbed is None:
            self.counted.append(counts)
        return replace(seen, instructions=_instructions(counts))

    def _counting(self, trial: Trial) -> Any:
        if trial.disturbed is None:
            return importlib.import_module("opcode_count").counting(with_calls=trial.are_calls_counted)
        return importlib.import_module("disturbing").disturbed(self.counted, trial.disturbed)

    def _called(self, trial: Trial) -> Returned:
        import torch  # noqa: PLC0415  see above

        spied: list[SpyCall] = []
        watching = None if trial.watch is None else _Watching(trial.watch)

        def given(argument: Argument) -> Any:
            if watching is not None and isinstance(argument, FunctionArgument):
                return watching.over(self._function(trial, argument.name))
            return self._argument(trial, argument, spied)

        positional = [given(each) for each in trial.positional]
        earlier = self.earlier
        if trial.is_again and self.before is not None:
            for old, new in zip(self.before, positional, strict=True):
                if isinstance(old, torch.Tensor):
                    old.copy_(new)
            positional = self.before
        keywords = {name: given(each) for name, each in trial.keywords.items()}
        target, owner = self._target(trial), None
        if trial.method is not None:
            owner = target()
            for name, value in trial.state.items():
                setattr(owner, name, self._argument(trial, value, spied))
            target = getattr(owner, trial.method)
        started = time.perf_counter()
        result = target(*positional, **keywords)
        seconds = time.perf_counter() - started
        self.before, self.earlier = positional, result
        values = result if len(trial.outputs) > 1 else (result,)
        return Returned(
            values=tuple(map(_received, values)),
            seconds=seconds,
            fetched={name: _received(getattr(owner, name)) for name in trial.fetch},
            echoes=tuple(_received(positional[each]) for each in trial.echo),
            spy_calls=tuple(spied),
            earlier=tuple(map(_received, earlier if len(trial.outputs) > 1 else (earlier,)))
            if trial.is_again
            else (),
            watched=None if watching is None else watching.seen(),
        )

    def _target(self, trial: Trial) -> Any:
        if trial.driver is None:
            return self._function(trial, trial.function)
        source = trial.driver.source
        if source not in self.drivers:
            self.drivers[source] = _module("driver", source)
        return getattr(self.drivers[source], trial.driver.name)

    def _function(self, trial: Trial, name: str) -> Any:
        if trial.runner == "student":
            return getattr(self.student, name)
        return next(getattr(module, name) for module in self.reference if hasattr(module, name))

    def _argument(self, trial: Trial, argument: Argument, spied: list[SpyCall]) -> Any:
        match argument:
            case Tensor(array=array):
                return _tensor(trial, array.copy())
            case ResidentTensor(key=key, array=array):
                if key not in self.resident or self.resident[key][0] is not array:
                    self.resident[key] = array, _tensor(trial, array)  # a worker maps it: no copy either
                return self.resident[key][1]
            case Scalar(value=value):
                return value
            case FunctionArgument(name=name):
                return self._function(trial, name)
            case FileArgument(name=name):
                return _tensor(trial, np.frombuffer(_file(self.files, name), np.uint8).copy())
            case Spy():
                return _lent(argument, spied)


def _instructions(counts: Any) -> Instructions:
    lines: Counter[Location] = Counter()
    for (name, line), amount in counts.instructions.items():
        lines[Location(name, None, line)] += amount
    return Instructions(sum(lines.values()), lines, counts.calls, is_whole=counts.is_whole)


def _tensor(trial: Trial, array: Any) -> Any:
    import torch  # noqa: PLC0415  see above

    return torch.from_numpy(array) if trial.backend == "torch" else array


def _lent(spy: Spy, spied: list[SpyCall]) -> Callable[..., Any]:
    import torch  # noqa: PLC0415  see above

    def loss(W: Any, X: Any, y: Any, reg: Any) -> Any:
        step = len(spied)
        spied.append(SpyCall(*map(_received, (W.clone(), X, y, reg))))
        return torch.tensor(spy.losses[step]), torch.from_numpy(spy.gradients[step].copy())

    return loss


class _Watching:
    """Keeps the first steps of a training and the last, as many as a worker sends."""

    def __init__(self, watch: Watch) -> None:
        self._stride = watch.stride
        self._calls = 0
        self._steps: list[tuple[Any, Any]] = []

    def over(self, loss: Callable[..., Any]) -> Callable[..., Any]:
        def watched(W: Any, X: Any, *rest: Any, **keywords: Any) -> Any:
            self._calls += 1
            if len(self._steps) == _STEPS_SEEN:
                self._steps.pop()
            rows = X[:, :: self._stride].numpy().astype(np.float32)
            self._steps.append((W.detach().numpy().astype(np.float32), rows))
            return loss(W, X, *rest, **keywords)

        return watched

    def seen(self) -> Watched:
        """Each W is the one after the step before it; after the last comes the training's result."""
        afters = [W for W, _ in self._steps[1 : _STEPS_SEEN - 1]]
        steps = [Step(W, after, (rows,)) for (W, rows), after in zip(self._steps, afters, strict=False)]
        W, rows = self._steps[-1]
        return Watched(self._calls, (*steps, Step(W, None, (rows,))))


def _received(value: Any) -> Value:
    import torch  # noqa: PLC0415  see above

    if isinstance(value, torch.Tensor):
        kept = value.detach()
        array = (kept.float() if kept.dtype == torch.bfloat16 else kept).numpy()
        return Received(array.copy(), str(value.dtype).removeprefix("torch."))
    if isinstance(value, np.ndarray):
        return Received(value.copy(), str(value.dtype))
    return Received(np.asarray(value, np.float64), "float")


if __name__ == "__main__":
    _serve(sys.argv[1])
