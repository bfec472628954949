"""The peak memory of a command's process tree, shared pages counted once (PSS): what one running job costs a machine."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

from benchmarks.measures import SAMPLE

_PAUSE_SECONDS = 0.02


def peak_bytes(command: Sequence[str]) -> int:
    """The greatest sum of PSS over the command's process and all below it, looked at some 30 times a second."""
    greatest = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        root = psutil.Process(process.pid)
        while process.poll() is None:
            greatest = max(greatest, _tree_bytes(root))
            time.sleep(_PAUSE_SECONDS)
    return greatest


def _tree_bytes(root: psutil.Process) -> int:
    total = 0
    with suppress(psutil.NoSuchProcess):
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += process.memory_full_info().pss
    return total


def one_submission(runs: int = 3) -> list[int]:
    """Bytes, of `grader check` on the sample in full, training and timing included."""
    command = [sys.executable, "-m", "grader", "check", str(SAMPLE), "--seed", "0"]
    return [peak_bytes(command) for _ in range(runs)]


if __name__ == "__main__":
    for size in one_submission():
        print(f"{size / 2**20:.0f} MiB")
