"""Whether a network's gradients and its trainer's steps are nearly right: what its accuracy earns points with.

Accuracy alone shows no descent: weights that least squares give, or that were set in between, label images as well. A slip
in a gradient or a step is judged elsewhere; what points elsewhere, or is zero, is none.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from grader.checks.base.call import failure_sentence, sentence
from grader.checks.base.check import Evidence, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.questions.answer_tally import inputs_of
from grader.checks.questions.asked import Asked
from grader.model.observation import Received, Returned
from grader.model.trial import Array, Trial
from reference.questions.alike import are_alike
from reference.questions.inputs import Inputs, Value
from reference.questions.question import QuestionCase

_DEEP = ("fully_connected_loss", ("dW_before_last", "db_before_last", "dW_last", "db_last"))
_FUNCTION = ("nn_forward_backward", ("dW1", "db1", "dW2", "db2"))
_STEPS = ("nn_train", ("W1", "b1", "W2", "b2"))

_PLAIN: dict[str, Value] = {"reg": 0.0, "first_reg": 0.0, "learning_rate_decay": 1.0}
"""Without regularization and decay, whose slips are judged elsewhere."""


def gradient_trial(context: CheckContext, check_id: str, function: str, hidden: int) -> Trial:
    """A call of a network's loss; hidden: its hidden layers, 0 for a function of a network's parameters."""
    name, _ = _DEEP if hidden else _FUNCTION
    return _trial(context, check_id, name, function, hidden)


def step_trial(context: CheckContext, check_id: str, function: str) -> Trial:
    """A short training with gradients of ours."""
    return _trial(context, check_id, _STEPS[0], function)


def _trial(context: CheckContext, check_id: str, name: str, function: str, hidden: int = 0) -> Trial:
    asked = _asked(name)
    cases = asked.question.draw(random_stream(context.seed, check_id, name))
    case = next((each for each in cases if _hidden_layers(each) == hidden), cases[0])
    plain = {key: _PLAIN.get(key, value) for key, value in case.inputs.items()}
    return replace(
        asked.trial(context.assignment, (function,), QuestionCase(case.label, plain)), tag=name, echo=()
    )


def _asked(name: str) -> Asked:
    """The question; of steps, where they lead: what a trainer returns beside is judged elsewhere."""
    asked = Asked.of(name, None)
    if name != _STEPS[0]:
        return asked
    outputs = {each: asked.question.outputs[each] for each in _STEPS[1]}
    return replace(
        asked, question=replace(asked.question, driver=("net_functions", "moved"), outputs=outputs)
    )


def _hidden_layers(case: QuestionCase) -> int:
    widths = case.inputs.get("widths")
    return len(widths) - 2 if isinstance(widths, np.ndarray) else 0


def fault_of_core(context: CheckContext, evidence: Evidence) -> str | None:
    """A sentence on the first call that shows no gradients, or no steps along them."""
    for trial, seen in evidence:
        if not isinstance(seen, Returned):
            return sentence(failure_sentence(trial, seen))
        question = _asked(trial.tag).question
        is_steps = trial.tag == _STEPS[0]
        names = dict((_DEEP, _FUNCTION, _STEPS))[trial.tag]
        inputs = Inputs(inputs_of(question, trial), context.assignment.convention)
        right = question.answer(inputs)
        got = dict(zip(question.outputs, seen.values, strict=True))
        pairs: list[tuple[Array, Array]] = []
        for name in names:
            value = got[name]
            start = inputs.array(name) if is_steps else 0.0
            there = value.array.astype(np.float64) - start if isinstance(value, Received) else 0 * right[name]
            pairs.append((there, right[name] - start))
        if not are_alike(pairs):
            what = (
                f"the steps of {trial.function} do not lead along the gradients of the loss that it is given"
                if is_steps
                else f"the gradients of {trial.function} are not those of its loss"
            )
            return f"No points for accuracy while {what}, on {trial.label}."
    return None
