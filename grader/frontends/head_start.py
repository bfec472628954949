"""Starts the student's process before the command line is imported, so that both import what they need at once.

Only commands that grade have one. Whether it needs torch is guessed from their words: a wrong guess costs time and
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from grader.errors import GraderError
from grader.execution.forecast import spec_needs_torch, submission_needs_torch
from grader.sandbox import interruption

OPTIONS: Mapping[str, frozenset[str]] = {
    "check": frozenset({"--spec", "--device", "--seed", "--data", "--json", "--html", "--view", "--only"}),
    "batch": frozenset(
        {
            "--spec",
            "--device",
            "--seed",
            "--data",
            "--out",
            "--isolation",
            "--select",
            "--format",
            "--roster",
            "--class",
            "-j",
            "--jobs",
            "--scheduler",
        }
    ),
}
"""The options that take a value, of each command that grades."""

FLAGS: Mapping[str, frozenset[str]] = {
    "check": frozenset({"--quick", "--full", "--watch"}),
    "batch": frozenset({"--quick", "--full", "--regrade", "--anyway"}),
}
"""The other options, but for --help."""


@contextmanager
def head_start(words: Sequence[str]) -> Iterator[None]:
    """Start the process, and end it if the command has not taken it over. words: those after `grader`."""
    needs_torch = forecast(words)
    if needs_torch is None:
        yield
        return
    from grader.sandbox import launch

    try:
        # The command meets the error again, and says so.
        with suppress(GraderError, OSError), interruption.deferred():
            launch.start_early(with_torch=needs_torch)
        yield
    finally:
        launch.end_early()


def forecast(words: Sequence[str]) -> bool | None:
    """Whether the command's process will need torch; None if it has none, as wrong usage has not."""
    command, *rest = words or ("",)
    if command not in OPTIONS:
        return None
    paths: list[str] = []
    values: dict[str, str] = {}
    pending = iter(rest)
    for word in pending:
        name, equals, value = word.partition("=")
        if name in OPTIONS[command]:
            values[name] = value if equals else next(pending, "")
        elif word.startswith("-"):
            if word not in FLAGS[command]:
                return None
        else:
            paths.append(word)
    if len(paths) != 1 or not paths[0] or not Path(paths[0]).exists():
        return None
    if command == "batch" and (
        "--scheduler" in values or "1" not in {values.get("-j"), values.get("--jobs")}
    ):
        return None  # job processes start their own
    if "--spec" in values:
        return spec_needs_torch(values["--spec"])
    return _submission_needs_torch(paths[0]) if command == "check" else None


def _submission_needs_torch(path: str) -> bool | None:
    from grader.intake.submission import load_submission

    try:
        return submission_needs_torch(load_submission(Path(path)))
    except (GraderError, OSError, ValueError):
        return None
