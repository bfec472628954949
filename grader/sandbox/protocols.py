"""The seam between grading and the sandbox: the calls that grading makes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol, Self

from grader.extract import Extracted
from grader.model.observation import Observation
from grader.model.trial import Device, Trial
from grader.sandbox.device import Gpu
from grader.sandbox.isolation import Isolation, IsolationLevel
from grader.sandbox.launcher import DEFAULT_MEMORY_BYTES


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits on one submission, set by the spec; seconds are on the judge's clock."""

    load_seconds: float = 20.0
    """For executing the code that one function needs."""
    function_seconds: float = 120.0
    """For all calls of one function together."""
    deaths: int = 2
    """How often the process may end in one function's calls before it is not called again."""
    memory_bytes: int = DEFAULT_MEMORY_BYTES
    device_memory_bytes: int = 4 << 30


def no_partners(_: str) -> frozenset[str]:
    """The functions that one should not call, where none is known."""
    return frozenset()


class SessionLike(Protocol):
    """Runs trials on one submission."""

    def run(self, trial: Trial) -> Observation:
        """Make the call that the trial describes. SandboxError when no worker can be started."""

    def hold(self, *, is_held: bool) -> None:
        """Suspend the workers, or let them run on. Suspended workers answer no calls."""

    def close(self) -> None:
        """End the workers."""


class SandboxLike(Protocol):
    """Opens sessions, one submission after another. A context manager that ends its processes."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    @property
    def isolation(self) -> Isolation:
        """The isolation of the workers; waits for the first. SandboxError when none can be started."""

    def open_device(self, device_memory_bytes: int, least: IsolationLevel = IsolationLevel.process) -> Gpu:
        """Have all later workers open the GPU.

        Args:
            device_memory_bytes: GPU memory that the tensors of one worker may take.
            least: the lowest acceptable isolation.

        Raises:
            DeviceError: no worker with that isolation can open it; nothing has changed then.

        """

    def settle(self) -> None:
        """Wait until no worker is being started that could disturb a measurement."""

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
    ) -> SessionLike:
        """Open a session for one submission; close it when the submission is done.

        Args:
            extracted: the submission's code.
            budget: its limits.
            redirect_cuda: whether code written for CUDA runs on the CPU instead.
            is_shared: whether all calls but those apart share one worker: for code of ours, which needs no guard
                from itself.
            device: where tensors go. SandboxError for a GPU that was not opened.
            default_device: where code that names no device makes its tensors.
            partners: by function, those whose calls are noted, because it should not call them.
            needs_torch: whether the workers have torch from the start; without it they get it where they import it.

        """
