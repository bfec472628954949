"""Code written for CUDA, called on the CPU. These tests hold with and without a GPU: the worker is told to redirect."""

import pytest

from grader.model.observation import Raised
from tests.sandbox.calls import cases_of, number_of, trial

FACTORIES = [
    "torch.zeros(2, device='cuda').sum() + 2",
    "torch.zeros((2,), device='cuda:0').sum() + 2",
    "torch.zeros(2, device=torch.device('cuda')).sum() + 2",
    "torch.zeros(2, device=torch.device('cuda', 0)).sum() + 2",
    "torch.zeros(2, device=0).sum() + 2",
    "torch.tensor([2.0], device='cuda')",
    "torch.as_tensor([2.0], device='cuda')",
    "torch.arange(3, device='cuda')[2]",
    "torch.randn(2, device='cuda').shape[0]",
    "torch.rand(2, device='cuda').shape[0]",
    "torch.randn(2, 3, dtype=torch.float64, device='cuda').shape[0]",
    "torch.randperm(2, device='cuda').shape[0]",
    "torch.randint(2, 3, (1,), device='cuda')",
    "torch.full((1,), 2.0, device='cuda')",
    "torch.empty(2, device='cuda').numel()",
    "torch.eye(2, device='cuda').sum()",
    "torch.ones(2, device='cuda').sum()",
    "torch.linspace(0, 2, 3, device='cuda')[2]",
    "torch.zeros_like(W, device='cuda').numel()",
    "torch.ones_like(W, device='cuda').sum()",
    "torch.full_like(W, 1, device='cuda').sum()",
    "W.new_zeros(2, device='cuda').numel()",
    "W.new_ones(2, device='cuda').sum()",
    "W.new_tensor([2.0], device='cuda')",
    "torch.from_numpy(W.numpy()).cuda().sum()",
    "torch.cuda.FloatTensor([2.0])",
    "torch.cuda.FloatTensor(2).numel()",
    "torch.cuda.LongTensor([2])",
    "torch.cuda.DoubleTensor(1).fill_(2)",
]

MOVES = [
    "W.cuda().sum()",
    "W.cuda(0).sum()",
    "W.cuda(device='cuda', non_blocking=True).sum()",
    "W.to('cuda').sum()",
    "W.to('cuda:0').sum()",
    "W.to(0).sum()",
    "W.to(device='cuda').sum()",
    "W.to(torch.device('cuda:0')).sum()",
    "W.to('cuda', torch.float64).sum()",
    "W.to(torch.device('cuda'), dtype=torch.float64, non_blocking=True).sum()",
    "W.to(W.device).sum()",
    "W.to(W).sum()",
    "W.to('cuda').cpu().sum()",
    "W.type('torch.cuda.FloatTensor').sum()",
    "W.type(torch.cuda.FloatTensor).sum()",
    "W.pin_memory().sum()",
    "torch.ones(2, pin_memory=True).sum()",
    "torch.nn.Linear(1, 1).cuda().weight.fill_(2)",
    "torch.nn.Linear(1, 1).to('cuda').weight.fill_(2)",
    "torch.nn.Linear(1, 1, device='cuda').weight.fill_(2)",
]

REST = [
    "torch.cuda.current_device() + 2",
    "int(not torch.cuda.is_available()) + 1 if torch.version.cuda is None else 2",
    "2 if torch.cuda.synchronize() is None and torch.cuda.synchronize(0) is None else 0",
    "2 if torch.cuda.empty_cache() is None else 0",
    "2 if torch.cuda.manual_seed(0) is None and torch.cuda.manual_seed_all(0) is None else 0",
    "2 if torch.cuda.set_device(0) is None else 0",
    "2 if isinstance(torch.cuda.get_device_name(0), str) else 0",
    "2 + torch.cuda.memory_allocated() + torch.cuda.max_memory_allocated()",
    "torch.rand(2, generator=torch.Generator(device='cuda').manual_seed(0), device='cuda').numel()",
    "2 if W.device == device or W.device.type == 'cpu' else 0",
    "torch.zeros(2, device=device).numel()",
]


@pytest.fixture
def number(open_session):
    """(body of f, device code at module level) to the number that f returns under the redirect."""

    def run(body):
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        source = f"import torch\ndevice = torch.device('cuda')\n\n@torch.no_grad()\ndef f():\n    W = torch.ones(2)\n    device\n{lines}\n"
        return number_of(open_session(source, "f", redirect_cuda=True).run(trial("f")))

    return run


def test_expressions_for_cuda_give_the_same_on_the_cpu(open_session):
    expressions = FACTORIES + MOVES + REST
    source = cases_of(
        expressions, "device = torch.device('cuda')\nW = torch.ones(2)\ntorch.set_grad_enabled(False)"
    )
    session = open_session(source, "f", redirect_cuda=True)

    seen = {each: session.run(trial("f", n)) for n, each in enumerate(expressions)}

    assert {each: number_of(observation) for each, observation in seen.items()} == dict.fromkeys(
        expressions, 2.0
    )


def test_events_measure_time(number):
    body = (
        "start = torch.cuda.Event(enable_timing=True)\n"
        "end = torch.cuda.Event(enable_timing=True)\n"
        "start.record()\n"
        "torch.ones(300, 300) @ torch.ones(300, 300)\n"
        "end.record()\n"
        "end.synchronize()\n"
        "assert end.query()\n"
        "return start.elapsed_time(end)"
    )

    assert 0 < number(body) < 10_000


@pytest.mark.parametrize(
    "block",
    [
        "with torch.cuda.device(0):",
        "with torch.cuda.device('cuda:0'):",
        "with torch.device('cuda'):",
        "with torch.cuda.stream(torch.cuda.Stream()):",
        "with torch.autocast('cuda', enabled=False):",
        "if torch.set_default_device('cuda') is None:",
        "if torch.set_default_tensor_type(torch.cuda.FloatTensor) is None:",
        "if torch.set_default_tensor_type('torch.cuda.FloatTensor') is None:",
    ],
)
def test_a_block_for_cuda_runs_on_the_cpu(number, block):
    assert number(f"{block}\n    return (torch.ones(2) + torch.zeros(2, device='cuda')).sum()") == 2


def test_module_level_tensors_for_cuda_are_made_on_the_cpu(open_session):
    session = open_session(
        "import torch\nONES = torch.ones(2).cuda()\nTWO = torch.tensor(1.0, device='cuda')\n"
        "def f(): return ONES.sum() * TWO\n",
        "f",
        redirect_cuda=True,
    )

    assert number_of(session.run(trial("f"))) == 2


def test_the_usual_choice_of_a_device_works(open_session):
    session = open_session(
        "import torch\ndevice = 'cuda' if torch.cuda.is_available() else 'cpu'\n"
        "def f(): return torch.ones(2, device=device).to(device).sum()\n",
        "f",
        redirect_cuda=True,
    )

    assert number_of(session.run(trial("f"))) == 2


def test_what_is_no_device_is_left_alone(number):
    assert number("return len([s for s in ('cuda', 'x') if isinstance(s, str)])") == 2


def test_code_without_a_word_of_cuda_pays_nothing_for_the_redirect(open_session):
    session = open_session(
        "from torch.overrides import _get_current_function_mode as mode\ndef f(): return mode() is None\n",
        "f",
        redirect_cuda=True,
    )

    assert number_of(session.run(trial("f"))) == 1


def test_without_the_redirect_a_missing_device_is_an_error_of_torch(open_session):
    session = open_session("import torch\ndef f(): return torch.ones(2, device='cuda:99')\n", "f")

    observation = session.run(trial("f"))

    assert isinstance(observation, Raised)
    assert str(observation.location) == "hw.py, line 2"
