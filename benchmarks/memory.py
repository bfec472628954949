"""The peak memory of commands and all their processes, shared pages counted once (PSS): what running jobs cost a machine."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from benchmarks.measures import SAMPLE
from grader.data import standin_data
from grader.execution.job import GradeJob, run
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.sandbox.host import Sandbox
from grader.spec import load_spec

_PAUSE_SECONDS = 0.02
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Share:
    """Bytes of one process, or of several. private: in no other process; shared: its part of what others map too."""

    private: int
    shared: int

    @property
    def whole(self) -> int:
        """The PSS."""
        return self.private + self.shared

    def __add__(self, other: Share) -> Share:
        return Share(self.private + other.private, self.shared + other.shared)


@dataclass(slots=True)
class Peak:
    """The moment at which some process trees needed the most, and the most of each role at any moment.

    roles: judge, zygote, worker, "held worker" (the student's, stopped while the reference runs), and "untouched": pages of
    files in memory that are in no process's page table, which PSS leaves out.
    """

    whole: int = 0
    roles: dict[str, Share] = field(default_factory=dict)
    greatest: Counter[str] = field(default_factory=Counter)

    def look(self, seen: dict[str, Share]) -> None:
        """Take in the roles' shares of one moment."""
        for role, share in seen.items():
            self.greatest[role] = max(self.greatest[role], share.whole)
        whole = sum(share.whole for share in seen.values())
        if whole > self.whole:
            self.whole, self.roles = whole, seen


def peak_of(*commands: Sequence[str], pause_seconds: float = _PAUSE_SECONDS) -> Peak:
    """Of the commands, run at the same time, with everything below them; looked at up to 30 times a second."""
    peak = Peak()
    with ExitStack() as running:
        processes = [running.enter_context(_started(command)) for command in commands]
        while any(process.poll() is None for process in processes):
            peak.look(_shares([process.pid for process in processes if process.returncode is None]))
            time.sleep(pause_seconds)
    return peak


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _shares(roots: Sequence[int]) -> dict[str, Share]:
    """By role, of all processes at and below these."""
    found: dict[str, Share] = {}
    untouched: Counter[int] = Counter()
    for root in roots:
        for process, role in _processes(root):
            with suppress(psutil.Error, OSError):
                files, touched = dict(_memory_files(process.pid)), _touched(process.pid)
                share = _share_of(
                    process.pid
                )  # last: it fails for a process that is ending, whose files would count alone
                found[role] = found.get(role, Share(0, 0)) + share
                for inode in files.keys() - untouched.keys():
                    untouched[inode] = files[inode]
                untouched.subtract(touched)
    left = sum(size for size in untouched.values() if size > 0)
    return found | {"untouched": Share(left, 0)}


def _processes(root: int) -> Iterator[tuple[psutil.Process, str]]:
    """Each process of a tree with its role."""
    with suppress(psutil.Error):
        judge = psutil.Process(root)
        below = judge.children(recursive=True)
        yield judge, "judge"
        zygotes: set[int] = set()
        for process in below:
            with suppress(psutil.Error):
                if process.ppid() in zygotes:
                    is_held = process.status() == psutil.STATUS_STOPPED
                    yield process, "held worker" if is_held else "worker"
                elif any(word.endswith("zygote.py") for word in process.cmdline()):
                    zygotes.add(process.pid)
                    yield process, "zygote"
                else:
                    yield process, "judge"


def _share_of(process_id: int) -> Share:
    sizes: Counter[str] = Counter()
    for line in Path(f"/proc/{process_id}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]:
        name, size, *_ = line.split()
        sizes[name] += int(size) << 10
    private = sizes["Private_Clean:"] + sizes["Private_Dirty:"]
    return Share(private, sizes["Pss:"] - private)


def _memory_files(process_id: int) -> Iterator[tuple[int, int]]:
    """(inode, bytes) of the files in memory that a process holds open."""
    for entry in Path(f"/proc/{process_id}/fd").iterdir():
        with suppress(OSError):
            if str(entry.readlink()).startswith("/memfd:"):
                status = entry.stat()
                yield status.st_ino, status.st_blocks * 512


def _touched(process_id: int) -> Counter[int]:
    """By inode, the PSS of a process in files in memory."""
    maps = Path(f"/proc/{process_id}/maps").read_text(encoding="ascii", errors="replace")
    sizes: Counter[int] = Counter()
    if " /memfd:" in maps:
        inode = 0
        for line in Path(f"/proc/{process_id}/smaps").read_text("ascii", "replace").splitlines():
            words = line.split()
            if not words[0].endswith(":"):
                inode = int(words[4]) if " /memfd:" in line else 0
            elif inode and words[0] == "Pss:":
                sizes[inode] += int(words[1]) << 10
    return sizes


def check_command(sample: Path) -> list[str]:
    """`grader check` in full, training and timing included."""
    return [sys.executable, "-m", "grader", "check", str(sample), "--spec", sample.parent.name, "--seed", "0"]


def a_class(spec: str) -> Peak:
    """`grader batch` over all samples of a spec."""
    samples = SAMPLE.parents[1] / spec
    with tempfile.TemporaryDirectory() as out:
        options = ["--spec", spec, "--out", out, "--seed", "0"]
        return peak_of([sys.executable, "-m", "grader", "batch", str(samples), *options])


def some_jobs(spec: str, count: int) -> Peak:
    """Of a process that has the data, and that many below it which each grade the right sample at the same time."""
    return peak_of([sys.executable, "-m", "benchmarks.memory", _JOBS, spec, str(count)])


def _run_jobs(spec: str, count: int) -> None:
    loaded, data = load_spec(spec), standin_data()
    dtype = (
        np.float64
        if any(getattr(each, "dtype", "") == "float64" for each in loaded.spec.checks)
        else np.float32
    )
    _ = data.split("train", dtype), data.judged(dtype)
    job = GradeJob(load_submission(_right_sample(spec)), loaded, Settings(seed=0, data=data))
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_run_job, args=(job,)) for _ in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()


def _run_job(job: GradeJob) -> None:
    with Sandbox() as sandbox:
        run(job, sandbox)


def _right_sample(spec: str) -> Path:
    names = ("perfect_module", "zip_as_handed_in", "package_folder")
    return next(path for name in names if (path := SAMPLE.parents[1] / spec / name).exists())


def shown(title: str, peak: Peak) -> str:
    """A table of the peak."""
    lines = [f"{title}: {peak.whole / _MIB:.0f} MiB at most"]
    for role, share in peak.roles.items():
        parts = f"{share.private / _MIB:4.0f} private {share.shared / _MIB:4.0f} shared"
        lines.append(f"  {role:12} {parts}   (alone at most {peak.greatest[role] / _MIB:.0f})")
    return "\n".join(lines)


def main(specs: Sequence[str]) -> None:
    """Print the peaks of one command, of jobs that share the data, and of a class."""
    for spec in specs:
        print(shown(f"{spec}, grader check", peak_of(check_command(_right_sample(spec)))))
        one, two = some_jobs(spec, 1), some_jobs(spec, 2)
        print(shown("two jobs", two))
        print(f"  each further job: {(two.whole - one.whole) / _MIB:.0f} MiB")
        print(shown("its class", a_class(spec)), flush=True)


_JOBS = "--jobs"

if __name__ == "__main__":
    if sys.argv[1:2] == [_JOBS]:
        _run_jobs(sys.argv[2], int(sys.argv[3]))
    else:
        main(sys.argv[1:] or ("cs231n", "eecs498_2019", "eecs498_2020"))
