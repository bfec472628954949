"""One submission, from extraction to report. The one place that turns the grader's own faults into errored checks."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeVar

import numpy as np

from grader import formatting
from grader.checks import AnyCheck
from grader.checks.base.call import sentence
from grader.checks.base.context import CheckContext
from grader.errors import GraderError, SpecError, SubmissionError
from grader.extract import Extracted, extract
from grader.extract.unwritten import is_unwritten
from grader.grading.asking import run_and_judge
from grader.grading.blas import one_thread
from grader.grading.check_result import CheckResult, errored_verdict
from grader.grading.claims import claims_of
from grader.grading.layouts import Runner, find_layouts, layout_notes, layout_of
from grader.grading.reporting import ReportDraft, report_without_code
from grader.grading.reuse import Basis, Code, Earlier, Given, Kept, Recorder, Standing
from grader.grading.sessions import Sessions
from grader.grading.settings import Settings
from grader.grading.watching import Watch
from grader.intake.submission import Submission
from grader.model.report import HIDDEN_TITLE, Report
from grader.model.trial import Replacement
from grader.model.verdict import Finding, Verdict
from grader.restrictions import find_violations
from grader.sandbox import device_lock
from grader.sandbox.protocols import SandboxLike
from grader.spec import LoadedSpec, Spec
from grader.spec.detect import LookAlike, near_misses
from reference.conventions import Layout

Progress = Callable[[int, int, str], None]
"""Called before each check with its number from 0, the number of checks, and its title."""

_Result = TypeVar("_Result")

_log = logging.getLogger("grader")

_SPEC_FAULT = (
    "questions.py failed, and not the submission, which loses nothing; `grader batch` shows the line"
)


def grade(
    submission: Submission,
    loaded: LoadedSpec,
    sandbox: SandboxLike,
    settings: Settings,
    progress: Progress | None = None,
    earlier: Earlier | None = None,
) -> Report:
    """Grade one submission. A report comes back whatever the student's code does and whatever fails in here.

    earlier: a grading of the same submission whose results are used where they hold; this one takes its place.
    Raises SubmissionError if nothing in the submission can be read, SandboxError if no worker can be started.
    """
    # A student's numbers overflow; that is for the verdicts to say, not for stderr.
    with np.errstate(all="ignore"), one_thread():
        return _graded(submission, loaded, sandbox, settings, progress, earlier)


def _graded(
    submission: Submission,
    loaded: LoadedSpec,
    sandbox: SandboxLike,
    settings: Settings,
    progress: Progress | None,
    earlier: Earlier | None,
) -> Report:
    started = datetime.now(UTC)
    spec = loaded.spec
    extracted = guarded(lambda: extract(submission, list(spec.functions), spec.files), SubmissionError)
    isolation = sandbox.isolation
    faults: list[str] = []
    notes = [] if settings.device_note is None else [settings.device_note]
    if extracted is None:
        extracted = Extracted.empty()
        results = [CheckResult(check, errored_verdict()) for check in spec.checks]
        watch = Watch(settings.seed, spec.assignment)
        faults.append("the submission's code could not be parsed")
    else:
        grading = _Grading(submission, loaded, extracted, sandbox, settings, earlier or Earlier())
        results = grading.results(progress)
        watch = grading.watch
        notes += layout_notes(grading.layouts)
    violations = guarded(lambda: find_violations(spec.assignment, extracted, watch.seen, watch.lent))
    if violations is None:
        violations = ()
        faults.append("restrictions could not be checked")
    claims = guarded(
        lambda: claims_of(submission, spec.claims, results, has_data=not settings.data_set.is_standin)
    )
    draft = ReportDraft(
        submission=submission,
        loaded=loaded,
        extracted=extracted,
        results=[result.under(violations) for result in results],
        violations=violations,
        faults=faults,
        notes=notes,
        settings=settings,
        isolation=isolation,
        started=started,
        claims=claims or (),
    )
    return guarded(lambda: draft.report(guarded(lambda: _wrong_spec(draft)) or ())) or report_without_code(
        submission.id, "grader_fault", "the report could not be written", loaded, settings, isolation
    )


def guarded(action: Callable[[], _Result], *foreseen: type[GraderError]) -> _Result | None:
    """The action's result; None if the grader itself failed, which is logged with its traceback.

    foreseen: errors that are raised to the caller.
    """
    try:
        return action()
    except foreseen:
        raise
    except SpecError as error:
        # in place of a traceback, and left out where one is: the words may tell of a hidden check
        _log.error(_SPEC_FAULT, exc_info=(SpecError, SpecError(str(error)), None))
        return None
    except Exception:  # noqa: BLE001  the one place: a fault of ours must not cost a student
        _log.exception("the grader failed; this is not the student's fault")
        return None


def _wrong_spec(draft: ReportDraft) -> tuple[LookAlike, ...]:
    """Assignments that the submission fits better; none unless all of it was graded."""
    parts = draft.functions_seen
    if not draft.is_complete or all(part.status == "unjudged" for part in parts.values()):
        return ()  # for example if the spec measures only speed
    return near_misses(
        draft.submission,
        draft.loaded.spec,
        correct=[name for name, part in parts.items() if part.status == "correct"],
        present=[name for name, part in parts.items() if part.status != "missing"],
        named={
            name: frozenset((each.part, each.misconception) for each in part.diagnosis)
            for name, part in parts.items()
        },
    )


def in_running_order(checks: Sequence[AnyCheck]) -> list[AnyCheck]:
    """Each check as soon as the checks of all its functions have begun, so that few workers are started twice.

    Hidden checks run last, so that no visible one can show their traces.
    """
    first: dict[str, int] = {}
    for number, check in enumerate(checks):
        for name in check.functions:
            first.setdefault(name, number)

    def turn(number: int) -> tuple[bool, int]:
        check = checks[number]
        return check.visibility == "hidden", max((first[name] for name in check.functions), default=number)

    return [checks[number] for number in sorted(range(len(checks)), key=turn)]


@dataclass
class _Grading:
    """Runs the checks of one submission."""

    submission: Submission
    loaded: LoadedSpec
    extracted: Extracted
    sandbox: SandboxLike
    settings: Settings
    earlier: Earlier

    layouts: Mapping[str, Layout] = field(default_factory=dict)
    """Of each loss function, if the spec leaves it open."""

    right: dict[str, Replacement] = field(default_factory=dict)
    """Of each function or method that a check found wrong, the right one for the checks after it."""

    unwritten: dict[str, Replacement] = field(default_factory=dict)
    """Of those that were never written, for the questions on functions that are."""

    named: set[tuple[str, str]] = field(default_factory=set)
    """Each function with the mistakes that were named in it so far."""

    partly_right: set[str] = field(default_factory=set)
    """The functions and methods that earned points."""

    kept: dict[str, Kept] = field(default_factory=dict)
    """By check, the results that a later grading may use."""

    ran: set[str] = field(default_factory=set)
    """The checks that were run, and whose results are not an earlier grading's."""

    @cached_property
    def watch(self) -> Watch:
        """The calls that are traced, and what was seen in all calls."""
        return Watch(self.settings.seed, self.spec.assignment)

    @property
    def spec(self) -> Spec:
        """The assignment's."""
        return self.loaded.spec

    @cached_property
    def _context(self) -> CheckContext:
        return self.settings.context(self.spec.assignment)

    def results(self, progress: Progress | None) -> list[CheckResult]:
        """The results in the order of the spec."""
        code = Code(self.extracted, self.submission.files, self.spec.assignment)
        basis = Basis(self.loaded.sha256, self.settings, code)
        self.layouts = self._find_layouts(basis)
        calling = [check for check in self.spec.checks if check.id in self.earlier.kept or self._calls(check)]
        found = self._found(progress, self.earlier.standing(calling, basis))
        if found is None:
            for notes in (
                self.right,
                self.unwritten,
                self.named,
                self.partly_right,
                self.kept,
                self.ran,
            ):
                notes.clear()
            self.watch = Watch(self.settings.seed, self.spec.assignment)
            found = self._found(progress, Standing(code)) or {}
        self.earlier.basis = replace(basis, layouts=self.layouts)
        self.earlier.kept, self.earlier.ran = self.kept, frozenset(self.ran)
        return [found[check.id] for check in self.spec.checks]

    def _found(self, progress: Progress | None, standing: Standing) -> dict[str, CheckResult] | None:
        """The results by check; None if one that stands must be run again and others with it."""
        checks = in_running_order(self.spec.checks)
        found: dict[str, CheckResult] = {}
        with ExitStack() as stack:
            sessions: dict[Layout, Sessions] = {}
            for number, check in enumerate(checks):
                if progress is not None:
                    title = HIDDEN_TITLE if check.visibility == "hidden" else check.title
                    progress(number, len(checks), title)
                context = self._context_of(check)
                layout = context.assignment.convention.layout
                if layout not in sessions:
                    sessions[layout] = stack.enter_context(self._sessions(context))
                given = self._given(check, context)
                kept = standing.results.get(check.id)
                if kept is None:
                    found[check.id] = self._result(check, context, sessions[layout].run, given)
                elif kept.given == given:
                    self.kept[check.id] = kept
                    self.watch.recall(kept.seen)
                    found[check.id] = kept.result
                elif standing.can_run_alone(check):
                    found[check.id] = self._result(check, context, sessions[layout].run, given)
                else:
                    return None
                self._note_wrong(found[check.id], context)
        return found

    def _context_of(self, check: AnyCheck) -> CheckContext:
        is_open = self.spec.has_open_layout
        return self._context.in_layout(layout_of(check, self.layouts)) if is_open else self._context

    def _sessions(self, context: CheckContext) -> Sessions:
        return Sessions(
            self.sandbox, self.extracted, context.assignment, context.device, self.submission.files
        )

    def _find_layouts(self, basis: Basis) -> Mapping[str, Layout]:
        """The layout of each loss function if the spec leaves it open, found in separate workers."""
        if not self.spec.has_open_layout:
            return {}
        wanted = [check for check in self.spec.checks if self.settings.reason_left_out(check) is None]
        names = dict.fromkeys(name for check in wanted for name in check.functions)
        present = [name for name in names if name in self.extracted.functions]
        if (known := self.earlier.layouts(present, basis)) is not None:
            return known
        with self._sessions(self._context) as sessions, self._device_held(alone=False):
            return guarded(lambda: find_layouts(self._context, present, sessions.run)) or {}

    def _given(self, check: AnyCheck, context: CheckContext) -> Given:
        """What the check is given besides the code it calls."""
        right = self._replacements(check, context)
        return Given(
            context.assignment.convention.layout,
            right=tuple(each for each in right if self._gives_points(check, each)),
            withheld=tuple(each for each in right if not self._gives_points(check, each)),
            mistakes=tuple(mistake for name, mistake in sorted(self.named) if (name,) == check.functions),
        )

    def _result(self, check: AnyCheck, context: CheckContext, run: Runner, given: Given) -> CheckResult:
        reason = self.settings.reason_left_out(check)
        if reason is not None:
            return CheckResult(check, Verdict("not_run", 0.0, reason))
        missing = [name for name in check.functions if name not in self.extracted.functions]
        if missing:
            return CheckResult(check, self._skipped(missing))
        if check.needs_code and any(is_unwritten(self.extracted, name) for name in check.functions):
            name = formatting.listing(list(check.functions))
            return CheckResult(
                check, check.failed(f"{name} is not written yet, so nothing can have been saved")
            )
        recorder = Recorder(run)
        watched = self.watch.over(recorder.run, is_timed=check.is_timed or check.is_slow)
        self.ran.add(check.id)
        with self._device_held(alone=check.is_timed):
            clock = time.perf_counter()
            result = guarded(
                lambda: run_and_judge(
                    check,
                    context,
                    watched,
                    given.right,
                    given.mistakes,
                    given.withheld,
                    lambda evidence: self.watch.untraced(evidence, recorder.run),
                )
            )
            if result is None:
                return CheckResult(check, errored_verdict(), time.perf_counter() - clock)
            result = replace(result, seconds=time.perf_counter() - clock)
        self.kept[check.id] = recorder.kept(result, given, self.watch.latest)
        return result

    def _note_wrong(self, result: CheckResult, context: CheckContext) -> None:
        """Remember the right function for the one that a check found wrong."""
        verdict = result.verdict
        for each in verdict.findings:
            self.named.update((each.function, mistake.misconception) for mistake in each.diagnosis)
        if not verdict.credit and not verdict.findings:
            return
        right = result.check.replacement(context.assignment)
        if right is None or right.function not in self.extracted.functions:
            return
        if verdict.credit:
            self.partly_right.add(right.target)
        is_wrong = any(each.is_correct is False for each in verdict.findings)
        # A layer that returns its argument or zeros reads like a template's, but earned points with a known mistake.
        is_named = any(
            mistake.misconception != "all_zero" or result.check.fills_in
            for each in verdict.findings
            for mistake in each.diagnosis
        )
        is_written = (verdict.credit and is_named) or not is_unwritten(self.extracted, right.function)
        if is_wrong:
            found = self.right if is_written and not result.is_empty else self.unwritten
            found.setdefault(right.target, right)

    def _replacements(self, check: AnyCheck, context: CheckContext) -> tuple[Replacement, ...]:
        """Right functions for those that a check calls and does not judge itself."""
        found = self.right | self._fillings(check)
        if check.asked_again == "none" or not found:
            return ()
        own = check.replacement(context.assignment)
        called = {name for function in check.functions for name in self.extracted.names_bound(function)}
        wrong = tuple(
            each
            for each in found.values()
            if each.function in called and (own is None or not each.solves_as(own))
        )
        if check.asked_again == "any beside a right one":
            parts = {(each.attribute or each.name).partition("_")[0] for each in wrong}
            is_any_right = any(target.partition(".")[0] in called for target in self.partly_right)
            return wrong if is_any_right or not {"train", "predict"} <= parts else ()
        return wrong

    def _fillings(self, check: AnyCheck) -> dict[str, Replacement]:
        """Right functions for unwritten ones, if the check's own function computes something besides calling them."""
        functions = self.extracted.functions
        if not self.unwritten or not check.fills_in or not all(each in functions for each in check.functions):
            return {}
        names = [each.function for each in self.unwritten.values()]
        is_any_unwritten = any(is_unwritten(self.extracted, each, names) for each in check.functions)
        return {} if is_any_unwritten else self.unwritten

    def _gives_points(self, check: AnyCheck, right: Replacement) -> bool:
        """Whether the check may earn points with this right function."""
        match check.asked_again:
            case "partly right":
                return right.target in self.partly_right
            case "partly right or a helper":
                return right.target in self.partly_right or right.function not in check.functions
            case _:
                return True

    def _calls(self, check: AnyCheck) -> bool:
        """Whether the check is run, and all that it needs is there."""
        is_left_out = self.settings.reason_left_out(check) is not None
        return not is_left_out and all(name in self.extracted.functions for name in check.functions)

    def _skipped(self, missing: Sequence[str]) -> Verdict:
        if any(self.spec.assignment.is_optional(name) for name in missing):
            verb = "is" if len(missing) == 1 else "are"
            message = f"{formatting.listing(missing)} {verb} optional and not in the submission; no points are lost."
        else:
            reasons = self.extracted.missing
            message = " ".join(sentence(reasons.get(name, f"{name} is missing")) for name in missing)
        return Verdict("skipped", 0.0, message, findings=tuple(Finding(name, False) for name in missing))

    def _device_held(self, *, alone: bool) -> AbstractContextManager[None]:
        """The GPU's lock; nothing on a CPU. alone: to the exclusion of other runs of the grader."""
        if self._context.device == "cpu":
            return nullcontext()
        return device_lock.held(device_lock.lock_path(os.environ), alone=alone)
