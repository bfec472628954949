"""Comprehensions over integers are not counted as loops, all others are, in NumPy and in torch."""

import numpy as np
import pytest

from grader.model.observation import Returned
from grader.model.trial import Tensor
from tests.sandbox.calls import trial

SOURCE = """import numpy as np
import torch

def entries(a):
    return [a[i] for i in range(len(a))]

def double(i):
    return 2 * i

def f(X, y):
    N = len(X)
    get = X.__getitem__
    first = lambda i: X[i, 0]
    scaled = (X * 1000).astype(int) if isinstance(X, np.ndarray) else (X * 1000).long()
    floats = X[:, 0].tolist()
    flat = (X[:, 0] / 7 * 2**52).astype(np.int64) if isinstance(X, np.ndarray) else (X[:, 0] / 7 * 2**52).long()
    great = flat.tolist()

    class Peek:
        shape, int64 = floats, floats.__getitem__

    class Rows(list):
        __getitem__ = floats.__getitem__

    class Index(int):
        __add__ = floats.__getitem__

    rows, zero = Rows(), Index(0)
    return float({body})
"""

INDICES = [
    "len([i for i in range(N)])",
    "len(list(range(N)))",
    "np.array([j for j in range(N)]).sum()",
    "sum([int(v) for v in y])",
    "len([v for v in y])",
    "len([(i, y[i]) for i in range(N)])",
    "np.array([i * 7 + int(y[i]) * 2 for i in range(N)]).sum()",
    "len([y[i] * 4 + i for i in range(N)])",
    "np.array([[1.0 if j == y[i] else 0.0 for j in range(4)] for i in range(N)]).sum()",
    "np.array([[int(j == k) for j in range(4)] for k in y]).sum()",
    "len([[j for j in range(4) if j != y[i]] for i in range(N)])",
    "len([i for i in range(X.shape[0]) for j in range(3)])",
    "len(tuple(i for i in range(X.shape[0])))",
    "np.fromiter((int(v) for v in y), int).sum()",
    "len([i for i, row in enumerate(X)])",
    "len([(i, int(c)) for i, c in enumerate(y)])",
    "len([pair for pair in zip(range(N), y)])",
    "len({i: int(y[i]) for i in range(N)}) + len({int(v) for v in y})",
    "len([y[i].item() for i in range(len(y))])",
    "len([0 for _ in X])",
    "len([i for i in range(N) if i < X.shape[0] and y[i] >= 0])",
    "len(list(map(lambda i: y[i], range(N))))",
    "len(entries(y))",
    "len([np.int64(i) + X.shape[1] for i in range(N)])",
    "X[[i for i in range(N)], [int(v) for v in y]].sum()",
]

DATA = [
    "sum(row.sum() for row in X)",
    "sum([row @ row for row in X])",
    "len([X[i] for i in range(N)])",
    "sum([X[i, y[i]] for i in range(N)])",
    "sum(s for s in X[:, 0])",
    "sum(s for s in floats)",
    "sum([floats[i] for i in range(N)])",
    "sum([max(0, s) for s in X[:, 0]])",
    "len([(i, row) for i, row in enumerate(X)])",
    "len([i for i, row in enumerate(X) if row[0] > 0])",
    "len([i for i in range(N) for s in X[i]])",
    "len([[j for j in range(4)] + [row] for row in X])",
    "sum([z for z in (X[i, 0] for i in range(N))])",
    "len([scaled[i] for i in range(N)])",
    "len([double(i) for i in range(N)])",
    "sum([first(i) for i in range(N)])",
    "len([get(i) for i in range(N)])",
    "len(list(map(lambda i: X[i], range(N))))",
    "len([len(X[i]) for i in range(N)])",
    "len(entries(y)) + len(entries(X))",
    "len([np.dot(y, y) for i in range(N)])",
    "sum([flat[i] for i in range(N)])",
    "sum([s for s in great])",
    "sum([Peek.shape[i] for i in range(N)])",
    "sum([Peek.int64(i) for i in range(N)])",
    "sum([rows[i] for i in range(N)])",
    "sum([zero + i for i in range(N)])",
]


def totals(open_session, body, are_tensors):
    """The instructions counted for 4 rows and for 12."""
    session = open_session(SOURCE.format(body=body), "f")
    found = []
    for rows in (4, 12):
        X, y = np.arange(1.0, 1 + 6 * rows).reshape(rows, 6), np.arange(rows) % 4
        backend = "torch" if are_tensors else "numpy"
        call = trial("f", Tensor(X), Tensor(y), is_counted=True, are_calls_counted=True, backend=backend)
        seen = session.run(call)
        assert isinstance(seen, Returned), seen
        assert seen.instructions is not None
        found.append(seen.instructions)
    few, many = found
    assert all(amount < few.calls.get(name, 0) + 8 for name, amount in many.calls.items()) or body in DATA
    return few.total, many.total


@pytest.mark.parametrize("are_tensors", [False, True], ids=["NumPy", "torch"])
@pytest.mark.parametrize("body", INDICES)
def test_a_comprehension_over_integers_is_not_a_loop(open_session, body, are_tensors):
    few, many = totals(open_session, body, are_tensors)

    assert 0 < few == many


@pytest.mark.parametrize("are_tensors", [False, True], ids=["NumPy", "torch"])
@pytest.mark.parametrize("body", DATA)
def test_a_comprehension_over_data_is_a_loop(open_session, body, are_tensors):
    few, many = totals(open_session, body, are_tensors)

    assert many > few + 12
