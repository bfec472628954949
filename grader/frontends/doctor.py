"""Checks whether this machine can grade, and says how to fix problems."""

from __future__ import annotations

import contextlib
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np

from grader import formatting
from grader.checks.base.call import failure_sentence
from grader.data import STANDIN_TITLE, open_data
from grader.errors import DataError, DeviceError, SandboxError
from grader.execution.capacity import FIRST_JOB_BYTES, FURTHER_JOB_BYTES, Capacity, capacity
from grader.extract import extract
from grader.grading.device import NO_CONTEXT
from grader.grading.environment import processor_name
from grader.intake.submission import SourceFile, Submission
from grader.model.observation import Returned
from grader.model.trial import ArrayOutput, Tensor, Trial
from grader.sandbox.device import is_gpu_there
from grader.sandbox.host import Sandbox
from grader.sandbox.isolation import Isolation, IsolationLevel, not_isolated
from grader.sandbox.launch import default_start_method, make_launcher
from grader.sandbox.protocols import Budget, SandboxLike


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """The result of looking at one thing. is_needed: nothing can be graded unless it is good."""

    name: str
    seen: str
    is_good: bool
    advice: str | None = None
    is_needed: bool = False


def examine(
    data: Path | None = None, make_sandbox: Callable[[], SandboxLike] | None = None
) -> tuple[DoctorFinding, ...]:
    """Look at everything; starts a worker and makes calls in it.

    data: CIFAR-10, None for the stand-in. make_sandbox: what starts the worker, if not the real one.
    """
    torch = _version("torch")
    make = make_sandbox or (lambda: Sandbox(make_launcher(with_torch=torch is not None)))
    worker, isolation = _worker(make, torch)
    python = f"{platform.python_version()} ({sys.executable})"
    processor = f"{processor_name()}, {formatting.count(os.cpu_count() or 1, 'core')}"
    return (
        DoctorFinding("Python", python, is_good=True, is_needed=True),
        *(() if torch is not None else (_NO_TORCH,)),
        worker,
        DoctorFinding("Processor", processor, is_good=True),
        _jobs(capacity()),
        _device(make, torch),
        _start(torch),
        isolation,
        _temporary_folder(),
        _data(data),
    )


_NO_TORCH = DoctorFinding(
    "torch",
    "not installed; specs on NumPy arrays are graded without it, those on tensors are not",
    is_good=False,
    advice="To grade tensors, `pip install torch`, or `make setup` in a checkout.",
)


def _version(library: str) -> str | None:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _jobs(found: Capacity) -> DoctorFinding:
    """How many submissions of a class are graded at a time, and what decides it."""
    cores = formatting.count(found.cores, "core")
    allowed = "allowed by this control group" if found.is_limited else "free"
    seen = (
        f"`grader batch -j auto` grades up to {formatting.count(found.jobs, 'submission')} at a time: {cores},"
        f" {formatting.size(found.free_bytes)} of memory {allowed}; the first takes about"
        f" {formatting.size(FIRST_JOB_BYTES)}, each further one {formatting.size(FURTHER_JOB_BYTES)}"
    )
    if found.free_bytes >= FIRST_JOB_BYTES:
        return DoctorFinding("Class", seen, is_good=True)
    return DoctorFinding("Class", seen, is_good=False, advice="Close other programs, or allow more memory.")


_CALLS = {
    "torch": b"import torch\ndef same(W):\n    return W.clone()\n",
    "NumPy": b"import numpy\ndef same(W):\n    return W.copy()\n",
}
"""A call in each library."""


def _worker(
    make_sandbox: Callable[[], SandboxLike], torch: str | None
) -> tuple[DoctorFinding, DoctorFinding]:
    """A library and isolation, in a worker that is started and called as in grading."""
    library = "NumPy" if torch is None else "torch"
    started = time.perf_counter()
    try:
        with make_sandbox() as sandbox:
            isolation = _isolation(sandbox.isolation)
            return _calls(library, sandbox, started), isolation
    except SandboxError as error:
        seen, advice = str(error), "Run `make setup` again."
        worker = DoctorFinding(library, seen, is_good=False, advice=advice, is_needed=True)
        return worker, DoctorFinding("Isolation", "unknown: no worker could be started", is_good=False)


def _calls(library: str, sandbox: SandboxLike, started: float) -> DoctorFinding:
    """How fast a worker starts and answers."""
    version = _version(library.lower())
    source = SourceFile("doctor.py", _CALLS[library])
    extracted = extract(Submission("doctor", (source,)), ["same"])
    W = np.arange(30730, dtype=np.float64).reshape(3073, 10)
    needs_torch = library == "torch"
    backend: Literal["torch", "numpy"] = "torch" if needs_torch else "numpy"
    trial = Trial("the doctor's own call", "same", (Tensor(W),), (ArrayOutput(W.shape),), backend=backend)
    with contextlib.closing(
        sandbox.session(extracted, Budget(), redirect_cuda=needs_torch, needs_torch=needs_torch)
    ) as session:
        first = session.run(trial)
        ready = time.perf_counter() - started
        later = [session.run(trial) for _ in range(50)]
    failure = next((each for each in (first, *later) if not isinstance(each, Returned)), None)
    if failure is not None:
        advice = f"Does `{sys.executable} -c 'import {library.lower()}'` work? Run `make setup` again."
        seen = f"{version}, but a call in a worker failed: {failure_sentence(trial, failure)}"
        return DoctorFinding(library, seen, is_good=False, advice=advice, is_needed=True)
    median = statistics.median(each.seconds for each in later if isinstance(each, Returned))
    calls = f"starts in {formatting.seconds(ready)}; a call with 246 kB takes {median * 1e3:.2f} ms"
    return DoctorFinding(library, f"{version}; {calls}", is_good=True, is_needed=True)


def _device(make_sandbox: Callable[[], SandboxLike], torch: str | None) -> DoctorFinding:
    """Whether a worker can open the GPU, and whether that costs isolation."""
    if torch is None:
        return DoctorFinding("Device", "cpu; a GPU needs torch", is_good=True)
    if not is_gpu_there():
        seen = "cpu; no NVIDIA GPU here, so CUDA code runs on the CPU"
        return DoctorFinding("Device", seen, is_good=True)
    try:
        with make_sandbox() as sandbox:
            without = sandbox.isolation
            gpu = sandbox.open_device(Budget().device_memory_bytes)
            isolation = sandbox.isolation
    except (DeviceError, SandboxError) as error:
        advice = (
            "Install a torch build for CUDA that this machine's driver supports, and make sure that this user may open"
            " the device. Until then --device auto grades on the CPU."
        )
        return DoctorFinding("Device", f"cpu; {NO_CONTEXT}: {error}", is_good=False, advice=advice)
    lost = [each for each in isolation.missing if each not in without.missing]
    if not lost:
        return DoctorFinding("Device", f"cuda; {gpu}, isolated as below", is_good=True)
    seen = f"cuda; {gpu}, but the driver works only if {not_isolated(lost)}"
    advice = "--device cpu grades with the isolation below; `grader batch` needs --isolation for the GPU."
    return DoctorFinding("Device", seen, is_good=False, advice=advice)


def _start(torch: str | None) -> DoctorFinding:
    library = "NumPy" if torch is None else "torch"
    if default_start_method() == "fork":
        return DoctorFinding("Workers", f"forked from one process that has imported {library}", is_good=True)
    advice = f"On Linux a worker is forked in milliseconds; here each one imports {library} itself."
    seen = f"started one by one: {library} does not survive a fork on this system"
    return DoctorFinding("Workers", seen, is_good=False, advice=advice)


_ISOLATION_ADVICE = {
    "limits": "A limit on memory, files or threads could not be set: check `ulimit -a` in your shell.",
    "filesystem": (
        "The kernel does not have Landlock, so code can read and write whatever you can. Landlock needs Linux 5.13 or"
        " newer; if `cat /sys/kernel/security/lsm` does not list it, boot with lsm=landlock,..."
    ),
    "network": (
        "The system call filter could not be installed, so code can open connections and start processes: either this"
        " processor is neither x86_64 nor aarch64, or a container forbids seccomp (Docker's default rules do not)."
    ),
    "user": (
        "Code runs as root. Run the grader as an ordinary user, or give the container the right to change users"
        " (CAP_SETUID, CAP_SETGID, CAP_CHOWN) and put Python in a folder that everyone may read."
    ),
}
"""How to fix each gap in the isolation."""


def _isolation(isolation: Isolation) -> DoctorFinding:
    if isolation.level is IsolationLevel.confined:
        seen = f"{isolation.level} (own files only, no network, no other processes, limited memory and time)"
        return DoctorFinding("Isolation", seen, is_good=True)
    seen = f"{isolation.level}: {not_isolated(isolation.missing)}"
    if sys.platform == "linux":
        advice = " ".join(_ISOLATION_ADVICE[each] for each in isolation.missing if each in _ISOLATION_ADVICE)
    else:
        advice = "Only Linux can confine a process: grade a class on Linux, in a container or under WSL 2."
    advice += (
        f" `grader batch` needs --isolation {isolation.level} here; pass it only for code that you trust."
    )
    return DoctorFinding("Isolation", seen, is_good=False, advice=advice)


def _temporary_folder() -> DoctorFinding:
    folder = ""
    try:
        folder = tempfile.gettempdir()
        with tempfile.TemporaryFile():
            pass
    except OSError as error:
        words = error.strerror or str(error)
        seen = f"{folder}: {words}" if folder else words
        advice = "Set TMPDIR to a writable folder with free space."
        return DoctorFinding("Temporary folder", seen, is_good=False, advice=advice, is_needed=True)
    return DoctorFinding("Temporary folder", folder, is_good=True, is_needed=True)


def _data(path: Path | None) -> DoctorFinding:
    """The data set in use; the user's own is read in full, so that damaged files are found here."""
    if path is None:
        advice = (
            "To train on CIFAR-10 itself, pass its cifar-10-python.tar.gz, or the unpacked folder, with --data PATH"
            " or GRADER_DATA=PATH. The grader downloads nothing."
        )
        return DoctorFinding(
            "Data", f"{STANDIN_TITLE}, drawn from each run's seed", is_good=True, advice=advice
        )
    try:
        data = open_data(path)
        splits = data.splits
    except DataError as error:
        advice = "Pass another --data or GRADER_DATA, or neither to use the stand-in."
        return DoctorFinding("Data", str(error), is_good=False, advice=advice, is_needed=True)
    counts = (
        f"{len(splits.train):,} training, {len(splits.val):,} validation and {len(splits.test):,} test images"
    )
    seen = f"{data.name}; {counts}, from {formatting.printable(str(path))}"
    return DoctorFinding("Data", seen, is_good=True, advice=" ".join(data.notes) or None)
