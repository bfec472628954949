"""What the Python work of a function grows with, counted as for losses: a loop over each size that it should have, no other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from grader import formatting
from grader.checks.base.call import sentence
from grader.checks.base.check import Evidence, Roles, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.base.growth import Growth, evasion, nothing_counted
from grader.checks.questions.answer_tally import Tally
from grader.checks.questions.asked import Asked, AskingCheck, set_with
from grader.errors import SpecFault
from grader.model.assignment import FunctionSpec
from grader.model.observation import Instructions, Observation, Returned
from grader.model.trial import Trial
from grader.model.verdict import Finding, Flag, Verdict
from reference.questions.question import Loops, Question

_PATIENCE = 3
"""A counted call may take so many times as long as any other."""

_Part = Sequence[tuple[Trial, Observation]]


class MethodLoopsCheck(AskingCheck):
    """Each of the questions' functions loops over what the handout says, and over nothing else."""

    roles: ClassVar[Roles] = {"function": ("function",)}

    kind: Literal["method_loops"]
    function: str = Field(description="The function or class that is asked.")
    questions: tuple[str, ...] = Field(
        min_length=1,
        description="Names of questions in reference.questions that say which loops there are; they share the points.",
    )

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """The questions must be known, and say which loops there are."""
        yield from super().misfits(functions)
        for name in self.questions:
            known = set_with(name, self._own).questions
            looping = [each for each, question in known.items() if question.loops is not None]
            if name not in looping:
                yield SpecFault.not_one_of("questions", name, looping)

    @property
    def methods(self) -> tuple[str, ...]:
        """None: what a method must not use costs the points for its answers."""
        return ()

    def _asked(self, name: str) -> tuple[Asked, Loops]:
        asked = Asked.of(name, self._own)
        assert asked.question.loops is not None  # see misfits
        return asked, asked.question.loops

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """For each question a small case, and one with more of each thing."""
        found = []
        for name in self.questions:
            asked, loops = self._asked(name)
            small, larger = loops.draw(random_stream(context.seed, self.id, name))
            for case in (small, *larger.values()):
                trial = asked.trial(context.assignment, (self.function,), case)
                found.append(
                    dataclasses.replace(
                        trial,
                        is_counted=True,
                        are_calls_counted=True,
                        seconds=_PATIENCE * trial.seconds,
                        tag="",
                    )
                )
        return tuple(found)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """An equal share for each function whose loops are right, if its answers in these calls are."""
        right: list[str] = []
        faults: list[str] = []
        alarms: list[Flag] = []
        wrong: list[str] = []
        has_other_loops = False
        measured: dict[str, float] = {}
        start = 0
        for name in self.questions:
            asked, loops = self._asked(name)
            question = asked.question
            part = evidence[start : start + 1 + len(loops.sizes)]
            start += len(part)
            subject = question.subject or self.function
            counts = _counts(part)
            measured |= {f"{name}_{at}": float(count.total) for at, count in enumerate(counts)}
            if not self._are_values_right(context, question, part):
                wrong.append(subject)
            elif (evading := evasion(subject, counts)) is not None:
                faults.append(sentence(evading))
                alarms.append(Flag("unclear_code", self.function, sentence(evading)))
            elif (
                fault := nothing_counted(subject, counts) or _fault_of_loops(subject, loops, counts)
            ) is not None:
                faults.append(sentence(fault))
                has_other_loops = True
            else:
                right.append(subject)
        if wrong:
            whose = "its" if len(wrong) == 1 else "their"
            names = formatting.listing(wrong)
            faults.append(f"No points for the loops of {names} until {whose} answers are right.")
        if not faults:
            return self.passed(
                f"{formatting.listing(right)} loop as the handout says.",
                measured=measured,
                findings=(Finding(self.function, None),),
            )
        return self.failed(
            " ".join(faults),
            credit=len(right) / len(self.questions),
            measured=measured,
            findings=(Finding(self.function, False if has_other_loops else None),),
            blames=(self.function,) if wrong and not has_other_loops else (),
            alarms=tuple(alarms),
        )

    def _are_values_right(self, context: CheckContext, question: Question, part: _Part) -> bool:
        tally = Tally(self.function, question, "float64")
        for trial, observation in part:
            tally.add(context.assignment, trial, observation)
        return tally.broken is None and not tally.wrong  # a changed input costs the answers' points


def _counts(part: _Part) -> list[Instructions]:
    return [
        observation.instructions or Instructions(0)
        for _, observation in part
        if isinstance(observation, Returned)
    ]


def _fault_of_loops(subject: str, loops: Loops, counts: Sequence[Instructions]) -> str | None:
    """A clause on loops that are missing, or too many; None if they are as they should be."""
    small, *larger = counts
    growths = [
        Growth(of, *sizes, small, great)
        for (of, sizes), great in zip(loops.sizes.items(), larger, strict=True)
    ]
    missing = [each.of for each in growths if each.of in loops.over and not each.is_loop]
    further = [
        each for each in growths if each.of not in loops.over and (not each.is_flat or each.repeated_call)
    ]
    rule = f"According to the handout, {loops.rule}"
    if further:
        work = " and ".join(each.work for each in further)
        where = dict.fromkeys(str(each.location) for each in further if each.location)
        at = f" (at {' and '.join(where)})" if where else ""
        lacking = f", but not over {formatting.listing(missing)}" if missing else ""
        over = formatting.listing([each.of for each in further])
        called = [each.repeated_call for each in further if each.is_flat and each.repeated_call]
        if called:
            return f"{subject} calls {' and '.join(called)}, which is a loop over {over}{lacking}. {rule}"
        return f"{subject} loops over {over}{at}{lacking}: it does more Python work {work}. {rule}"
    if missing:
        work = " or ".join(each.work for each in growths if each.of in missing)
        return (
            f"{subject} does not loop over {formatting.listing(missing)}: it does hardly any more Python"
            f" work {work}. {rule}"
        )
    return None
