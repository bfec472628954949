"""No value of a student's makes the judge fail: no exception, no warning, and a verdict that a report can hold."""

import json
import traceback

import numpy as np
import pytest

from grader.checks import AnyCheck
from grader.checks.base.context import CheckContext
from grader.grading.check_result import CheckResult
from grader.grading.gate import reportable
from grader.grading.reporting import check_part
from grader.spec import load_spec
from tests.checks.extremes import Extremes, evidence_of, with_few_steps
from tests.checks.images import DATA

SPECS = (
    *("cnn_mnist", "cs231n", "cs231n_2016", "eecs498_2019", "eecs498_2020", "linear_regression"),
    *("numpy_linear_bias", "ridge_regression", "softmax_sgd_lab", "two_layer_net"),
)
LATER = "cs231n_2025"
"""A spec of which only the questions and kinds that cs231n has not are tried."""
ROUNDS = 8
SHARES = (1.0, 0.3, 0.05, 0.01)
GREATEST_TRIALS = 300


def checks_of_all_specs() -> dict[str, tuple[AnyCheck, CheckContext]]:
    """One check of every kind and question of every spec."""
    found: dict[str, tuple[AnyCheck, CheckContext]] = {}
    for name in (*SPECS, LATER):
        spec = load_spec(name).spec
        for check in spec.checks:
            what = getattr(check, "question", check.kind)
            if name == LATER and f"cs231n: {what}" in found:
                continue
            context = CheckContext(spec.assignment, 0, data=DATA)
            found.setdefault(f"{name}: {what}", (with_few_steps(check), context))
    return found


CHECKS = checks_of_all_specs()


@pytest.mark.parametrize("name", CHECKS)
def test_no_value_makes_the_judge_fail(name):
    check, context = CHECKS[name]
    first = check.trials(context)
    failures = []

    for number in range(2 if check.is_timed else ROUNDS):
        share = (1.0, 0.5, 0.1, 0.03)[number % 4]
        extremes = Extremes(np.random.default_rng(number), check, context, share)
        try:
            with np.errstate(all="ignore"):
                evidence = evidence_of(check, context, extremes.observation, first, GREATEST_TRIALS)
                verdict = reportable(check, check.judge(context, evidence))
            json.loads(check_part(CheckResult(check, verdict)).model_dump_json())
        except Exception:  # noqa: BLE001  whatever it is, it is a fault of the judge's
            failures.append(f"{number}: {traceback.format_exc(limit=-6)}")

    assert not failures, "\n".join(failures[:3])
