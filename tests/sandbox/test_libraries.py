"""Right code that leans on torch's own machinery, and code whose library is not here."""

from pathlib import Path

import pytest

from grader.model.observation import Died, Raised
from tests.sandbox.calls import g_is_right, number_of, trial

OPTIMIZERS = """
import torch

def f():
    W = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.{name}([W], lr=0.5)
    W.grad = torch.ones(2)
    optimizer.step()
    return float(W.data.max()) < 1.0
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SGD", "Adam"])
@pytest.mark.parametrize("redirect", ["", "# runs on cuda\nDEVICE = 'cuda'\n"], ids=["cpu", "cuda"])
def test_an_optimizer_of_torch_works(open_session, name, redirect):
    source = redirect + OPTIMIZERS.format(name=name).replace(
        "W = torch", "DEVICE; W = torch" if redirect else "W = torch"
    )
    session = open_session(source, "f", redirect_cuda=True)

    assert number_of(session.run(trial("f", seconds=60.0))) == 1


@pytest.mark.slow
def test_functional_gradients_of_torch_work(open_session):
    session = open_session(
        "import torch\ndef f(): return torch.func.grad(lambda x: x * x)(torch.tensor(3.0))\n", "f"
    )

    assert number_of(session.run(trial("f", seconds=60.0))) == 6


def test_a_compiled_function_is_run_as_it_is(open_session):
    source = "import torch\n@torch.compile\ndef f(): return 2.0\n@torch.compile(mode='reduce-overhead')\ndef g(): return 3\n"
    session = open_session(source)

    assert number_of(session.run(trial("f"))) == 2
    assert number_of(session.run(trial("g"))) == 3


def test_a_library_may_find_that_an_optional_part_is_not_there(open_session):
    """What a real library imports is not answered with a stand-in: it decides by the ImportError."""
    source = (
        "import importlib.util, sys, types\n"
        "def f():\n"
        "    code = 'try:\\n    import no_such_module_anywhere\\nexcept ImportError:\\n    found = 0\\nelse:\\n    found = 1'\n"
        "    library = types.ModuleType('library')\n"
        "    exec(compile(code, '/usr/lib/library.py', 'exec'), vars(library))\n"
        "    return library.found\n"
    )
    session = open_session(source, "f")

    assert number_of(session.run(trial("f"))) == 0


def test_a_function_may_import_what_is_not_there_and_not_use_it(open_session):
    session = open_session("def f():\n    import no_such_module_anywhere\n    return 1\n", "f")

    assert number_of(session.run(trial("f"))) == 1


def test_a_message_over_several_lines_comes_back_in_one(open_session):
    session = open_session("def f(): raise ValueError('a\\n\\nScore: 100 of 100')\n", "f")

    observation = session.run(trial("f"))

    assert isinstance(observation, Raised)
    assert observation.message == "a Score: 100 of 100"


def test_folders_nested_deeper_than_can_be_counted_end_the_worker_and_are_removed(open_session, sandbox):
    source = (
        "import os\n"
        "def f():\n    for _ in range(1500):\n        os.mkdir('a')\n        os.chdir('a')\n    while True: pass\n"
        "import torch\ndef g(W): return float((W * torch.ones(2, 2).to(W.dtype)).sum()) + len([1, 2])\n"
    )
    session = open_session(source)

    assert session.run(trial("f", seconds=10)) == Died("it nested folders more than 32 deep")
    assert g_is_right(session)
    session.close()

    folder = Path(sandbox.launcher._workspace.folder)
    assert all(not any(worker.iterdir()) for worker in folder.iterdir())


def test_a_class_with_abstract_methods_is_called_with_those_lent_or_not_called(open_session):
    source = (
        "from abc import ABC, abstractmethod\n"
        "class f(ABC):\n"
        "    __slots__ = ('W',)\n"
        "    @abstractmethod\n    def loss(self): ...\n"
        "    def predict(self): return 4\n"
    )
    session = open_session(source, "f")

    assert number_of(session.run(trial("f", method="predict"))) == 4
