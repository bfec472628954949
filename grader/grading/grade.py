"""One submission, from extraction to report. The one place that turns the grader's own faults into errored checks."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from grader import formatting
from grader.checks import AnyCheck
from grader.checks.base.call import sentence
from grader.checks.base.context import CheckContext
from grader.errors import SubmissionError
from grader.extract import Extracted, extract
from grader.grading.layouts import find_layouts, layout_notes, layout_of
from grader.grading.reporting import check_part, graded_report, with_notes
from grader.grading.sessions import Sessions
from grader.grading.settings import NOT_ASKED_FOR, CheckResult, Settings, errored_verdict
from grader.intake.submission import Submission
from grader.model.observation import Observation, Returned
from grader.model.report import Report
from grader.model.trial import Trial
from grader.model.verdict import Finding, Verdict
from grader.restrictions import find_violations, operator_trial, traced_functions
from grader.sandbox import device_lock
from grader.sandbox.protocols import SandboxLike
from grader.spec import LoadedSpec, Spec
from grader.spec.detect import near_misses
from reference.conventions import Layout

Runner = Callable[[Trial], Observation]
Progress = Callable[[int, int, str], None]
"""Called before each check with its number from 0, how many there are, and its title."""

Traces = dict[str, tuple[str, ...]]
"""By function, what its traced call says that torch ran."""

_Result = TypeVar("_Result")

_log = logging.getLogger("grader")


def grade(
    submission: Submission,
    loaded: LoadedSpec,
    sandbox: SandboxLike,
    settings: Settings,
    progress: Progress | None = None,
) -> Report:
    """Grade one submission. Whatever the student's code does, and whatever fails in here, a report comes back.

    Raises SubmissionError where nothing in the submission can be read, SandboxError where no worker can be had.
    """
    started = datetime.now(UTC)
    spec = loaded.spec
    context = settings.context(spec.assignment)
    assignment = context.assignment
    extracted = guarded(lambda: _extract(submission, spec))
    if isinstance(extracted, SubmissionError):
        raise extracted
    isolation = sandbox.isolation
    judged: list[CheckResult] = []
    traces: Traces = {}
    faults: list[str] = []
    notes = [] if settings.device_note is None else [settings.device_note]
    if extracted is None:
        judged = [CheckResult(check, errored_verdict(), 0.0) for check in spec.checks]
        extracted = Extracted({}, {}, (), (), (), (), {}, ())
        faults.append("the submission's code could not be taken apart")
    else:
        layouts = _layouts(spec, context, extracted, sandbox, settings)
        notes += layout_notes(layouts)
        with ExitStack() as stack:
            sessions: dict[Layout, Sessions] = {}
            for check in spec.checks:
                asked = context.in_layout(layout_of(check, layouts)) if spec.has_open_layout else context
                layout = asked.assignment.convention.layout
                if layout not in sessions:
                    sessions[layout] = stack.enter_context(
                        Sessions(sandbox, extracted, asked.assignment, asked.device, submission.files)
                    )
                run = sessions[layout].run
                judged.append(_judge(spec, asked, check, extracted, run, settings, progress))
                traces |= _trace(spec, asked, check, extracted, run, settings)
    violations = guarded(lambda: find_violations(assignment, extracted, traces))
    if violations is None:
        violations = ()
        faults.append("forbidden help could not be looked for")
    judged = [each.under(violations) for each in judged]
    noted = replace(extracted, notes=(*extracted.notes, *notes))
    report = graded_report(
        submission, loaded, noted, judged, violations, faults, settings, isolation, started
    )
    return with_notes(report, guarded(lambda: _near_misses(submission, spec, report)) or ())


def _near_misses(submission: Submission, spec: Spec, report: Report) -> tuple[str, ...]:
    """Whether it looks like a submission for another assignment; nothing where not all of it was graded."""
    if report.status != "graded":
        return ()
    parts = report.functions
    if all(part.status == "unjudged" for part in report.functions.values()):
        return ()  # nothing is known of them, with --only or a spec that asks for speed alone
    return near_misses(
        submission,
        spec,
        correct=[name for name, part in parts.items() if part.status == "correct"],
        present=[name for name, part in parts.items() if part.status != "missing"],
        named={
            name: frozenset((each.part, each.misconception) for each in part.diagnosis)
            for name, part in parts.items()
        },
    )


def _extract(submission: Submission, spec: Spec) -> Extracted | SubmissionError:
    """What is to be graded; the error where the submission's only notebook cannot be read."""
    try:
        return extract(submission, list(spec.functions))
    except SubmissionError as error:
        return error


def _layouts(
    spec: Spec, context: CheckContext, extracted: Extracted, sandbox: SandboxLike, settings: Settings
) -> Mapping[str, Layout]:
    """The layout of each loss function where the spec leaves it open, found in workers that see no check."""
    if not spec.has_open_layout:
        return {}
    names = [
        name
        for name in dict.fromkeys(
            name
            for check in spec.checks
            if settings.only is None or check.id in settings.only
            for name in check.functions
        )
        if name in extracted.functions
    ]
    with (
        Sessions(sandbox, extracted, context.assignment, context.device) as sessions,
        _device_held(context, alone=False),
    ):
        return guarded(lambda: find_layouts(context, names, sessions.run)) or {}


def guarded(action: Callable[[], _Result]) -> _Result | None:
    """The action's result; None when the grader itself failed, which is logged with its traceback."""
    try:
        return action()
    except Exception:  # noqa: BLE001  the one place: a fault of ours must not cost a student
        _log.exception("the grader failed; this is not the student's fault")
        return None


def _judge(
    spec: Spec,
    context: CheckContext,
    check: AnyCheck,
    extracted: Extracted,
    run: Runner,
    settings: Settings,
    progress: Progress | None,
) -> CheckResult:
    """Run a check's trials and judge what was seen."""
    if progress is not None:
        progress(spec.checks.index(check), len(spec.checks), check.title)
    if settings.only is not None and check.id not in settings.only:
        return CheckResult(check, Verdict("skipped", 0.0, NOT_ASKED_FOR), 0.0)
    missing = [name for name in check.functions if name not in extracted.functions]
    if missing:
        reasons = " ".join(
            sentence(f"{name} is missing: {extracted.missing.get(name, '')}") for name in missing
        )
        if any(context.assignment.is_optional(name) for name in missing):
            reasons = f"{formatting.listing(missing)} may be left out, and is: no points are lost by that."
        findings = tuple(Finding(name, False) for name in missing)
        return CheckResult(check, Verdict("skipped", 0.0, reasons, findings=findings), 0.0)
    with _device_held(context, alone=check.is_timed):
        clock = time.perf_counter()
        verdict = guarded(lambda: _run_and_judge(check, context, run))
        return CheckResult(check, verdict or errored_verdict(), time.perf_counter() - clock)


def _device_held(context: CheckContext, *, alone: bool) -> AbstractContextManager[None]:
    """The GPU's lock; nothing on a CPU. alone: to the exclusion of other runs of the grader."""
    if context.device == "cpu":
        return nullcontext()
    return device_lock.held(device_lock.lock_path(os.environ), alone=alone)


def _run_and_judge(check: AnyCheck, context: CheckContext, run: Runner) -> Verdict:
    evidence: list[tuple[Trial, Observation]] = []
    trials = check.trials(context)
    while trials:
        evidence += [(trial, run(trial)) for trial in trials]
        trials = check.more_trials(context, evidence)
    verdict = check.judge(context, evidence)
    check_part(
        CheckResult(check, verdict, 0.0)
    )  # a verdict that no report can hold is found here, at its check
    return verdict


def _trace(
    spec: Spec,
    context: CheckContext,
    check: AnyCheck,
    extracted: Extracted,
    run: Runner,
    settings: Settings,
) -> Traces:
    """One traced call of each loss function that this check was the last to name; nothing where it gave no values."""
    if settings.only is not None and check.id not in settings.only:
        return {}
    following = spec.checks[spec.checks.index(check) + 1 :]
    to_come = [name for other in following for name in other.functions]
    traces: Traces = {}
    for name in traced_functions(context.assignment, check.functions, to_come):
        if name in extracted.functions:
            with _device_held(context, alone=False):
                seen = guarded(partial(_run_traced, name, context, run))
            if isinstance(seen, Returned):
                traces[name] = seen.operators
    return traces


def _run_traced(name: str, context: CheckContext, run: Runner) -> Observation:
    return run(operator_trial(context.assignment, name, context.seed))
