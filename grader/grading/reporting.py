"""From verdicts to the report: what each check and function says, and the words on the whole."""

from __future__ import annotations

import base64
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

from grader import __version__, formatting
from grader.checks import AnyCheck
from grader.checks.base.call import sentence
from grader.extract import Extracted
from grader.grading.settings import CheckResult, Settings, errored_verdict
from grader.intake.submission import Submission
from grader.model.report import (
    AssignmentPart,
    CheckPart,
    DiagnosisPart,
    EnvironmentPart,
    FilePart,
    FlagPart,
    FunctionPart,
    FunctionStatus,
    PicturePart,
    Report,
    SubmissionPart,
    WherePart,
)
from grader.model.verdict import Finding, Picture, Verdict
from grader.restrictions import Violation, findings_of
from grader.sandbox.isolation import Isolation
from grader.spec import LoadedSpec, Spec

_WORKING = frozenset({"future", "past", "six"})
"""Modules that bridge Python 2 and 3: their stand-ins give what is asked of them, so there is nothing to say."""


def graded_report(
    submission: Submission,
    loaded: LoadedSpec,
    extracted: Extracted,
    judged: Sequence[CheckResult],
    violations: Sequence[Violation],
    faults: Sequence[str],
    settings: Settings,
    isolation: Isolation,
    started: datetime,
) -> Report:
    """The report on a submission whose code was looked at. faults: of the grader, beside the checks."""
    spec = loaded.spec
    functions = _function_parts(spec, extracted, judged, violations, settings)
    checks = tuple(check_part(each, _blame(each, extracted, functions)) for each in judged)
    is_complete = settings.only is None and all(check.status != "errored" for check in checks)
    return Report(
        assignment=AssignmentPart(name=spec.name, title=spec.title, spec_sha256=loaded.sha256),
        submission=_submission_part(submission),
        status="graded" if is_complete else "incomplete",
        score=round(sum(check.points for check in checks), 4) if is_complete else None,
        max_score=settings.max_score(spec.checks),
        functions=functions,
        checks=checks,
        integrity=(*_flags(faults, extracted, violations, judged), *_quick_flags(spec, settings)),
        environment=environment(settings, isolation, spec.checks),
        started_at=started.isoformat(timespec="seconds"),
        seconds=round((datetime.now(UTC) - started).total_seconds(), 3),
    )


def with_notes(report: Report, notes: Sequence[str]) -> Report:
    """The report with more words on the whole."""
    more = tuple(FlagPart(kind="note", function=None, message=note) for note in notes)
    return report.model_copy(update={"integrity": (*report.integrity, *more)}) if more else report


def _submission_part(submission: Submission) -> SubmissionPart:
    """The report's words on what was handed in."""
    files = tuple(FilePart(path=file.path, sha256=file.sha256) for file in submission.files)
    return SubmissionPart(id=submission.id, sha256=submission.sha256, student=submission.student, files=files)


def environment(settings: Settings, isolation: Isolation, checks: Sequence[AnyCheck] = ()) -> EnvironmentPart:
    """What the checks are graded with."""
    return EnvironmentPart(
        grader_version=__version__,
        python=platform.python_version(),
        torch=torch_version(),
        device=settings.device,
        device_name=settings.device_name or processor_name(),
        isolation=isolation.level.value,
        isolation_missing=isolation.missing,
        seed=settings.seed,
        data=settings.data_name(checks),
    )


@cache
def torch_version() -> str:
    """The version of torch that workers import."""
    return metadata.version("torch")


@cache
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


def _flags(
    faults: Sequence[str],
    extracted: Extracted,
    violations: Sequence[Violation],
    judged: Sequence[CheckResult],
) -> tuple[FlagPart, ...]:
    """What an instructor should look at: faults of ours, what extraction says of the whole, help, alarms of checks."""
    kinds = {"fail": "forbidden_help", "note": "noted_help"}
    return (
        *(FlagPart(kind="grader_fault", function=None, message=fault) for fault in faults),
        *(FlagPart(kind="note", function=None, message=note) for note in extracted.notes),
        *(
            FlagPart(kind=kinds[each.policy], function=each.function, message=each.message)
            for each in violations
        ),
        *(
            FlagPart(kind=alarm.kind, function=alarm.function, message=alarm.message)
            for each in judged
            for alarm in each.verdict.alarms
        ),
    )


def _quick_flags(spec: Spec, settings: Settings) -> tuple[FlagPart, ...]:
    """What a quick run left out, and what it is worth."""
    left_out = settings.left_out_as_slow(spec.checks)
    if not left_out:
        return ()
    worth = formatting.points(sum(check.points for check in left_out))
    message = (
        f"Quick run: {formatting.count(len(left_out), 'check')} worth {worth} points"
        f" {'was' if len(left_out) == 1 else 'were'} not run and {'is' if len(left_out) == 1 else 'are'} not in the score."
    )
    return (FlagPart(kind="note", function=None, message=message),)


def _picture_part(picture: Picture) -> PicturePart:
    return PicturePart(
        count=picture.count,
        height=picture.height,
        width=picture.width,
        rgb=base64.b64encode(picture.rgb).decode(),
    )


def _blame(judged: CheckResult, extracted: Extracted, functions: Mapping[str, FunctionPart]) -> str:
    """A sentence on the other functions that a failed function calls and that are wrong themselves."""
    own = [extracted.functions[name] for name in judged.check.functions if name in extracted.functions]
    if judged.verdict.status != "failed" or judged.is_violation or not own:
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


def check_part(judged: CheckResult, blame: str = "") -> CheckPart:
    """The report's words on one check; ValueError for a verdict that no report can hold."""
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
        curves=dict(verdict.curves),
        pictures={name: _picture_part(picture) for name, picture in verdict.pictures.items()},
        allowed=dict(verdict.allowed),
        seconds=round(judged.seconds, 4),
    )


def _function_parts(
    spec: Spec,
    extracted: Extracted,
    judged: Sequence[CheckResult],
    violations: Sequence[Violation],
    settings: Settings,
) -> dict[str, FunctionPart]:
    findings = [finding for each in judged for finding in each.verdict.findings]
    findings += findings_of(violations)
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
        where=WherePart(
            file=function.location.file, cell=function.location.cell, line=function.location.line
        ),
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
            places = formatting.listing([str(place) for place in duplicate.locations])
            notes.append(f"it is defined {len(duplicate.locations)} times ({places}); the last one is graded")
    if function.mentions_cuda and settings.device == "cpu":
        notes.append("it is written for CUDA; no GPU was used, so it was run on the CPU")
    inert = [module for module in function.stubs if module.partition(".")[0] not in _WORKING]
    if inert:
        modules = formatting.listing(inert)
        notes.append(f"{modules} cannot be used here; an inert stand-in takes the place")
    if _needs_xrange(name, extracted):
        notes.append("it calls xrange, which only Python 2 has; range takes its place")
    notes += [f"{'/'.join(left.binds)}: {left.reason}" for left in function.lacks]
    return notes


def _needs_xrange(name: str, extracted: Extracted) -> bool:
    """Whether what a function needs says xrange, and takes it from nowhere."""
    numbers = set(extracted.functions[name].chunks)
    own = [chunk for chunk in extracted.chunks if chunk.number in numbers]
    is_bound = any("xrange" in chunk.binds for chunk in own)
    return not is_bound and any(re.search(r"\bxrange\s*\(", chunk.source) for chunk in own)


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
        submission_id, reason, "grader_fault", errored_verdict(), loaded, settings, isolation
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
        max_score=settings.max_score(spec.checks),
        functions={name: FunctionPart(status=status, where=None, notes=(reason,)) for name in spec.functions},
        checks=tuple(check_part(CheckResult(check, verdict, 0.0)) for check in spec.checks),
        integrity=(FlagPart(kind=kind, function=None, message=reason),),
        environment=environment(settings, isolation, spec.checks),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
    )
