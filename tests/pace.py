"""How long things may take on this machine, as busy as it is: measured in the same run, never assumed."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

from grader.sandbox.waiting import GREATEST_EXTENSION
from grader.spec import LoadedSpec

HANG_SECONDS = 1200.0
"""Ends a test that hangs. No test that works comes near it, with a dozen other processes on each core."""


def process_seconds(repetitions: int = 5) -> float:
    """Median wall-clock seconds to start a Python that does nothing and to see it end."""
    seconds = []
    for _ in range(repetitions):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-I", "-c", ""], check=True)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def longest_seconds(loaded: LoadedSpec) -> float:
    """What the spec's own limits allow all functions together, put off as far as a busy machine may put them off."""
    limits = loaded.spec.limits
    each = limits.load_seconds + limits.function_seconds
    return len(loaded.spec.functions) * each * (1 + GREATEST_EXTENSION)


def compile_seconds(lines: int = 50_000) -> float:
    """CPU seconds of this process to compile so many short statements: how fast Python is here and now."""
    text = "x = a + 1\n" * lines
    began = time.process_time()
    compile(text, "pace", "exec")
    return time.process_time() - began
