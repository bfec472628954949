"""The doctor: what it looks at, and what it says where something is amiss."""

import tempfile
from importlib import metadata

import pytest

from grader.data import cifar10, open_data
from grader.data.standin import STANDIN_SHA256
from grader.errors import SandboxError
from grader.frontends import doctor
from grader.frontends.doctor import DoctorFinding, examine
from grader.model.observation import Died, Returned
from grader.sandbox.device import Gpu
from grader.sandbox.inside import tiers
from grader.sandbox.isolation import Isolation, IsolationLevel
from tests.data.cifar_files import PER_FILE, binary_files, write_folder
from tests.samples import CONFINED, StubSandbox, StubSession


@pytest.fixture
def answers(monkeypatch):
    """What the worker's calls give, one after the other; the last one again and again."""

    def use(*observations, isolation=CONFINED):
        left = list(observations)

        class Session(StubSession):
            def run(self, trial):
                return left.pop(0) if len(left) > 1 else left[0]

        class Sandbox(StubSandbox):
            def __init__(self):
                super().__init__(isolation)

            def session(self, *_, **__):
                return Session()

        monkeypatch.setattr(doctor, "Sandbox", Sandbox)

    return use


def finding(name):
    return {each.name: each for each in examine()}[name]


def test_a_machine_that_can_grade_is_told_its_speed(answers):
    answers(Returned((), 0.5), Returned((), 0.00012))

    torch = finding("torch")

    assert torch.is_good
    assert torch.is_needed
    assert torch.seen.startswith(f"{metadata.version('torch')}; first call after ")
    assert torch.seen.endswith(" s, then 0.12 ms for 246 kB each way")


def test_everything_is_looked_at_in_one_order(answers):
    answers(Returned((), 0.001))

    assert [each.name for each in examine()] == [
        "Python",
        "torch",
        "Processor",
        "Device",
        "Workers",
        "Isolation",
        "Temporary folder",
        "Data",
    ]


def test_what_is_amiss_comes_with_advice(answers):
    answers(Returned((), 0.001))

    assert all(each.advice for each in examine() if not each.is_good)


def test_a_worker_that_dies_is_told_in_words(answers):
    answers(Died("killed by SIGSEGV"))

    torch = finding("torch")

    assert not torch.is_good
    assert torch.seen == (
        f"{metadata.version('torch')}, but a call in a worker failed: same ended its process instead of returning"
        " (killed by SIGSEGV), on a call of the doctor's own"
    )
    assert torch.advice is not None
    assert torch.advice.endswith("-c 'import torch'` work? Run `make setup` again.")


def test_a_worker_that_answers_once_only_is_told(answers):
    answers(Returned((), 0.001), Died("killed by SIGSEGV"))

    assert finding("torch").seen.endswith("but a call in a worker failed: it returned once, then no more")


def test_a_sandbox_that_cannot_start_is_told(monkeypatch):
    def fail():
        raise SandboxError("the process that imports torch ended")

    monkeypatch.setattr(doctor, "Sandbox", fail)

    assert finding("torch") == DoctorFinding(
        "torch",
        "the process that imports torch ended",
        is_good=False,
        advice="Run `make setup` again.",
        is_needed=True,
    )


def test_a_machine_without_torch_is_told(monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)

    assert finding("torch") == DoctorFinding(
        "torch", "not installed", is_good=False, advice="Run `make setup` again.", is_needed=True
    )


def test_a_temporary_folder_that_cannot_be_written_is_told(answers, monkeypatch):
    answers(Returned((), 0.001))

    def refuse():
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)

    folder = finding("Temporary folder")
    assert not folder.is_good
    assert folder.is_needed
    assert folder.seen == f"{tempfile.gettempdir()}: Permission denied"
    assert folder.advice == "Set TMPDIR to a folder with space that you may write to."


@pytest.mark.parametrize(
    "held, seen, word",
    [
        (tiers.ALL & ~tiers.FILES, "partial: not kept from filesystem", "Landlock"),
        (tiers.ALL & ~tiers.USER, "partial: not kept from user", "CAP_SETUID"),
        (tiers.LIMITS | tiers.USER, "process: not kept from filesystem, network, subprocesses", "seccomp"),
    ],
)
def test_isolation_names_what_is_missing_and_what_to_do(answers, held, seen, word):
    answers(Returned((), 0.001), isolation=Isolation.of_tiers(held))

    isolation = finding("Isolation")

    assert not isolation.is_good
    assert not isolation.is_needed
    assert isolation.seen.startswith(seen)
    assert isolation.advice is not None
    assert word in isolation.advice
    assert f"--isolation {seen.partition(':')[0]}" in isolation.advice


def test_a_machine_that_confines_needs_no_advice(answers):
    answers(Returned((), 0.001))

    isolation = finding("Isolation")

    assert isolation.is_good
    assert isolation.advice is None
    assert isolation.seen.startswith("confined")


@pytest.mark.slow
def test_a_real_worker_is_started_and_called():
    assert finding("torch").is_good


def test_without_data_of_its_own_the_stand_in_is_named_with_what_to_do(answers):
    answers(Returned((), 0.001))

    assert finding("Data") == DoctorFinding(
        "Data",
        f"synthetic stand-in v1 for CIFAR-10, sha256 {STANDIN_SHA256}",
        is_good=True,
        advice=(
            "To train on CIFAR-10 itself, give its cifar-10-python.tar.gz, or the folder that it unpacks to, with"
            " --data PATH or GRADER_DATA=PATH. The grader downloads nothing."
        ),
    )


def test_data_that_is_none_is_told_and_nothing_is_graded_with_it(answers, tmp_path):
    answers(Returned((), 0.001))

    data = examine(tmp_path)[-1]

    assert not data.is_good
    assert data.is_needed
    assert data.seen.endswith("found a folder without any of its files")
    assert (
        data.advice
        == "Give another --data or GRADER_DATA, or none for the stand-in. Nothing is graded with this one."
    )


def test_a_users_own_data_is_read_and_counted(answers, tmp_path, monkeypatch):
    answers(Returned((), 0.001))
    monkeypatch.setattr(cifar10, "IMAGES_PER_FILE", PER_FILE)
    folder = write_folder(tmp_path / "cifar-10-batches-bin", binary_files())

    data = examine(folder)[-1]

    assert data == DoctorFinding(
        "Data",
        f"CIFAR-10 (binary version), sha256 {open_data(folder).sha256}; 98 images to train on, 2 for validation,"
        f" 20 to test on, from {folder}",
        is_good=True,
    )


# The GPU


@pytest.fixture
def gpu(monkeypatch):
    """(the GPU or why there is none, what is missing beside it) to the doctor's finding."""

    def run(found, missing=()):
        class Sandbox(StubSandbox):
            def __init__(self):
                super().__init__(CONFINED, found)

            def open_device(self, device_memory_bytes=0, least=IsolationLevel.process):
                opened = super().open_device(device_memory_bytes)
                self.isolation = Isolation(IsolationLevel.partial if missing else CONFINED.level, missing)
                return opened

        monkeypatch.setattr(doctor, "Sandbox", Sandbox)
        monkeypatch.setattr(doctor, "is_gpu_there", lambda: True)
        return doctor._device()

    return run


def test_a_gpu_is_told_with_its_name_and_memory(gpu):
    found = gpu(Gpu("NVIDIA Test", 1 << 34))

    assert (found.seen, found.is_good) == ("cuda; NVIDIA Test, 16 GiB, with the isolation below", True)


def test_a_gpu_that_costs_isolation_is_told_with_what_it_costs(gpu):
    found = gpu(Gpu("NVIDIA Test", 1 << 34), ("filesystem",))

    assert not found.is_good
    assert found.seen == (
        "cuda; NVIDIA Test, 16 GiB, but the driver works only where code is not kept from filesystem"
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
