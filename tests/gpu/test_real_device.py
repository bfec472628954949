"""On a machine with an NVIDIA GPU: what the doubles of tests/sandbox/test_device.py stand for."""

from pathlib import Path

import numpy as np
import pytest

from grader.errors import DeviceError
from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.model.observation import Raised
from grader.model.trial import ArrayOutput, Tensor
from grader.sandbox.fork_launcher import ForkLauncher
from grader.sandbox.host import Sandbox
from grader.sandbox.inside import tiers
from grader.sandbox.launcher import tiers_beside_a_device
from grader.sandbox.protocols import Budget
from grader.sandbox.single_launcher import SingleLauncher
from grader.spec import load_spec
from tests.sandbox.calls import array_of, extracted_of, number_of, tensor, trial

SAMPLES = Path(__file__).resolve().parents[2] / "submissions"

pytestmark = [pytest.mark.gpu, pytest.mark.slow]

W = tensor([1.0, 2.0], [3.0, 4.0])


@pytest.fixture(scope="module")
def gpu_sandbox():
    """One zygote for all tests, whose workers have opened the GPU."""
    with Sandbox() as shared:
        shared.open_device(4 << 30)
        yield shared


@pytest.fixture
def session_of(gpu_sandbox):
    """(source) to a session on the GPU; closed after the test."""
    opened = []

    def run(source, names="f", **bounds):
        session = gpu_sandbox.session(
            extracted_of(source, names), Budget(**bounds), redirect_cuda=False, device="cuda"
        )
        opened.append(session)
        return session

    yield run
    for session in opened:
        session.close()


@pytest.fixture(scope="module")
def graded(gpu_sandbox):
    """(only these checks of the first spec) to the report on the right module, graded on the GPU."""
    loaded = load_spec("eecs498_2019")

    def run(kinds):
        only = frozenset(check.id for check in loaded.spec.checks if check.kind in kinds)
        name = gpu_sandbox.open_device(4 << 30).name
        settings = Settings(seed=1, device="cuda", only=only, device_name=name)
        return grade(
            load_submission(SAMPLES / "eecs498_2019" / "perfect_module"), loaded, gpu_sandbox, settings
        )

    return run


# Contexts


@pytest.mark.parametrize("wanted", tiers_beside_a_device(tiers.ALL))
def test_a_context_is_made_under_these_tiers(wanted):
    launcher = ForkLauncher(wanted)
    try:
        full = launcher.isolation()
        gpu = launcher.open_device(4 << 30)

        assert gpu.memory_bytes > 1 << 30
        assert launcher.isolation() == full, "a tier is in the driver's way: docs/decisions/0011-gpu.md"
    finally:
        launcher.close()


def test_a_context_is_made_in_an_interpreter_of_its_own():
    launcher = SingleLauncher()
    try:
        assert launcher.open_device(4 << 30).name
    finally:
        launcher.close()


def test_a_gpu_that_is_hidden_cannot_be_opened(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    with Sandbox() as sandbox, pytest.raises(DeviceError):
        sandbox.open_device(4 << 30)


# Calls


def test_tensors_are_on_the_gpu_and_come_back(session_of):
    session = session_of("def f(W):\n    assert W.is_cuda\n    return W * 2\n")

    observation = session.run(trial("f", W, outputs=(ArrayOutput((2, 2)),)))

    assert array_of(observation.values[0]).tolist() == [[2.0, 4.0], [6.0, 8.0]]


def test_products_in_float32_are_those_of_float32(session_of):
    rng = np.random.default_rng(0)
    X, weights = rng.normal(size=(128, 3073)), rng.normal(size=(3073, 10))
    call = trial(
        "f",
        Tensor(X.astype(np.float32)),
        Tensor(weights.astype(np.float32)),
        outputs=(ArrayOutput((128, 10)),),
    )

    observation = session_of("def f(X, W):\n    return X.mm(W)\n").run(call)

    expected = X.astype(np.float32).astype(float) @ weights.astype(np.float32).astype(float)
    assert np.linalg.norm(array_of(observation.values[0]) - expected) < 1e-5 * np.linalg.norm(expected)


def test_work_on_another_stream_is_waited_for_whatever_is_patched(session_of):
    source = (
        "import torch\n"
        "torch.cuda.synchronize = lambda *_: None\n"
        "def f(W):\n"
        "    with torch.cuda.stream(torch.cuda.Stream()):\n"
        "        torch.cuda._sleep(500_000_000)\n"
        "    return 1.0\n"
    )

    observation = session_of(source).run(trial("f", W))

    assert number_of(observation) == 1.0
    assert observation.seconds > 0.1


def test_more_memory_than_the_bound_is_one_submissions_own_trouble(session_of):
    source = "import torch\ndef f(W):\n    return torch.ones(AMOUNT, device='cuda').sum()\n"
    greedy = session_of(source.replace("AMOUNT", "1 << 31"))

    observation = greedy.run(trial("f", W))
    greedy.close()

    assert isinstance(observation, Raised)
    assert observation.message == "it needed more than 4 GiB of GPU memory"
    assert number_of(session_of(source.replace("AMOUNT", "1 << 28")).run(trial("f", W))) == 1 << 28


def test_a_failed_assertion_on_the_device_costs_one_call(session_of):
    source = "def f(W, i):\n    return W.view(-1)[(W * 0).long().view(-1)[:1] + i].sum()\n"
    session = session_of(source)

    wrong, right = session.run(trial("f", W, 99)), session.run(trial("f", W, 3))

    assert isinstance(wrong, Raised)
    assert number_of(right) == 4.0


# Whole submissions


def test_a_right_submission_has_full_points_on_the_gpu(graded):
    loaded = load_spec("eecs498_2019")
    report = graded({check.kind for check in loaded.spec.checks if not check.is_slow})

    lost = [check.message for check in report.checks if check.status not in {"passed", "not_run"}]

    assert lost == []
    assert report.environment.device == "cuda"


def test_speed_is_gated_by_the_handouts_factor(graded):
    report = graded({"speedup"})

    timed = [check for check in report.checks if check.kind == "speedup"]

    assert [check.status for check in timed] == ["passed"] * len(timed), [check.message for check in timed]
