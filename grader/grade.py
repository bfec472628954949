"""One submission, from extraction to report. The one place that turns the grader's own faults into errored checks."""

from __future__ import annotations

import logging
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Literal, TypeVar

from grader import __version__, formatting
from grader.assignment import Assignment
from grader.checks import AnyCheck
from grader.checks.call import sentence
from grader.errors import SubmissionError
from grader.extract import Extracted, extract
from grader.forbidden import (
    Ruling,
    findings_of,
    operator_trial,
    rulings_on,
    traced_functions,
    verdict_under,
)
from grader.observation import Observation, Returned
from grader.report import (
    AssignmentPart,
    CheckPart,
    DiagnosisPart,
    EnvironmentPart,
    FilePart,
    FunctionPart,
    FunctionStatus,
    IntegrityPart,
    Report,
    SubmissionPart,
    WherePart,
)
from grader.sandbox.host import Budget, Sandbox, Session
from grader.sandbox.isolation import Isolation
from grader.spec import LoadedSpec, Spec
from grader.submission import Submission
from grader.trial import Trial
from grader.verdict import Finding, Verdict

Runner = Callable[[Trial], Observation]
Progress = Callable[[int, int, str], None]
"""Called before each check with its number from 0, how many there are, and its title."""

Traces = dict[str, tuple[str, ...]]
"""By function, what its traced call says that torch ran."""

NOT_ASKED_FOR = "Not run: other checks were asked for with --only."

_Result = TypeVar("_Result")

_log = logging.getLogger("grader")


@dataclass(frozen=True, slots=True)
class Settings:
    """How to grade: the seed of all draws, the device, and which checks (None for all)."""

    seed: int
    device: Literal["cpu", "cuda"] = "cpu"
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    check: AnyCheck
    verdict: Verdict
    seconds: float
    is_ruled: bool = False

    def under(self, rulings: Sequence[Ruling]) -> _Judged:
        """What is left of the verdict where a function of the check uses help that is not allowed."""
        verdict = verdict_under(rulings, self.check.functions, self.verdict)
        return _Judged(self.check, verdict, self.seconds, is_ruled=verdict is not self.verdict)


def budget_of(spec: Spec) -> Budget:
    """The sandbox's bounds as the spec sets them."""
    limits = spec.limits
    return Budget(
        load_seconds=limits.load_seconds,
        function_seconds=limits.function_seconds,
        memory_bytes=limits.memory_bytes,
    )


def grade(
    submission: Submission,
    loaded: LoadedSpec,
    sandbox: Sandbox,
    settings: Settings,
    progress: Progress | None = None,
) -> Report:
    """Grade one submission. Whatever the student's code does, and whatever fails in here, a report comes back.

    Raises SubmissionError where nothing in the submission can be read, SandboxError where no worker can be had.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    spec = loaded.spec
    extracted = guarded(lambda: _extract(submission, spec))
    if isinstance(extracted, SubmissionError):
        raise extracted
    isolation = sandbox.isolation
    judged: list[_Judged] = []
    traces: Traces = {}
    faults: list[str] = []
    if extracted is None:
        judged = [_Judged(check, _errored(), 0.0) for check in spec.checks]
        extracted = Extracted({}, {}, (), (), (), (), {}, ())
        faults.append("the submission's code could not be taken apart")
    else:
        with sandbox.session(extracted, budget_of(spec), redirect_cuda=settings.device == "cpu") as session:
            for check in spec.checks:
                judged.append(_judge(spec, check, extracted, session, settings, progress))
                traces |= _trace(spec, check, extracted, session, settings)
    rulings = guarded(lambda: rulings_on(spec.assignment, extracted, traces))
    if rulings is None:
        rulings = ()
        faults.append("forbidden help could not be looked for")
    judged = [each.under(rulings) for each in judged]
    functions = _function_parts(spec, extracted, judged, rulings, settings)
    checks = tuple(_check_part(each, _blame(each, extracted, functions)) for each in judged)
    is_complete = settings.only is None and all(check.status != "errored" for check in checks)
    return Report(
        assignment=AssignmentPart(name=spec.name, title=spec.title, spec_sha256=loaded.sha256),
        submission=submission_part(submission),
        status="graded" if is_complete else "incomplete",
        score=round(sum(check.points for check in checks), 4) if is_complete else None,
        max_score=round(spec.max_score, 4),
        functions=functions,
        checks=checks,
        integrity=_flags(faults, extracted, rulings),
        environment=environment(settings, isolation),
        started_at=started.isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - clock, 3),
    )


def _extract(submission: Submission, spec: Spec) -> Extracted | SubmissionError:
    """What is to be graded; the error where the submission's only notebook cannot be read."""
    try:
        return extract(submission, list(spec.functions))
    except SubmissionError as error:
        return error


def submission_part(submission: Submission) -> SubmissionPart:
    """The report's words on what was handed in."""
    files = tuple(FilePart(path=file.path, sha256=file.sha256) for file in submission.files)
    return SubmissionPart(id=submission.id, sha256=submission.sha256, student=submission.student, files=files)


def environment(settings: Settings, isolation: Isolation) -> EnvironmentPart:
    """What is graded with."""
    return EnvironmentPart(
        grader_version=__version__,
        python=platform.python_version(),
        torch=metadata.version("torch"),
        device=settings.device,
        device_name=processor_name(),
        isolation=isolation.level.value,
        isolation_missing=isolation.missing,
        seed=settings.seed,
        data="none: no check of this spec trains on a data set",
    )


def processor_name() -> str:
    """The CPU's name where the system tells it."""
    if sys.platform == "linux":
        try:
            with Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    if line.startswith("model name"):
                        return line.partition(":")[2].strip()
        except OSError:
            pass
    return platform.processor() or platform.machine()


def guarded(action: Callable[[], _Result]) -> _Result | None:
    """The action's result; None when the grader itself failed, which is logged with its traceback."""
    try:
        return action()
    except Exception:  # noqa: BLE001  the one place: a fault of ours must not cost a student
        _log.exception("the grader failed; this is not the student's fault")
        return None


def _errored() -> Verdict:
    return Verdict(
        "errored", 0.0, "The grader failed here, not the submission. It takes no points: grade again."
    )


def _judge(
    spec: Spec,
    check: AnyCheck,
    extracted: Extracted,
    session: Session,
    settings: Settings,
    progress: Progress | None,
) -> _Judged:
    """Run a check's trials and judge what was seen."""
    if progress is not None:
        progress(spec.checks.index(check), len(spec.checks), check.title)
    if settings.only is not None and check.id not in settings.only:
        return _Judged(check, Verdict("skipped", 0.0, NOT_ASKED_FOR), 0.0)
    missing = [name for name in check.functions if name not in extracted.functions]
    if missing:
        reasons = " ".join(
            sentence(f"{name} is missing: {extracted.missing.get(name, '')}") for name in missing
        )
        findings = tuple(Finding(name, False) for name in missing)
        return _Judged(check, Verdict("skipped", 0.0, reasons, findings=findings), 0.0)
    clock = time.perf_counter()
    verdict = guarded(lambda: _run_and_judge(check, spec.assignment, session.run, settings.seed))
    return _Judged(check, verdict or _errored(), time.perf_counter() - clock)


def _run_and_judge(check: AnyCheck, assignment: Assignment, run: Runner, seed: int) -> Verdict:
    trials = check.trials(assignment, seed)
    verdict = check.judge(assignment, [(trial, run(trial)) for trial in trials])
    _check_part(_Judged(check, verdict, 0.0))  # a verdict that no report can hold is found here, at its check
    return verdict


def _trace(spec: Spec, check: AnyCheck, extracted: Extracted, session: Session, settings: Settings) -> Traces:
    """One traced call of each loss function that this check was the last to name; nothing where it gave no values."""
    if settings.only is not None and check.id not in settings.only:
        return {}
    following = spec.checks[spec.checks.index(check) + 1 :]
    to_come = [name for other in following for name in other.functions]
    traces: Traces = {}
    for name in traced_functions(spec.assignment, check.functions, to_come):
        if name in extracted.functions:
            seen = guarded(partial(_run_traced, name, spec.assignment, session, settings.seed))
            if isinstance(seen, Returned):
                traces[name] = seen.operators
    return traces


def _run_traced(name: str, assignment: Assignment, session: Session, seed: int) -> Observation:
    return session.run(operator_trial(assignment, name, seed))


def _flags(
    faults: Sequence[str], extracted: Extracted, rulings: Sequence[Ruling]
) -> tuple[IntegrityPart, ...]:
    """What an instructor should look at: faults of ours, what extraction says of the whole, help."""
    kinds = {"fail": "forbidden_help", "note": "noted_help"}
    return (
        *(IntegrityPart(kind="grader_fault", function=None, message=fault) for fault in faults),
        *(IntegrityPart(kind="note", function=None, message=note) for note in extracted.notes),
        *(
            IntegrityPart(kind=kinds[each.policy], function=each.function, message=each.message)
            for each in rulings
        ),
    )


def _blame(judged: _Judged, extracted: Extracted, functions: Mapping[str, FunctionPart]) -> str:
    """A sentence on the other functions that a failed function calls and that are wrong themselves."""
    own = [extracted.functions[name] for name in judged.check.functions if name in extracted.functions]
    if judged.verdict.status != "failed" or judged.is_ruled or not own:
        return ""
    bound = {name for function in own for name in _names_in(function.name, extracted)}
    wrong = [
        name
        for name, part in functions.items()
        if name in bound and name not in judged.check.functions and part.status == "incorrect"
    ]
    # Where two need each other, neither is to blame for the other.
    own_names = set(judged.check.functions)
    wrong = [name for name in wrong if not own_names & _names_in(name, extracted)]
    if not wrong:
        return ""
    called = formatting.listing(wrong)
    return f" It calls {called}, which {'is' if len(wrong) == 1 else 'are'} incorrect too: look there first."


def _names_in(name: str, extracted: Extracted) -> set[str]:
    """The names that the chunks of a function bind."""
    numbers = set(extracted.functions[name].chunks) if name in extracted.functions else set()
    return {bound for chunk in extracted.chunks if chunk.number in numbers for bound in chunk.binds}


def _check_part(judged: _Judged, blame: str = "") -> CheckPart:
    check, verdict = judged.check, judged.verdict
    return CheckPart(
        id=check.id,
        kind=check.kind,
        title=check.title,
        functions=check.functions,
        status=verdict.status,
        points=round(check.points * verdict.credit, 4),
        max_points=check.points,
        visibility=check.visibility,
        message=verdict.message + blame,
        hint=verdict.hint,
        measured=dict(verdict.measured),
        allowed=dict(verdict.allowed),
        seconds=round(judged.seconds, 4),
    )


def _function_parts(
    spec: Spec,
    extracted: Extracted,
    judged: Sequence[_Judged],
    rulings: Sequence[Ruling],
    settings: Settings,
) -> dict[str, FunctionPart]:
    findings = [finding for each in judged for finding in each.verdict.findings]
    findings += findings_of(rulings)
    errored = {name for each in judged if each.verdict.status == "errored" for name in each.check.functions}
    return {name: _function_part(name, extracted, findings, errored, settings) for name in spec.functions}


def _function_part(
    name: str, extracted: Extracted, findings: Sequence[Finding], errored: set[str], settings: Settings
) -> FunctionPart:
    function = extracted.functions.get(name)
    if function is None:
        reasons = (extracted.missing[name],) if name in extracted.missing else ()
        status: FunctionStatus = "unjudged" if name in errored else "missing"
        return FunctionPart(status=status, where=None, notes=reasons)
    own = [finding for finding in findings if finding.function == name]
    diagnosis = tuple(
        DiagnosisPart(part=each.part, misconception=each.misconception, message=each.message)
        for finding in own
        for each in finding.diagnosis
    )
    notes = [*_notes_on(name, extracted, settings), *(note for finding in own for note in finding.notes)]
    return FunctionPart(
        status=_function_status(own, was_errored=name in errored),
        where=WherePart(file=function.place.file, cell=function.place.cell, line=function.place.line),
        diagnosis=tuple(dict.fromkeys(diagnosis)),
        notes=tuple(dict.fromkeys(notes)),
    )


def _function_status(findings: Sequence[Finding], *, was_errored: bool) -> FunctionStatus:
    decisions = [finding.is_correct for finding in findings if finding.is_correct is not None]
    if not all(decisions):
        return "incorrect"
    if was_errored or not decisions:
        return "unjudged"
    return "correct"


def _notes_on(name: str, extracted: Extracted, settings: Settings) -> list[str]:
    """What extraction has to say about a function."""
    function = extracted.functions[name]
    notes: list[str] = []
    for duplicate in extracted.duplicates:
        if duplicate.name == name:
            places = formatting.listing([str(place) for place in duplicate.places])
            notes.append(f"it is defined {len(duplicate.places)} times ({places}); the last one is graded")
    if function.mentions_cuda and settings.device == "cpu":
        notes.append("it is written for CUDA; there is no GPU here, so it was run on the CPU")
    if function.stand_ins:
        modules = formatting.listing(function.stand_ins)
        notes.append(f"{modules} cannot be used here; an inert stand-in takes the place")
    notes += [f"{'/'.join(left.binds)}: {left.reason}" for left in function.lacks]
    return notes


def unreadable_report(
    submission_id: str, reason: str, loaded: LoadedSpec, settings: Settings, isolation: Isolation
) -> Report:
    """The report on a submission that cannot be read at all: every function is missing, and says why."""
    verdict = Verdict("skipped", 0.0, sentence(reason))
    return _report_without_code(submission_id, reason, "unreadable", verdict, loaded, settings, isolation)


def failed_report(
    submission_id: str, reason: str, loaded: LoadedSpec, settings: Settings, isolation: Isolation
) -> Report:
    """The report on a submission that could not be read by no fault of the student's: no score, grade again."""
    return _report_without_code(
        submission_id, reason, "grader_fault", _errored(), loaded, settings, isolation
    )


def _report_without_code(
    submission_id: str,
    reason: str,
    kind: str,
    verdict: Verdict,
    loaded: LoadedSpec,
    settings: Settings,
    isolation: Isolation,
) -> Report:
    spec = loaded.spec
    is_graded = verdict.status != "errored"
    status: FunctionStatus = "missing" if is_graded else "unjudged"
    return Report(
        assignment=AssignmentPart(name=spec.name, title=spec.title, spec_sha256=loaded.sha256),
        submission=SubmissionPart(id=submission_id, sha256="", student=None, files=()),
        status="graded" if is_graded else "incomplete",
        score=0.0 if is_graded else None,
        max_score=round(spec.max_score, 4),
        functions={name: FunctionPart(status=status, where=None, notes=(reason,)) for name in spec.functions},
        checks=tuple(_check_part(_Judged(check, verdict, 0.0)) for check in spec.checks),
        integrity=(IntegrityPart(kind=kind, function=None, message=reason),),
        environment=environment(settings, isolation),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
    )
