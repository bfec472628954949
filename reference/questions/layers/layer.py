"""The questions' common parts: mistakes from a table of formulas, inputs left unchanged, and the cache of a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from reference.losses.problem import Array
from reference.mistakes import Mistake, Table
from reference.questions.alike import are_alike
from reference.questions.inputs import Inputs
from reference.questions.question import Answer, Question, QuestionCase, Rule

UNCHANGED = "inputs"
"""The output that numbers the first input that a call changed, 0 for none."""

Formula = Callable[..., Array]
"""An outcome from the inputs as arrays, without the last: whether they are turned."""

TURNED = "turned"
"""The input that says whether arrays are laid out in Fortran's order."""


def arrays_of(inputs: Inputs) -> list[Array]:
    """The inputs that are arrays."""
    return [np.asarray(each) for name, each in inputs.values.items() if name != TURNED]


def formulas(output: str, table: Table[Formula]) -> tuple[Mistake[Inputs], ...]:
    """The mistakes of a table in one output."""
    return tuple(
        Mistake(name, output, message, _applied(formula)) for name, (message, formula) in table.items()
    )


def _applied(formula: Formula) -> Callable[[Inputs], Array]:
    def outcome(inputs: Inputs) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(formula(*arrays_of(inputs)), dtype=np.float64)

    return outcome


def change_rules(names: Sequence[str]) -> tuple[Rule, ...]:
    """One rule for each input that must stay as it is."""

    def rule(number: int, name: str) -> Rule:
        def broken(_: Inputs, seen: Answer) -> Mapping[str, float] | None:
            return {} if float(seen[UNCHANGED]) == number else None

        message = (
            f"It changes its input {name} in place: work on a copy, because the caller may still need {name}."
        )
        return Rule(f"changes_{name}", UNCHANGED, message, broken)

    return tuple(rule(number, name) for number, name in enumerate(names, start=1))


_CACHE_RULES = (
    ("cache_of_another_form", "The backward pass raises an error with the cache returned here, but not with the inputs in the handout's order: does the cache hold all of them?"),
    ("cache_of_another_shape", "With the cache returned here, the gradients have different shapes than with the inputs themselves: do you reshape an input before caching it?"),
    ("cache_of_other_values", "With the cache returned here, the gradients have different values than with the inputs themselves: what does the cache hold?"),
)  # fmt: skip


_EXACT = 1e-5
"""Relative: as far as a right gradient may be off."""


def cache_question(
    name: str,
    parameters: tuple[str, ...],
    draw: Callable[[np.random.Generator], Sequence[QuestionCase]],
    out_and_dx: Callable[..., tuple[Array, Array]],
) -> Question:
    """Whether the student's backward pass gives with the cache of the forward pass what it gives with the inputs.

    A backward pass that ignores its cache would, and so would one beside a forward pass that computes nothing: there is
    nothing to compare until the output is nearly right (a slip there is judged elsewhere) and dx is right; a wrong
    backward pass has a right one in its place when this is asked again. parameters: the forward pass's, then dout.
    out_and_dx: both, right, from the parameters.
    """

    def rule(number: int, mistake: str, message: str) -> Rule:
        def broken(_: Inputs, seen: Answer) -> Mapping[str, float] | None:
            return {} if float(seen["cache"]) == number else None

        return Rule(mistake, "cache", message, broken)

    def is_nothing(inputs: Inputs, seen: Answer) -> Mapping[str, float] | None:
        out, dx = out_and_dx(*inputs.arrays(*parameters))
        is_core = are_alike([(seen["out"], out)]) and np.allclose(
            seen["dx"], dx, rtol=0, atol=_EXACT * np.max(np.abs(dx), initial=0.0)
        )
        return {} if float(seen["backward"]) or not is_core else None

    nothing = Rule(
        "nothing_to_compare",
        "backward",
        "The cache cannot be tested until the forward pass returns its output and the backward pass a right dx.",
        is_nothing,
        is_symptom=True,
    )
    rules = tuple(rule(number, *each) for number, each in enumerate(_CACHE_RULES, start=1))
    return Question(
        name=name,
        parameters=parameters,
        outputs={"cache": "number", "backward": "number", "out": "array", "dx": "array"},
        draw=lambda rng: [
            QuestionCase(each.label, {key: each.inputs[key] for key in parameters})
            for each in draw(rng)
            if not each.inputs[TURNED]
        ],
        answer=lambda inputs: {
            **dict.fromkeys(("cache", "backward"), np.zeros(())),
            **dict(zip(("out", "dx"), out_and_dx(*inputs.arrays(*parameters)), strict=True)),
        },
        driver=("layers", "cache"),
        right=("layers", f"{name.removesuffix('_cache')}_forward"),
        free=("cache", "backward", "out", "dx"),
        rules=(*rules, nothing),
        needs={"cache": ("backward",)},
        aside=("backward", "out", "dx"),
        unchanged=(),
    )
