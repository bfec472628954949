"""The command line's process: its standard streams and signals, and the head start of the student's process."""

from __future__ import annotations

import atexit
import gc
import io
import os
import signal
import sys
import warnings
from typing import TYPE_CHECKING, TextIO

from grader.sandbox import interruption

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Output(io.FileIO):
    """Standard output whose reader may leave early, as `head` does. Any other failure is raised once."""

    is_lost = False

    def write(self, content: ReadableBuffer) -> int:
        if not self.is_lost:
            try:
                return super().write(content)
            except OSError as error:
                self.is_lost = True
                if not isinstance(error, BrokenPipeError):
                    raise
        return memoryview(content).nbytes


def _patient(stream: TextIO) -> TextIO:
    raw = _Output(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, line_buffering=stream.isatty())


def _hold_standard_streams() -> None:
    """Open the null device for each standard stream that is closed, or a pipe of ours would get its number."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # as Python leaves it
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, "w")))


def _keep_exit_code() -> None:
    """Let Python end with the exit code that it was given.

    `python -m` ends by SIGINT if a Ctrl-C ever left code that was executed from a string, as when a dataclass is made,
    whoever caught it.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


def main() -> None:
    """Run the command line; see `grader.frontends.app.run`."""
    atexit.register(_keep_exit_code)
    interruption.catch()  # first of all: what is imported before this cannot be stopped in words
    try:
        _run()
    except KeyboardInterrupt:  # before the command could take it
        sys.exit(128 + signal.SIGINT)


def _run() -> None:
    # What is imported stays. At the default of 700 objects, looking for garbage takes a tenth of a short run; at
    # the end it takes as long again.
    gc.set_threshold(150_000)
    atexit.register(gc.freeze)
    _hold_standard_streams()
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        sys.stdout = _patient(sys.stdout)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names that the terminal cannot write
    if not sys.warnoptions:
        # Libraries' remarks on a student's numbers are nothing for the instructor.
        warnings.simplefilter("ignore")
    # NumPy reads this once. A second thread of ours would spin on the core of a timed worker.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # pydantic would read the metadata of every installed package for plugins, which could only change what we judge.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    from grader.frontends.head_start import head_start

    with head_start(sys.argv[1:]):
        from grader.frontends.app import run

        run()


if __name__ == "__main__":
    main()
