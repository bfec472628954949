"""The implementations a student's speed is compared with: plain modules in the style of the handouts.

They run in a worker, confined like the student's, and the judge never imports them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from reference.conventions import Convention
from reference.in_worker.closed import read_source
from reference.in_worker.constants import in_convention

TIMED_FUNCTIONS = (
    "svm_loss_naive",
    "svm_loss_vectorized",
    "softmax_loss_naive",
    "softmax_loss_vectorized",
    "null_call",
)

_HERE = Path(__file__).parent


def timed_source(backend: Literal["torch", "numpy"], convention: Convention) -> str:
    """The source of a module with svm_ and softmax_loss_naive and _vectorized and null_call, in a convention.

    Each takes W (D, C), X (N, D), y (N,), reg, or in layout "CD" W (C, D), X (D, N), and returns (loss, dW).
    null_call returns zero and W: the cost of a call that does nothing.
    """
    return in_convention(read_source(_HERE, f"{backend}_losses"), convention)
