"""The doctor: what it looks at, and what it says where something is amiss."""

import tempfile
from importlib import metadata

import pytest

from grader.data import cifar10, open_data
from grader.errors import SandboxError
from grader.execution.capacity import Capacity
from grader.frontends import doctor
from grader.frontends.doctor import DoctorFinding, examine
from grader.model.observation import Died, Returned
from grader.sandbox.device import Gpu
from grader.sandbox.fake import CONFINED, FakeSandbox
from grader.sandbox.host import Sandbox
from grader.sandbox.inside import tiers
from grader.sandbox.isolation import Isolation, IsolationLevel
from tests.data.cifar_files import PER_FILE, binary_files, write_folder


def answering(*observations, isolation=CONFINED):
    """Makes sandboxes whose calls give these observations, one after the other, the last one again and again."""
    left = list(observations)

    def answer(trial):
        return left.pop(0) if len(left) > 1 else left[0]

    return lambda: FakeSandbox(answer, isolation=isolation)


WORKING = answering(Returned((), 0.001))


def finding(name, make_sandbox=WORKING):
    return {each.name: each for each in examine(make_sandbox=make_sandbox)}[name]


def test_a_machine_that_can_grade_is_told_its_speed():
    torch = finding("torch", answering(Returned((), 0.5), Returned((), 0.00012)))

    assert torch.is_good
    assert torch.is_needed
    assert torch.seen.startswith(f"{metadata.version('torch')}; starts in ")
    assert torch.seen.endswith(" s; a call with 246 kB takes 0.12 ms")


def test_everything_is_looked_at_in_one_order():
    assert [each.name for each in examine(make_sandbox=WORKING)] == [
        "Python",
        "torch",
        "Processor",
        "Class",
        "Device",
        "Workers",
        "Isolation",
        "Temporary folder",
        "Data",
    ]


def test_what_is_amiss_comes_with_advice():
    make_sandbox = answering(Died("signal SIGSEGV"), isolation=Isolation.of_tiers(0))

    assert all(each.advice for each in examine(make_sandbox=make_sandbox) if not each.is_good)


def test_a_worker_that_dies_is_told_in_words():
    torch = finding("torch", answering(Died("killed by SIGSEGV")))

    assert not torch.is_good
    assert torch.seen == (
        f"{metadata.version('torch')}, but a call in a worker failed: same ended its process instead of returning"
        " (killed by SIGSEGV), on the doctor's own call"
    )
    assert torch.advice is not None
    assert torch.advice.endswith("-c 'import torch'` work? Run `make setup` again.")


def test_a_worker_that_answers_once_only_is_told():
    torch = finding("torch", answering(Returned((), 0.001), Died("killed by SIGSEGV")))

    assert not torch.is_good
    assert "but a call in a worker failed: same ended its process" in torch.seen


def test_a_sandbox_that_cannot_start_is_told():
    def fail():
        raise SandboxError("the process that imports torch ended")

    assert finding("Isolation", fail).seen == "unknown: no worker could be started"
    assert finding("torch", fail) == DoctorFinding(
        "torch",
        "the process that imports torch ended",
        is_good=False,
        advice="Run `make setup` again.",
        is_needed=True,
    )


@pytest.fixture
def without_torch(monkeypatch):
    """Nothing is installed under the name torch."""
    found = metadata.version

    def version(name):
        if name == "torch":
            raise metadata.PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(metadata, "version", version)


def test_a_machine_without_torch_grades_specs_on_arrays(without_torch):
    torch, numpy = finding("torch"), finding("NumPy")

    assert torch == DoctorFinding(
        "torch",
        "not installed; specs on NumPy arrays are graded without it, those on tensors are not",
        is_good=False,
        advice="To grade tensors, `pip install torch`, or `make setup` in a checkout.",
    )
    assert numpy.is_good
    assert numpy.is_needed
    assert numpy.seen.startswith(f"{metadata.version('numpy')}; starts in ")
    assert finding("Workers").seen.endswith(" NumPy")


def test_a_machine_without_torch_whose_worker_dies_cannot_grade(without_torch):
    numpy = finding("NumPy", answering(Died("signal SIGSEGV")))

    assert not numpy.is_good
    assert numpy.is_needed


def test_a_temporary_folder_that_cannot_be_written_is_told(monkeypatch):
    def refuse():
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)

    folder = finding("Temporary folder")
    assert not folder.is_good
    assert folder.is_needed
    assert folder.seen == f"{tempfile.gettempdir()}: Permission denied"
    assert folder.advice == "Set TMPDIR to a writable folder with free space."

    monkeypatch.setattr(tempfile, "gettempdir", refuse)  # of none that Python knows
    assert finding("Temporary folder").seen == "Permission denied"


@pytest.mark.parametrize(
    "held, seen, word",
    [
        (tiers.ALL & ~tiers.FILES, "partial: the file system is not isolated", "Landlock"),
        (tiers.ALL & ~tiers.USER, "partial: the user account is not isolated", "CAP_SETUID"),
        (tiers.LIMITS | tiers.USER, "process: the file system, the network, subprocesses", "seccomp"),
    ],
)
def test_isolation_names_what_is_missing_and_what_to_do(held, seen, word):
    isolation = finding("Isolation", answering(Returned((), 0.001), isolation=Isolation.of_tiers(held)))

    assert not isolation.is_good
    assert not isolation.is_needed
    assert isolation.seen.startswith(seen)
    assert isolation.advice is not None
    assert word in isolation.advice
    assert f"--isolation {seen.partition(':')[0]}" in isolation.advice


def test_a_machine_that_confines_needs_no_advice():
    isolation = finding("Isolation")

    assert isolation.is_good
    assert isolation.advice is None
    assert isolation.seen.startswith("confined (own files only, ")


@pytest.mark.slow
def test_a_real_worker_is_started_and_called():
    assert finding("torch", Sandbox).is_good


def test_without_data_of_its_own_the_stand_in_is_named_with_what_to_do():
    assert finding("Data") == DoctorFinding(
        "Data",
        "synthetic stand-in v3 for CIFAR-10, drawn from each run's seed",
        is_good=True,
        advice=(
            "To train on CIFAR-10 itself, pass its cifar-10-python.tar.gz, or the unpacked folder, with --data PATH"
            " or GRADER_DATA=PATH. The grader downloads nothing."
        ),
    )


def test_an_invalid_data_set_is_told_and_needs_to_be_fixed(tmp_path):
    data = examine(tmp_path, WORKING)[-1]

    assert not data.is_good
    assert data.is_needed
    assert data.seen.endswith("found a folder without any of its files")
    assert data.advice == "Pass another --data or GRADER_DATA, or neither to use the stand-in."


def test_a_users_own_data_is_read_and_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar10, "IMAGES_PER_FILE", PER_FILE)
    folder = write_folder(tmp_path / "cifar-10-batches-bin", binary_files())

    data = examine(folder, WORKING)[-1]

    assert data == DoctorFinding(
        "Data",
        f"CIFAR-10 (binary version), sha256 {open_data(folder).sha256}; 98 training, 2 validation and 20 test"
        f" images, from {folder}",
        is_good=True,
    )


# The GPU


@pytest.fixture
def gpu(monkeypatch):
    """(the GPU or why there is none, what is missing beside it) to the doctor's finding."""

    def run(found, missing=()):
        class Sandbox(FakeSandbox):
            def open_device(self, device_memory_bytes=0, least=IsolationLevel.process):
                opened = super().open_device(device_memory_bytes, least)
                self.isolation = Isolation(IsolationLevel.partial if missing else CONFINED.level, missing)
                return opened

        monkeypatch.setattr(doctor, "is_gpu_there", lambda: True)
        return finding("Device", lambda: Sandbox(lambda _: Returned((), 0.001), gpu=found))

    return run


def test_a_gpu_is_told_with_its_name_and_memory(gpu):
    found = gpu(Gpu("NVIDIA Test", 1 << 34))

    assert (found.seen, found.is_good) == ("cuda; NVIDIA Test, 16 GiB, isolated as below", True)


def test_a_gpu_that_costs_isolation_is_told_with_what_it_costs(gpu):
    found = gpu(Gpu("NVIDIA Test", 1 << 34), ("filesystem",))

    assert not found.is_good
    assert found.seen == (
        "cuda; NVIDIA Test, 16 GiB, but the driver works only if the file system is not isolated"
    )
    assert found.advice is not None


def test_a_gpu_that_no_worker_opens_is_told_with_the_reason(gpu):
    found = gpu("RuntimeError: torch 2.13.0+cpu is built without CUDA")

    assert not found.is_good
    assert not found.is_needed
    assert found.seen == (
        "cpu; a GPU is present, but a worker could not create a context on it: RuntimeError: torch 2.13.0+cpu is built without CUDA"
    )
    assert found.advice is not None


def test_how_many_are_graded_at_a_time_and_why():
    found = doctor._jobs(Capacity(cores=4, free_bytes=(750 + 2 * 450) << 20, is_limited=True))

    assert found.is_good
    assert found.seen == (
        "`grader batch -j auto` grades up to 3 submissions at a time: 4 cores, 1.61 GiB of memory allowed by this control"
        " group; the first takes about 750 MiB, each further one 450 MiB"
    )


def test_too_little_memory_for_one_is_said():
    found = doctor._jobs(Capacity(cores=2, free_bytes=600 << 20))

    assert not found.is_good
    assert "up to 1 submission at a time" in found.seen
    assert found.advice == "Close other programs, or allow more memory."
