"""What a traced call brings back, from right functions, from those with help, and from hostile ones."""

import numpy as np
import pytest

from grader.model.observation import Raised, Returned
from grader.model.trial import ArrayOutput, Tensor
from tests.sandbox.calls import number_of, trial

SCORES = Tensor(np.array([[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]]))
LABELS = Tensor(np.array([2, 0]))


@pytest.fixture
def operators_of(open_session):
    """The source of f(scores, y), which returns a number, to what its traced call says ran."""

    def run(body):
        session = open_session(
            f"import torch\nimport torch.nn.functional as F\n\ndef f(scores, y):\n{body}", "f"
        )
        plain = number_of(session.run(trial("f", SCORES, LABELS)))
        seen = session.run(trial("f", SCORES, LABELS, is_traced=True))
        assert number_of(seen) == plain
        assert isinstance(seen, Returned)
        return set(seen.operators)

    return run


def test_a_call_that_is_not_traced_brings_no_names(open_session):
    seen = open_session("def f(scores, y):\n    return scores.sum()", "f").run(trial("f", SCORES, LABELS))

    assert isinstance(seen, Returned)
    assert seen.operators == ()


def test_the_names_of_functions_and_operators_come_back(operators_of):
    seen = operators_of("    return F.softmax(scores, dim=1).max() + torch.einsum('nc->', scores)")

    assert {"aten.softmax", "aten.einsum", "aten._softmax", "aten.max"} <= seen
    assert "autograd" not in seen


@pytest.mark.parametrize(
    "body",
    [
        "    return F.cross_entropy(scores, y)",
        "    return eval('F.cross' '_entropy')(F.relu(scores), y)",
        "    return getattr(torch.nn.functional, 'cross_' + 'entropy')(scores, y)",
        "    return torch._C._nn.cross_entropy_loss(scores, y, None, 1)",
        "    return torch.ops.aten.nll_loss_forward(scores.log_softmax(1), y, None, 1, -100)[0]",
        "    return torch.nn.CrossEntropyLoss()(scores, y)",
    ],
)
def test_a_ready_made_cross_entropy_is_seen_however_it_is_reached(operators_of, body):
    assert "aten.nll_loss_forward" in operators_of(body)


def test_a_ready_made_hinge_loss_is_seen(operators_of):
    assert "aten.multi_margin_loss" in operators_of("    return F.multi_margin_loss(scores, y)")


def test_a_cross_entropy_of_probabilities_is_seen(operators_of):
    seen = operators_of("    return F.cross_entropy(scores, F.one_hot(y, 3).to(scores.dtype))")

    assert "aten.cross_entropy_loss" in seen


ENGINE = """\
    torch.autograd.Variable._execution_engine.run_backward(
        ((W * W).sum(),), (torch.ones((), dtype=W.dtype),), False, False, (), allow_unreachable=True, accumulate_grad=True)
    return W.grad.sum()"""


@pytest.mark.parametrize(
    "lines",
    [
        "    (W * W).sum().backward()\n    return W.grad.sum()",
        "    return torch.autograd.grad((W * W).sum(), W)[0].sum()",
        "    return torch.func.grad(lambda w: (w * w).sum())(scores).sum()",
        "    return torch.autograd.functional.jacobian(lambda w: (w * w).sum(), scores).sum()",
        ENGINE,
    ],
)
def test_a_backward_pass_is_seen_however_it_is_asked_for(operators_of, lines):
    assert "autograd" in operators_of("    W = scores.clone().requires_grad_()\n" + lines)


def test_a_tensor_that_could_have_a_gradient_and_is_not_asked_for_it_is_no_autograd(operators_of):
    assert "autograd" not in operators_of("    return (scores.requires_grad_() ** 2).sum().detach()")


def test_code_that_is_redirected_from_cuda_is_traced_too(open_session):
    session = open_session("def f(scores, y):\n    return scores.cuda().sum()", "f", redirect_cuda=True)

    seen = session.run(trial("f", SCORES, LABELS, is_traced=True))

    assert isinstance(seen, Returned)
    assert "aten.sum" in seen.operators


def test_a_traced_call_that_raises_says_so_and_the_next_is_as_ever(open_session):
    source = "def f(scores, y):\n    if scores.shape[0] == 2:\n        raise ValueError('two')\n    return scores.sum()"
    session = open_session(source, "f")

    assert isinstance(session.run(trial("f", SCORES, LABELS, is_traced=True)), Raised)
    assert number_of(session.run(trial("f", Tensor(np.ones((3, 1))), LABELS))) == 3


def test_what_comes_back_is_not_traced_while_it_is_packed(open_session):
    session = open_session("def f(scores, y):\n    return scores * 2", "f")

    seen = session.run(trial("f", SCORES, LABELS, outputs=(ArrayOutput((2, 3)),), is_traced=True))

    assert isinstance(seen, Returned)
    assert {"aten.mul"} <= set(seen.operators)
    assert {"aten.contiguous", "aten.detach"}.isdisjoint(seen.operators)
