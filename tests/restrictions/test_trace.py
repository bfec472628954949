"""The uses that a function's operators show, and the assignments that ask for them."""

import pytest

from grader.restrictions import shows_in_trace
from grader.restrictions.trace import uses_in_trace
from grader.restrictions.uses import Use
from tests.restrictions.students import assignment_with


@pytest.mark.parametrize(
    "policy, is_traced",
    [
        ({"losses": "ignore", "autograd": "ignore", "libraries": "ignore"}, False),
        ({"losses": "ignore"}, True),
        ({"autograd": "ignore", "losses": "fail"}, True),
    ],
)
def test_nothing_is_traced_where_all_that_a_trace_sees_is_ignored(policy, is_traced):
    assert shows_in_trace(assignment_with(**policy)) == is_traced


def test_functions_of_numpy_are_traced_too():
    assert shows_in_trace(assignment_with().model_copy(update={"backend": "numpy"}))


def test_operators_of_a_right_function_are_free():
    assert uses_in_trace(["aten.mm", "aten._softmax", "aten.softmax", "aten.scatter_"]) == ()


def test_each_kind_is_said_once_by_the_name_that_a_student_knows():
    names = ["autograd", "aten.nll_loss_forward", "aten.nll_loss_backward", "aten.cross_entropy_loss"]

    assert uses_in_trace(names) == (
        Use("losses", "torch's cross_entropy_loss", None),
        Use("autograd", "torch's autograd", None),
    )


def test_an_operator_stands_for_itself_where_no_function_was_called():
    assert uses_in_trace(["aten.mm", "aten.nll_loss_forward"]) == (
        Use("losses", "torch's nll_loss_forward", None),
    )


def test_what_hides_operators_is_a_use_by_itself():
    assert uses_in_trace(["aten.mm", "witness off"]) == (
        Use("dynamic", "a way to hide the operators that it runs", None),
    )
    assert uses_in_trace(["witness off torch._C._dispatch_library"]) == (
        Use("dynamic", "torch._C._dispatch_library", None),
    )
