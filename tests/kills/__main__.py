"""Stop a class in every way at random moments, and go on: the gradebook must be that of an undisturbed run; see --help."""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from grader.errors import ReportError
from grader.model.report import parse_report

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ("package_folder", "equals_minus_one", "float_labels", "half_regularizer", "old_versions")
HOSTILE = """\
import os, signal, time

def svm_loss_naive(W, X, y, reg):
    try:
        os.setsid()
    except OSError:
        pass
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for _ in range(2):
        try:
            if os.fork() == 0:
                time.sleep(1000)
        except OSError:
            pass
    time.sleep(1000)
"""
"""It leaves processes where it can, and never returns."""

CALL_SECONDS = 1
"""As long as a call of the hostile one may take."""

MARK = "GRADER_KILLS"
"""In the environment of all that a run starts."""

HANG_SECONDS = 600.0

KINDS = {
    "kill": (signal.SIGKILL, 50),
    "job": (signal.SIGKILL, 20),
    "int": (signal.SIGINT, 10),
    "term": (signal.SIGTERM, 10),
    "hup": (signal.SIGHUP, 10),
}
"""The signal of each, and how often; `job` goes to a job process, the others to the coordinator."""

_EXIT_CODES = {
    "kill": {-signal.SIGKILL, 0},
    "job": {0},
    "int": {130, 0, 1, -signal.SIGINT},
    "term": {130, 0, -signal.SIGTERM},
    "hup": {130, 0, -signal.SIGHUP},
}
"""0: it was over. A Python that is still starting is ended by the signal itself."""


@dataclass(frozen=True, slots=True)
class Course:
    """A class in a folder, graded in about a second on an idle machine."""

    folder: Path

    @property
    def temporary(self) -> Path:
        """Where runs make their temporary folders."""
        return self.folder / "temporary"

    def start(self, out: Path) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "grader", "batch", "class", "--spec", "short.toml", "--out", str(out)]
        return subprocess.Popen(
            [*words, "--quick", "--seed", "5", "-j", "2", "--isolation", "process"],
            cwd=self.folder,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "TMPDIR": str(self.temporary),
                MARK: str(self.folder),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def alive(self, known: Sequence[psutil.Process] = ()) -> list[psutil.Process]:
        """What is left of a run: all with its mark or in its folders, and those known to be below it."""
        return [
            each
            for each in {*known, *psutil.process_iter()}
            if _is_alive(each) and (each in known or self._is_ours(each))
        ]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            place = process.cwd().startswith(str(self.folder))
            return place or process.environ().get(MARK) == str(self.folder)
        except (psutil.Error, OSError):
            return False


def make_course(folder: Path) -> Course:
    """A class of six, one hostile, and a spec whose calls are short."""
    (folder / "class").mkdir()
    (folder / "temporary").mkdir()
    for name in SAMPLES:
        source = ROOT / "submissions" / "cs231n" / name
        shutil.copytree(source, folder / "class" / name, ignore=shutil.ignore_patterns("expected.json"))
    (folder / "class" / "hostile.py").write_text(HOSTILE, encoding="utf-8")
    spec = (ROOT / "test_specs" / "cs231n.toml").read_text(encoding="utf-8")
    limits = "call_seconds = 5\n"
    assert limits in spec
    short = f"call_seconds = {CALL_SECONDS}\n"
    (folder / "short.toml").write_text(spec.replace(limits, short), encoding="utf-8")
    return Course(folder)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def gradebook(out: Path) -> str:
    """As it is on disk; FileNotFoundError if there is none."""
    return (out / "gradebook.csv").read_text(encoding="utf-8")


def finished(course: Course, out: Path) -> tuple[int, str]:
    """Exit code and words of a run that nobody stops."""
    process = course.start(out)
    said, _ = process.communicate(timeout=HANG_SECONDS)
    return process.returncode, said


def faults(course: Course, kind: str, out: Path, seconds: float, expected: str, within: float) -> list[str]:
    """Stop a run after so many seconds and run it again: all that is not as it should be, in words."""
    process = course.start(out)
    time.sleep(seconds)
    below = _below(process.pid)
    _stop(process, below, kind, seconds)
    said, _ = process.communicate(timeout=HANG_SECONDS)
    stopped = time.monotonic()
    while (left := course.alive(below)) and time.monotonic() < stopped + within:
        time.sleep(0.02)
    found = [f"still alive after {within:g} s: {each.pid} {' '.join(_words(each))[:120]}" for each in left]
    is_early = not (out / "reports").exists()  # Python itself may still be starting, and has words of its own
    if process.returncode not in _EXIT_CODES[kind] or ("Traceback" in said and not is_early):
        found.append(f"exit code {process.returncode}: {said}")
    if kind == "job" and gradebook(out) != expected:
        found.append("another gradebook")
    if kind != "kill":
        found += _left(course, out)
    found += _half_reports(out)
    code, said = finished(course, out)
    if code != 0:
        found.append(f"the run after it: exit code {code}: {said}")
    elif gradebook(out) != expected:
        found.append("another gradebook after the run after it")
    return found + [f"the run after it: {each}" for each in _left(course, out)]


def _stop(process: subprocess.Popen[str], below: Sequence[psutil.Process], kind: str, seconds: float) -> None:
    number, _ = KINDS[kind]
    if kind != "job":
        process.send_signal(number)
        return
    jobs = [each for each in below if "job_process" in " ".join(_words(each))]
    if jobs and process.poll() is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            random.Random(seconds).choice(jobs).send_signal(number)


def _left(course: Course, out: Path) -> list[str]:
    """Temporary folders, and files that are not whole."""
    return [f"left: {each}" for each in (*course.temporary.iterdir(), *out.rglob("*.part"))]


def _half_reports(out: Path) -> list[str]:
    found = []
    for path in out.glob("reports/*.json"):
        try:
            parse_report(path.read_text(encoding="utf-8"))
        except ReportError as error:
            found.append(f"{path.name}: {error}")
    return found


def _below(process_id: int) -> list[psutil.Process]:
    try:
        return psutil.Process(process_id).children(recursive=True)
    except psutil.Error:
        return []


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def main() -> int:
    """Each kind as often as asked for; 1 if anything was not as it should be."""
    asked = _options()
    failures = 0
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        Path(folder).chmod(0o755)  # the workers' users pass through
        course = make_course(Path(folder))
        began = time.monotonic()
        code, said = finished(course, course.folder / "undisturbed")
        whole = time.monotonic() - began
        if code != 0:
            print(said)
            return 1
        expected = gradebook(course.folder / "undisturbed")
        draw = random.Random(asked.seed)
        for kind in asked.kinds or KINDS:
            times = asked.times or KINDS[kind][1]
            for number in range(times):
                first = 0.2 if kind == "job" else 0.0  # there is none before
                seconds, out = draw.uniform(first, 0.9) * whole, course.folder / f"{kind}-{number}"
                found = faults(course, kind, out, seconds, expected, asked.within)
                failures += bool(found)
                for each in found:
                    print(f"{kind} {number + 1}, after {seconds:.2f} of {whole:.1f} s: {each}", flush=True)
                shutil.rmtree(out, ignore_errors=True)
            print(f"{kind}: {times} times", flush=True)
    print(f"{failures} not as they should be" if failures else "all as they should be")
    return 1 if failures else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument(
        "--kind", action="append", choices=list(KINDS), dest="kinds", help="only this; may be repeated"
    )
    parser.add_argument("--times", type=int, help="of each kind; otherwise 50, 20, 10, 10 and 10")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument(
        "--within", type=float, default=2.0, help="seconds until nothing is left; more on a busy machine"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
