"""Which device is graded on, by what was asked for and what the machine and its workers have."""

import io
from contextlib import contextmanager

import pytest
from rich.console import Console

from grader.api import _Options
from grader.errors import DeviceError
from grader.extract import Extracted
from grader.frontends import terminal
from grader.grading import device as device_choice
from grader.grading.device import ChosenDevice, choose_device
from grader.grading.environment import environment, processor_name
from grader.grading.grade import grade
from grader.grading.sessions import Sessions
from grader.grading.settings import Settings
from grader.model.assignment import Limits
from grader.sandbox import device_lock
from grader.sandbox.device import Gpu
from grader.sandbox.fake import CONFINED, FakeSandbox
from grader.sandbox.isolation import IsolationLevel
from grader.spec import load_spec
from tests.samples import report_of, submission_of

GPU = Gpu("NVIDIA Test", 1 << 34)
TORCH = load_spec("eecs498_2019")
NUMPY = load_spec("cs231n")
FOR_CPU = load_spec("softmax_sgd_lab")


@pytest.fixture
def machine(monkeypatch):
    """(whether it has the node of a GPU)."""
    return lambda has_node: monkeypatch.setattr(device_choice, "is_gpu_there", lambda: has_node)


def choose(wanted, sandbox, loaded=TORCH):
    return choose_device(wanted, loaded.spec.assignment, sandbox)


@pytest.mark.parametrize("wanted", ["auto", "cpu"])
def test_without_a_gpu_it_is_the_cpu_and_no_worker_is_asked(machine, wanted):
    machine(False)
    sandbox = FakeSandbox()

    assert choose(wanted, sandbox) == ChosenDevice("cpu")
    assert sandbox.opened == []


def test_an_assignment_for_the_cpu_is_graded_there_unless_the_gpu_is_asked_for(machine):
    machine(True)
    sandbox = FakeSandbox(gpu=GPU)

    assert choose("auto", sandbox, FOR_CPU) == ChosenDevice("cpu")
    assert sandbox.opened == []
    assert choose("cuda", sandbox, FOR_CPU) == ChosenDevice("cuda", GPU.name)


@pytest.mark.parametrize("handout, default", [("cpu", "cuda"), ("either", "cuda"), ("cuda", "cpu")])
def test_only_an_assignment_for_cuda_leaves_tensors_without_a_device_on_the_cpu(handout, default):
    sandbox = FakeSandbox(gpu=GPU)
    spec = TORCH.spec.model_copy(update={"handout_device": handout})

    Sessions(sandbox, Extracted.empty(), spec.assignment, "cuda")

    (session,) = sandbox.sessions
    assert (session.device, session.default_device) == ("cuda", default)


def test_a_gpu_that_is_not_there_is_an_error_in_words(machine):
    machine(False)

    with pytest.raises(DeviceError) as caught:
        choose("cuda", FakeSandbox())

    assert str(caught.value) == (
        "device cuda: this machine has no NVIDIA GPU (no /dev/nvidiactl, no /dev/dxg); choose cpu or auto"
    )


@pytest.mark.parametrize("wanted", ["auto", "cuda"])
def test_a_gpu_that_workers_open_is_graded_on(machine, wanted):
    machine(True)
    sandbox = FakeSandbox(gpu=GPU)

    assert choose(wanted, sandbox) == ChosenDevice("cuda", "NVIDIA Test")
    assert sandbox.opened == [(Limits().device_memory_bytes, IsolationLevel.process)]


def test_the_cpu_is_taken_at_its_word(machine):
    machine(True)
    sandbox = FakeSandbox(gpu=GPU)

    assert choose("cpu", sandbox) == ChosenDevice("cpu")
    assert sandbox.opened == []


def test_auto_goes_on_without_and_says_why(machine):
    machine(True)

    assert choose("auto", FakeSandbox(gpu="RuntimeError: too old")) == ChosenDevice(
        "cpu",
        note="a GPU is present, but a worker could not create a context on it: RuntimeError: too old; graded on the CPU",
    )


def test_cuda_does_not_go_on_without(machine):
    machine(True)

    with pytest.raises(DeviceError) as caught:
        choose("cuda", FakeSandbox(gpu="RuntimeError: too old"))

    assert str(caught.value) == (
        "device cuda: a GPU is present, but a worker could not create a context on it: RuntimeError: too old;"
        " run `grader doctor` for details, or choose cpu"
    )


@pytest.mark.parametrize("wanted", ["auto", "cuda", "cpu"])
def test_numpy_is_always_on_the_cpu(machine, wanted):
    machine(True)
    sandbox = FakeSandbox(gpu=GPU)

    chosen = choose(wanted, sandbox, NUMPY)

    assert (chosen.device, sandbox.opened) == ("cpu", [])
    assert (chosen.note is not None) == (wanted == "cuda")


def test_an_assignment_in_numpy_is_never_on_a_gpu():
    settings = Settings(seed=1, device="cuda")

    assert settings.context(NUMPY.spec.assignment).device == "cpu"
    assert settings.context(TORCH.spec.assignment).device == "cuda"


def test_a_gpu_is_opened_with_the_least_isolation_that_is_asked_for(machine):
    machine(True)
    sandbox = FakeSandbox(gpu=GPU)

    for isolation in ("confined", "partial", "process"):
        _Options(isolation=isolation).settings(TORCH, sandbox)

    assert [least for _, least in sandbox.opened] == ["confined", "partial", "process"]


def test_settings_and_report_tell_what_was_used(machine):
    machine(True)
    settings = _Options().settings(TORCH, FakeSandbox(gpu=GPU))

    part = environment(settings, CONFINED)

    assert (settings.device, part.device, part.device_name) == ("cuda", "cuda", "NVIDIA Test")


def test_on_a_cpu_the_report_names_the_processor(machine):
    machine(False)
    settings = _Options().settings(TORCH, FakeSandbox())

    part = environment(settings, CONFINED)

    assert (part.device, part.device_name) == ("cpu", processor_name())


def test_the_bound_on_a_gpus_memory_is_a_limit_of_the_spec():
    assert Limits().device_memory_bytes == 4 << 30
    with pytest.raises(ValueError, match="greater than or equal to"):
        Limits(device_memory_bytes=1)


# While it is graded


@pytest.fixture
def locks(monkeypatch):
    """Each holding of the device's lock, by whether it was alone."""
    seen = []

    @contextmanager
    def held(path, *, alone):
        seen.append(alone)
        yield

    monkeypatch.setattr(device_lock, "held", held)
    return seen


def graded_on(chosen, loaded, only=None):
    sandbox = FakeSandbox(gpu=GPU)
    settings = Settings(
        seed=1,
        device=chosen.device,
        only=None if only is None else frozenset(only),
        device_name=chosen.name,
        device_note=chosen.note,
    )
    text = "".join(f"def {name}(W, X, y, reg):\n    return 0\n" for name in loaded.spec.functions)
    return grade(submission_of(text), loaded, sandbox, settings), sandbox


def test_checks_that_measure_time_hold_the_gpu_alone_and_others_together(locks):
    kinds = {check.id: check.kind for check in TORCH.spec.checks}
    timed = next(name for name, kind in kinds.items() if kind == "speedup")
    plain = next(name for name, kind in kinds.items() if kind == "values")

    graded_on(ChosenDevice("cuda", GPU.name), TORCH, [timed])
    of_timed = locks.copy()
    locks.clear()
    graded_on(ChosenDevice("cuda", GPU.name), TORCH, [plain])

    assert of_timed[0] is True
    assert not any(of_timed[1:])  # what is traced
    assert locks
    assert not any(locks)


def test_a_cpu_has_no_lock(locks):
    graded_on(ChosenDevice("cpu"), TORCH)

    assert locks == []


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_sessions_are_told_the_device_and_redirect_on_a_cpu_alone(locks, device):
    _, sandbox = graded_on(ChosenDevice(device), TORCH)

    assert {session.device for session in sandbox.sessions} == {device}
    assert sandbox.sessions[0].redirect_cuda == (device == "cpu")


def test_the_report_says_why_a_gpu_was_not_used(locks):
    report, _ = graded_on(ChosenDevice("cpu", note="a GPU is present, but"), TORCH)

    assert "a GPU is present, but" in [each.message for each in report.flags if each.kind == "note"]


def test_the_terminal_names_the_gpu():
    environment = report_of().environment.model_copy(update={"device": "cuda", "device_name": "NVIDIA Test"})
    stream = io.StringIO()

    report = report_of().model_copy(update={"environment": environment})
    terminal.show_report(Console(file=stream, width=200), report)

    assert "cuda (NVIDIA Test)" in stream.getvalue()
