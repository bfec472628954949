"""setup.sh, with a Python that only writes down what it is asked to do."""

import os
import subprocess
from pathlib import Path

import pytest

import grader.frontends.packages
from tests.pace import HANG_SECONDS

SETUP = Path(grader.frontends.packages.__file__).parent / "files" / "setup.sh"

PYTHON = """\
#!/bin/sh
echo "$@" >> "$LOG"
case "$*" in
    *"import sys, venv"*) exit "${UNFIT:-0}" ;;
    *"-m venv"*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
    *"-m pip"*) exit "${PIP_CODE:-0}" ;;
esac
"""


class Setup:
    """An unpacked package, and programs that do nothing."""

    def __init__(self, root):
        self.root, self.programs, self.package = root, root / "bin", root / "a source"

    def __call__(self, **environment):
        """Run setup.sh: the exit code, its output, and what Python was asked to do."""
        log = self.root / "log"
        log.write_text("", encoding="utf-8")
        given = {"PATH": f"{self.programs}:/usr/bin:/bin", "LOG": str(log), "AUTOGRADER_ROOT": str(self.root)}
        done = subprocess.run(
            ["sh", str(self.package / "setup.sh")],
            env={**given, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )
        text = log.read_text(encoding="utf-8").replace(str(self.package), "PACKAGE")
        lines = text.replace(str(self.root), "ROOT").splitlines()
        asked = [line for line in lines if "import sys" not in line and "--version" not in line]
        return done.returncode, done.stdout, asked


@pytest.fixture
def setup(tmp_path):
    made = Setup(tmp_path)
    programs, package = made.programs, made.package
    programs.mkdir()
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        (programs / name).write_text(PYTHON, encoding="utf-8")
        (programs / name).chmod(0o755)
    package.mkdir()
    (package / "setup.sh").write_text(SETUP.read_text(encoding="utf-8"), encoding="utf-8")
    (package / "constraints.txt").write_text("numpy==2.4.6\ntorch==2.13.0\n", encoding="utf-8")
    (package / "linear_classifier_grader-1.0-py3-none-any.whl").touch()
    (package / "grading.json").touch()
    return made


INSTALL = "-I -m pip install -q"
LAST = [
    f"{INSTALL} --no-deps --no-index PACKAGE/linear_classifier_grader-1.0-py3-none-any.whl",
    "-I -m grader.frontends.packages.run look PACKAGE",
]


def test_it_makes_an_environment_of_its_own_with_the_tested_versions(setup):
    code, output, asked = setup()

    assert code == 0, output
    assert asked == [
        "-m venv --clear ROOT/grader-venv",
        f"{INSTALL} -c PACKAGE/constraints.txt -r PACKAGE/requirements.txt",
        *LAST,
    ]


def test_with_wheels_nothing_is_downloaded(setup):
    (setup.package / "wheels").mkdir()
    (setup.package / "torch_index.txt").write_text("https://example.edu", encoding="utf-8")

    _, _, asked = setup()

    assert asked[1:] == [
        f"{INSTALL} --no-index --find-links PACKAGE/wheels -c PACKAGE/constraints.txt -r PACKAGE/requirements.txt",
        *LAST,
    ]


def test_torch_comes_from_its_own_index_and_nothing_else_does(setup):
    (setup.package / "torch_index.txt").write_text("https://example.edu/cpu\n", encoding="utf-8")

    _, _, asked = setup()

    assert asked[1:] == [
        f"{INSTALL} --no-deps --index-url https://example.edu/cpu torch==2.13.0",
        f"{INSTALL} -c PACKAGE/constraints.txt -r PACKAGE/requirements.txt",
        *LAST,
    ]


def test_a_failure_of_pip_ends_it_with_a_sentence(setup):
    code, output, asked = setup(PIP_CODE="1")

    assert code == 1
    assert output.endswith("setup: pip could not install the grader; see its output above.\n")
    assert LAST[1] not in asked


def test_a_platform_without_a_fitting_python_is_told(setup):
    (setup.programs / "apt-get").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (setup.programs / "apt-get").chmod(0o755)

    code, output, asked = setup(UNFIT="1")

    assert (code, asked) == (1, [])
    assert "setup: Python 3.11, 3.12 or 3.13 with venv is needed" in output


def test_a_fitting_python_is_installed_where_there_is_none(setup):
    fit = setup.programs / "python3.12"
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        (setup.programs / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (setup.programs / "made").write_text(PYTHON, encoding="utf-8")
    (setup.programs / "made").chmod(0o755)
    (setup.programs / "apt-get").write_text(
        f'#!/bin/sh\ncase "$*" in *python3.12\\ *) cp "{setup.programs}/made" "{fit}" ;; update*) ;; *) exit 1 ;; esac\n',
        encoding="utf-8",
    )
    (setup.programs / "apt-get").chmod(0o755)

    code, output, asked = setup()

    assert code == 0, output
    assert asked[0] == "-m venv --clear ROOT/grader-venv"


def test_the_platform_can_name_the_python_and_the_environment(setup, tmp_path):
    own = tmp_path / "own-python"
    own.write_text(PYTHON, encoding="utf-8")
    own.chmod(0o755)
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        (setup.programs / name).unlink()

    code, output, asked = setup(PYTHON=str(own), GRADER_VENV=str(tmp_path / "elsewhere"))

    assert code == 0, output
    assert asked[0] == "-m venv --clear ROOT/elsewhere"
    assert os.access(tmp_path / "elsewhere" / "bin" / "python", os.X_OK)
