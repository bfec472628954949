"""One real kernel from the first check to its end: a mistake by name, its mending, an interrupt, nothing left running."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from tests.pace import HANG_SECONDS, process_seconds
from tests.samples import MINI_NUMPY_SPEC, TIMED_CHECK

ROOT = Path(__file__).resolve().parents[3]

WITHOUT_THE_REGULARIZER = """\
import numpy as np

def g(W, X, y, reg):
    rows = np.arange(len(X))
    margins = np.maximum(X @ W - (X @ W)[rows, y][:, None] + 1, 0)
    margins[rows, y] = 0
    ones = (margins > 0).astype(W.dtype)
    ones[rows, y] = -ones.sum(axis=1)
    loss = margins.sum() / len(X) + reg * np.sum(W * W)
    return loss, X.T @ ones / len(X)
"""
RIGHT = WITHOUT_THE_REGULARIZER.replace("ones / len(X)\n", "ones / len(X) + 2 * reg * W\n")
ENDLESS = "def g(W, X, y, reg):\n    while True:\n        pass\n"

HIDDEN_CHECK = """
[[checks]]
id = "secret"
kind = "purity"
title = "Zebra: unchanged"
function = "g"
visibility = "hidden"
points = 2
"""


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A kernel in a folder with a small spec: executes cells, and ends however a test wants it to."""
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient, of the dev extra")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel", reason="needs ipykernel, of the dev extra")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    (tmp_path / "mini.toml").write_text(MINI_NUMPY_SPEC + TIMED_CHECK + HIDDEN_CHECK)
    client = nbclient.NotebookClient(
        nbformat.v4.new_notebook(),
        timeout=HANG_SECONDS,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(tmp_path)}},
    )

    def execute(text):
        cell = nbformat.v4.new_code_cell(text)
        client.nb.cells.append(cell)
        client.execute_cell(cell, len(client.nb.cells) - 1)
        return cell.outputs

    with client.setup_kernel():
        yield client, execute


def data_of(outputs):
    (output,) = outputs
    return output["data"]


def gone(processes):
    _, alive = psutil.wait_procs(processes, timeout=HANG_SECONDS)
    return [each for each in alive if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.filterwarnings("ignore")  # those of jupyter_client and nbformat are theirs
def test_a_kernel_from_the_first_check_to_its_end(notebook):
    client, execute = notebook
    kernel = psutil.Process(int(execute("%load_ext grader\nimport os; print(os.getpid())")[0]["text"]))

    execute(WITHOUT_THE_REGULARIZER)
    wrong = data_of(execute("%grader g --spec mini.toml"))
    for form in ("text/plain", "text/html"):
        words = " ".join(wrong[form].split())
        assert "was the regularization left out of dW?" in words
        assert "g is fast" in words
        assert "--full" in words
        assert "solation: " in words
        assert "Zebra" not in words
    assert "In [2], line 3" in wrong["text/plain"]

    execute(RIGHT)
    right = data_of(execute("%grader --spec mini.toml"))
    assert "hidden, worth 2 points" in " ".join(right["text/plain"].split())
    assert "Zebra" not in str(client.nb)
    assert "7 of 22" in right["text/plain"]
    assert execute("import sys; print('pydantic' in sys.modules, 'torch' in sys.modules)")[0]["text"] == (
        "False False\n"
    )

    execute(ENDLESS)
    interrupted = []

    def interrupt():
        deadline = time.monotonic() + HANG_SECONDS
        while time.monotonic() < deadline and not any(
            each.cpu_times().user > 0.5 for each in kernel.children(recursive=True) if _is_worker(each)
        ):
            time.sleep(0.02)
        interrupted.append(time.monotonic())
        os.kill(kernel.pid, signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    outputs = execute("%grader g --spec mini.toml")
    took = time.monotonic() - interrupted[0]
    interrupting.join()
    assert took < max(1.0, 20 * process_seconds())
    assert any("Stopped" in str(output) for output in outputs)
    assert "test_kernel" not in str(outputs)
    assert kernel.children(recursive=True) == []

    execute(RIGHT)
    assert "Score: 7 of 22" in data_of(execute("%grader --spec mini.toml"))["text/plain"]

    left = kernel.children(recursive=True)
    assert len(left) >= 2
    kernel.kill()
    assert gone([kernel, *left]) == []


def _is_worker(process):
    try:
        return len(process.parents()) >= 3 and not process.children()
    except psutil.Error:
        return False
