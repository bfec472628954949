"""Ready-made losses and automatic differentiation where the witnesses in the worker might not look."""

import re
from collections.abc import Mapping

from tests.attacks.pair import Pair

_BASE = "eecs498_2019/perfect_module/linear_classifier.py"
_NUMPY_BASE = "numpy_linear_bias/perfect_module/solution.py"


def _hidden(source: str) -> str:
    """The source with each <module: name> spelled out while it runs, so that only a witness sees it."""
    return re.sub(
        r"<(\w+): ([\w.]+)>",
        lambda found: f"operator.attrgetter(spelled({[*found[2].encode()]}))({found[1]})",
        source,
    )


_READY_MADE = """
import operator
import time


def spelled(codes):
    return "".join(chr(each + (time.time() < 0)) for each in codes)


ready_made = <torch: nn.functional.cross_entropy>
"""

_SHARED = """
import operator
import threading
from concurrent.futures import ThreadPoolExecutor


def by_hand(scores, y):
    return -torch.log_softmax(scores, 1)[torch.arange(len(y)), y].mean()


def with_gradient(W, X, y, reg, loss):
    P = (X @ W).softmax(1)
    P[torch.arange(len(y)), y] -= 1
    return loss + reg * (W * W).sum(), X.T @ P / len(y) + 2 * reg * W

"""


def _torch_pair(cheat: str, hostile: str, honest: str, *says: str) -> Pair:
    """Two ways to the loss of softmax_loss_vectorized; `scores` and `y` lead to `loss`."""
    return Pair(
        cheat=cheat,
        spec="eecs498_2019",
        base=_BASE,
        checks=("softmax_vectorized_values", "softmax_vectorized_inputs"),
        hostile=_SHARED + _hidden(_READY_MADE + hostile),
        honest=_SHARED + honest,
        points=0,
        honest_points=12,
        says=("which this assignment does not allow", *says),
        flags=("restriction_violated",),
    )


_SEEN = "torch's cross_entropy_loss"

_IN_A_THREAD = """
def softmax_loss_vectorized(W, X, y, reg):
    found = []
    thread = threading.Thread(target=lambda: found.append(LOSS(X @ W, y)))
    thread.start()
    thread.join()
    return with_gradient(W, X, y, reg, found[0])
"""

_IN_A_POOL = """
pools = []


def softmax_loss_vectorized(W, X, y, reg):
    if not pools:
        pools.append(ThreadPoolExecutor(1))
    pool = pools[0]
    return with_gradient(W, X, y, reg, pool.submit(LOSS, X @ W, y).result())
"""

_IN_A_BARE_THREAD = """
import _thread


def softmax_loss_vectorized(W, X, y, reg):
    found, done = [], _thread.allocate_lock()
    done.acquire()

    def work():
        found.append(LOSS(X @ W, y))
        done.release()

    _thread.start_new_thread(work, ())
    done.acquire()
    return with_gradient(W, X, y, reg, found[0])
"""

_BY_SIZE = """
def softmax_loss_vectorized(W, X, y, reg):
    loss = (by_hand if X.numel() < 40 else LOSS)(X @ W, y)
    return with_gradient(W, X, y, reg, loss)
"""

_BY_MODE = """
from torch.utils._python_dispatch import _get_current_dispatch_mode as dispatch_mode


def softmax_loss_vectorized(W, X, y, reg):
    loss = (by_hand if dispatch_mode() else LOSS)(X @ W, y)
    return with_gradient(W, X, y, reg, loss)
"""

_BY_TIME = """
import time


def softmax_loss_vectorized(W, X, y, reg):
    started = time.perf_counter()
    for _ in range(20):
        W + 0
    is_watched = time.perf_counter() - started > 2e-4
    return with_gradient(W, X, y, reg, (by_hand if is_watched else LOSS)(X @ W, y))
"""

_SCRIPTED = """
@torch.jit.script
def scripted(scores, y):
    return LOSS


def softmax_loss_vectorized(W, X, y, reg):
    return with_gradient(W, X, y, reg, scripted(X @ W, y))
"""

_POPPED = """
from torch.utils import _python_dispatch as dispatch
from torch import overrides


def softmax_loss_vectorized(W, X, y, reg):
    popped = []
    while torch._C._len_torch_dispatch_stack():
        popped.append(<dispatch: _pop_mode>())
    loss = LOSS(X @ W, y)
    return with_gradient(W, X, y, reg, loss)
"""

_RECORD_OFF = """
switch = <torch: _C._autograd._enable_record_function>


def softmax_loss_vectorized(W, X, y, reg):
    switch(False)
    loss = by_hand(X @ W, y)
    switch(True)
    return with_gradient(W, X, y, reg, loss)
"""

_CLEARED = """
clear = <torch: _C._autograd._clear_callbacks>


def softmax_loss_vectorized(W, X, y, reg):
    clear()
    return with_gradient(W, X, y, reg, by_hand(X @ W, y))
"""

_PROFILED = """
from torch.profiler import profile, record_function


def softmax_loss_vectorized(W, X, y, reg):
    with record_function("softmax_loss"):
        loss = by_hand(X @ W, y)
    return with_gradient(W, X, y, reg, loss)
"""

_OVERRIDDEN = """
library = <torch: library.Library>("aten", "IMPL")


def forward(scores, y, weight, reduction, ignored):
    return -scores[torch.arange(len(y)), y].mean(), torch.tensor(float(len(y)))


library.impl("nll_loss_forward", forward, "BackendSelect")


def softmax_loss_vectorized(W, X, y, reg):
    return with_gradient(W, X, y, reg, ready_made(X @ W, y))
"""

_OWN_MODE = """
from torch.utils._python_dispatch import TorchDispatchMode


class Logging(TorchDispatchMode):
    names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


def softmax_loss_vectorized(W, X, y, reg):
    with Logging(), torch.no_grad(), torch.device("cpu"):
        loss = by_hand(X @ W, y)
    return with_gradient(W, X, y, reg, loss)
"""

_CLOSED = """
import os


def softmax_loss_vectorized(W, X, y, reg):
    null = os.open(os.devnull, os.O_WRONLY)
    kept = {n: os.dup(n) for n in list(filter(is_pipe, range(3, 12)))}
    for n in kept:
        os.dup2(null, n)
    loss = ready_made(X @ W, y)
    RESTORED
    return with_gradient(W, X, y, reg, loss)


def is_pipe(n):
    try:
        return os.fstat(n).st_mode & 0o170000 == 0o010000
    except OSError:
        return False
"""

_FILES = """
import os
import tempfile


def softmax_loss_vectorized(W, X, y, reg):
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    return with_gradient(W, X, y, reg, by_hand(X @ W, y))
"""

_FORGED = """
import os


def is_pipe(n):
    try:
        return os.fstat(n).st_mode & 0o170000 == 0o010000
    except OSError:
        return False


def softmax_loss_vectorized(W, X, y, reg):
    for n in filter(is_pipe, range(3, 12)):
        os.write(n, b"\\n@trace ends 1\\n")
    return with_gradient(W, X, y, reg, ready_made(X @ W, y))
"""

_IN_PYTHON = """

def python_loss(scores, y):
    forward = <torch: _decomp.decompositions.nll_loss_forward>
    return forward(torch.log_softmax(scores, 1), y, None, 1, -100)[0]
"""

_BY_KERNEL = """
forward = <torch: ops.aten.nll_loss_forward.default>


def softmax_loss_vectorized(W, X, y, reg):
    kernel = <forward: _op_dk>
    loss = kernel(torch._C.DispatchKey.CPU, torch.log_softmax(X @ W, 1), y, None, 1, -100)[0]
    return with_gradient(W, X, y, reg, loss)
"""

_BY_OPERATOR = """
def softmax_loss_vectorized(W, X, y, reg):
    return with_gradient(W, X, y, reg, by_hand(torch.ops.aten.mm.default(X, W), y))
"""

_PLAIN = """
def softmax_loss_vectorized(W, X, y, reg):
    return with_gradient(W, X, y, reg, by_hand(X @ W, y))
"""


def _alike(cheat: str, work: str, *says: str) -> Pair:
    """The same work, with the ready-made loss and by hand."""
    return _torch_pair(cheat, work.replace("LOSS", "ready_made"), work.replace("LOSS", "by_hand"), *says)


_NUMPY = """
import torch
READY_MADE
print(torch.__version__)


def softmax_loss(W, b, X, y, reg):
    w, c = (torch.from_numpy(each.astype(float)) for each in (W, b))
    <w: requires_grad_>()
    <c: requires_grad_>()
    loss = ready_made(torch.from_numpy(X) @ w + c, torch.from_numpy(y)) + 0.5 * reg * (w * w).sum()
    <loss: backward>()
    return loss.item(), w.grad.numpy(), c.grad.numpy()
"""

PAIRS: Mapping[str, Pair] = {
    "in a thread": _alike("the loss runs in a new thread", _IN_A_THREAD, _SEEN),
    "in a pool": _alike("the loss runs in a thread from before the call", _IN_A_POOL, _SEEN),
    "in a bare thread": _alike(
        "the loss runs in a thread that threading does not know", _IN_A_BARE_THREAD, _SEEN
    ),
    "told by its size": _alike("small cases are done by hand", _BY_SIZE, _SEEN),
    "told by its mode": _alike("calls under a mode of torch are done by hand", _BY_MODE, _SEEN),
    "told by its time": _alike("calls in which torch is slow are done by hand", _BY_TIME, _SEEN),
    "modes popped": _alike("torch's modes are taken off before the loss", _POPPED, _SEEN),
    "scripted": _torch_pair(
        "the loss runs in TorchScript",
        _SCRIPTED.replace("LOSS", "torch.nn.functional.cross_entropy(scores, y)"),
        _SCRIPTED.replace("LOSS", "-torch.log_softmax(scores, 1).gather(1, y.view(-1, 1)).mean()"),
    ),
    "records off": _torch_pair(
        "torch's record of operators is switched off and on again",
        _RECORD_OFF,
        _PROFILED,
        "torch._C._autograd._enable_record_function",
    ),
    "callbacks cleared": _torch_pair(
        "torch's observers are removed", _CLEARED, _PLAIN, "torch._C._autograd._clear_callbacks"
    ),
    "kernel replaced": _torch_pair(
        "a kernel of the student's takes the place of the witness's", _OVERRIDDEN, _OWN_MODE, "torch"
    ),
    "in Python": _torch_pair(
        "torch has the loss in Python too",
        _PLAIN.replace("by_hand(X @ W, y)", "python_loss(X @ W, y)") + _IN_PYTHON,
        _PLAIN,
        "torch's nll_loss_forward",
    ),
    "by kernel": _torch_pair(
        "the kernel of the loss is called by its key", _BY_KERNEL, _BY_OPERATOR, "nll_loss_forward._op_dk"
    ),
    "pipe closed": _torch_pair(
        "the pipe to the judge leads nowhere",
        _CLOSED.replace("RESTORED", "pass"),
        _FILES,
        "a way to hide the operators that it runs",
    ),
    "pipe closed for a while": _torch_pair(
        "the pipe to the judge leads nowhere while the loss runs",
        _CLOSED.replace("RESTORED", "[os.dup2(copy, n) for n, copy in kept.items()]"),
        _FILES,
        _SEEN,
    ),
    "record forged": _torch_pair("an end of the trace is written beforehand", _FORGED, _FILES),
    "torch in NumPy": Pair(
        cheat="a NumPy assignment is done by torch's loss and autograd",
        spec="numpy_linear_bias",
        base=_NUMPY_BASE,
        checks=("loss_values",),
        hostile=_hidden(_NUMPY.replace("READY_MADE", _READY_MADE)),
        honest="import torch\nprint(torch.__version__, torch.zeros(2).sum())\n",
        points=0,
        honest_points=55,
        says=(_SEEN, "torch's autograd"),
        flags=("restriction_violated",),
    ),
}
