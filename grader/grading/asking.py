"""Runs one check on a submission, and once more with right functions where wrong ones, judged elsewhere, made it fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from grader import formatting
from grader.checks import AnyCheck, Evidence
from grader.checks.base.call import failure_told
from grader.checks.base.context import CheckContext
from grader.grading.check_result import CheckResult
from grader.grading.gate import reportable
from grader.grading.layouts import Runner
from grader.grading.reporting import check_part
from grader.model.observation import Observation, Raised, Returned, Unexpected
from grader.model.trial import Replacement, Trial
from grader.model.verdict import Flag, Verdict


def run_and_judge(
    check: AnyCheck,
    context: CheckContext,
    run: Runner,
    replacements: Sequence[Replacement] = (),
    mistakes: Collection[str] = (),
    withheld: Sequence[Replacement] = (),
    untraced: Callable[[Evidence], Evidence | None] = lambda _: None,
) -> CheckResult:
    """The check's result.

    replacements: right functions for those that the check calls and that other checks found wrong. A check that fails
    is asked again with them, and the better verdict counts: one mistake costs its own checks only.
    mistakes: those that other checks named in the same function. What is right but for one of them passes.
    untraced: the evidence of a check that failed with its traced calls made again; None if it has none.
    withheld: right functions that give no points here. A check that passes with them too found nothing wrong in its own.
    """
    verdict, evidence = _judged(check, context, run, ())
    if verdict.status == "failed" and (plain := untraced(evidence)) is not None:
        verdict, evidence = _better(check, context, (verdict, evidence), plain)
    is_empty = all(_gives_nothing(seen) for _, seen in evidence)
    if verdict.status != "failed":
        return CheckResult(check, verdict)
    if any(check.is_right_beside(context, evidence, mistake) for mistake in mistakes):
        name = formatting.listing(list(check.functions))
        return CheckResult(
            check, check.passed(f"{name} is correct here apart from a mistake that is graded elsewhere")
        )
    if withheld and _judged(check, context, run, (*replacements, *withheld))[0].status == "passed":
        undecided = (replace(each, is_correct=None, diagnosis=()) for each in verdict.findings)
        verdict = replace(verdict, findings=tuple(undecided))
    if not replacements:
        return CheckResult(check, verdict, is_empty=is_empty)
    again, with_right = _judged(check, context, run, tuple(replacements))
    targets = tuple(each.target for each in replacements)
    if again.status == "passed" or again.credit > verdict.credit:
        return CheckResult(check, _told(again, targets), replaced=targets)
    # An equal share for another reason: the check fails because of a second mistake, which is the one to tell.
    is_other = again.credit == verdict.credit and again.message != verdict.message
    if is_other and all(isinstance(seen, Returned) for _, seen in with_right[: len(evidence)]):
        return CheckResult(check, _told(again, targets), replaced=targets)
    return CheckResult(check, verdict, is_empty=is_empty)


def _better(
    check: AnyCheck, context: CheckContext, traced: tuple[Verdict, Evidence], plain: Evidence
) -> tuple[Verdict, Evidence]:
    """The better verdict. One that a trace made worse is flagged: code that is not watched has no reason to differ."""
    again = check.judge(context, plain)
    if again.credit <= traced[0].credit:
        return traced
    names = formatting.listing(list(check.functions))
    words = (
        f"{check.title}: {names} gave different results while the grader was tracing its operators. The"
        " better results count; please read the code."
    )
    flag = Flag("restriction_noted", check.functions[0], words)
    return replace(again, alarms=(*again.alarms, flag)), plain


def _gives_nothing(seen: Observation) -> bool:
    """Whether a call returned None, like a function that is still to be written."""
    match seen:
        case Returned(values=values):
            return all(
                isinstance(value, Unexpected) and value.description.endswith("None") for value in values
            )
        case Raised(kind=kind):
            return kind == "NotImplementedError"
        case _:
            return False


def _told(verdict: Verdict, targets: Sequence[str]) -> Verdict:
    whose = "a right" if len(targets) == 1 else "right"
    words = f"{verdict.message} Judged with {whose} {formatting.listing(targets)} in place of the submission's own."
    return replace(verdict, message=words)


def _judged(
    check: AnyCheck, context: CheckContext, run: Runner, replaced: tuple[Replacement, ...]
) -> tuple[Verdict, Evidence]:
    evidence: list[tuple[Trial, Observation]] = []
    trials = check.trials(context)
    while trials:
        seen = [(trial, run(replace(trial, replaced=replaced) if replaced else trial)) for trial in trials]
        evidence += check.digest(context, seen)
        trials = check.more_trials(context, evidence)
    verdict = reportable(check, check.judge(context, evidence))
    if verdict.status == "failed" and verdict.failure is None:
        verdict = replace(verdict, failure=failure_told(evidence, verdict.message))
    check_part(
        CheckResult(check, verdict)
    )  # so that a verdict that no report can hold fails this check alone
    return verdict, evidence
