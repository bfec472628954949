"""kill -9 of a batch's judge in the middle: nothing of it lives on, and every report that was written is whole."""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from tests.attacks.attack import ATTACKS, HERE
from tests.attacks.school_class import make_class, reports_in
from tests.pace import HANG_SECONDS, process_seconds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are confined on Linux only")

MOMENTS = 6
WITHIN_STARTS = 60
"""Nothing lives longer than this many starts of a Python take on this machine just then: 2 s on an idle one."""

HOSTILE = (
    "exit_at_once",
    "kill_everybody",
    "loop_deadlock_in_threads",
    "loop_stopped",
    "loop_that_swallows_exceptions",
    "main_replaced",
    "modules_exit_disarmed",
    "signals_handled",
    "spawn_daemon",
    "wire_closed",
)
"""They hold on to life, or to the wire."""


@pytest.fixture
def folder():
    """The temporary folder of the judges alone, by which all that they start is known."""
    made = Path(tempfile.mkdtemp(prefix="attacks-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def alive_below(folder):
    """Processes that stand in the folder or below, as zygotes and workers do."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd().startswith(str(folder)) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


@pytest.mark.slow
def test_a_judge_that_is_killed_leaves_no_process_and_no_half_report(folder, tmp_path):
    chosen = [attack for attack in ATTACKS if attack.name in HOSTILE]
    assert len(chosen) == len(HOSTILE)
    school_class = make_class(tmp_path / "class", chosen, ())
    out, temporary = tmp_path / "out", folder / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-m", "grader.frontends.cli", "batch", str(school_class.folder), "--spec"]
    command += [str(HERE / "attacks.toml"), "--out", str(out), "--isolation", "process"]
    draw = random.Random(7)
    finished = 0
    for number in range(MOMENTS):
        judge = subprocess.Popen(
            [*command, "-j", str(1 + number % 2)],
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + HANG_SECONDS
        while not has_begun(temporary, number) and judge.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        while number % 3 == 2 and len(reports_in(out)) == finished and time.monotonic() < deadline:
            time.sleep(0.01)  # however slow the machine is, there is something to lose
        time.sleep(draw.uniform(0, 1.5))
        started = {process.pid for process in alive_below(temporary)}
        children = {child.pid for child in psutil.Process(judge.pid).children(recursive=True)}

        judge.send_signal(signal.SIGKILL)
        judge.wait()

        killed = time.monotonic()
        while (alive_below(temporary) or any(map(is_running, children))) and (
            time.monotonic() < killed + HANG_SECONDS
        ):
            time.sleep(0.01)
        gone = time.monotonic() - killed
        assert alive_below(temporary) == [], started
        assert gone < WITHIN_STARTS * process_seconds()
        assert not any(map(is_running, children))
        now = len(reports_in(out))
        assert now >= finished
        finished = now
    assert finished >= 2

    subprocess.run(
        command, env={**os.environ, "TMPDIR": str(temporary)}, stdout=subprocess.DEVNULL, check=False
    )

    reports = reports_in(out)
    assert set(reports) == set(school_class.limits)
    for name, report in reports.items():
        assert report.score is not None
        assert report.score <= school_class.limits[name]
    assert list(temporary.iterdir()) == []  # the last run cleared up after those that were killed


def has_begun(folder, number):
    """Whether there is a zygote, for the first moments, or else a worker, which stands in a folder of its own."""
    return bool(alive_below(folder if number < 3 else folder / "grader-run-"))


def is_running(process_id):
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
