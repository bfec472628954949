"""Workers with and without torch: who has it, and who gets it where it was not expected."""

import sys
from pathlib import Path

import pytest

from grader.errors import SandboxError
from grader.model.observation import Died, Raised, Returned
from grader.model.trial import ArrayOutput
from grader.sandbox.host import Sandbox
from grader.sandbox.inside import wire
from grader.sandbox.launch import make_launcher
from grader.sandbox.protocols import Budget
from tests.sandbox import plain
from tests.sandbox.calls import array_of, extracted_of, number_of, tensor, trial

HIDDEN = """
import importlib
import importlib.machinery as machinery
import importlib.util as util
import os

NAME = "tor" + "ch"

def f():
    return int(__import__("sys").modules.get(NAME) is not None)

def folder():
    return util.find_spec(NAME).submodule_search_locations[0]

def extension():
    return folder() + "/" + [each for each in os.listdir(folder()) if each.startswith("_C.")][0]
"""
"""Code of which no text says torch. f: whether it is loaded."""

WAYS = {
    "a computed name": "return len(__import__(NAME).zeros(3))",
    "importlib": "return len(importlib.import_module(NAME).zeros(3))",
    "a module of it": "return len(importlib.import_module(NAME + '.nn').__name__) - 5",
    "its loader": """found = util.find_spec(NAME)
    if not f(): found.loader.exec_module(util.module_from_spec(found))
    return 3""",
    "its library": "import ctypes; ctypes.CDLL(folder() + '/lib/libc10.so'); return 3",
    "its extension under another name": """loader = machinery.ExtensionFileLoader("_C", extension())
    try: util.module_from_spec(util.spec_from_loader("_C", loader))
    except (ImportError, SystemError): pass
    return 3""",
    "its text": "return len(open(folder() + '/__init__.py').read(3))",
}


FOOLED = {
    "bytes for a path": """import _ctypes
    _ctypes.dlopen(os.fsencode(folder() + "/lib/libtorch_cpu.so"), 0)""",
    "a path that only looks like text": """class Path(str): pass
    import _imp, types
    _imp.create_dynamic(types.SimpleNamespace(name="_C", origin=Path(extension())))""",
    "real paths made false": """import _imp, posixpath, types
    spec = types.SimpleNamespace(name="_C", origin=extension())
    posixpath._joinrealpath = lambda *_: ("/elsewhere", True)
    _imp.create_dynamic(spec)""",
}
"""What keeps the hook from hearing of a library of torch's."""


def without_torch():
    return Sandbox(make_launcher("fork", with_torch=False))


def opened(sandbox, source, names="f g"):
    return sandbox.session(extracted_of(source, names), Budget(), redirect_cuda=True, needs_torch=False)


@pytest.fixture(scope="module")
def light():
    """A sandbox whose workers have no torch, and do not get it in these tests."""
    with without_torch() as shared:
        yield shared


def maps_of(process_id):
    return Path(f"/proc/{process_id}/maps").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_process_without_torch_maps_any_of_its_libraries(light):
    with opened(light, HIDDEN) as session:
        assert number_of(session.run(trial("f"))) == 0
        (worker,) = session._workers.values()

        for process_id in (light.launcher._zygote.pid, worker.process.process_id):
            assert "numpy" in maps_of(process_id)
            assert "torch" not in maps_of(process_id)


def test_a_worker_without_torch_takes_and_returns_what_others_do(light):
    source = (
        "import numpy as np\nfrom utils import *\ndef f(x): return np.float32(x)\ndef g(): return [1, 2.5]\n"
    )
    with opened(light, source) as session:
        assert number_of(session.run(trial("f", 1.5))) == 1.5
        assert isinstance(session.run(trial("g")), Returned)
        assert isinstance(session.run(trial("f")), Raised)
    assert not light.launcher.has_torch


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_code_that_hides_torch_gets_a_worker_that_has_it_and_its_witnesses(way):
    with without_torch() as sandbox, opened(sandbox, f"{HIDDEN}\ndef g():\n    {way}\n") as session:
        assert number_of(session.run(trial("f"))) == 0
        assert number_of(session.run(trial("g"))) == 3

        assert sandbox.launcher.has_torch
        assert number_of(session.run(trial("f"))) == 1


@pytest.mark.parametrize("way", FOOLED.values(), ids=FOOLED.keys())
def test_who_fools_the_hook_finds_torch_closed(light, way):
    if "filesystem" in light.isolation.missing:
        pytest.skip("no Landlock here")
    with opened(light, f"{HIDDEN}\ndef g():\n    {way}\n") as session:
        seen = session.run(trial("g"))
        (worker,) = session._workers.values()

        assert isinstance(seen, Raised), seen
        assert "Permission denied" in seen.message
        assert "libtorch" not in maps_of(worker.process.process_id)
    assert not light.launcher.has_torch


def test_a_loss_of_torch_is_seen_in_a_worker_that_began_without_it():
    source = f"""{HIDDEN}
def g():
    torch = __import__(NAME)
    return float(getattr(torch.nn.functional, "kl" + "_div")(torch.zeros(1, 1), torch.ones(1, 1), reduction="sum"))
"""
    with without_torch() as sandbox, opened(sandbox, source) as session:
        seen = session.run(trial("g"))

    assert isinstance(seen, Returned), seen
    assert "aten.kl_div" in seen.operators


def test_torch_where_the_code_is_loaded_costs_no_function_anything():
    source = "import torch\ndef g(n=len(torch.zeros(3))): return n\n"
    with without_torch() as sandbox, opened(sandbox, source) as session:
        assert number_of(session.run(trial("g"))) == 3


def test_who_ends_as_if_torch_were_missing_gains_a_second_call_and_no_third():
    source = f"import os\ndef f(): os._exit({wire.TORCH_WANTED})\ndef g(): return 1\n"
    with without_torch() as sandbox, opened(sandbox, source) as session:
        assert session.run(trial("f")) == Died(f"exit code {wire.TORCH_WANTED}")
        assert number_of(session.run(trial("g"))) == 1


@pytest.mark.parametrize("how", ["fork", "single"])
def test_a_sandbox_without_torch_gets_it_for_the_next_submission_and_keeps_it(how):
    source = "import torch\ndef f(): return len(torch.zeros(3))\n"
    with Sandbox(make_launcher(how, with_torch=False)) as sandbox:
        isolation = sandbox.isolation
        with opened(sandbox, HIDDEN) as session:
            assert number_of(session.run(trial("f"))) == 0
        with sandbox.session(extracted_of(source), Budget(), redirect_cuda=True) as session:
            assert number_of(session.run(trial("f"))) == 3
        with opened(sandbox, HIDDEN) as session:
            assert number_of(session.run(trial("f"))) == 1
        assert sandbox.isolation == isolation


def test_a_second_call_that_needs_torch_comes_after_its_first_call():
    source = f"{HIDDEN}\ndef g(W):\n    if W[0, 0] > 1: __import__(NAME)\n    return W\n"
    with without_torch() as sandbox, opened(sandbox, source) as session:
        row = (ArrayOutput((1, 1)),)
        session.run(trial("g", tensor([1.0]), outputs=row, backend="numpy"))
        again = session.run(trial("g", tensor([2.0]), outputs=row, backend="numpy", is_again=True))

    assert isinstance(again, Returned), again
    assert [array_of(each).tolist() for each in (*again.values, *again.earlier)] == [[[2.0]]] * 2


@pytest.mark.parametrize("how", ["fork", "single"])
def test_torch_that_cannot_be_imported_costs_only_the_function_that_needs_it(monkeypatch, tmp_path, how):
    zygote = tmp_path / "zygote.py"
    zygote.write_text(
        f"import sys\nif 'torch' in sys.argv: sys.exit(1)\nsys.path.insert(0, {str(plain.FOLDER)!r})\n"
        "import zygote\nsys.path.pop(0)\nzygote.main()\n"
    )
    monkeypatch.setattr("grader.sandbox.launcher._ZYGOTE", zygote)
    source = f"{HIDDEN}\ndef g(): return __import__(NAME).zeros(3)\n"
    with Sandbox(make_launcher(how, with_torch=False)) as sandbox:
        for _ in range(2):
            with sandbox.session(extracted_of(source), Budget(), redirect_cuda=True) as session:
                with pytest.raises(SandboxError, match="g needs torch, whose process cannot be started"):
                    session.run(trial("g"))
                assert number_of(session.run(trial("f"))) == 0


def test_a_call_can_be_traced_without_torch(light):
    source = "import numpy as np\ndef f(x): return np.sum(x)\n"
    with opened(light, source) as session:
        seen = session.run(trial("f", 1.0, is_traced=True))
        (worker,) = session._workers.values()

    assert isinstance(seen, Returned), seen
    assert worker.witness.can_trace
    assert not any(each.startswith(wire.WITNESS_OFF) for each in seen.operators)


def test_a_pipe_that_leads_elsewhere_is_missed_in_a_trace_without_torch(light):
    source = """\
import os, stat

def f(x):
    for number in range(3, 12):
        try:
            if stat.S_ISFIFO(os.fstat(number).st_mode):
                os.close(number)
        except OSError:
            pass
    return x
"""
    with opened(light, source) as session:
        seen = session.run(trial("f", 1.0, is_traced=True))

    assert isinstance(seen, Returned), seen
    assert wire.WITNESS_OFF in seen.operators
