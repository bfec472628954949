"""The same as a user without any privilege, as on a laptop or a shared server: workers are that user too."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.attacks.attack import ATTACKS, SUBMISSIONS
from tests.attacks.school_class import RIGHT_POINTS
from tests.attacks.unprivileged import CORE, NOBODY, command_as_nobody

REPOSITORY = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are confined on Linux only")


def as_nobody(*arguments, folder):
    """Run Python without privilege, or skip where that cannot be done here."""
    python = [sys.executable, "-B", *arguments]
    is_root = os.geteuid() == 0
    if is_root and not all(map(shutil.which, ("unshare", "setpriv", "mount"))):
        pytest.skip("no unshare, setpriv or mount here to become nobody with")
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TMPDIR": str(folder), "HOME": str(folder)}
    return subprocess.run(
        command_as_nobody(python) if is_root else python,
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder():
    """One that nobody may enter and write to: pytest's own is closed to others."""
    made = Path(tempfile.mkdtemp(prefix="attacks-"))
    if os.geteuid() == 0:
        os.chown(made, NOBODY, NOBODY)
    yield made
    shutil.rmtree(made)


def test_the_core_is_of_attacks_that_there_are():
    assert set(CORE) <= {attack.name for attack in ATTACKS}
    assert len(CORE) >= 20


@pytest.mark.slow
def test_a_batch_of_attacks_on_an_unprivileged_judge(folder):
    probe = as_nobody(
        "-c", "import os, torch, grader; print(os.getuid(), os.access('/', os.W_OK))", folder=folder
    )
    if probe.returncode:
        pytest.skip(f"nobody cannot use this interpreter: {probe.stderr.strip()[-200:]}")

    ran = as_nobody("-m", "tests.attacks.unprivileged", str(folder), folder=folder)

    assert ran.returncode == 0, ran.stderr
    seen = json.loads(ran.stdout)
    if seen["isolation"] != "confined":
        pytest.skip(f"this machine does not confine workers: {seen['missing']}")
    assert 0 not in seen["user"]
    assert seen["left"] == []
    assert set(seen["scores"]) == set(seen["limits"])
    for name, limit in seen["limits"].items():
        assert seen["scores"][name] is not None
        assert seen["scores"][name] <= limit
        assert name.rpartition("_")[2] != "right" or seen["scores"][name] == RIGHT_POINTS
        for part in says(name):
            assert part in seen["words"][name], name


def says(name):
    """What the words must contain; the closed folder is noticed before it is full, where the judge may not look."""
    attack = name.partition("_")[2]
    if attack == "right" or attack.startswith("memory_private"):
        return []
    if attack == "disk_closed_folder":
        return ["made a folder that cannot be read"]
    return json.loads((SUBMISSIONS / attack / "expected.json").read_text(encoding="utf-8")).get("says", [])
