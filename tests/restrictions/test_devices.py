"""Tensors moved between devices: every form is seen, a change of dtype is not a move."""

import pytest
from pydantic import ValidationError

from grader.restrictions import find_violations
from tests.restrictions.students import assignment_with, extracted_of


def clauses(body, policy="note", before="import torch\n"):
    """What is said of a function whose only line, the third, returns this."""
    text = f"{before}def vectorized(W, X, y, reg, device=None, dtype=None):\n    return {body}\n"
    return [each.message for each in find_violations(assignment_with(devices=policy), extracted_of(text), {})]


@pytest.mark.parametrize(
    "body,what",
    [
        ("X.cuda() @ W", "Tensor.cuda"),
        ("X.cuda(0, non_blocking=True)", "Tensor.cuda"),
        ("torch.zeros(3).cuda()", "Tensor.cuda"),
        ("X.to('cuda')", "Tensor.to with a device"),
        ("X.to('cuda:0', torch.float64)", "Tensor.to with a device"),
        ("X.to(0)", "Tensor.to with a device"),
        ("X.to(W.device)", "Tensor.to with a device"),
        ("X.to(device)", "Tensor.to with a device"),
        ("X.to(device=W.device, dtype=W.dtype)", "Tensor.to with a device"),
        ("X.to(torch.device('cuda'))", "Tensor.to with a device and torch.device('cuda')"),
        ("torch.arange(len(y), device='cuda')", "device='cuda'"),
        ("torch.zeros(3, device='cuda:0' if torch.cuda.is_available() else 'cpu')", "device='cuda'"),
        ("torch.zeros(3, device=torch.device('cuda'))", "torch.device('cuda')"),
        ("torch.zeros(3).type(torch.cuda.FloatTensor)", "torch.cuda.FloatTensor"),
        ("X.to('cuda' if torch.cuda.is_available() else 'cpu')", "Tensor.to with a device"),
    ],
)
def test_a_move_is_said_with_its_line(body, what):
    places = what.replace(" and ", " (hw.py, line 3) and ")
    assert clauses(body) == [
        f"vectorized uses {places} (hw.py, line 3): code that names a device. It costs no points."
    ]


@pytest.mark.parametrize(
    "body",
    [
        "X.to(W.dtype) @ W",
        "X.to(torch.float64)",
        "X.to(dtype)",
        "X.to(dtype=torch.float64, copy=True)",
        "X.to(W)",
        "(X @ W > 0).double()",
        "torch.zeros(3, device=X.device)",
        "(X @ W).cpu().numpy()",
        "(X @ W).to('cpu')",
        "X.to(torch.device('cpu')).tolist()",
        "torch.zeros(3, device='cpu')",
        "torch.zeros(3, device=device)",
        "torch.device('cpu')",
        "X.cuda",
        "torch.cuda.is_available()",
    ],
)
def test_a_change_of_dtype_and_a_new_tensor_on_a_device_are_none(body):
    assert clauses(body) == []


def test_a_move_in_a_helper_is_the_functions():
    before = "def moved(X):\n    return X.cuda()\n"

    assert clauses("moved(X) @ W", before=before) == [
        "vectorized uses Tensor.cuda (hw.py, line 2): code that names a device. It costs no points."
    ]


def test_a_device_may_be_let_be_and_never_costs_points():
    assert clauses("X.cuda() @ W", "ignore") == []
    with pytest.raises(ValidationError):
        assignment_with(devices="fail")
