"""Finds the layout of each loss function's arrays if the spec leaves it open, by calling the function in both.

The layout with right values wins, then the one in which values of the right shapes come back. Even for a wrong function
that is nearly always one of the two: all sizes differ, so the other one raises.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import get_args

from grader import formatting
from grader.checks import AnyCheck
from grader.checks.base.check import random_stream
from grader.checks.base.context import CheckContext
from grader.checks.losses.calls import loss_trial
from grader.checks.losses.cases import Draw
from grader.checks.losses.truth import Truth
from grader.model.observation import Observation, Received, Returned
from grader.model.trial import Trial
from reference.conventions import Layout

Runner = Callable[[Trial], Observation]

DEFAULT: Layout = "DC"


def find_layouts(context: CheckContext, names: Iterable[str], run: Runner) -> Mapping[str, Layout]:
    """The layout of each loss function; one that fits both equally well gets the layout of most others."""
    worths = {name: _worths(context, name, run) for name in names}
    decided = {
        name: max(worth, key=lambda layout: worth[layout])
        for name, worth in worths.items()
        if len(set(worth.values())) > 1
    }
    usual = Counter(decided.values()).most_common(1)
    others = usual[0][0] if usual else DEFAULT
    return {name: decided.get(name, others) for name in worths}


def layout_of(check: AnyCheck, layouts: Mapping[str, Layout]) -> Layout:
    """The layout in which a check calls its functions: that of the first one in the submission."""
    return next((layouts[name] for name in check.functions if name in layouts), DEFAULT)


def layout_notes(layouts: Mapping[str, Layout]) -> tuple[str, ...]:
    """A note for the report on functions in another layout than the usual one."""
    turned = [name for name, layout in layouts.items() if layout != DEFAULT]
    if not turned:
        return ()
    verb = "takes" if len(turned) == 1 else "take"
    layout = f"{formatting.listing(turned)} {verb} W as (C, D) and X as (D, N), as in the handout of 2015"
    return (f"{layout}, and {'was' if len(turned) == 1 else 'were'} graded in that layout.",)


def _worths(context: CheckContext, name: str, run: Runner) -> dict[Layout, int]:
    """How well each layout fits: from 3, loss and gradient are right, to 0, the call returned no values."""
    return {layout: _worth(context.in_layout(layout), name, run) for layout in get_args(Layout)}


def _worth(context: CheckContext, name: str, run: Runner) -> int:
    assignment = context.assignment
    case = Draw(random_stream(context.seed, "layout", name), assignment.convention).plain(
        "sizes that are all different", 5, 3, 8, 0.0
    )
    function = assignment.loss_function(name)
    trial = loss_trial(assignment, name, case, function.main_dtype)
    observation = run(trial)
    if not isinstance(observation, Returned):
        return 0
    loss, gradient = observation.values
    if not isinstance(loss, Received) or not isinstance(gradient, Received):
        return 0
    truth = Truth.of(assignment, trial)
    return 1 + truth.compare_loss(loss).is_right + truth.compare_gradient(gradient).is_right
