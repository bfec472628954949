"""The question about an update rule f(w, dw, config) -> (next_w, config): parameters and state after each of several steps.

One step is not enough: from an empty config the first step of Adam is the same without its corrections, and a step from a
given state does not show what is kept for the next.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from reference.losses.problem import Array
from reference.mistakes import Mistake
from reference.questions.inputs import Inputs, Value
from reference.questions.question import Answer, Question, QuestionCase, QuestionMistake, Rule

State = Mapping[str, Array]
Numbers = Mapping[str, float]
Step = Callable[[Array, Array, State, Numbers], tuple[Array, State]]
"""(w, dw, state, hyperparameters) -> (next w, next state)."""

TOLERANCE = 1e-6
"""With |dw| >= 0.8 an epsilon inside the root, or beside another factor, stays below half of it; every mistake is far above."""

_NO_CONFIG, _PASSED, _FLOAT32, _BESIDE_ANOTHER = 1, 2, 3, 4
"""Indices of HOW in reference.in_worker.drivers.update_rules."""
_LARGE_EPSILON = 1e-3

_PASSED_NOTE = "the new state is only in the returned config. The Solver reads that one, but the notebook's cells read the config they pass in"
_FLOAT32_NOTE = "float32 parameters come back in another dtype: what is the state's dtype?"
_EPSILON_NOTE = f"with epsilon = {_LARGE_EPSILON:g} it differs from the handout's: epsilon is not added right after the square root, or is not config's. With 1e-8 the difference is hardly visible"


@dataclass(frozen=True, slots=True)
class UpdateRule:
    """A rule as the handout has it."""

    name: str
    defaults: Numbers
    """The hyperparameters, as they are where config lacks them."""
    unusual: Numbers
    """Others to be given in a config."""
    step: Step
    states: tuple[str, ...] = ()
    """Those with the shape of the parameters; a count of the steps is "t"."""
    positive: tuple[str, ...] = ()
    """The states that are never negative."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Parameters and states."""
        return ("w", *self.states)


def follow(rule: UpdateRule, inputs: Inputs, step: Step | None = None) -> Answer:
    """Parameters and states after each step, stacked; with another step than the rule's if given."""
    w = inputs.array("w")
    numbers = {
        name: default if inputs[name] is None else inputs.number(name)
        for name, default in rule.defaults.items()
    }
    state: State = {name: _start(inputs, name) for name in rule.states}
    after: dict[str, list[Array]] = {name: [] for name in rule.outputs}
    with np.errstate(all="ignore"):
        for gradient in inputs.array("dw"):
            w, state = (step or rule.step)(w, gradient, state, numbers)
            for name, value in {"w": w, **state}.items():
                after[name].append(np.broadcast_to(value, () if name == "t" else w.shape))
    return {name: np.array(values) for name, values in after.items()}


def _start(inputs: Inputs, name: str) -> Array:
    if inputs[name] is not None:
        return inputs.array(name).astype(np.float64)
    return np.zeros(() if name == "t" else inputs.array("w").shape)


# --- Cases -----------------------------------------------------------------------------------------------------------


def _single(array: Array) -> Array:
    """Numbers that float32 has too."""
    return array.astype(np.float32).astype(np.float64)


def _gradients(rng: np.random.Generator, steps: int, shape: tuple[int, ...]) -> Array:
    """Far from zero, where an epsilon could be seen, and of both signs."""
    size = (steps, *shape)
    return _single(rng.choice([-1.0, 1.0], size=size) * rng.uniform(0.8, 3.0, size=size))


def _inputs(
    rng: np.random.Generator,
    rule: UpdateRule,
    steps: int,
    shape: tuple[int, ...],
    *,
    given: Sequence[str] = (),
    how: int = 0,
) -> dict[str, Value]:
    """given: the hyperparameters and states that config has."""
    found: dict[str, Value] = {
        "w": _single(0.5 * rng.normal(size=shape)),
        "dw": _gradients(rng, steps, shape),
        "how": how,
        **{name: rule.unusual[name] if name in given else None for name in rule.defaults},
    }
    for name in rule.states:
        drawn = rng.uniform(0.5, 1.5, size=shape) if name in rule.positive else 0.3 * rng.normal(size=shape)
        found[name] = (5 if name == "t" else _single(drawn)) if name in given else None
    return found


def _draw(rule: UpdateRule) -> Callable[[np.random.Generator], Sequence[QuestionCase]]:
    everything = (*rule.defaults, *rule.states)

    def draw(rng: np.random.Generator) -> Sequence[QuestionCase]:
        with_zeros = _inputs(rng, rule, 4, (6,), how=_NO_CONFIG)
        gradients = np.asarray(with_zeros["dw"])
        gradients[0, :2] = 0
        rate = ("learning_rate",)
        numbers = ", ".join(f"{name}={value:g}" for name, value in rule.unusual.items())
        cases = [
            QuestionCase("6 steps from an empty config", _inputs(rng, rule, 6, (4, 5))),
            QuestionCase(
                f"6 steps from a given config with {numbers}", _inputs(rng, rule, 6, (3, 4), given=everything)
            ),
            QuestionCase("4 steps without a config, at first with gradients of 0", with_zeros),
            QuestionCase(
                "3 steps with 4 axes, and with steps of another parameter between them",
                _inputs(rng, rule, 3, (2, 3, 2, 2), given=rate, how=_BESIDE_ANOTHER),
            ),
        ]
        noted = [("in float32", _inputs(rng, rule, 2, (3, 2), given=rate, how=_FLOAT32), _FLOAT32_NOTE)]
        if rule.states:
            passed = _inputs(rng, rule, 1, (2, 3), given=everything, how=_PASSED)
            noted.append(("one step, and the config that was passed", passed, _PASSED_NOTE))
        if "epsilon" in rule.defaults:
            large = {**_inputs(rng, rule, 2, (2, 3), given=rate), "epsilon": _LARGE_EPSILON}
            noted.append((f"epsilon={_LARGE_EPSILON:g}", large, _EPSILON_NOTE))
        return [*cases, *(QuestionCase(label, each, is_noted=True, note=note) for label, each, note in noted)]

    return draw


# --- Mistakes --------------------------------------------------------------------------------------------------------


def with_numbers(rule: UpdateRule, **numbers: float) -> Step:
    """The rule's step with these hyperparameters in place of config's."""
    return lambda w, dw, state, given: rule.step(w, dw, state, {**given, **numbers})


def not_stored(rule: UpdateRule, *names: str) -> Step:
    """The rule's step, after which these states are what they were before."""

    def step(w: Array, dw: Array, state: State, numbers: Numbers) -> tuple[Array, State]:
        after, stored = rule.step(w, dw, state, numbers)
        return after, {**stored, **{name: state[name] for name in names}}

    return step


def uphill(rule: UpdateRule) -> Step:
    """The rule's step in the other direction."""

    def step(w: Array, dw: Array, state: State, numbers: Numbers) -> tuple[Array, State]:
        after, stored = rule.step(w, dw, state, numbers)
        return 2 * w - after, stored

    return step


Mistakes = Mapping[str, tuple[str, Step]]
"""The message, which goes on after "It is the result of", and the step."""

NOT_KEPT = "is the new {state} stored in config for the next step?"


def _mistakes(rule: UpdateRule, table: Mistakes) -> Iterator[QuestionMistake]:
    def outcome(output: str, step: Step) -> Callable[[Inputs], Array]:
        return lambda inputs: follow(rule, inputs, step)[output]

    for output, (name, (message, step)) in itertools.product(rule.outputs, table.items()):
        yield Mistake(name, output, f"It is the result of {message}", outcome(output, step))


def _missing_state(state: str) -> Rule:
    def broken(_: Inputs, seen: Answer) -> Mapping[str, float] | None:
        return {} if np.isnan(seen[state]).all() else None

    message = f"The returned config has no {state} of the handout's shape."
    return Rule("state_missing", state, message, broken)


def _no_epsilon() -> Rule:
    """NaN from the first step on, and only where the gradient was zero."""

    def broken(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        is_zero = inputs.array("dw")[0] == 0
        is_nan = np.isnan(seen["w"])
        only_there = is_zero.any() and is_nan[:, is_zero].all() and not is_nan[:, ~is_zero].any()
        return {"count": float(is_zero.sum())} if only_there else None

    message = "It is NaN in the {count} entries whose gradient is 0 at the first step, 0 divided by 0: what is epsilon for?"
    return Rule("no_epsilon", "w", message, broken)


def question_of(rule: UpdateRule, table: Mistakes, rules: tuple[Rule, ...] = ()) -> Question:
    """The question about a rule with its known mistakes."""
    if "epsilon" in rule.defaults:
        rules = (*rules, _no_epsilon())
    return Question(
        name=f"rule_{rule.name}",
        parameters=("w", "dw", "how", *rule.defaults, *rule.states),
        outputs=dict.fromkeys(rule.outputs, "array"),
        draw=_draw(rule),
        answer=lambda inputs: follow(rule, inputs),
        driver=("update_rules", rule.name),
        right=("update_rules", rule.name),
        tolerance=TOLERANCE,
        mistakes=tuple(_mistakes(rule, table)),
        rules=(*map(_missing_state, rule.states), *rules),
        needs=dict.fromkeys({"t"} & {*rule.outputs}, tuple(each for each in rule.outputs if each != "t")),
        unchanged=("dw",),
    )
