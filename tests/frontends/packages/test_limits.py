"""Gradescope's package of a whole assignment, under Gradescope's limits: 768 MB, half a core, ten minutes."""

import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.frontends.packages.test_layouts import ROOT, Gradescope

pytestmark = pytest.mark.slow

MEMORY_BYTES = 768 << 20
TEN_MINUTES = 600
GROUPS = Path("/sys/fs/cgroup")


def limited(name):
    """Folders of new control groups with Gradescope's limits, version 2 or 1; skips where that cannot be done."""
    if (GROUPS / "cgroup.controllers").exists():
        limits = {GROUPS / name: {"memory.max": MEMORY_BYTES, "cpu.max": "50000 100000"}}
    else:
        limits = {
            GROUPS / "memory" / name: {"memory.limit_in_bytes": MEMORY_BYTES},
            GROUPS / "cpu" / name: {"cpu.cfs_period_us": 100_000, "cpu.cfs_quota_us": 50_000},
        }
    try:
        for folder, values in limits.items():
            folder.mkdir()
            for file, value in values.items():
                (folder / file).write_text(str(value), encoding="ascii")
    except OSError as error:
        remove(limits)
        pytest.skip(f"needs control groups of its own: {error}")
    return [*limits]


def remove(folders):
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


@pytest.fixture
def groups():
    made = limited(f"grader-test-{os.getpid()}")
    yield made
    remove(made)


@pytest.fixture
def folder():
    made = Path(tempfile.mkdtemp(prefix="platform-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.mark.parametrize(
    "spec, sample, options",
    [
        # Torch needs more of both; in NumPy it is enough to call each function.
        pytest.param("cs231n", "package_folder", ["--quick"], id="NumPy"),
        pytest.param("eecs498_2019", "perfect_module", [], id="torch, whole"),
    ],
)
def test_a_right_submission_is_graded_within_gradescopes_limits(groups, folder, spec, sample, options):
    gradescope = Gradescope(folder, "--isolation", "process", *options, spec=spec)
    shutil.copytree(ROOT / "submissions" / spec / sample, folder / "submission")
    enter = "; ".join(f"echo $$ > {each}/cgroup.procs" for each in groups)

    started = time.monotonic()
    code, output = gradescope.grade(lambda command: ["sh", "-c", f'{enter}; exec "$@"', "sh", *command])

    assert code == 0, output
    assert time.monotonic() - started < TEN_MINUTES
    tests = gradescope.results["tests"]
    assert gradescope.results["score"] == sum(each.get("max_score", 0) for each in tests) > 0
    assert options or "not run" not in str(gradescope.results).lower()
