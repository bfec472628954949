"""What a counted call brings back: flat where nothing loops in the student's own code, more where something does."""

import sys
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


LOOP = "    total = 0.0\n    for row in X.tolist():\n        total += row[0]\n"
WORK = f"def work(X):\n{LOOP}    return total\n\n"


@pytest.mark.parametrize(
    "source",
    [
        f"{WORK}work.__code__ = work.__code__.replace(co_filename=np.__file__, co_name='exp')\n\ndef f(X):\n    return work(X)",
        (
            f"import types\n\n{WORK}def f(X):\n    code = work.__code__.replace(co_filename=torch.functional.__file__)\n"
            "    return types.FunctionType(code, vars(np))(X)"
        ),
        (
            f"TEXT = {WORK!r}\n\ndef f(X):\n    space = {{}}\n    exec(compile(TEXT, np.__file__, 'exec'), space)\n"
            "    return space['work'](X)"
        ),
        "def f(X):\n    return eval('sum([row[0] for row in X.tolist()])')",
        (
            f"import marshal, types\n\n{WORK}def f(X):\n    code = marshal.loads(marshal.dumps(work.__code__))\n"
            "    return types.FunctionType(code.replace(co_filename=functools.__file__), {})(X)"
        ),
        (
            f"TEXT = {WORK!r}\n\ndef f(X):\n    import importlib, sys\n    with open('module_of_mine.py', 'w') as file:\n"
            "        file.write(TEXT)\n    sys.path.insert(0, '.')\n    return importlib.import_module('module_of_mine').work(X)"
        ),
        (
            f"import _thread\n\n{WORK}def f(X):\n    found, done = [], _thread.allocate_lock()\n    done.acquire()\n"
            "    def run():\n        found.append(work(X))\n        done.release()\n"
            "    _thread.start_new_thread(run, ())\n    done.acquire()\n    return found[0]"
        ),
        (
            f"import threading\n\n{WORK}def f(X):\n    found = []\n    threading.settrace(None)\n"
            "    thread = threading.Thread(target=lambda: found.append(work(X)))\n    thread.start()\n    thread.join()\n"
            "    return found[0]"
        ),
        (
            "@torch.jit.script\ndef work(X: torch.Tensor):\n    total = torch.zeros(1)\n    for i in range(X.size(0)):\n"
            "        total = total + X[i].sum()\n    return total\n\ndef f(X):\n    return work(X)"
        ),
    ],
    ids=[
        *(
            "renamed",
            "renamed in a library",
            "compiled as a library's",
            "eval",
            "marshal",
            "a file of its own",
        ),
        *("a thread of the lowest kind", "a thread that is not traced", "TorchScript"),
    ],
)
def test_a_loop_is_counted_whatever_its_code_is_called_and_wherever_it_runs(counts_of, source):
    _, many, again = counts_of(source)

    assert many.total >= again.total + 16
    assert many.is_whole


@pytest.mark.parametrize(
    "body",
    [
        f"    sys.settrace(None)\n{LOOP}",
        f"    before = sys.gettrace()\n    sys.settrace(None)\n{LOOP}    sys.settrace(before)\n",
        (
            f"    total = 0.0\n    def trace(frame, *event):\n        nonlocal total\n{LOOP.replace('    ', '        ')}"
            "    sys.settrace(trace)\n    len([])\n"
        ),
        (
            f"    total = 0.0\n    def profile(*event):\n        nonlocal total\n        sys.setprofile(None)\n"
            f"{LOOP.replace('    ', '        ')}    sys.setprofile(profile)\n    len([])\n"
        ),
        (
            "    found = []\n    def hook(event, given):\n        if event == 'go':\n            found.append(work(*given))\n"
            "    sys.addaudithook(hook)\n    sys.audit('go', X)\n    total = found[-1]\n"
        ),
        (
            "    def deep():\n        deep()\n    try:\n        deep()\n    except RecursionError:\n        pass\n"
            f"{LOOP}"
        ),
    ],
    ids=[
        *("settrace", "and back", "another trace function", "a profile function", "an audit hook"),
        "a recursion that breaks the tracer",
    ],
)
def test_code_that_stops_or_evades_the_count_is_seen(open_session, body):
    session = open_session(f"import sys\n\n{WORK}def f(X):\n{body}    return total", "f")
    seen = session.run(trial("f", Tensor(np.ones((4, 3))), is_counted=True, are_calls_counted=True))

    assert isinstance(seen, Returned), seen
    assert seen.instructions is not None
    assert not seen.instructions.is_whole


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="from Python 3.12 on, frames do not decide what is counted"
)
@pytest.mark.parametrize(
    "body",
    [
        f"    sys._getframe().f_trace = None\n{LOOP}",
        f"    frame = sys._getframe()\n    trace, frame.f_trace = frame.f_trace, None\n{LOOP}    frame.f_trace = trace\n",
        f"    sys._getframe().f_trace_opcodes = False\n{LOOP}",
        f"    frame = sys._getframe()\n    frame.f_trace_opcodes = False\n{LOOP}    frame.f_trace_opcodes = True\n",
        f"    switch(sys._getframe(), False)\n{LOOP}    switch(sys._getframe(), True)\n",
    ],
    ids=["f_trace", "f_trace and back", "f_trace_opcodes", "f_trace_opcodes and back", "by another function"],
)
def test_a_frame_that_is_not_traced_for_a_while_is_seen(open_session, body):
    switch = "def switch(frame, is_on):\n    frame.f_trace_opcodes = is_on\n\n"
    session = open_session(f"import sys\n\n{switch}def f(X):\n{body}    return total", "f")
    seen = session.run(trial("f", Tensor(np.ones((4, 3))), is_counted=True))

    assert isinstance(seen, Returned), seen
    assert seen.instructions is not None
    assert not seen.instructions.is_whole


@pytest.mark.parametrize(
    "source",
    [
        (
            "import cProfile\n\ndef f(X):\n    profile = cProfile.Profile()\n    profile.enable()\n    total = X.sum()\n"
            "    profile.disable()\n    return total"
        ),
        "import cProfile\n\ndef f(X):\n    return cProfile.Profile().runcall(torch.sum, X)",
        (
            "import sys\n\ndef f(X):\n    line = sys._getframe().f_lineno\n    for _ in range(line * 0 + 9):\n"
            "        try:\n            with open('/dev/null'):\n                raise KeyError\n        except KeyError:\n            pass\n"
            "        finally:\n            line += 1\n    return X.sum()"
        ),
        (
            "import sys\n\ndef numbers():\n    try:\n        yield 1\n        yield 2\n    finally:\n        sys._getframe()\n\n"
            "def f(X):\n    generator = numbers()\n    next(generator)\n    del generator\n    return X.sum()"
        ),
    ],
    ids=["a profiler", "a profiled call", "exceptions", "a closed generator"],
)
def test_honest_code_that_reads_frames_or_profiles_stops_no_count(counts_of, source):
    few, many, _ = counts_of(source)

    assert (few.is_whole, many.is_whole) == (True, True)


def test_a_frame_with_wide_jumps_has_no_gaps(counts_of):
    wide = "        if i == 99:\n" + "            X = X + X.mean() - X.mean()\n" * 60
    few, many, _ = counts_of(
        f"import sys\n\ndef f(X):\n    sys._getframe()\n    for i in range(3):\n{wide}    return X.sum()"
    )

    assert (few.is_whole, many.is_whole) == (True, True)


@pytest.mark.parametrize(
    "body,name",
    [
        ("np.array(list(map(np.ones((2, 3)).__matmul__, x))).sum()", "ndarray.__matmul__"),
        ("np.array([*map(np.exp, x)]).sum()", "NumPy's exp"),
        ("sum(map(np.dot, x, x))", "NumPy's dot"),
        ("sum(map(math.exp, x[:, 0].tolist()))", "math's exp"),
        ("sum(TOOLS['map'](operator.mul, x[:, 0].tolist(), x[:, 1].tolist()))", "operator's mul"),
        ("sum(Map(math.exp, x[:, 0].tolist()))", "math's exp"),
        ("sum(itertools.starmap(math.hypot, x.tolist()))", "math's hypot"),
        ("sum(map(functools.partial(np.dot, x[0]), x))", "NumPy's dot"),
        ("sum(map(operator.methodcaller('sum'), x))", "each item's sum"),
        ("np.array(list(map(x.__getitem__, range(len(x))))).sum()", "ndarray.__getitem__"),
        ("float(len(list(filter((2.0).__lt__, x[:, 0].tolist()))))", "float.__lt__"),
        ("sum(map(max, x.tolist()))", "builtins's max"),
        ("functools.reduce(np.logaddexp, x).sum()", "NumPy's logaddexp"),
        ("float(EXP(x[:, 0]).sum())", "math's exp"),
    ],
)
def test_a_loop_of_a_function_in_c_shows_by_its_name(counts_of, body, name):
    few, many, again = counts_of(
        "import itertools\nimport math\nimport operator\n\nTOOLS = {'map': map}\nEXP = np.frompyfunc(math.exp, 1, 1)\n\n"
        f"class Map(map):\n    pass\n\ndef f(X):\n    x = X.numpy() / 99\n    return {body}"
    )

    assert few.total == many.total
    assert many.calls[name] >= few.calls[name] + 8
    assert few == again


@pytest.mark.parametrize(
    "body",
    [
        "sum(map(float, x[:, 0]))",
        "x[list(map(int, x[:, 0].tolist())), 0].sum()",
        "x[list(map(operator.mod, range(len(x)), itertools.repeat(2))), 0].sum()",
        "functools.reduce(np.add, x).sum() + functools.reduce(operator.mul, (2.0, 3.0))",
        "sum(itertools.accumulate(x[:, 0].tolist()))",
        "sum(map(np.sum, (x, x)))",
        "float(next(map(math.exp, x[:, 0].tolist())))",
    ],
)
def test_conversions_indices_and_sums_in_c_are_no_loops(counts_of, body):
    few, many, _ = counts_of(
        f"import itertools\nimport math\nimport operator\n\ndef f(X):\n    x = X.numpy() / 99\n    return {body}"
    )

    assert all(amount < few.calls.get(name, 0) + 8 for name, amount in many.calls.items())


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
