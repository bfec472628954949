"""`grader package`."""

import json
import zipfile

import pytest
from typer.testing import CliRunner

from grader.frontends.app import app
from grader.frontends.commands import packaging
from tests.samples import MINI_NUMPY_SPEC, MINI_SPEC


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Runs the command in an empty folder, with a wheel that is made at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("grader.frontends.packages.own_wheel.own_wheel", lambda: b"wheel")

    def ran(*words, code=0):
        done = CliRunner().invoke(app, ["package", *map(str, words)])
        assert done.exit_code == code, (done.output, done.exception)
        return done.output if code == 0 else str(done.exception)

    return ran


def refusal(package, *words):
    return package(*words, code=1)  # the command line turns the error into a sentence and code 2


def test_the_same_package_is_made_again_with_the_same_bytes(package, tmp_path):
    package("gradescope", "--spec", "cs231n", "-o", "a.zip")
    package("gradescope", "--spec", "cs231n", "-o", "b.zip")

    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_a_package_of_a_numpy_spec_needs_no_torch(package, tmp_path):
    (tmp_path / "mini.toml").write_text(MINI_NUMPY_SPEC, encoding="utf-8")
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "mini.toml").write_text(MINI_SPEC, encoding="utf-8")

    without = package("gradescope", "--spec", "mini.toml", "-o", "a.zip")
    with_torch = package("gradescope", "--spec", "torch/mini.toml", "-o", "b.zip")

    required = [zipfile.ZipFile(name).read("requirements.txt").decode() for name in ("a.zip", "b.zip")]
    assert ["torch" in each for each in required] == [False, True]
    assert "--torch-index or --wheels avoids that" not in without
    assert "--torch-index or --wheels avoids that" in with_torch


def test_the_options_reach_the_settings(package):
    package(
        "prairielearn", "--spec", "cs231n", "-o", "a.zip", "--isolation", "partial", "--quick", "--timeout", "120",
        "--image", "course/grader:2",
    )  # fmt: skip

    with zipfile.ZipFile("a.zip") as archive:
        settings = json.loads(archive.read("questions/cs231n/tests/grading.json"))
        info = json.loads(archive.read("questions/cs231n/info.json"))
    assert settings == {"spec": "cs231n", "isolation": "partial", "is_quick": True, "limit_seconds": 120}
    assert info["externalGradingOptions"]["image"] == "course/grader:2"
    assert info["externalGradingOptions"]["timeout"] == 120


@pytest.mark.parametrize("name", ["gradescope", "prairielearn", "classroom50"])
def test_it_says_what_to_do_next(package, name):
    output = package(name, "--spec", "cs231n", "-o", "a.zip", "--isolation", "process")

    step = {
        "gradescope": "Configure Autograder",
        "prairielearn": "docker build",
        "classroom50": "autograders/",
    }
    assert output.startswith("Package: a.zip (")
    assert step[name] in output
    assert "students' code only at level process" in output


def test_a_public_package_with_something_hidden_is_told(package, tmp_path):
    words = "Anyone can download it"
    hidden = MINI_NUMPY_SPEC.replace('id = "f_values"', 'id = "f_values"\nvisibility = "hidden"')
    (tmp_path / "mini.toml").write_text(hidden, encoding="utf-8")

    assert words in package("classroom50", "--spec", "mini.toml", "-o", "a.zip")
    assert words not in package("classroom50", "--spec", "cs231n", "-o", "a.zip")


@pytest.mark.parametrize(
    "words, message",
    [
        (("gradescope", "-o", "a.tar"), "a.tar: -o writes a package; give a .zip file"),
        (("gradescope", "-o", "none/a.zip"), "none/a.zip: cannot be written: there is no folder none; make it first"),
        (("gradescope", "-o", "own.zip"), "own.zip: this .zip is not a package, so it is not replaced; give -o another name"),
        (("gradescope", "-o", "folder.zip"), "folder.zip: is a folder; give the path of a file"),
        (("gradescope", "-o", "a.zip", "--timeout", "5000"), "--timeout: gradescope takes 60 to 2400 s, not 5000"),
        (("prairielearn", "-o", "a.zip", "--timeout", "601"), "--timeout: prairielearn takes 60 to 600 s, not 601"),
        (("gradescope", "-o", "a.zip", "--image", "x"), "--image is for prairielearn, whose questions name the image that grades them"),
        (
            ("gradescope", "-o", "a.zip", "--torch-index", "x"),
            "--torch-index: no torch is downloaded for this package: cs231n takes NumPy arrays",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_is_written(package, tmp_path, words, message):
    with zipfile.ZipFile(tmp_path / "own.zip", "w") as archive:
        archive.writestr("a student's work", "")
    (tmp_path / "folder.zip").mkdir()

    assert refusal(package, *words, "--spec", "cs231n") == message
    assert not (tmp_path / "a.zip").exists()


def test_what_classroom_50_would_not_download_is_refused(package, tmp_path, monkeypatch):
    monkeypatch.setattr("grader.frontends.packages.archive.CLASSROOM50_GREATEST_BYTES", 1 << 10)

    message = refusal(package, "classroom50", "--spec", "cs231n", "-o", "a.zip")

    assert "Classroom 50 downloads at most 1 KiB: leave out --wheels" in message
    assert not (tmp_path / "a.zip").exists()


def test_a_quick_package_of_slow_checks_alone_is_refused(package, tmp_path):
    speed = '[[checks]]\nid = "s"\nkind = "speedup"\ntitle = "s"\nnaive = "f"\nvectorized = "g"\npoints = 5\n'
    head = MINI_NUMPY_SPEC.partition("[[checks]]")[0]
    (tmp_path / "mini.toml").write_text(head + speed, encoding="utf-8")

    message = refusal(package, "gradescope", "--spec", "mini.toml", "-o", "a.zip", "--quick")

    assert message == "--quick leaves nothing of mini to grade: all of its checks time or train"


def test_every_platform_has_its_limits():
    assert packaging._limit("gradescope", None) == 600
    assert packaging._limit("classroom50", 7200) == 7200
