"""The head start: for which words there is one, that it comes before all large imports, and that nothing of it is left."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from typer.core import TyperGroup
from typer.main import get_command

from grader.errors import SandboxError
from grader.frontends.app import app
from grader.frontends.head_start import FLAGS, OPTIONS, forecast, head_start
from grader.sandbox import launch
from tests.pace import HANG_SECONDS
from tests.samples import BOTH_FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
NUMPY, TORCH = "cs231n", "eecs498_2019"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with a submission of NumPy, one of torch, and a class."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    (tmp_path / "hw.py").write_text("import numpy as np\n")
    (tmp_path / "deep.py").write_text("import torch\n")
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ann.py").write_text("import torch\n")
    return tmp_path


class Process:
    """In the place of a launcher."""

    def __init__(self, *, with_torch):
        self.has_torch = with_torch
        self.is_closed = False

    def close(self):
        self.is_closed = True


@pytest.fixture
def started(monkeypatch):
    """The launchers that were made."""
    made = []

    def make(*, with_torch):
        made.append(Process(with_torch=with_torch))
        return made[-1]

    for name in ("ForkLauncher", "SingleLauncher"):
        monkeypatch.setattr(launch, name, make)
    return made


def test_the_options_are_those_of_the_commands():
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    for name in OPTIONS:
        made = [*options_of(group.commands[name])]

        assert {word for word, takes_value in made if takes_value} == OPTIONS[name], name
        assert {word for word, takes_value in made if not takes_value} == FLAGS[name], name


def options_of(command):
    for option in command.params:
        if option.param_type_name == "option":
            assert not option.secondary_opts
            for word in option.opts:
                yield word, not option.is_flag


@pytest.mark.parametrize(
    "words, expected",
    [
        (["check", "hw.py"], False),
        (["check", "deep.py"], True),
        (["check", "hw.py", "--spec", TORCH], True),
        (["check", f"--spec={NUMPY}", "deep.py"], False),
        (["check", "--data", "deep.py", "--only", "a", "--only=b", "--quick", "hw.py"], False),
        (["batch", "class", "--spec", NUMPY, "--out", "o", "-j", "1"], False),
        (["batch", "--spec", TORCH, "--out", "o", "--jobs=1", "--anyway", "class"], True),
    ],
)
def test_what_will_be_needed_is_guessed_from_the_spec_or_else_the_submission(folder, words, expected):
    assert forecast(words) is expected


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["--version"],
        ["check"],
        ["check", "--help"],
        ["check", "hw.py", "--help"],
        ["check", "no_such.py"],
        ["check", ""],
        ["check", "a\0b"],
        ["check", "hw.py", "deep.py"],
        ["check", "hw.py", "--out", "o"],
        ["check", "hw.py", "--quick=yes"],
        ["check", "--spec", NUMPY],
        ["check", "no_such.py", "--spec", NUMPY],
        ["batch", "class", "--out", "o"],
        ["batch", "class", "--spec", NUMPY, "--only", "a"],
        ["batch", "class", "--spec", NUMPY, "--out", "o"],
        ["batch", "class", "--spec", NUMPY, "--out", "o", "-j", "2"],
        ["extract", "hw.py"],
        ["spec", "list"],
        ["spec", "validate", "mine.toml"],
        ["doctor"],
    ],
)
def test_a_command_that_grades_nothing_has_no_head_start(folder, started, words):
    with head_start(words):
        pass

    assert started == []


def test_the_command_takes_the_process_over(folder, started):
    with head_start(["check", "hw.py"]):
        made = [launch.make_launcher(with_torch=False) for _ in range(2)]

    assert made == started
    assert [each.is_closed for each in started] == [False, False]


def test_a_process_of_other_terms_is_ended_when_the_command_starts_its_own(folder, started):
    with head_start(["check", "hw.py"]):
        own = launch.make_launcher(with_torch=True)

        assert [each.is_closed for each in started] == [True, False]
    assert [own] == [each for each in started if not each.is_closed]
    assert own.has_torch


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_a_process_that_is_not_taken_over_is_ended(folder, started, error):
    with pytest.raises(error), head_start(["check", "hw.py"]):
        raise error

    assert [each.is_closed for each in started] == [True]


def test_what_keeps_the_process_from_starting_is_left_to_the_command(folder, monkeypatch):
    def refuse(**_):
        raise SandboxError("no process")

    monkeypatch.setattr(launch, "start_early", refuse)

    with head_start(["check", "hw.py"]):
        pass


def test_it_starts_before_anything_large_is_imported(folder):
    code = (
        "import sys; from grader.sandbox import launch\n"
        "def stop(**_):\n"
        "    print(sorted({'typer', 'rich', 'pydantic', 'numpy', 'torch'} & sys.modules.keys())); sys.exit(7)\n"
        "launch.ForkLauncher = launch.SingleLauncher = stop\n"
        "sys.argv[1:] = ['check', 'hw.py']; from grader.frontends.cli import main; main()"
    )

    ran = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)

    assert (ran.returncode, ran.stdout, ran.stderr) == (7, "[]\n", "")


@pytest.fixture
def run(folder, monkeypatch):
    """(words) to the grader in a process, with a temporary folder of its own; it must leave nothing."""
    (folder / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(folder / "temporary"))
    started = []

    def start(*words):
        command = [sys.executable, "-m", "grader", *words]
        it = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        started.append(it)
        return it

    yield start
    for each in started:
        each.kill()
        each.communicate()


def beside(judge):
    """The processes for students' code of this judge, alive or not."""
    for each in psutil.process_iter(["cmdline"]):
        words = each.info["cmdline"] or []
        if any(word.endswith("zygote.py") for word in words) and str(judge) in words:
            yield each


def test_wrong_usage_leaves_nothing(run, folder):
    judge = run("check", "hw.py", "--seed", "many")
    _, errors = judge.communicate(timeout=HANG_SECONDS)

    assert judge.returncode == 2
    assert "expected a whole number" in errors
    assert list(beside(judge.pid)) == []
    assert list((folder / "temporary").iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ctrl_c_at_once_leaves_nothing_and_says_nothing(run, folder):
    (folder / "hw.py").write_text(BOTH_FUNCTIONS)
    judge = run("check", "hw.py", "--spec", NUMPY)
    deadline = time.monotonic() + HANG_SECONDS
    while not list(beside(judge.pid)):
        assert time.monotonic() < deadline
    judge.send_signal(signal.SIGINT)
    _, errors = judge.communicate(timeout=HANG_SECONDS)

    # On a busy machine the signal may come when all is done, and Python no longer handles it.
    assert judge.returncode in {130, -signal.SIGINT}
    assert errors == ""
    assert list(beside(judge.pid)) == []
    assert list((folder / "temporary").iterdir()) == []
