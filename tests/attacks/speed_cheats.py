"""Vectorized and naive functions that try to gain points by their time, beside the honest code they are made of."""

from __future__ import annotations

from reference import Convention, timed_source

HONEST = timed_source("torch", Convention())
"""Right, and as fast as the reference, which it equals."""

_VECTORIZED = "\ndef svm_loss_vectorized("
_NAIVE = "\ndef svm_loss_naive("

LOOP = """
def svm_loss_vectorized(W, X, y, reg):
    dW = torch.zeros_like(W)
    loss = 0.0
    for i in range(X.shape[0]):
        scores = X[i] @ W
        margins = (scores - scores[y[i]] + DELTA).clamp(min=0)
        margins[y[i]] = 0
        loss += margins.sum()
        slope = (margins > 0).to(W.dtype)
        slope[y[i]] = -slope.sum()
        dW += X[i][:, None] * slope
    return loss / X.shape[0] + reg * (W * W).sum(), dW / X.shape[0] + 2 * reg * W
"""
"""Right, with a loop over the samples left: what the cheats are to make look fast."""


def with_vectorized(text: str) -> str:
    """The honest module, whose vectorized function is called honest_vectorized, with another in its place."""
    return HONEST.replace(_VECTORIZED, "\ndef honest_vectorized(") + text


def with_naive(text: str, of: str) -> str:
    """A module whose naive function is called honest_naive, with another in its place."""
    return of.replace(_NAIVE, "\ndef honest_naive(") + text


LOOPS = with_vectorized(LOOP)

TWICE = with_vectorized(
    """
def svm_loss_vectorized(W, X, y, reg):
    honest_vectorized(W, X, y, reg)
    return honest_vectorized(W, X, y, reg)
"""
)

_SLOW = LOOP.replace("svm_loss_vectorized", "slow")

HIDE_A_LOOP: dict[str, str] = {
    "sleep in naive": with_naive(
        """
import time

def svm_loss_naive(W, X, y, reg):
    time.sleep(0.2)
    return honest_naive(W, X, y, reg)
""",
        LOOPS,
    ),
    "spin in naive": with_naive(
        """
def svm_loss_naive(W, X, y, reg):
    for _ in range(15):
        honest_naive(W, X, y, reg)
    return honest_naive(W, X, y, reg)
""",
        LOOPS,
    ),
    "cache by address, shape and identity": with_vectorized(
        _SLOW
        + """
kept = {}

def svm_loss_vectorized(W, X, y, reg):
    key = (X.data_ptr(), W.shape, id(X))
    if key not in kept:
        kept[key] = slow(W, X, y, reg)
    return kept[key]
"""
    ),
    "the dW of the call before": with_vectorized(
        _SLOW
        + """
last = []

def svm_loss_vectorized(W, X, y, reg):
    if not last:
        last.append(slow(W, X, y, reg))
    return last[0]
"""
    ),
    "answers early, computes in a thread": with_vectorized(
        _SLOW
        + """
import threading
made = {}

def work(W, X, y, reg, loss, dW):
    true_loss, true_dW = slow(W, X, y, reg)
    loss.copy_(true_loss)
    dW.copy_(true_dW)

def svm_loss_vectorized(W, X, y, reg):
    loss, dW = torch.zeros((), dtype=W.dtype), torch.zeros_like(W)
    threading.Thread(target=work, args=(W, X, y, reg, loss, dW), daemon=True).start()
    return loss, dW
"""
    ),
    "computed ahead in a thread": with_vectorized(
        _SLOW
        + """
import threading
state = {}

def ahead():
    while True:
        given = state.get("given")
        if given is not None:
            state["made"] = slow(*given)

threading.Thread(target=ahead, daemon=True).start()

def svm_loss_vectorized(W, X, y, reg):
    state["given"] = (W, X, y, reg)
    return state.get("made") or slow(W, X, y, reg)
"""
    ),
    "a lazy tensor": with_vectorized(
        _SLOW
        + """
class Lazy(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return slow(*args[0].given)[1]

def svm_loss_vectorized(W, X, y, reg):
    dW = torch.zeros_like(W).as_subclass(Lazy)
    dW.given = (W, X, y, reg)
    return slow(W, X, y, reg)[0], dW
"""
    ),
    "patched clocks": with_vectorized(
        LOOP
        + """
import time
for name in ("perf_counter", "perf_counter_ns", "time", "monotonic", "process_time"):
    setattr(time, name, lambda: 0)
torch.cuda.synchronize = lambda *_: None
torch.cuda.Event = None
"""
    ),
    "more threads": "import torch\ntorch.set_num_threads(2)\n" + LOOPS,
    "computes in a thread while the first one yields": with_vectorized(
        _SLOW
        + """
import os
import threading

def svm_loss_vectorized(W, X, y, reg):
    made = []
    threading.Thread(target=lambda: made.append(slow(W, X, y, reg))).start()
    while not made:
        os.sched_yield()
    return made[0]
"""
    ),
    "computes in a thread while the first one sleeps": with_vectorized(
        _SLOW
        + """
import threading

def svm_loss_vectorized(W, X, y, reg):
    made = []
    thread = threading.Thread(target=lambda: made.append(slow(W, X, y, reg)))
    thread.start()
    thread.join()
    return made[0]
"""
    ),
    "threads that keep the first one waiting": with_vectorized(
        _SLOW
        + """
import threading

def svm_loss_vectorized(W, X, y, reg):
    is_over = threading.Event()
    block = torch.ones(60, 60)

    def spin():
        while not is_over.is_set():
            block.mm(block)

    for _ in range(4):
        threading.Thread(target=spin, daemon=True).start()
    try:
        return slow(W, X, y, reg)
    finally:
        is_over.set()
"""
    ),
    "spins while the reference is timed": with_vectorized(
        _SLOW
        + """
import threading
state = {"is_idle": True}

def spin():
    block = torch.ones(400, 400)
    while True:
        if state["is_idle"]:
            block.mm(block)

threads = []

def svm_loss_vectorized(W, X, y, reg):
    if not threads:
        threads.extend(threading.Thread(target=spin, daemon=True) for _ in range(2))
        for thread in threads:
            thread.start()
    state["is_idle"] = False
    made = slow(W, X, y, reg)
    state["is_idle"] = True
    return made
"""
    ),
}
"""Modules whose vectorized function loops, which they try to hide."""

IN_16_BITS = with_vectorized(
    """
def svm_loss_vectorized(W, X, y, reg):
    if X.shape[1] > 1000:
        W = W.to(torch.bfloat16).to(W.dtype)
    return honest_vectorized(W, X, y, reg)
"""
)
"""Right and fast but for arithmetic in 16 bits at the size where it would pay."""
