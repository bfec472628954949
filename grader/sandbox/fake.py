"""A sandbox for tests: answers trials from a function or a mapping, records them, and starts no process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from grader.errors import DeviceError
from grader.extract import Extracted
from grader.model.observation import Observation, Refused
from grader.model.trial import Device, Trial
from grader.sandbox.device import Gpu
from grader.sandbox.isolation import Isolation, IsolationLevel
from grader.sandbox.launcher import DEFAULT_DEVICE_MEMORY_BYTES
from grader.sandbox.protocols import Budget

Answers = Callable[[Trial], Observation] | Mapping[str, Observation]
"""The observation for a trial: computed from it, or looked up by the name of its function."""

CONFINED = Isolation(IsolationLevel.confined, ())


@dataclass(slots=True, eq=False)
class FakeSession:
    """Answers trials as its sandbox was told to; a trial without an answer is Refused."""

    answers: Answers
    extracted: Extracted
    budget: Budget
    redirect_cuda: bool
    live_workers: int
    device: Device
    trials: list[Trial] = field(default_factory=list)
    """The trials run so far, in order."""
    is_held: bool = False
    is_closed: bool = False

    def run(self, trial: Trial) -> Observation:
        """Record the trial and answer it."""
        self.trials.append(trial)
        if isinstance(self.answers, Mapping):
            return self.answers.get(trial.function, Refused("not called: the fake sandbox has no answer"))
        return self.answers(trial)

    def hold(self, *, is_held: bool) -> None:
        """Record it."""
        self.is_held = is_held

    def close(self) -> None:
        """Record it."""
        self.is_closed = True


class FakeSandbox:
    """A `SandboxLike` that starts no process.

    Args:
        answers: for every session.
        isolation: the level to report.
        gpu: the GPU that workers open, or the reason why they cannot.

    """

    def __init__(
        self,
        answers: Answers = MappingProxyType({}),
        *,
        isolation: Isolation = CONFINED,
        gpu: Gpu | str = "no driver",
    ) -> None:
        self._answers = answers
        self._gpu = gpu
        self.isolation = isolation
        self.sessions: list[FakeSession] = []
        self.opened: list[tuple[int, IsolationLevel]] = []
        """The arguments of each `open_device`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def trials(self) -> list[Trial]:
        """The trials of all sessions, session by session."""
        return [trial for session in self.sessions for trial in session.trials]

    def open_device(
        self,
        device_memory_bytes: int = DEFAULT_DEVICE_MEMORY_BYTES,
        least: IsolationLevel = IsolationLevel.process,
    ) -> Gpu:
        """Record it; the GPU, or DeviceError with the reason."""
        self.opened.append((device_memory_bytes, least))
        if isinstance(self._gpu, str):
            raise DeviceError(self._gpu)
        return self._gpu

    def settle(self) -> None:
        """Nothing to wait for."""

    def session(
        self,
        extracted: Extracted,
        budget: Budget,
        *,
        redirect_cuda: bool,
        live_workers: int = 2,
        device: Device = "cpu",
    ) -> FakeSession:
        """Record and open a session."""
        session = FakeSession(self._answers, extracted, budget, redirect_cuda, live_workers, device)
        self.sessions.append(session)
        return session
