"""The implementations that a student's speed is compared with: plain modules in the style of the handouts.

They are executed in a worker, confined as the student's own, and never imported by the judge.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from reference.conventions import Convention

TIMED_FUNCTIONS = (
    "svm_loss_naive",
    "svm_loss_vectorized",
    "softmax_loss_naive",
    "softmax_loss_vectorized",
    "null_call",
)

_HERE = Path(__file__).parent


def timed_source(backend: Literal["torch", "numpy"], convention: Convention) -> str:
    """The text of a module with svm_ and softmax_loss_naive and _vectorized and null_call, in a convention.

    Each takes W (D, C), X (N, D), y (N,), reg, or in layout "CD" W (C, D), X (D, N), and returns (loss, dW).
    null_call returns zero and W: what a call costs that does nothing. ValueError for a separate bias.
    """
    if convention.bias == "separate":
        raise ValueError("no implementation with a separate bias is timed")
    text = (_HERE / f"{backend}_losses.py").read_text(encoding="utf-8")
    for name, value in (
        ("REGULARIZER_COEFFICIENT", convention.regularizer_coefficient),
        ("DELTA", convention.delta),
        ("LAYOUT", convention.layout),
    ):
        start = text.index(f"\n{name} = ") + 1
        end = text.index("\n", start)
        text = f"{text[:start]}{name} = {value!r}{text[end:]}"
    return text
