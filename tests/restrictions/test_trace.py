"""The traced call: which functions, which case, and the uses its operators show."""

import numpy as np
import pytest

from grader.model.trial import Tensor
from grader.restrictions.trace import operator_trial, traced_functions, uses_in_trace
from grader.restrictions.uses import Use
from tests.restrictions.students import assignment_with


def test_loss_functions_are_traced_after_the_last_check_that_names_them():
    assignment = assignment_with()

    assert traced_functions(assignment, ["naive"], ["naive", "vectorized"]) == ()
    assert traced_functions(assignment, ["naive", "vectorized"], ["other"]) == ("naive", "vectorized")
    assert traced_functions(assignment, ["train", "Classifier"], []) == ()


@pytest.mark.parametrize(
    "policy, traced",
    [
        ({"losses": "ignore", "autograd": "ignore"}, ()),
        ({"losses": "ignore"}, ("naive",)),
        ({"autograd": "ignore", "losses": "fail"}, ("naive",)),
    ],
)
def test_nothing_is_traced_where_all_that_a_trace_sees_is_ignored(policy, traced):
    assert traced_functions(assignment_with(**policy), ["naive"], []) == traced


def test_functions_of_numpy_are_not_traced():
    assignment = assignment_with().model_copy(update={"backend": "numpy"})

    assert traced_functions(assignment, ["naive"], []) == ()


def test_the_traced_call_is_a_tiny_case_of_the_seed():
    first, again, other = (operator_trial(assignment_with(), "naive", seed) for seed in (7, 7, 8))

    def contents(trial):
        return [each.array.tobytes() for each in trial.positional if isinstance(each, Tensor)]

    W, X = first.positional[:2]
    assert first.is_traced
    assert isinstance(W, Tensor)
    assert isinstance(X, Tensor)
    assert W.array.dtype == np.float64
    assert (X.array.shape, W.array.shape) == ((3, 4), (4, 3))
    assert contents(first) == contents(again)
    assert contents(first) != contents(other)


def test_operators_of_a_right_function_are_free():
    assert uses_in_trace(["aten.mm", "aten._softmax", "torch.nn.functional.softmax", "aten.scatter_"]) == ()


def test_each_kind_is_said_once_by_the_name_that_a_student_knows():
    names = [
        "autograd",
        "aten.nll_loss_forward",
        "aten.nll_loss_backward",
        "torch.nn.functional.cross_entropy",
    ]

    assert uses_in_trace(names) == (
        Use("losses", "torch.nn.functional.cross_entropy", None),
        Use("autograd", "torch's autograd", None),
    )


def test_an_operator_stands_for_itself_where_no_function_was_called():
    assert uses_in_trace(["aten.mm", "aten.nll_loss_forward"]) == (
        Use("losses", "aten.nll_loss_forward", None),
    )
