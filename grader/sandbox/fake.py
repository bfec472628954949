"""A sandbox for tests: answers trials from a function or a mapping, records them, and starts no process."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Self

from grader.errors import DeviceError
from grader.extract import Extracted
from grader.model.observation import Observation, Refused
from grader.model.trial import Device, Trial
from grader.sandbox.device import Gpu
from grader.sandbox.isolation import Isolation, IsolationLevel
from grader.sandbox.protocols import Budget, no_partners

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
    is_shared: bool
    device: Device
    default_device: Device = "cpu"
    partners: Callable[[str], Collection[str]] = no_partners
    needs_torch: bool = True
    trials: list[Trial] = field(default_factory=list)
    """The trials run so far, in order."""
    is_held: bool = False
    is_closed: bool = False

    def run(self, trial: Trial) -> Observation:
        self.trials.append(trial)
        if isinstance(self.answers, Mapping):
            return self.answers.get(trial.function, Refused("not called: the fake sandbox has no answer"))
        return self.answers(trial)

    def hold(self, *, is_held: bool) -> None:
        self.is_held = is_held

    def close(self) -> None:
        self.is_closed = True


@dataclass(slots=True, eq=False)
class FakeSandbox:
    """A `SandboxLike` that starts no process."""

    answers: Answers = field(default_factory=dict)
    """For every session."""
    isolation: Isolation = field(default=CONFINED, kw_only=True)
    gpu: Gpu | str = field(default="no driver", kw_only=True)
    """The GPU that workers open, or the reason why they cannot."""
    sessions: list[FakeSession] = field(default_factory=list, init=False)
    opened: list[tuple[int, IsolationLevel]] = field(default_factory=list, init=False)
    """The arguments of each `open_device`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def trials(self) -> list[Trial]:
        """The trials of all sessions, session by session."""
        return [trial for session in self.sessions for trial in session.trials]

    def open_device(self, device_memory_bytes: int, least: IsolationLevel = IsolationLevel.process) -> Gpu:
        self.opened.append((device_memory_bytes, least))
        if isinstance(self.gpu, str):
            raise DeviceError(self.gpu)
        return self.gpu

    def settle(self) -> None:
        """Nothing to wait for."""

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
    ) -> FakeSession:
        session = FakeSession(
            self.answers,
            extracted,
            budget,
            redirect_cuda,
            is_shared,
            device,
            default_device,
            partners,
            needs_torch,
        )
        self.sessions.append(session)
        return session
