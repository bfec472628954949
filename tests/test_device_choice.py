"""Which device is graded on, by what was asked for and what the machine and its workers have."""

import pytest

from grader import device_choice
from grader.assignment import Limits
from grader.commands import common
from grader.commands.options import DeviceChoice
from grader.device_choice import ChosenDevice, choose_device
from grader.errors import DeviceError
from grader.reporting import environment, processor_name
from grader.sandbox.device import Gpu
from grader.spec import load_spec
from tests.samples import CONFINED, StubSandbox

GPU = Gpu("NVIDIA Test", 1 << 34)
TORCH = load_spec("eecs498_2019")
NUMPY = load_spec("cs231n")


@pytest.fixture
def machine(monkeypatch):
    """(whether it has the node of a GPU)."""
    return lambda has_node: monkeypatch.setattr(device_choice, "is_gpu_there", lambda: has_node)


def choose(wanted, sandbox, loaded=TORCH):
    return choose_device(wanted, loaded.spec.assignment, sandbox.as_sandbox)


@pytest.mark.parametrize("wanted", ["auto", "cpu"])
def test_without_a_gpu_it_is_the_cpu_and_no_worker_is_asked(machine, wanted):
    machine(False)
    sandbox = StubSandbox()

    assert choose(wanted, sandbox) == ChosenDevice("cpu")
    assert sandbox.opened == []


def test_a_gpu_that_is_not_there_is_an_error_in_words(machine):
    machine(False)

    with pytest.raises(DeviceError) as caught:
        choose("cuda", StubSandbox())

    assert str(caught.value) == (
        "--device cuda: this machine has no NVIDIA GPU (there is neither /dev/nvidiactl nor /dev/dxg); leave it out,"
        " or say --device cpu"
    )


@pytest.mark.parametrize("wanted", ["auto", "cuda"])
def test_a_gpu_that_workers_open_is_graded_on(machine, wanted):
    machine(True)
    sandbox = StubSandbox(gpu=GPU)

    assert choose(wanted, sandbox) == ChosenDevice("cuda", "NVIDIA Test")
    assert sandbox.opened == [Limits().device_memory_bytes]


def test_the_cpu_is_taken_at_its_word(machine):
    machine(True)
    sandbox = StubSandbox(gpu=GPU)

    assert choose("cpu", sandbox) == ChosenDevice("cpu")
    assert sandbox.opened == []


def test_auto_goes_on_without_and_says_why(machine):
    machine(True)

    assert choose("auto", StubSandbox(gpu="RuntimeError: too old")) == ChosenDevice(
        "cpu",
        note="a GPU is there, but no context could be made in a worker: RuntimeError: too old; graded on the CPU",
    )


def test_cuda_does_not_go_on_without(machine):
    machine(True)

    with pytest.raises(DeviceError) as caught:
        choose("cuda", StubSandbox(gpu="RuntimeError: too old"))

    assert str(caught.value) == (
        "--device cuda: a GPU is there, but no context could be made in a worker: RuntimeError: too old;"
        " `grader doctor` tells more, --device cpu does without"
    )


@pytest.mark.parametrize("wanted", ["auto", "cuda", "cpu"])
def test_numpy_is_always_on_the_cpu(machine, wanted):
    machine(True)
    sandbox = StubSandbox(gpu=GPU)

    chosen = choose(wanted, sandbox, NUMPY)

    assert (chosen.device, sandbox.opened) == ("cpu", [])
    assert (chosen.note is not None) == (wanted == "cuda")


def test_an_assignment_in_numpy_is_never_on_a_gpu():
    data = common.settings(NUMPY, StubSandbox().as_sandbox, DeviceChoice.cpu, 1, []).data

    assert NUMPY.spec.assignment.on("cuda", data).device == "cpu"
    assert TORCH.spec.assignment.on("cuda", data).device == "cuda"


def test_settings_and_report_tell_what_was_used(machine):
    machine(True)
    settings = common.settings(TORCH, StubSandbox(gpu=GPU).as_sandbox, DeviceChoice.auto, 1, [])

    part = environment(settings, CONFINED)

    assert (settings.device, part.device, part.device_name) == ("cuda", "cuda", "NVIDIA Test")


def test_on_a_cpu_the_report_names_the_processor(machine):
    machine(False)
    settings = common.settings(TORCH, StubSandbox().as_sandbox, DeviceChoice.auto, 1, [])

    part = environment(settings, CONFINED)

    assert (part.device, part.device_name) == ("cpu", processor_name())


def test_the_bound_on_a_gpus_memory_is_a_limit_of_the_spec():
    assert Limits().device_memory_bytes == 4 << 30
    with pytest.raises(ValueError, match="greater than or equal to"):
        Limits(device_memory_bytes=1)
