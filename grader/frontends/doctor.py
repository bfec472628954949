"""What of this machine matters for grading, and what to do where something is amiss."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from grader import formatting
from grader.checks.base.call import failure_sentence
from grader.data import DataSet, open_data
from grader.errors import DataError, DeviceError, SandboxError
from grader.extract import extract
from grader.grading.device import NO_CONTEXT
from grader.grading.environment import processor_name
from grader.intake.submission import SourceFile, Submission
from grader.model.observation import Observation, Returned
from grader.model.trial import ArrayOutput, Tensor, Trial
from grader.sandbox.device import is_gpu_there
from grader.sandbox.host import Budget, Sandbox
from grader.sandbox.isolation import Isolation, IsolationLevel
from grader.sandbox.launch import default_start_method


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One thing that was looked at. is_needed: grading is not possible without it."""

    name: str
    seen: str
    is_good: bool
    advice: str | None = None
    is_needed: bool = False


def examine(data: Path | None = None) -> tuple[DoctorFinding, ...]:
    """Look at everything; starts a worker and makes calls in it. data: CIFAR-10, None for the stand-in."""
    torch, isolation = _workers()
    return (
        _python(),
        torch,
        _processor(),
        _device(),
        _start(),
        isolation,
        _temporary_folder(),
        _data(data),
    )


def _python() -> DoctorFinding:
    return DoctorFinding(
        "Python", f"{platform.python_version()} ({sys.executable})", is_good=True, is_needed=True
    )


def _workers() -> tuple[DoctorFinding, DoctorFinding]:
    """How torch and the isolation are in a worker that is started and called as in grading."""
    try:
        version = metadata.version("torch")
    except metadata.PackageNotFoundError:
        return _no_torch("not installed"), _unknown_isolation()
    started = time.perf_counter()
    try:
        with Sandbox() as sandbox:
            isolation = _isolation(sandbox.isolation)
            return _torch(version, sandbox, started), isolation
    except SandboxError as error:
        return _no_torch(str(error)), _unknown_isolation()


def _no_torch(seen: str) -> DoctorFinding:
    return DoctorFinding("torch", seen, is_good=False, advice="Run `make setup` again.", is_needed=True)


def _torch(version: str, sandbox: Sandbox, started: float) -> DoctorFinding:
    """How fast a worker is there and answers."""
    source = SourceFile("doctor.py", b"import torch\ndef same(W):\n    return W.clone()\n")
    extracted = extract(Submission("doctor", (source,)), ["same"])
    W = np.arange(30730, dtype=np.float64).reshape(3073, 10)
    trial = Trial("a call of the doctor's own", "same", (Tensor(W),), (ArrayOutput(W.shape),))
    with sandbox.session(extracted, Budget(), redirect_cuda=True) as session:
        first = session.run(trial)
        ready = time.perf_counter() - started
        seconds = [
            observation.seconds for _ in range(50) if isinstance(observation := session.run(trial), Returned)
        ]
    if not isinstance(first, Returned) or not seconds:
        advice = f"Does `{sys.executable} -c 'import torch'` work? Run `make setup` again."
        seen = f"{version}, but a call in a worker failed: {_failure(trial, first)}"
        return DoctorFinding("torch", seen, is_good=False, advice=advice, is_needed=True)
    median = sorted(seconds)[len(seconds) // 2]
    seen = f"{version}; first call after {formatting.seconds(ready)}, then {median * 1e3:.2f} ms for 246 kB each way"
    return DoctorFinding("torch", seen, is_good=True, is_needed=True)


def _failure(trial: Trial, observation: Observation) -> str:
    """Why the first call, or one of the later ones, gave no values."""
    if isinstance(observation, Returned):
        return "it returned once, then no more"
    return failure_sentence(trial, observation)


def _processor() -> DoctorFinding:
    return DoctorFinding(
        "Processor", f"{processor_name()}, {formatting.count(os.cpu_count() or 1, 'core')}", is_good=True
    )


def _device() -> DoctorFinding:
    """Whether a worker can open the GPU, and what it is held to while it does."""
    if not is_gpu_there():
        return DoctorFinding(
            "Device",
            "cpu; no NVIDIA GPU here, so code written for CUDA is redirected to the CPU",
            is_good=True,
        )
    try:
        with Sandbox() as sandbox:
            without = sandbox.isolation
            gpu = sandbox.open_device()
            isolation = sandbox.isolation
    except (DeviceError, SandboxError) as error:
        advice = (
            "torch must be a build for CUDA that this machine's driver is new enough for, and a process of this user must"
            " be able to open the device. Until then --device auto grades on the CPU."
        )
        return DoctorFinding("Device", f"cpu; {NO_CONTEXT}: {error}", is_good=False, advice=advice)
    lost = [each for each in isolation.missing if each not in without.missing]
    if not lost:
        return DoctorFinding("Device", f"cuda; {gpu}, with the isolation below", is_good=True)
    seen = f"cuda; {gpu}, but the driver works only where code is not kept from {formatting.listing(lost)}"
    advice = "--device cpu grades with the isolation below; `grader batch` asks for --isolation on the GPU."
    return DoctorFinding("Device", seen, is_good=False, advice=advice)


def _start() -> DoctorFinding:
    if default_start_method() == "fork":
        return DoctorFinding("Workers", "forked from a process that imported torch once", is_good=True)
    advice = "On Linux a worker is forked in milliseconds; here each one imports torch itself."
    return DoctorFinding(
        "Workers", "started one by one: this system has no fork that torch survives", False, advice
    )


_ISOLATION_ADVICE = {
    "limits": "A limit on memory, files or threads could not be set: look at `ulimit -a` of the shell.",
    "filesystem": (
        "The kernel has no Landlock, so code can read and write what this user can. It came with Linux 5.13;"
        " `cat /sys/kernel/security/lsm` lists it where it is switched on (boot with lsm=landlock,... else)."
    ),
    "network": (
        "No filter of system calls could be set, so code can open connections and start processes: this processor is"
        " neither x86_64 nor aarch64, or a container's own rules forbid seccomp (Docker's default rules do not)."
    ),
    "user": (
        "Code runs as root. Run the grader as an ordinary user, or let root's container have the rights to change"
        " users (CAP_SETUID, CAP_SETGID, CAP_CHOWN), with Python in a folder that all may read."
    ),
}
"""What to do about each thing that a worker is not kept from."""


def _isolation(isolation: Isolation) -> DoctorFinding:
    if isolation.level is IsolationLevel.confined:
        seen = f"{isolation.level}: no files but its own, no network, no other processes, limits on memory and time"
        return DoctorFinding("Isolation", seen, is_good=True)
    seen = f"{isolation.level}: not kept from {formatting.listing(isolation.missing)}"
    if sys.platform == "linux":
        advice = " ".join(_ISOLATION_ADVICE[each] for each in isolation.missing if each in _ISOLATION_ADVICE)
    else:
        advice = "Only Linux can confine a process: to grade a class use a Linux machine, container or WSL 2."
    advice += f" `grader batch` asks for --isolation {isolation.level} here; give it for code that you trust."
    return DoctorFinding("Isolation", seen, is_good=False, advice=advice)


def _unknown_isolation() -> DoctorFinding:
    return DoctorFinding("Isolation", "not known: no worker could be started", is_good=False)


def _temporary_folder() -> DoctorFinding:
    folder = tempfile.gettempdir()
    try:
        with tempfile.TemporaryFile():
            pass
    except OSError as error:
        advice = "Set TMPDIR to a folder with space that you may write to."
        return DoctorFinding(
            "Temporary folder", f"{folder}: {error.strerror or error}", False, advice, is_needed=True
        )
    return DoctorFinding("Temporary folder", folder, is_good=True, is_needed=True)


def _data(path: Path | None) -> DoctorFinding:
    """The data set in use; a user's own is read whole, so that files that are wrong inside are found here."""
    try:
        data = open_data(path)
        name, counts = data.name, _split_sizes(data) if path is not None else ""
    except DataError as error:
        advice = (
            "Give another --data or GRADER_DATA, or none for the stand-in. Nothing is graded with this one."
        )
        return DoctorFinding("Data", str(error), is_good=False, advice=advice, is_needed=True)
    if path is None:
        advice = (
            "To train on CIFAR-10 itself, give its cifar-10-python.tar.gz, or the folder that it unpacks to, with"
            " --data PATH or GRADER_DATA=PATH. The grader downloads nothing."
        )
        return DoctorFinding("Data", name, is_good=True, advice=advice)
    return DoctorFinding(
        "Data",
        f"{name}; {counts}, from {formatting.printable(str(path))}",
        is_good=True,
        advice=" ".join(data.notes) or None,
    )


def _split_sizes(data: DataSet) -> str:
    splits = data.splits
    return f"{len(splits.train):,} images to train on, {len(splits.val):,} for validation, {len(splits.test):,} to test on"
