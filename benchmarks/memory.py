"""The peak memory of commands and all their processes, shared pages counted once (PSS): what running jobs cost a machine."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks.measures import SAMPLE

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

    roles: judge, zygote, worker, "held worker" (the student's, stopped while the reference runs), and "unmapped": files in
    memory that a process holds open and none maps, which PSS leaves out.
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


def peak_of(*commands: Sequence[str]) -> Peak:
    """Of the commands, run at the same time, with everything below them; looked at up to 30 times a second."""
    peak = Peak()
    with ExitStack() as running:
        processes = [running.enter_context(_started(command)) for command in commands]
        while any(process.poll() is None for process in processes):
            peak.look(_shares([process.pid for process in processes if process.returncode is None]))
            time.sleep(_PAUSE_SECONDS)
    return peak


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _shares(roots: Sequence[int]) -> dict[str, Share]:
    """By role, of all processes at and below these."""
    found: dict[str, Share] = {}
    held: dict[int, int] = {}
    mapped: set[int] = set()
    for root in roots:
        for process, role in _processes(root):
            with suppress(psutil.Error, OSError):
                found[role] = found.get(role, Share(0, 0)) + _share_of(process.pid)
                held |= dict(_memory_files(process.pid))
                mapped |= _mapped_files(process.pid)
    unmapped = sum(size for inode, size in held.items() if inode not in mapped)
    return found | ({"unmapped": Share(unmapped, 0)} if unmapped else {})


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
                else:
                    zygotes.add(process.pid)
                    yield process, "zygote"


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


def _mapped_files(process_id: int) -> set[int]:
    """The inodes of the files in memory that a process maps."""
    lines = Path(f"/proc/{process_id}/maps").read_text(encoding="ascii", errors="replace").splitlines()
    return {int(line.split()[4]) for line in lines if " /memfd:" in line}


def check_command(sample: Path) -> list[str]:
    """`grader check` in full, training and timing included."""
    return [sys.executable, "-m", "grader", "check", str(sample), "--spec", sample.parent.name, "--seed", "0"]


def one_submission(runs: int = 3) -> list[int]:
    """Bytes, of `grader check` on the sample."""
    return [peak_of(check_command(SAMPLE)).whole for _ in range(runs)]


def a_class(spec: str) -> Peak:
    """`grader batch` over all samples of a spec."""
    samples = SAMPLE.parents[1] / spec
    with tempfile.TemporaryDirectory() as out:
        options = ["--spec", spec, "--out", out, "--seed", "0"]
        return peak_of([sys.executable, "-m", "grader", "batch", str(samples), *options])


def shown(title: str, peak: Peak) -> str:
    """A table of the peak."""
    lines = [f"{title}: {peak.whole / _MIB:.0f} MiB at most"]
    for role, share in peak.roles.items():
        parts = f"{share.private / _MIB:4.0f} private {share.shared / _MIB:4.0f} shared"
        lines.append(f"  {role:12} {parts}   (alone at most {peak.greatest[role] / _MIB:.0f})")
    return "\n".join(lines)


def main(specs: Sequence[str]) -> None:
    """Print the peaks of one job, of two at once, and of a class."""
    for spec in specs:
        sample = next(each for each in (SAMPLE.parents[1] / spec).iterdir() if each.name in _RIGHT)
        command = check_command(sample)
        one, two = peak_of(command), peak_of(command, command)
        print(shown(f"{spec}, {sample.name}", one))
        print(shown("two at once", two))
        print(f"  each further job: {(two.whole - one.whole) / _MIB:.0f} MiB")
        print(shown("its class", a_class(spec)), flush=True)


_RIGHT = ("perfect_module", "zip_as_handed_in", "package_folder")

if __name__ == "__main__":
    main(sys.argv[1:] or ("cs231n", "eecs498_2019", "eecs498_2020"))
