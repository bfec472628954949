"""Layers and networks graded for real: one wrong layer costs its own points alone, and no network is judged by our loss."""

import pytest

from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import SourceFile, Submission
from grader.sandbox.host import Sandbox
from grader.selftest.catalogue import solution_of
from grader.spec import load_spec

SPEC = load_spec("cs231n_2025")
NETS = ("TwoLayerNet", "FullyConnectedNet")
LAYERS = {"affine_backward", "relu_forward", "relu_backward"}
ONLY = frozenset(LAYERS | {"two_layer_loss", "two_layer_calls", "fc_scores", "fc_loss", "fc_calls"})


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as host:
        yield host


def graded(sandbox, layers=(), nets=()):
    functions = solution_of("cs231n_2025_nets").functions
    parts = {
        "cs231n/layers.py": "".join(text for name, text in functions.items() if name not in NETS),
        "cs231n/classifiers/fc_net.py": "from ..layers import *\n"
        + "".join(functions[name] for name in NETS),
    }
    for path, changes in zip(parts, (layers, nets), strict=True):
        for old, new in changes:
            assert old in parts[path]
            parts[path] = parts[path].replace(old, new)
    files = tuple(SourceFile(path, f"import numpy as np\n{text}".encode()) for path, text in parts.items())
    return grade(Submission("one", files), SPEC, sandbox, Settings(seed=3, only=ONLY))


def lost(report):
    return {check.id for check in report.checks if check.id in ONLY and check.status != "passed"}


def test_a_wrong_layer_costs_no_network_its_points(sandbox):
    report = graded(sandbox, [("dx = dout.dot(w.T)", "dx = -dout.dot(w.T)")])

    assert lost(report) == {"affine_backward"}
    wrong = {name for name, part in report.functions.items() if part.status == "incorrect"}
    assert wrong == {"affine_backward"}
    by_id = {check.id: check for check in report.checks}
    assert "Judged with a right affine_backward" in by_id["fc_loss"].message


def test_a_layer_without_a_line_of_arithmetic_is_replaced_if_it_is_a_known_mistake(sandbox):
    report = graded(sandbox, [("dx = dout * (x > 0)", "dx = dout")])

    assert lost(report) == {"relu_backward"}
    assert [each.misconception for each in report.functions["relu_backward"].diagnosis] == ["no_mask"]


def test_a_relu_that_works_in_place_costs_its_own_share_and_is_not_called_incorrect(sandbox):
    report = graded(sandbox, [("out = np.maximum(0, x)", "x[x < 0] = 0\n    out = x")])

    assert lost(report) == {"relu_forward"}
    assert report.functions["relu_forward"].status == "correct"
    assert [each.misconception for each in report.functions["relu_forward"].diagnosis] == ["changes_x"]


def test_a_network_is_never_judged_by_our_loss(sandbox):
    report = graded(sandbox, nets=[("loss += 0.5 * self.reg", "loss += self.reg")])

    assert lost(report) == {"two_layer_loss", "fc_loss"}
    assert not any("Judged with" in check.message for check in report.checks)
