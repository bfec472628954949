"""From the results of the checks to the report."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from grader import formatting
from grader.checks.base.call import sentence
from grader.extract import Chunk, Extracted, ExtractedFunction
from grader.extract.defaults import defaults_in, defaults_of, signature_of
from grader.extract.unwritten import is_unwritten
from grader.grading.check_result import CheckResult, errored_verdict
from grader.grading.claims import far_off
from grader.grading.environment import environment
from grader.grading.settings import Settings
from grader.intake.submission import Submission
from grader.model.assignment import AnyFunction, ClassifierClass, FunctionSpec, TrainerFunction
from grader.model.observation import Location
from grader.model.report import (
    AssignmentPart,
    CheckPart,
    ClaimPart,
    FailurePart,
    FilePart,
    FindingPart,
    FlagPart,
    FunctionPart,
    PicturePart,
    Report,
    SubmissionPart,
    WherePart,
    found_in,
    function_status,
    total,
)
from grader.model.signature import Signature
from grader.model.verdict import Failure, FlagKind, Verdict
from grader.restrictions import Violation, findings_of
from grader.sandbox.isolation import Isolation
from grader.spec import LoadedSpec
from grader.spec.detect import LookAlike

_WORKING = frozenset({"future", "past", "six"})
"""Modules that bridge Python 2 and 3: their stubs work, so they are not worth a note."""

_SHOWN_FILES, _SHOWN_NOTES = 200, 20
"""The most files, and notes on one function or on the whole, in a report."""
_PATH_CHARACTERS, _NOTE_CHARACTERS = 300, 1_000

_CAUSES = frozenset({"values", "training", "prediction"})
"""The kinds of checks that other failures can follow from: they judge what a function computes."""


_UNDEFINED = re.compile(r"name '(\w+)' is not defined")

_FLAGS: Mapping[str, tuple[FlagKind, Literal["instructor", "both"]]] = {
    "fail": ("restriction_violated", "both"),
    "note": ("restriction_noted", "both"),
    "flag": ("unclear_code", "instructor"),
}
"""The flag of a violation, by its policy."""


@dataclass(frozen=True)
class ReportDraft:
    """Everything known about a submission once its checks have run."""

    submission: Submission
    loaded: LoadedSpec
    extracted: Extracted
    results: Sequence[CheckResult]
    violations: Sequence[Violation]
    faults: Sequence[str]
    """Of the grader, other than errored checks."""
    notes: Sequence[str]
    """On the grading as a whole."""
    settings: Settings
    isolation: Isolation
    started: datetime
    claims: Sequence[ClaimPart] = ()

    @cached_property
    def checks(self) -> tuple[CheckPart, ...]:
        """The checks by themselves, without their causes in other checks."""
        return tuple(map(check_part, self.results))

    @cached_property
    def functions(self) -> Mapping[str, FunctionPart]:
        """The functions as all checks found them."""
        return self._functions(self.checks)

    @cached_property
    def functions_seen(self) -> Mapping[str, FunctionPart]:
        """The functions as visible checks found them: messages to students may use nothing else."""
        visible = [check for check in self.checks if check.visibility == "visible"]
        return self.functions if len(visible) == len(self.checks) else self._functions(visible)

    @property
    def is_complete(self) -> bool:
        """Whether every check that counts was run to an end."""
        uncounted = {check.id for check in self.settings.left_out_as_slow(self.loaded.spec.checks)}
        return all(
            check.status not in {"not_run", "errored"} or check.id in uncounted for check in self.checks
        )

    def report(self, wrong_spec: Sequence[LookAlike] = ()) -> Report:
        """The report. wrong_spec: assignments that the submission fits better."""
        most = self.settings.max_score(self.loaded.spec.checks)
        return Report(
            assignment=_assignment_part(self.loaded),
            submission=SubmissionPart(
                id=self.submission.id,
                sha256=self.submission.sha256,
                files=tuple(
                    FilePart(path=_path(file.path), sha256=file.sha256)
                    for file in self.submission.files[:_SHOWN_FILES]
                ),
            ),
            status="graded" if self.is_complete else "incomplete",
            score=total(self.checks) if self.is_complete and most else None,
            max_score=most,
            functions=dict(self.functions),
            checks=tuple(map(self._with_causes, self.results, self.checks)),
            flags=tuple(self._flags(wrong_spec)),
            claims=tuple(each.model_copy(update={"file": _path(each.file)}) for each in self.claims),
            environment=environment(self.settings, self.isolation, self.loaded.spec.checks),
            started_at=self.started.isoformat(timespec="seconds"),
            seconds=round((datetime.now(UTC) - self.started).total_seconds(), 3),
        )

    def _flags(self, wrong_spec: Sequence[LookAlike]) -> Iterator[FlagPart]:
        for fault in self.faults:
            yield FlagPart(kind="grader_fault", message=fault, audience="both")
        more_files = len(self.submission.files) - _SHOWN_FILES
        notes = [f"{_SHOWN_FILES} files are listed here, and {more_files:,} more were read"] * (
            more_files > 0
        )
        for note in (*_first(self.extracted.notes), *self.notes, *notes, *self._left_out()):
            yield FlagPart(kind="note", message=note, audience="both")
        for each in self.violations:
            kind, audience = _FLAGS[each.policy]
            yield FlagPart(kind=kind, function=each.function, message=each.message, audience=audience)
        for alarm in (alarm for result in self.results for alarm in result.verdict.alarms):
            yield FlagPart(
                kind=alarm.kind, function=alarm.function, message=alarm.message, audience="instructor"
            )
        yield from far_off(self.claims)
        for other in wrong_spec:
            yield FlagPart(kind="wrong_spec", spec=other.spec, message=other.message, audience="both")

    def _left_out(self) -> Iterator[str]:
        """The visible checks that this run left out: how many, why, their points, and how to run them."""
        settings = self.settings
        left_out = [
            check
            for check in self.loaded.spec.checks
            if check.visibility == "visible" and settings.reason_left_out(check) is not None
        ]
        if not left_out:
            return
        worth = formatting.worth(sum(check.points for check in left_out))
        count, is_one = formatting.count(len(left_out), "check"), len(left_out) == 1
        were, them = ("was", "it") if is_one else ("were", "them")
        if settings.only is not None:
            yield (
                f"Only selected checks were run: {count} worth {worth} {were} left out."
                f" Grade without --only to run {them}."
            )
            return
        slow, count_too = ("times or trains", "does") if is_one else ("time or train", "do")
        yield (
            f"Quick run: {count} worth {worth} {were} left out, because {'it' if is_one else 'they'} {slow},"
            f" and {count_too} not count. Grade without --quick to run {them}."
        )

    def _functions(self, checks: Sequence[CheckPart]) -> dict[str, FunctionPart]:
        parts = {name: self._function_part(name, checks) for name in self.loaded.spec.functions}
        unwritten = [name for name, part in parts.items() if part.status == "not_written"]
        for name, part in parts.items():
            is_open = (
                part.status == "incorrect" and not self._violates(name) and not _is_credited(name, checks)
            )
            if is_open and self._waits(name, parts, unwritten):  # given code that only calls them
                parts[name] = part.model_copy(update={"status": "unjudged"})
        return parts

    def _waits(self, name: str, parts: Mapping[str, FunctionPart], unwritten: Sequence[str]) -> bool:
        """Whether it computes nothing but calls of graded functions, of which one at least is not written."""
        graded = [each for each, part in parts.items() if each != name and part.where is not None]
        is_any_called = not self.extracted.names_bound(name).isdisjoint(unwritten)
        return is_any_called and is_unwritten(self.extracted, name, graded)

    def _violates(self, name: str) -> bool:
        return any(
            each.function == name and each.is_correct is False for each in findings_of(self.violations)
        )

    def _function_part(self, name: str, checks: Sequence[CheckPart]) -> FunctionPart:
        function = self.extracted.functions.get(name)
        if function is None:
            reasons = (self.extracted.missing[name],) if name in self.extracted.missing else ()
            was_errored = any(check.status == "errored" and name in check.functions for check in checks)
            place = self.extracted.unparsed.get(name)
            return FunctionPart(
                status="unjudged" if was_errored else "missing",
                where=None if place is None else _where_part(place),
                notes=tuple(_first(reasons)),
            )
        status = function_status(name, checks, is_violation=self._violates(name))
        if status == "incorrect" and not _is_credited(name, checks) and is_unwritten(self.extracted, name):
            status = "not_written"
        diagnosis, found = found_in(name, checks)
        own = _notes_on(name, self.extracted, self.settings, self.loaded.spec.functions[name])
        notes = [*_first(own), *found]
        violations = (each for each in findings_of(self.violations) if each.function == name)
        notes += [note for each in violations for note in each.notes]
        return FunctionPart(
            status=status,
            where=_where_part(function.location),
            diagnosis=diagnosis,
            notes=tuple(dict.fromkeys(notes)),
        )

    def _with_causes(self, result: CheckResult, part: CheckPart) -> CheckPart:
        """The check with its causes; its message names only those that students may see."""
        if part.status not in {"failed", "skipped"} or result.is_violation:
            return part
        own = [name for name in part.functions if self.functions[name].status in {"missing", "not_written"}]
        own += self._missing_name(part)
        helpers = self._wrong_helpers(result) if part.status == "failed" else []
        checks = [
            check.id
            for check in self.checks
            if check.kind in _CAUSES and check.status == "failed" and check.id != part.id
            if set(check.functions) & set(result.verdict.blames)
        ]
        return part.model_copy(
            update={
                "caused_by": tuple(dict.fromkeys((*own, *helpers, *checks))),
                "message": part.message + _helper_words(helpers, self.functions_seen),
            }
        )

    def _missing_name(self, part: CheckPart) -> list[str]:
        """The graded function that a failed call did not find, as it is not in the submission."""
        if part.failure is None or part.failure.kind != "NameError":
            return []
        name = _UNDEFINED.match(part.failure.message)
        is_missing = name is not None and name[1] in self.extracted.missing
        return [name[1]] if name is not None and is_missing else []

    def _wrong_helpers(self, result: CheckResult) -> list[str]:
        """The other functions that a failed function calls and that are wrong themselves."""
        own = set(result.check.functions)
        bound = {name for function in own for name in self.extracted.names_bound(function)}
        return [
            name
            for name, part in self.functions.items()
            if name in bound - own
            and name not in result.replaced
            and part.status in {"incorrect", "missing", "not_written"}
            and not own & self.extracted.names_bound(name)  # if two need each other, neither is to blame
        ]


def _is_credited(name: str, checks: Iterable[CheckPart]) -> bool:
    """Whether a check found the function correct, or gave it points of its own."""
    return any(
        (check.points > 0 and (check.functions == (name,) or _is_asked(name, check)))
        or any(each.function == name and each.is_correct for each in check.findings)
        for check in checks
    )


def _is_asked(name: str, check: CheckPart) -> bool:
    """Whether the check is a question on this function, the first of those that its driver calls."""
    return check.kind == "answers" and check.functions[0] == name


def _helper_words(names: Sequence[str], functions: Mapping[str, FunctionPart]) -> str:
    """Sentences on the functions that a failed one calls: what to fix first."""
    words = ""
    told = {"incorrect": "incorrect too", "missing": "missing", "not_written": "not written yet"}
    for status, adjective in told.items():
        called = [name for name in names if functions[name].status == status]
        if called:
            verb = "is" if len(called) == 1 else "are"
            words += f" It calls {formatting.listing(called)}, which {verb} {adjective}: start there."
    return words


def check_part(result: CheckResult) -> CheckPart:
    """The report's part on one check; ValueError for a verdict that no report can hold."""
    check, verdict = result.check, result.verdict
    return CheckPart(
        id=check.id,
        kind=check.kind,
        title=check.title,
        functions=check.functions,
        status=verdict.status,
        points=round(check.points * verdict.credit, 4),
        max_points=check.points,
        visibility=check.visibility,
        message=verdict.message,
        hint=verdict.hint,
        measured=dict(verdict.measured),
        allowed=dict(verdict.allowed),
        curves=dict(verdict.curves),
        pictures={
            name: PicturePart(**asdict(picture) | {"rgb": base64.b64encode(picture.rgb).decode()})
            for name, picture in verdict.pictures.items()
        },
        failure=None if verdict.failure is None else _failure_part(verdict.failure),
        timing="open" if verdict.is_open else None,
        seconds=round(result.seconds, 4),
        findings=tuple(FindingPart(**asdict(finding)) for finding in verdict.findings),
    )


def _failure_part(failure: Failure) -> FailurePart:
    return FailurePart(
        function=failure.function,
        kind=failure.kind,
        message=failure.message,
        where=None if failure.location is None else _where_part(failure.location),
        line=failure.line,
    )


def _where_part(place: Location) -> WherePart:
    return WherePart(file=_path(place.file), cell=place.cell, line=place.line)


def _path(path: str) -> str:
    """A path in the submission; of a long one its end."""
    return path if len(path) <= _PATH_CHARACTERS else f"...{path[3 - _PATH_CHARACTERS :]}"


def _first(notes: Sequence[str]) -> list[str]:
    """The notes, of which a hand-in can cause any number of any length."""
    return [formatting.shortened(note, _NOTE_CHARACTERS) for note in formatting.first(notes, _SHOWN_NOTES)]


def _assignment_part(loaded: LoadedSpec) -> AssignmentPart:
    return AssignmentPart(name=loaded.spec.name, title=loaded.spec.title, spec_sha256=loaded.sha256)


def _notes_on(name: str, extracted: Extracted, settings: Settings, spec: FunctionSpec) -> list[str]:
    """Remarks on how and where a function is written."""
    function = extracted.functions[name]
    notes: list[str] = []
    for duplicate in extracted.duplicates:
        if duplicate.name == name:
            places = formatting.several([str(place) for place in duplicate.locations])
            notes.append(f"it is defined {len(duplicate.locations)} times ({places}); the last one is graded")
    if function.mentions_cuda and settings.device == "cpu":
        notes.append("it asks for CUDA; it ran on the CPU, because no GPU was used")
    packages = {each.subject for each in extracted.absences if each.is_package} - _WORKING
    if stubs := [module for module in function.stubs if module in packages]:
        notes.append(f"{formatting.several(stubs)} cannot be used here; calls to it do nothing")
    if function.not_handed_in:
        verb = "was" if len(function.not_handed_in) == 1 else "were"
        notes.append(f"{formatting.several(function.not_handed_in)} {verb} not handed in")
    if function.is_python_2:
        notes.append("it is Python 2; it was converted to Python 3 to be graded")
    if _needs_xrange(name, extracted):
        notes.append("it calls xrange, which only Python 2 has; it was given range instead")
    notes += _order_notes(function, spec)
    notes += _default_notes(function, spec)
    notes += [left.words for left in function.lacks]
    return notes


def _order_notes(function: ExtractedFunction, spec: FunctionSpec) -> Iterator[str]:
    """A signature with the handout's parameters in another order: the call is by position, and its errors do not say so."""
    if not isinstance(spec, AnyFunction) or spec.signature is None:
        return
    own, expected = signature_of(function), Signature.parsed(spec.signature)
    if own is not None and own.names != expected.names and sorted(own.names) == sorted(expected.names):
        yield f"it takes {own}; the handout's signature is {expected}, in this order"


def _default_notes(function: ExtractedFunction, spec: FunctionSpec) -> Iterator[str]:
    """The defaults in a signature that differ from the handout's."""
    handouts: dict[str | None, Mapping[str, float]] = {}
    if isinstance(spec, TrainerFunction | ClassifierClass) and spec.defaults is not None:
        handouts["train" if isinstance(spec, ClassifierClass) else None] = spec.defaults.model_dump()
    if isinstance(spec, AnyFunction):
        handouts = {name: defaults_in(text) for name, text in spec.methods.items()}
        handouts["__init__" if spec.methods else None] = defaults_in(spec.signature or "()")
    for method, expected in handouts.items():
        own = defaults_of(function, method)
        for name, number in expected.items():
            if (seen := own.get(name, number)) != number:
                yield f"{name} is {seen:g} by default; the handout's signature says {number:g}"


def _needs_xrange(name: str, extracted: Extracted) -> bool:
    """Whether a function or its helpers call xrange, and none of them defines it."""
    own = _chunks(name, extracted)
    is_bound = any("xrange" in chunk.binds for chunk in own)
    return not is_bound and any(re.search(r"\bxrange\s*\(", chunk.source) for chunk in own)


def _chunks(name: str, extracted: Extracted) -> list[Chunk]:
    """The chunks of a function; none if it is missing."""
    numbers = extracted.functions[name].chunks if name in extracted.functions else ()
    return [chunk for chunk in extracted.chunks if chunk.number in numbers]


def report_without_code(
    submission_id: str,
    kind: Literal["unreadable", "grader_fault"],
    reason: str,
    loaded: LoadedSpec,
    settings: Settings,
    isolation: Isolation,
) -> Report:
    """The report on a submission of which nothing was graded.

    unreadable: 0 points, and every function is missing. grader_fault: not the student's fault; no score, grade again.
    """
    is_unreadable = kind == "unreadable"
    most = settings.max_score(loaded.spec.checks)
    verdict = Verdict("skipped", 0.0, sentence(reason)) if is_unreadable else errored_verdict()
    function = FunctionPart(status="missing" if is_unreadable else "unjudged", where=None, notes=(reason,))
    spec = loaded.spec
    return Report(
        assignment=_assignment_part(loaded),
        submission=SubmissionPart(id=submission_id, sha256="", files=()),
        status="unreadable" if is_unreadable else "incomplete",
        score=0.0 if is_unreadable and most else None,
        max_score=most,
        functions=dict.fromkeys(spec.functions, function),
        checks=tuple(check_part(CheckResult(check, verdict)) for check in spec.checks),
        flags=(FlagPart(kind=kind, message=reason, audience="both"),),
        environment=environment(settings, isolation, spec.checks),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=0.0,
    )
