"""What a counted call brings back: flat where nothing loops in the student's own code, more where something does."""

from importlib import metadata

import numpy as np
import pytest

from grader.model.observation import Instructions, Location, Raised, Returned
from grader.model.trial import ArrayOutput, Tensor
from tests.sandbox.calls import number_of, trial


@pytest.fixture
def counts_of(open_session):
    """Source whose f(X) gives a number to the counts for X of 4, of 12 and of 4 rows again."""

    def run(source):
        session = open_session(f"import functools\nimport numpy as np\nimport torch\n{source}", "f")
        found = []
        for rows in (4, 12, 4):
            X = Tensor(np.arange(1.0, 1 + 3 * rows).reshape(rows, 3))
            plain = number_of(session.run(trial("f", X)))
            seen = session.run(trial("f", X, is_counted=True, are_calls_counted=True))
            assert number_of(seen) == plain
            assert isinstance(seen, Returned)
            assert seen.instructions is not None
            found.append(seen.instructions)
        return found

    return run


@pytest.mark.parametrize(
    "source",
    [
        "def f(X):\n    return (X * 2).sum()",
        "def f(X):\n    assert X.dim() == 2\n    return X.sum() if X.shape[0] > 1 else X.mean()",
        "def f(X):\n    for _ in range(3):\n        X = X + 1\n    return X.sum()",
        "def f(X):\n    return sum(X[i : i + 64].sum() for i in range(0, len(X), 64))",
        "def f(X):\n    return torch.einsum('nd,nd->n', X, X).sum()",
        "def f(X):\n    return X.gather(1, torch.zeros(len(X), 1, dtype=torch.long)).sum()",
        "def f(X):\n    return torch.vmap(lambda row: row.sum())(X).sum()",
        "def f(X):\n    return np.array(X.tolist()).sum()",
    ],
    ids=["plain", "branch", "constant loop", "large chunks", "einsum", "gather", "vmap", "libraries"],
)
def test_what_loops_over_no_samples_executes_as_many_instructions_for_more_of_them(counts_of, source):
    few, many, again = counts_of(source)

    assert 0 < few.total == many.total == again.total
    assert few.lines == again.lines


@pytest.mark.parametrize(
    "source",
    [
        "def f(X):\n    total = 0\n    for row in X:\n        total = total + row.sum()\n    return total",
        "def f(X):\n    i = 0\n    while i < len(X):\n        i += 1\n    return float(i)",
        "def f(X):\n    return sum([row.sum() for row in X])",
        "def f(X):\n    return sum(row.sum() for row in X)",
        "def f(X):\n    return sum(map(lambda row: row.sum(), X))",
        "def f(X):\n    return len({float(row[0]): row for row in X})",
        "def f(X):\n    return functools.reduce(lambda a, b: a + b, X).sum()",
        "def f(X):\n    return np.vectorize(lambda value: value + 1)(X[:, 0].numpy()).sum()",
        "def f(X):\n    return np.apply_along_axis(lambda row: row.sum(), 1, X.numpy()).sum()",
        "def f(X):\n    return float(X[0].sum()) + f(X[1:]) if len(X) else 0.0",
        "def one(row):\n    return row.sum()\n\ndef f(X):\n    return sum(map(one, X))",
        "def rows(X):\n    yield from X\n\ndef f(X):\n    return torch.stack(list(rows(X))).sum()",
        "class Sum:\n    def __call__(self, row):\n        return row.sum()\n\ndef f(X):\n    return sum(map(Sum(), X))",
    ],
    ids=[
        "for",
        "while",
        "list",
        "generator",
        "map",
        "dict",
        "reduce",
        "np.vectorize",
        "apply_along_axis",
        "recursion",
        "helper",
        "yield from",
        "callable object",
    ],
)
def test_a_loop_executes_more_instructions_for_more_samples_in_whatever_words(counts_of, source):
    few, many, again = counts_of(source)

    assert many.total >= few.total + 16
    assert few == again


@pytest.mark.parametrize(
    "body,name",
    [
        ("sum(map(torch.sum, X))", "torch's sum"),
        ("torch.stack(list(map(torch.relu, X))).sum()", "torch's relu"),
        ("sum(list(X[:, None] * X[:, :, None])).sum()", "torch's add"),
        ("np.apply_along_axis(np.sum, 1, X.numpy()).sum()", "NumPy's sum"),
        ("np.vectorize(math.exp)(X.numpy()).sum()", "NumPy's vectorize"),
    ],
)
def test_a_loop_in_c_alone_shows_in_what_is_called(counts_of, body, name):
    few, many, again = counts_of(f"import math\n\ndef f(X):\n    return {body}")

    assert few.total == many.total
    assert many.calls[name] >= few.calls.get(name, 0) + 8
    assert few == again


@pytest.mark.parametrize(
    "body",
    [
        "sum(X.sum(1))",
        "sum(X).sum()",
        "max(X.flatten()) + min(X[:, 0])",
        "X[range(len(X)), list(torch.zeros(len(X), dtype=torch.long))].sum()",
        "X[torch.arange(len(X)), 0].tolist().__len__() + X.numpy().sum()",
        "torch.vmap(torch.dot)(X, X).sum()",
        "len(repr(X) + str(X.numpy())) * 0 + X.sum()",
        "torch.stack(X.split(64)).sum() if len(X) > 64 else X.sum()",
    ],
)
def test_built_in_functions_indices_and_prints_are_no_loops(counts_of, body):
    few, many, _ = counts_of(f"def f(X):\n    return {body}")

    assert all(amount < few.calls.get(name, 0) + 8 for name, amount in many.calls.items())


def test_a_loop_in_a_thread_is_a_loop(counts_of):
    few, many, _ = counts_of(
        """\
import threading

def f(X):
    found = []
    thread = threading.Thread(target=lambda: found.extend(row.sum() for row in X))
    thread.start()
    thread.join()
    return torch.stack(found).sum()
"""
    )

    assert many.total >= few.total + 16


def test_the_lines_of_a_loop_are_named(counts_of):
    few, many, _ = counts_of(
        "def f(X):\n    total = 0\n    for row in X:\n        total = total + row.sum()\n    return total"
    )

    grown = {place: amount - few.lines[place] for place, amount in many.lines.items()}
    assert {place for place, amount in grown.items() if amount} == {
        Location("hw.py", None, 6),
        Location("hw.py", None, 7),
    }
    assert sum(few.lines.values()) == few.total


def test_a_call_that_is_not_counted_brings_no_count(open_session):
    seen = open_session("def f():\n    return 1.0", "f").run(trial("f"))

    assert isinstance(seen, Returned)
    assert seen.instructions is None


@pytest.mark.skipif(
    tuple(map(int, metadata.version("torch").split(".")[:2])) < (2, 6),
    reason="before 2.6 torch makes no subclass of a tensor while its operators are counted",
)
def test_what_comes_back_is_not_counted_while_it_is_packed(open_session):
    source = "import torch\n\nclass Loud(torch.Tensor):\n    @property\n    def shape(self):\n        for _ in range(1000):\n            pass\n        return torch.Tensor.shape.__get__(self)\n\ndef f(X):\n    return X.as_subclass(Loud)"
    session = open_session(source, "f")

    seen = session.run(
        trial(
            "f",
            Tensor(np.ones((2, 3))),
            outputs=(ArrayOutput((2, 3)),),
            is_counted=True,
            are_calls_counted=True,
        )
    )

    assert isinstance(seen, Returned)
    assert seen.instructions is not None
    assert seen.instructions.total < 100


def test_a_counted_call_that_raises_says_so_and_the_next_is_as_ever(open_session):
    session = open_session("def f(x):\n    if x > 1:\n        raise ValueError('two')\n    return x", "f")

    assert isinstance(session.run(trial("f", 2.0, is_counted=True, are_calls_counted=True)), Raised)
    assert number_of(session.run(trial("f", 1.0))) == 1.0


def test_a_function_without_python_of_its_own_executes_nothing(open_session):
    seen = open_session("import torch\nf = torch.sum", "f").run(
        trial("f", Tensor(np.ones((2, 3))), is_counted=True, are_calls_counted=True)
    )

    assert isinstance(seen, Returned)
    assert seen.instructions == Instructions(0, {}, {"torch's sum": 1})


def test_code_that_ends_the_count_is_counted_up_to_there(open_session):
    source = "import sys\n\ndef f():\n    sys.settrace(None)\n    sys._getframe().f_trace = None\n    return sum(i for i in range(1000))"

    seen = open_session(source, "f").run(trial("f", is_counted=True, are_calls_counted=True))

    assert isinstance(seen, Returned)
    assert seen.instructions is not None


def test_counts_that_the_code_makes_up_are_cut_at_the_caps(open_session):
    source = """\
import collections
import gc

def f():
    for table in gc.get_objects():
        if type(table) is collections.Counter and any(type(key) is tuple for key in table):
            for number in range(1000):
                table["submission:0", number] = 1 << 70
                table["submission:x\\u20ac", number] = -5
                table[number, None] = 1
    return 1.0
"""
    seen = open_session(source, "f").run(trial("f", is_counted=True, are_calls_counted=True))

    assert not isinstance(seen, Returned) or seen.instructions is None or seen.instructions.total < 1 << 32


def test_calls_of_libraries_are_counted_only_where_that_is_asked_for(open_session):
    session = open_session("import torch\n\ndef f(X):\n    return torch.exp(X).sum()", "f")
    X = Tensor(np.ones((2, 3)))

    without, beside = (
        session.run(trial("f", X, is_counted=True, are_calls_counted=asked)).instructions
        for asked in (False, True)
    )

    assert without.total == beside.total > 0
    assert not without.calls
    assert beside.calls["torch's exp"] == 1
