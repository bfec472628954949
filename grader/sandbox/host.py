"""The judge's sandbox: it runs the student's code in workers, one submission after another."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Self

from grader.errors import SandboxError
from grader.extract import Extracted
from grader.model.trial import Device
from grader.sandbox.device import Gpu
from grader.sandbox.isolation import Isolation, IsolationLevel
from grader.sandbox.launch import make_launcher
from grader.sandbox.launcher import Launcher
from grader.sandbox.protocols import Budget, no_partners
from grader.sandbox.session import Session
from grader.sandbox.sharing import SharedArrays


class Sandbox:
    """The `SandboxLike` that starts real processes. It closes its launcher too."""

    def __init__(self, launcher: Launcher | None = None) -> None:
        self.launcher: Launcher = launcher or make_launcher()
        self._shared = SharedArrays()
        self._gpu: Gpu | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._shared.close()
        self.launcher.close()

    @property
    def isolation(self) -> Isolation:
        return self.launcher.isolation()

    def open_device(self, device_memory_bytes: int, least: IsolationLevel = IsolationLevel.process) -> Gpu:
        if self._gpu is None:
            self._gpu = self.launcher.open_device(device_memory_bytes, least)
        return self._gpu

    def settle(self) -> None:
        self.launcher.settle()

    def session(
        self,
        extracted: Extracted,
        budget: Budget,
        *,
        redirect_cuda: bool,
        is_shared: bool = False,
        device: Device = "cpu",
        default_device: Device = "cpu",
        partners: Callable[[str], Collection[str]] = no_partners,
        needs_torch: bool = True,
    ) -> Session:
        if device == "cuda" and self._gpu is None:
            raise SandboxError("the GPU was not opened for the student's code")
        self.launcher.prepare(budget.memory_bytes, needs_torch=needs_torch)
        return Session(
            self.launcher,
            self._shared,
            extracted,
            budget,
            redirect_cuda=redirect_cuda,
            is_shared=is_shared,
            device=device,
            default_device=default_device,
            partners=partners,
        )
