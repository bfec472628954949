"""What hostile and broken functions cost: their own calls, and no other function's."""

import time

import numpy as np
import pytest

from grader.model.observation import (
    Died,
    Location,
    Missing,
    Raised,
    Received,
    Refused,
    Returned,
    TimedOut,
    Unexpected,
)
from grader.model.trial import ArrayOutput, LabelsOutput, NumberOutput, Scalar, SeriesOutput, Spy, Tensor
from tests.sandbox import plain
from tests.sandbox.calls import RIGHT, array_of, description_of, g_is_right, number_of, tensor, trial


def hostile(body):
    """A module with a right g and an f of the given body."""
    indented = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return f"{RIGHT}\nimport builtins, ctypes, gc, os, signal, socket, sys, threading, time\n\ndef f():\n{indented}\n"


SOCKETS = """
def sockets():
    found = []
    for number in range(3, 256):
        try:
            if os.readlink(f"/proc/self/fd/{number}").startswith("socket:"):
                found.append(number)
        except OSError:
            pass
    return found
"""

CALLER = """
frame = sys._getframe()
while "_header" not in dir(frame.f_locals.get("self")):
    frame = frame.f_back
caller = frame.f_locals["self"]
wire = sys.modules["wire"]
"""
"""Finds the worker's own object that makes the call."""


# Death


DEATHS = {
    "os._exit(0)": ("os._exit(0)", "exit code 0"),
    "os._exit(1)": ("os._exit(1)", "exit code 1"),
    "segmentation fault": ("ctypes.string_at(0)", "signal SIGSEGV"),
    "abort": ("os.abort()", "signal SIGABRT"),
    "a signal without a name": ("os.kill(os.getpid(), 40)", "signal 40"),
    "SIGKILL": ("os.kill(os.getpid(), 9)", "for an unknown reason"),
    "deep recursion in C": (
        (
            "sys.setrecursionlimit(10**8)\ndef down(x): return list(map(down, [x]))\n"
            "try: down(0)\nexcept RecursionError: os.kill(os.getpid(), signal.SIGSEGV)  # 3.12 and later notice"
        ),
        "signal SIGSEGV",
    ),
    "garbage on the wire": (
        f"{SOCKETS}for number in sockets():\n    os.write(number, b'garbage' * 100)",
        "it sent an invalid answer: an unknown header",
    ),
    "garbage on every file": (
        "for number in range(256):\n    try: os.write(number, b'garbage' * 100)\n    except OSError: pass",
        "it sent an invalid answer: an unknown header",
    ),
    "a forged length": (
        CALLER
        + "head = wire.ANSWER_HEAD.pack(b'LCG1', caller._header['id'], wire.RETURNED, 2**32 - 1)\n"
        + "caller._connection.sendall(head)",
        "it sent an invalid answer: more bytes than the answer can have",
    ),
    "an answer of the wrong kind": (
        CALLER
        + "wire.send_parts(caller._connection, wire.pack_answer(caller._header['id'], wire.LOADED, []))\n"
        + "time.sleep(60)",
        "it sent an invalid answer: an unknown kind of answer",
    ),
    "the worker's own functions broken": (
        "sys.modules['packing'].pack_raised = None\nraise ValueError",
        "exit code 1",
    ),
}


@pytest.mark.parametrize("body, how", DEATHS.values(), ids=DEATHS.keys())
def test_a_function_that_ends_its_process_costs_itself_only(open_session, body, how):
    session = open_session(hostile(body))

    assert session.run(trial("f")) == Died(how)
    assert g_is_right(session)
    assert session.run(trial("f")) == Died(how)
    assert session.run(trial("f")) == Refused(f"not called again: it ended its process ({how})")
    assert g_is_right(session)


@pytest.mark.parametrize(
    "body",
    [
        "os.closerange(0, 256)",
        f"{SOCKETS}for number in sockets(): os.close(number)\ntime.sleep(60)",
    ],
)
def test_a_function_that_closes_the_wire_has_died_whether_or_not_it_still_runs(open_session, body):
    session = open_session(hostile(body))

    observation = session.run(trial("f"))

    assert isinstance(observation, Died)
    assert observation.how in {"exit code 0", "signal SIGPIPE", "for an unknown reason"}
    assert g_is_right(session)


def test_a_function_that_shuts_the_wire_has_died_where_no_filter_refuses_it(open_unconfined_session):
    shut = f"{SOCKETS}for number in sockets(): socket.socket(fileno=os.dup(number)).shutdown(2)"
    session = open_unconfined_session(hostile(shut))

    assert isinstance(session.run(trial("f")), Died)
    assert g_is_right(session)


# Exceptions


EXCEPTIONS = {
    "sys.exit": ("sys.exit(0)", "SystemExit", "0"),
    "SystemExit": ("raise SystemExit('bye')", "SystemExit", "bye"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt", ""),
    "GeneratorExit": ("raise GeneratorExit", "GeneratorExit", ""),
    "a __str__ that raises": (
        "class E(Exception):\n    def __str__(self): raise SystemExit\nraise E",
        "E",
        "(the exception's own message raised)",
    ),
    "a __str__ that gives no text": (
        "class E(Exception):\n    def __str__(self): return 3\nraise E",
        "E",
        "(the exception's own message raised)",
    ),
    "a message of 1e8 characters": ("raise ValueError('x' * 10**8)", "ValueError", "x" * 2000),
    "a str of its own kind": (
        (
            "class S(str):\n    def __getitem__(self, k): raise SystemExit\n"
            "class E(Exception):\n    def __str__(self): return S('plain')\nraise E"
        ),
        "E",
        "plain",
    ),
    "an evil metaclass": (
        (
            "class M(type):\n    def __getattribute__(self, k): raise SystemExit\n"
            "    __name__ = property(lambda self: 1 / 0)\n"
            "class E(Exception, metaclass=M): pass\nraise E('no')"
        ),
        "E",
        "no",
    ),
    "an evil class name": ("raise type('E' * 9999, (Exception,), {})", "an exception", ""),
    "surrogates and escapes": ("raise ValueError('\\ud800 \\x1b[31m')", "ValueError", "? [31m"),
}


@pytest.mark.parametrize("body, kind, message", EXCEPTIONS.values(), ids=EXCEPTIONS.keys())
def test_whatever_is_raised_comes_back_as_kind_message_and_place(open_session, body, kind, message):
    session = open_session(hostile(body))

    observation = session.run(trial("f"))

    assert isinstance(observation, Raised)
    assert (observation.kind, observation.message) == (kind, message)
    assert observation.location is not None
    assert observation.location.file == "hw.py"
    assert g_is_right(session)


def test_endless_recursion_is_a_recursion_error_at_the_students_line(open_session):
    session = open_session(f"{RIGHT}\ndef f(n=0):\n    return f(n + 1)\n")

    observation = session.run(trial("f"))

    assert isinstance(observation, Raised)
    assert observation.kind == "RecursionError"
    assert str(observation.location) == "hw.py, line 8"
    assert observation.line == "return f(n + 1)"
    assert g_is_right(session)


@pytest.mark.parametrize(
    "body",
    [
        "hoard = []\nwhile True: hoard.append(bytearray(1 << 25))",
        "hoard = []\nwhile True: hoard.append(torch.ones(1 << 23))",
        "torch.ones(1 << 40)",
        "bytearray(1 << 40)",
    ],
)
def test_memory_over_the_bound_is_an_error_of_the_function_that_asks_for_it(open_session, body):
    session = open_session(hostile(body), memory_bytes=1 << 29)

    observation = session.run(trial("f"))

    assert isinstance(observation, Raised)
    assert observation.kind in {"MemoryError", "RuntimeError"}
    assert observation.memory == "512 MiB memory"
    assert g_is_right(session)


# Time


STALLS = {
    "an endless loop": "while True: pass",
    "a loop that swallows exceptions": "while True:\n    try:\n        time.sleep(9)\n    except BaseException: pass",
    "sleep": "time.sleep(10**6)",
    "a loop within one call of C": "sum(iter(int, 1))",
    "a stopped process": "os.kill(os.getpid(), signal.SIGSTOP)",
    "signals ignored": "for n in (2, 15): signal.signal(n, signal.SIG_IGN)\nwhile True: pass",
    "reading the wire": f"{SOCKETS}for number in sockets(): os.read(number, 10)",
    "a __str__ without end": "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E",
    "a deadlock": "lock = threading.Lock()\nlock.acquire()\nlock.acquire()",
}


@pytest.mark.parametrize("body", STALLS.values(), ids=STALLS.keys())
def test_a_function_that_does_not_return_is_stopped_and_called_no_more(open_session, body):
    session = open_session(hostile(body))

    assert session.run(trial("f", seconds=0.3)) == TimedOut(0.3)
    assert session.run(trial("f", seconds=0.3)) == Refused(
        "not called again: an earlier call did not finish in 0.3 s"
    )
    assert g_is_right(session)


@pytest.mark.parametrize("waited, most", [(0.0, 2), (1e9, 7)], ids=["never waited", "for ever"])
def test_a_function_whose_calls_take_too_long_in_total_is_called_no_more(
    open_session, monkeypatch, waited, most
):
    monkeypatch.setattr("grader.sandbox.session.waited_seconds", lambda process_id: waited)
    session = open_session(hostile("time.sleep(0.06)\nreturn 1"), function_seconds=0.1)

    seen = [session.run(trial("f")) for _ in range(most + 1)]

    assert isinstance(seen[0], Returned)
    assert seen[-1] == Refused("not called again: its calls took more than 0.1 s in total")
    assert g_is_right(session)


def test_module_level_code_without_end_is_a_time_out_of_what_needs_it(open_session):
    slow = (
        "class Meta(type):\n    def __new__(*_):\n        while True: pass\n\nclass N(metaclass=Meta): pass\n"
    )
    session = open_session(f"{RIGHT}\n{slow}\ndef f(): return N\n", load_seconds=0.5)

    assert session.run(trial("f")) == TimedOut(0.5, is_loading=True)
    assert session.run(trial("f")) == TimedOut(0.5, is_loading=True)
    assert g_is_right(session)


# Output


def test_floods_of_output_go_nowhere_and_cost_nothing(open_session):
    session = open_session(
        hostile(
            "for _ in range(20_000):\n"
            "    print('x' * 100)\n"
            "    print('x' * 100, file=sys.stderr)\n"
            "    os.write(1, b'x' * 100)\n"
            "    os.write(2, b'x' * 100)\n"
            "sys.__stdout__.write('x')\n"
            "return 1"
        )
    )

    assert number_of(session.run(trial("f"))) == 1
    assert g_is_right(session)


def test_reading_from_standard_input_comes_to_its_end(open_session):
    session = open_session(hostile("return len(sys.stdin.read()) + len(os.read(0, 10))"))

    assert number_of(session.run(trial("f"))) == 0


# Forged answers


def test_an_answer_sent_early_is_a_claim_like_any_other_and_the_second_one_is_none(open_session):
    session = open_session(
        hostile(
            CALLER
            + "body = sys.modules['packing'].pack_value(42.0, {'kind': 'number'})\n"
            + "wire.send_parts(caller._connection, wire.pack_answer(caller._header['id'], wire.RETURNED, body))\n"
            + "return 1"
        )
    )

    assert number_of(session.run(trial("f"))) == 42
    assert g_is_right(session)
    assert session.run(trial("f")) == Died("it sent an invalid answer: an unknown header")
    assert g_is_right(session)


def test_a_forged_question_to_a_spy_that_was_not_lent_is_refused(open_session):
    session = open_session(
        hostile(
            CALLER
            + "wire.send_parts(caller._connection, wire.pack_answer(caller._header['id'], wire.ASKED, []))\n"
            + "time.sleep(60)"
        )
    )

    assert session.run(trial("f")) == Refused("stopped: the loss function was called more than 0 times")
    assert g_is_right(session)


def test_a_forged_place_names_no_line_that_is_not_the_students(open_session):
    session = open_session(
        hostile(
            CALLER
            + "body = [wire.pack_text('E'), wire.pack_text('m'), (1).to_bytes(4, 'little'), b'\\xff' * 4]\n"
            + "wire.send_parts(caller._connection, wire.pack_answer(caller._header['id'], wire.RAISED, body))"
        )
    )

    observation = session.run(trial("f"))

    assert isinstance(observation, Raised)
    assert observation.location == Location("hw.py", None, 5)


# What a function leaves behind


def test_a_thread_that_ends_the_process_later_costs_no_other_function(open_session):
    session = open_session(
        hostile(
            "def later():\n    time.sleep(0.1)\n    os._exit(3)\n"
            "threading.Thread(target=later).start()\nreturn os.getpid()"
        )
    )

    process_id = int(number_of(session.run(trial("f"))))
    assert plain.comes_true(lambda: not plain.is_alive(process_id))
    assert session.run(trial("f")) == Died("exit code 3")
    assert g_is_right(session)


def test_a_thread_that_spins_on_costs_no_other_function(open_session):
    session = open_session(
        hostile("def spin():\n    while True: pass\nthreading.Thread(target=spin).start()\nreturn 1")
    )

    assert number_of(session.run(trial("f"))) == 1
    assert g_is_right(session)


def test_exit_handlers_and_threads_do_not_keep_a_closed_session_waiting(open_session):
    session = open_session(hostile("import atexit\natexit.register(time.sleep, 600)\nreturn os.getpid()"))
    process_id = int(number_of(session.run(trial("f"))))
    started = time.perf_counter()

    session.close()

    assert time.perf_counter() - started < 300  # half of what its exit handler takes
    assert not plain.is_alive(process_id)


def test_a_child_of_the_students_is_killed_with_its_parent(open_unconfined_session):
    session = open_unconfined_session(
        hostile("child = os.fork()\nif not child:\n    while True: time.sleep(1)\nreturn child")
    )
    child = int(number_of(session.run(trial("f"))))
    assert plain.is_alive(child)

    session.close()

    assert plain.comes_true(lambda: not plain.is_alive(child))


def test_a_child_that_answers_in_its_parents_place_is_killed_at_the_end(open_unconfined_session):
    session = open_unconfined_session(hostile("if os.fork(): os._exit(0)\nreturn os.getpid()"))
    child = int(number_of(session.run(trial("f"))))

    session.close()

    assert plain.comes_true(lambda: not plain.is_alive(child))


def test_a_child_that_holds_the_wire_of_a_dead_parent_is_stopped_at_the_deadline(open_unconfined_session):
    session = open_unconfined_session(hostile("if os.fork(): os._exit(0)\nwhile True: time.sleep(1)"))

    assert session.run(trial("f", seconds=0.3)) == TimedOut(0.3)
    assert g_is_right(session)


PATCHES = {
    "torch": "torch.ones = lambda *a, **k: None\ntorch.Tensor.sum = lambda *a, **k: 7\nreturn 1",
    "torch's comparison": "torch.Tensor.__eq__ = lambda *a: True\ntorch.allclose = lambda *a, **k: True\nreturn 1",
    "default dtype": "torch.set_default_dtype(torch.float16)\nreturn 1",
    "inference": "torch.set_grad_enabled(False)\ntorch.set_default_device('meta')\nreturn 1",
    "len": "builtins.len = lambda x: 99\nreturn 1",
    "isinstance": "builtins.isinstance = lambda *a: True\nreturn 1",
    "float": "builtins.float = lambda x: 99\nreturn 1",
    "import": "builtins.__import__ = None\nreturn 1",
    "wire": "sys.modules['wire'] = sys.modules['worker'] = sys.modules['torch'] = None\nreturn 1",
    "the worker's functions": "vars(sys.modules['worker'])['pack_result'] = lambda *a: [b'no']\nreturn 1",
    "sys.modules": "sys.modules.clear()\nreturn 1",
    "os._exit": "os._exit = lambda code: None\nos.closerange(0, 256)\nreturn 1",
    "settrace": "sys.settrace(lambda *a: 1 / 0)\nthreading.settrace(lambda *a: 1 / 0)\nreturn 1",
    "an endless trace": "def trace(*a):\n    while True: pass\nsys.settrace(trace)\nreturn 1",
    "the recursion limit": "sys.setrecursionlimit(30)\nreturn 1",
    "its own g": "global g\ng = None\nreturn 1",
    "the address of its judge": "sys.stdout = sys.stderr = None\ngc.disable()\nreturn 1",
    "its niceness": "os.nice(19)\nos.chdir('/')\nreturn 1",
}


@pytest.mark.parametrize("body", PATCHES.values(), ids=PATCHES.keys())
def test_a_function_that_changes_what_is_shared_costs_no_other_function(open_session, body):
    session = open_session(hostile(body))

    session.run(trial("f", seconds=0.5))

    assert g_is_right(session)
    session.run(trial("f", seconds=0.5))
    assert g_is_right(session)


def test_a_function_that_kills_every_process_around_it_costs_itself_only(open_unconfined_session):
    session = open_unconfined_session(
        hostile(
            "parent = os.getppid()\n"
            "for entry in os.listdir('/proc'):\n"
            "    if entry.isdigit() and int(entry) != os.getpid():\n"
            "        try: status = open(f'/proc/{entry}/stat').read().rpartition(')')[2].split()\n"
            "        except OSError: continue\n"  # ended meanwhile
            "        if int(status[1]) == parent: os.kill(int(entry), 9)\n"
            "return 1"
        )
    )

    assert g_is_right(session)
    assert number_of(session.run(trial("f"))) == 1
    observation = session.run(trial("g", tensor([1.0, 2.0], [3.0, 4.0])))
    assert isinstance(observation, Died | Returned)
    assert g_is_right(session)


# Values


VALUES = {
    "None": ("return None", "None"),
    "a text": ("return 'no'", "a value of type str"),
    "a generator": ("return (x for x in 'ab')", "a value of type generator"),
    "a dict": ("return {}", "a value of type dict"),
    "a complex number": ("return 1j", "a value of type complex"),
    "a tuple": (
        "return torch.ones(2, 2), None",
        "a tuple of 2 (a tensor of shape (2, 2) and dtype float32, None)",
    ),
    "a long list": ("return [1] * 10**6", f"a list of 1000000 ({'a value of type int, ' * 4}...)"),
    "an empty list": ("return []", "a list of 0"),
    "a list in itself": ("x = []\nx.append(x)\nreturn x", "a list of 1 (a list of 1 (a list of 1))"),
    "a tree that is a graph": (
        "x = [1]\nfor _ in range(90): x = [x, x, x, x]\nreturn x",
        "a list of 4 (" + ", ".join(4 * [f"a list of 4 ({', '.join(4 * ['a list of 4'])})"]) + ")",
    ),
    "1 GB": ("return torch.empty(1 << 28)", "a tensor of shape (268435456,) and dtype float32"),
    "complex": (
        "return torch.ones(2, 2, dtype=torch.cfloat)",
        "a tensor of shape (2, 2) and dtype complex64",
    ),
    "objects": (
        "import numpy\nreturn numpy.array([[f, f], [f, f]])",
        "an array of shape (2, 2) and dtype object",
    ),
    "texts": ("import numpy\nreturn numpy.array([['a'] * 2] * 2)", "an array of shape (2, 2) and dtype <U1"),
    "a type with a name of its own": (
        "class M(type):\n    def __getattribute__(self, k): 1 / 0\nclass V(metaclass=M): pass\nreturn V()",
        "a value of type V",
    ),
    "a list with a name of its own": (
        "class L(list):\n    def __len__(self): 1 / 0\nreturn L([1])",
        "a value that cannot be described",
    ),
}


@pytest.mark.parametrize("body, words", VALUES.values(), ids=VALUES.keys())
def test_a_value_of_another_kind_is_described(open_session, body, words):
    session = open_session(hostile(body))

    observation = session.run(trial("f", outputs=(ArrayOutput((2, 2)),)))

    assert description_of(observation) == words
    assert g_is_right(session)


@pytest.mark.parametrize(
    "expression, words",
    [
        ("torch.ones(2, 2, device='meta')", "a value that cannot be read (NotImplementedError: Cannot copy"),
        ("torch.ones(1).expand(1 << 40)", "a tensor of shape (1099511627776,) and dtype float32"),
        ("torch.sparse_coo_tensor(size=(1 << 30, 1 << 30))", "a tensor of shape (1073741824, 1073741824)"),
    ],
)
def test_a_tensor_without_contents_of_its_own_is_described(open_session, expression, words):
    session = open_session(hostile(f"return {expression}"))

    assert description_of(session.run(trial("f", outputs=(ArrayOutput((2, 2)),)))).startswith(words)
    assert g_is_right(session)


def test_one_value_where_two_are_asked_for_is_described_in_the_place_of_each(open_session):
    session = open_session("def f(): return 1.5", "f")

    observation = session.run(trial("f", outputs=(NumberOutput(), ArrayOutput((2, 2)))))

    assert isinstance(observation, Returned)
    assert observation.values == (Unexpected("missing: the call returned a value of type float"),) * 2


@pytest.mark.parametrize(
    "body, seen",
    [("return [1.0] * 3", [1.0] * 3), ("return []", []), ("return torch.ones(2)", [1.0, 1.0])],
)
def test_a_series_comes_back_as_long_as_it_is(open_session, body, seen):
    session = open_session(hostile(body))

    observation = session.run(trial("f", outputs=(SeriesOutput(3),)))

    assert isinstance(observation, Returned)
    (value,) = observation.values
    assert isinstance(value, Received)
    assert value.array.tolist() == seen


@pytest.mark.parametrize(
    "items, dtype",
    [
        ("1.0, 2", "float"),
        ("np.float32(1), np.array(2.0)", "float"),
        ("torch.tensor(1.0), torch.tensor(2.0, requires_grad=True)", "float32"),
        ("1.0, torch.tensor([2], dtype=torch.float64)", "float32"),
    ],
)
def test_a_series_of_tensors_is_told_apart(open_session, items, dtype):
    session = open_session(f"import numpy as np, torch\ndef f(): return [{items}]\n", "f")

    observation = session.run(trial("f", outputs=(SeriesOutput(3),)))

    assert isinstance(observation, Returned)
    (value,) = observation.values
    assert isinstance(value, Received)
    assert (value.array.tolist(), value.dtype) == ([1.0, 2.0], dtype)


def test_a_series_over_its_capacity_is_counted(open_session):
    session = open_session("def f(): return [1.0] * 10_000", "f")

    assert description_of(session.run(trial("f", outputs=(SeriesOutput(3),)))) == "a list of 10000 numbers"


# Calls


def test_a_function_that_is_not_there_is_missing(open_session):
    session = open_session("def f(): return 1", "f g")

    observation = session.run(trial("g"))

    assert isinstance(observation, Missing)
    assert session.run(trial("never_asked_for")) == Missing("it is not in the submission")


def test_keywords_are_passed_by_name_or_all_by_position_where_a_name_is_not_there(open_session):
    session = open_session(
        "def f(x, rate=0, reg=0): return 100 * x + 10 * rate + reg\n"
        "def g(x, learning_rate=0, r=0): return 100 * x + 10 * learning_rate + r\n"
        "def h(x, **others): return 100 * x + 10 * others['rate'] + others['reg']\n",
        "f g h",
    )
    keywords = {"reg": Scalar(3), "rate": Scalar(2)}

    assert number_of(session.run(trial("f", 1, keywords=keywords))) == 123
    assert number_of(session.run(trial("g", 1, keywords=keywords))) == 132
    assert number_of(session.run(trial("h", 1, keywords=keywords))) == 123


def test_each_call_gets_fresh_arguments_and_changes_to_them_come_back_as_echoes(open_session):
    session = open_session(
        "def f(W, y):\n    before = float(W.sum())\n    W += 1\n    y[0] = 9\n    return before\n", "f"
    )
    W = np.array([[1.0, 2.0]])
    call = trial("f", Tensor(W), Tensor(np.array([0, 1])), echo=(0, 1))

    first, second = session.run(call), session.run(call)

    assert number_of(first) == number_of(second) == 3
    assert isinstance(first, Returned)
    assert [array_of(echo).tolist() for echo in first.echoes] == [[[2.0, 3.0]], [9, 1]]
    assert W.tolist() == [[1.0, 2.0]]


def test_arguments_are_tensors_or_arrays_as_the_backend_says(open_session):
    session = open_session("def f(W): return [['torch', 'numpy'].index(type(W).__module__)]", "f")

    seen = [
        session.run(trial("f", tensor([1.0]), outputs=(SeriesOutput(1),), backend=backend))
        for backend in ("torch", "numpy")
    ]

    assert [each.values[0].array.tolist() for each in seen] == [[0], [1]]


def test_a_method_is_called_on_a_fresh_object_with_its_state_and_brings_attributes_back(open_session):
    session = open_session(
        "class f:\n"
        "    calls = 0\n"
        "    def train(self, x):\n"
        "        self.calls += 1\n"
        "        self.W = self.W * x\n"
        "        return self.calls\n",
        "f",
    )
    call = trial(
        "f",
        10,
        method="train",
        state={"W": tensor([1.0, 2.0])},
        fetch={"W": ArrayOutput((1, 2)), "b": NumberOutput()},
    )

    session.run(call)
    observation = session.run(call)

    assert number_of(observation) == 1
    assert observation.fetched["W"].array.tolist() == [[10.0, 20.0]]
    assert observation.fetched["b"] == Unexpected("None")


def test_what_is_no_function_says_what_it_is(open_session):
    session = open_session("f = 3", "f")

    observation = session.run(trial("f"))

    assert isinstance(observation, Raised)
    assert observation.message == "f is not a function but a value of type int"
    assert observation.location is None


# The spy


def test_a_gradient_of_any_size_comes_through(open_session):
    source = "def f(loss, W):\n    value, gradient = loss(W, W, W, 0)\n    return gradient"
    session = open_session(source, "f")
    for shape in ((1, 1), (3, 1), (5, 7)):
        for dtype in ("float32", "float64"):
            gradients = np.arange(np.prod(shape), dtype=dtype).reshape(1, *shape)
            spy = Spy(np.zeros(1), gradients, batch=1, columns=1)
            call = trial("f", spy, Tensor(np.zeros(shape, dtype)), outputs=(ArrayOutput(shape),))

            observation = session.run(call)

            assert isinstance(observation, Returned), observation
            assert array_of(observation.values[0]).tolist() == gradients[0].tolist()


def spy_of(steps):
    gradients = np.arange(steps * 6.0).reshape(steps, 3, 2)
    return Spy(np.arange(steps) + 0.5, gradients, batch=2, columns=3)


TRAINER = """
import torch

def f(loss, W, X, y, steps):
    history = []
    for step in range(steps):
        value, gradient = loss(W, X[step:step + 2], y[step:step + 2], step / 8)
        history.append(float(value))
        W = W - gradient
    return W, history
"""


def train(session, steps, spy):
    X, y = np.arange(15.0).reshape(5, 3), np.arange(5)
    call = trial(
        "f",
        spy,
        Tensor(np.zeros((3, 2))),
        Tensor(X),
        Tensor(y),
        steps,
        outputs=(ArrayOutput((3, 2)), SeriesOutput(steps)),
    )
    return session.run(call), X, y


def test_the_spy_gives_losses_and_gradients_as_chosen_and_logs_each_call(open_session):
    session, spy = open_session(TRAINER, "f"), spy_of(3)

    observation, X, y = train(session, 3, spy)

    assert isinstance(observation, Returned)
    W, history = observation.values
    assert array_of(history).tolist() == [0.5, 1.5, 2.5]
    assert array_of(W).tolist() == (-spy.gradients.sum(axis=0)).tolist()
    assert len(observation.spy_calls) == 3
    for step, call in enumerate(observation.spy_calls):
        assert array_of(call.W).tolist() == (-spy.gradients[:step].sum(axis=0)).tolist()
        assert array_of(call.X).tolist() == X[step : step + 2].tolist()
        assert array_of(call.y).tolist() == y[step : step + 2].tolist()
        assert float(array_of(call.reg)) == step / 8


def test_the_spy_is_told_of_wrong_arguments_in_words(open_session):
    session = open_session("def f(loss, *_):\n    loss(None, 'X', [1, 2], 0.5)\n    return 1\n", "f")

    observation = session.run(trial("f", spy_of(1)))

    assert isinstance(observation, Returned)
    (call,) = observation.spy_calls
    assert (Unexpected("None"), Unexpected("a value of type str")) == (call.W, call.X)
    assert call.y == Unexpected("a list of 2 (a value of type int, a value of type int)")
    assert isinstance(call.reg, Received)


def test_more_calls_of_the_spy_than_there_are_answers_are_refused(open_session):
    session = open_session(TRAINER, "f")

    observation, _, _ = train(session, 4, spy_of(3))

    assert observation == Refused("stopped: the loss function was called more than 3 times")
    again, _, _ = train(session, 2, spy_of(3))
    assert isinstance(again, Returned)


def test_a_spy_that_is_called_for_ever_is_stopped_at_the_deadline_of_the_whole(open_session):
    session = open_session("def f(loss, W):\n    while True: loss(W, W, W, 0)\n", "f")
    spy = Spy(np.zeros(10**6), np.zeros((10**6, 1, 1)), batch=1, columns=1)

    assert session.run(trial("f", spy, tensor([1.0]), seconds=0.3)) == TimedOut(0.3)


def test_a_spy_may_stand_in_for_a_method(open_session):
    session = open_session(
        "class f:\n    def train(self, W): return float(self.loss(W, W, W, 0.25)[0])\n", "f"
    )

    observation = session.run(trial("f", tensor([1.0]), method="train", state={"loss": spy_of(1)}))

    assert number_of(observation) == 0.5
    assert len(observation.spy_calls) == 1


def test_labels_come_back_as_integers(open_session):
    session = open_session("import torch\ndef f(): return torch.tensor([2, 0, 1], dtype=torch.int32)\n", "f")

    observation = session.run(trial("f", outputs=(LabelsOutput(3),)))

    assert isinstance(observation, Returned)
    (labels,) = observation.values
    assert isinstance(labels, Received)
    assert (labels.array.tolist(), labels.dtype) == ([2, 0, 1], "int32")


def as_labels(open_session, values):
    """What the session brings back of three labels where whole floats may be labels, and where they may not."""
    session = open_session(f"import numpy as np, torch\ndef f(): return {values}\n", "f")
    seen = [session.run(trial("f", outputs=(LabelsOutput(3, each),))) for each in (True, False)]
    assert all(isinstance(each, Returned) for each in seen)
    return tuple(each.values[0] for each in seen)


@pytest.mark.parametrize(
    "values, dtype",
    [
        ("np.array([2.0, 0, 1])", "float64"),
        ("torch.tensor([2.0, 0, 1])", "float32"),
        ("np.array([2, 0, 1])", "int64"),
    ],
)
def test_whole_floats_are_labels_where_they_may_be(open_session, values, dtype):
    labels, strict = as_labels(open_session, values)

    assert isinstance(labels, Received)
    assert (labels.array.tolist(), labels.dtype) == ([2, 0, 1], dtype)
    assert isinstance(strict, Received if dtype == "int64" else Unexpected)


@pytest.mark.parametrize(
    "values", ["[2, 0, 1]", "(2, 0, 1)", "list(np.array([2, 0, 1]))", "[2, np.float64(0), 1.0]"]
)
def test_a_list_of_numbers_is_labels_where_floats_may_be(open_session, values):
    labels, strict = as_labels(open_session, values)

    assert isinstance(labels, Received)
    assert labels.array.tolist() == [2, 0, 1]
    assert isinstance(strict, Unexpected)


@pytest.mark.parametrize(
    "values",
    ["['2', '0', '1']", "[2, 0]", "[2, None, 1]", "[[2], [0], [1]]", "[2, 0.5, 1]", "[10**30, 0, 1]"],
)
def test_other_lists_are_never_labels(open_session, values):
    session = open_session(f"def f(): return {values}\n", "f")

    observation = session.run(trial("f", outputs=(LabelsOutput(3, True),)))

    assert isinstance(observation, Returned)
    assert isinstance(observation.values[0], Unexpected)


@pytest.mark.parametrize(
    "values", ["[2.5, 0, 1]", "[float('nan'), 0, 1]", "[float('inf'), 0, 1]", "[1e300, 0, 1]"]
)
def test_other_floats_are_never_labels(open_session, values):
    session = open_session(f"import numpy as np\ndef f(): return np.array({values})\n", "f")

    observation = session.run(trial("f", outputs=(LabelsOutput(3, True),)))

    assert isinstance(observation, Returned)
    assert observation.values == (Unexpected("an array of shape (3,) and dtype float64"),)
