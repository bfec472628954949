"""What more than one command does."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from grader.errors import SpecError
from grader.frontends.commands.options import DeviceChoice, IsolationChoice

if TYPE_CHECKING:
    from grader.grading.settings import Settings
    from grader.intake.submission import Submission
    from grader.sandbox.host import Sandbox
    from grader.sandbox.protocols import SandboxLike
    from grader.spec import LoadedSpec


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that began to import torch before anything else of ours was imported."""
    from grader.sandbox.launch import make_launcher

    launcher = make_launcher()
    try:
        from grader.sandbox.host import Sandbox
    except BaseException:
        launcher.close()
        raise
    with Sandbox(launcher) as sandbox:
        yield sandbox


def find_spec(name: str | None, submission: Submission) -> LoadedSpec:
    """The spec that was asked for, or the one that the submission plainly belongs to. SpecError when there is none."""
    from grader.spec import load_spec
    from grader.spec.detect import detect_spec

    return load_spec(name) if name is not None else detect_spec(submission)


def settings(
    loaded: LoadedSpec,
    sandbox: SandboxLike,
    device: DeviceChoice,
    seed: int | None,
    only: list[str],
    data: Path | None = None,
    isolation: IsolationChoice = IsolationChoice.process,
) -> Settings:
    """How to grade. data: CIFAR-10, None for the stand-in; it is read here only if a check of the spec trains on it.

    The workers of the sandbox open the GPU where one is graded on. isolation: the least to do that with.
    DeviceError for a device that cannot be had, SpecError for a check that the spec has not, DataError for data that
    is none.
    """
    from grader.data import open_data
    from grader.grading.device import choose_device
    from grader.grading.settings import Settings
    from grader.sandbox.isolation import IsolationLevel

    known = [each.id for each in loaded.spec.checks]
    for name in only:
        if name not in known:
            raise SpecError(f"--only {name}: {loaded.spec.name} has no such check; it has {', '.join(known)}")
    chosen = choose_device(device.value, loaded.spec.assignment, sandbox, IsolationLevel(isolation.value))
    drawn = seed if seed is not None else loaded.spec.seed
    found = Settings(
        seed=secrets.randbits(48) if drawn is None else drawn,
        only=frozenset(only) if only else None,
        device=chosen.device,
        data=open_data(data),
        device_name=chosen.name,
        device_note=chosen.note,
    )
    found.data_name(loaded.spec.checks)  # files that are wrong inside are refused now, not at the first check
    return found


def write_json(place: str, text: str) -> None:
    """Write to a file, or to standard output where the place is "-". OutputError when it cannot be written."""
    if place == "-":
        typer.echo(text.encode(), nl=False)  # UTF-8, whatever the terminal's encoding is
        return
    from grader.batch.store import write_atomically

    write_atomically(Path(place), text)
