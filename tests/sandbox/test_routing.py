"""Where tensors of a call go: to the device of a session, but for files, NumPy's arrays and what a driver is handed.

The device is torch's "meta", which every machine has and which holds no contents; what a GPU's driver fails with is
raised by hand.
"""

import dataclasses
from typing import Any, cast

import numpy as np
import pytest

from grader.errors import SandboxError
from grader.model.observation import Raised, Returned
from grader.model.trial import (
    Device,
    Driver,
    FunctionArgument,
    NumberOutput,
    ResidentTensor,
    Scalar,
    Spy,
    Tensor,
)
from grader.sandbox.protocols import Budget
from tests.sandbox import plain
from tests.sandbox.calls import extracted_of, number_of, trial

META = cast("Device", "meta")

TELLS = "def f(W, other=None):\n    return float(getattr(W, 'device', None) is not None and W.device.type == 'meta')\n"
W = Tensor(np.ones((2, 3)))


@pytest.fixture
def session_on(sandbox):
    """(source, device) to a session; closed after the test."""
    opened = []

    def run(source, device=META, names="f", default_device="cpu", **bounds):
        session = sandbox.session(
            extracted_of(source, names),
            Budget(**bounds),
            redirect_cuda=False,
            device=device,
            default_device=default_device,
        )
        opened.append(session)
        return session

    yield run
    for session in opened:
        session.close()


def test_tensors_go_to_the_device(session_on):
    assert number_of(session_on(TELLS).run(trial("f", W))) == 1.0
    assert number_of(session_on(TELLS, "cpu").run(trial("f", W))) == 0.0


MAKES = """import torch
MADE = torch.zeros(2)
def f(W):
    made = torch.ones(3), MADE, W.new_zeros(2), torch.zeros(1, device='cpu')
    return float(sum((each.device.type == 'meta') * 2**power for power, each in enumerate(made)))
"""


def test_code_that_names_no_device_makes_its_tensors_on_the_default_one(session_on):
    assert number_of(session_on(MAKES, default_device=META).run(trial("f", W))) == 1 + 2 + 4
    assert number_of(session_on(MAKES).run(trial("f", W))) == 4
    assert number_of(session_on(MAKES, "cpu", default_device=META).run(trial("f", W))) == 0


def test_tensors_that_are_kept_go_to_the_device_before_the_call(session_on):
    assert number_of(session_on(TELLS).run(trial("f", ResidentTensor("X", np.ones((2, 3)))))) == 1.0


def test_large_arrays_that_are_mapped_go_there_too(session_on):
    large = np.ones(1 << 18)
    large.flags.writeable = False

    assert number_of(session_on(TELLS).run(trial("f", ResidentTensor("X", large)))) == 1.0


def test_the_bytes_of_files_stay(session_on):
    content = np.frombuffer(b"weights", np.uint8)

    assert number_of(session_on(TELLS).run(trial("f", Tensor(content)))) == 0.0


def test_arrays_of_numpy_stay(session_on):
    source = "import numpy\ndef f(W):\n    return float(type(W) is numpy.ndarray)\n"

    assert number_of(session_on(source).run(trial("f", W, backend="numpy"))) == 1.0


def test_what_a_driver_is_handed_stays_and_calls_without_one_have_a_worker_of_their_own(session_on):
    session = session_on(TELLS)
    driver = Driver("drive", "def drive(f, W):\n    return f(W)\n")
    driven = dataclasses.replace(trial("f", FunctionArgument("f"), W), driver=driver)
    plainly = trial("f", FunctionArgument("f"), W)
    source = "def f(g, W):\n    return float(W.device.type == 'meta')\n"

    assert number_of(session.run(driven)) == 0.0
    assert number_of(session_on(source).run(plainly)) == 1.0


def test_one_caller_with_and_without_a_driver_is_on_the_right_device_each_time(session_on):
    source = "def f(g, W):\n    return float(W.device.type == 'meta')\n"
    session = session_on(source)
    call = trial("f", FunctionArgument("f"), W)
    driven = dataclasses.replace(call, driver=Driver("drive", "def drive(f, W):\n    return f(f, W)\n"))

    assert [number_of(session.run(each)) for each in (call, driven, call)] == [1.0, 0.0, 1.0]


def test_code_for_cuda_that_a_driver_calls_is_run_where_its_tensors_are(session_on):
    source = "def f(W):\n    return float(W.cuda().sum())\n"
    driver = Driver("drive", "def drive(f, W):\n    return f(W)\n")
    driven = dataclasses.replace(trial("f", FunctionArgument("f"), W), driver=driver)

    assert number_of(session_on(source).run(driven)) == 6.0


def test_what_a_spy_answers_is_on_the_device(session_on):
    source = (
        "def f(loss_function, W):\n"
        "    loss, dW = loss_function(W, W, W, 0.5)\n"
        "    return float(loss.device.type == 'meta') + float(dW.device.type == 'meta')\n"
    )
    spy = Spy(np.zeros(1), np.zeros((1, 2, 3)), batch=2, columns=3)

    assert number_of(session_on(source).run(trial("f", spy, W))) == 2.0


def test_tensors_of_the_call_before_are_changed_where_they_are(session_on):
    session = session_on(TELLS)
    session.run(trial("f", W))

    again = session.run(trial("f", W, is_again=True))

    assert isinstance(again, Returned)
    assert float(cast("Any", again.values[0]).array) == 1.0


def test_a_gpu_that_nobody_opened_is_not_graded_on(sandbox):
    with pytest.raises(SandboxError, match=r"^the GPU was not opened for the student's code$"):
        sandbox.session(extracted_of(TELLS, "f"), Budget(), redirect_cuda=False, device="cuda")


# What a GPU fails with


def test_too_much_memory_is_said_in_a_sentence(session_on):
    source = "class OutOfMemoryError(RuntimeError): pass\ndef f():\n    raise OutOfMemoryError('CUDA out of memory. Tried')\n"

    observation = session_on(source).run(trial("f"))

    assert isinstance(observation, Raised)
    assert (observation.kind, observation.message) == (
        "OutOfMemoryError",
        "it needed more than 4 GiB of GPU memory",
    )


def test_the_sentence_names_the_bound(session_on):
    source = "class OutOfMemoryError(RuntimeError): pass\ndef f():\n    raise OutOfMemoryError\n"

    observation = session_on(source, device_memory_bytes=1 << 28).run(trial("f"))

    assert isinstance(observation, Raised)
    assert observation.message == "it needed more than 256 MiB of GPU memory"


def test_on_a_cpu_the_students_own_words_stay(session_on):
    source = "class OutOfMemoryError(RuntimeError): pass\ndef f():\n    raise OutOfMemoryError('mine')\n"

    observation = session_on(source, "cpu").run(trial("f"))

    assert isinstance(observation, Raised)
    assert observation.message == "mine"


@pytest.mark.parametrize(
    "error", ["AcceleratorError('device-side assert')", "RuntimeError('CUDA error: gone')"]
)
def test_a_fault_that_spoils_the_context_costs_one_call(session_on, error):
    source = (
        "class AcceleratorError(RuntimeError): pass\ncalls = []\n"
        f"def f(x):\n    calls.append(x)\n    if x: raise {error}\n    return len(calls)\n"
    )
    session = session_on(source)

    first, second, third = (session.run(trial("f", x)) for x in (0, 1, 0))

    assert number_of(first) == 1
    assert isinstance(second, Raised)
    assert number_of(third) == 1


# Waiting for the GPU


HEADER = {
    "id": 1, "op": "call", "function": "f", "method": None, "backend": "torch", "positional": [], "keywords": {},
    "state": {}, "outputs": [{"kind": "number"}], "fetch": {}, "echo": [], "canaries": None, "is_counted": False,
    "are_calls_counted": False, "is_again": False, "redirect_cuda": False, "default_device": "cpu", "driver": None,
    "watch": None, "disturbed": None,
}  # fmt: skip


@pytest.mark.parametrize("device, expected", [("cuda", ["call", "wait", "read"]), ("cpu", ["call", "read"])])
def test_the_gpu_is_waited_for_after_the_call_and_before_its_result_is_read(device, expected, monkeypatch):
    worker, packing = plain.module("worker"), plain.module("packing")
    events = []

    def read(result, outputs):
        events.append("read")
        return []

    def f():
        events.append("call")

    monkeypatch.setattr(packing, "pack_result", read)
    held = worker.Held(lambda: events.append("wait"))

    worker.Caller(None, {**HEADER, "device": device}, bytearray(), held).call(f)

    assert events == expected


def test_what_is_waited_with_was_taken_before_any_students_code(monkeypatch):
    worker = plain.module("worker")
    events = []

    def cheat():
        vars(worker)["_SYNCHRONIZE"] = lambda: events.append("the student's")
        return 1

    load = {"id": 0, "op": "load", "function": "f"}
    call = {**HEADER, "device": "cuda"}
    requests = iter([(each, bytearray()) for each in (load, call, call)])
    monkeypatch.setattr(worker, "_SYNCHRONIZE", lambda: events.append("ours"))
    monkeypatch.setattr(worker, "_load", lambda *_: cheat)
    monkeypatch.setattr(worker.wire, "receive_request", lambda *_: next(requests))
    monkeypatch.setattr(worker.wire, "send_parts", lambda *_: events.append("answer"))

    with pytest.raises(StopIteration):
        worker._answer_all(None)

    assert events == ["answer", "ours", "answer", "ours", "answer"]


def test_scalars_and_outputs_are_none_of_a_devices_business(session_on):
    source = "def f(x):\n    return x * 2\n"

    assert number_of(session_on(source).run(trial("f", Scalar(3.0), outputs=(NumberOutput(),)))) == 6.0
