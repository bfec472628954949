"""The files of each platform's archive."""

import ast
import json
import shutil
import subprocess
import uuid
from dataclasses import replace

import pytest

from grader.frontends.packages.archive import PackageContents, members, spec_path
from grader.frontends.packages.grading import PackageSettings
from grader.spec import FOLDER_SPEC, load_spec
from grader.spec.starting import write_new_spec
from tests.pace import HANG_SECONDS
from tests.samples import MINI_NUMPY_SPEC, mini_spec

PLATFORMS = ("gradescope", "prairielearn", "classroom50")


def contents(platform="gradescope", loaded=None, **changes):
    loaded = loaded or load_spec("cs231n")
    made = PackageContents(
        platform=platform,
        loaded=loaded,
        settings=PackageSettings(spec=spec_path(loaded)),
        wheel=b"wheel",
        requirements=("numpy>=2", "rich>=13.9"),
        constraints="numpy==2.4.6\n",
        wheels={},
    )
    return replace(made, **changes)


def words_of(files, name):
    return files[name].content.decode()


def test_gradescope_finds_its_two_programs_at_the_root():
    files = members(contents())

    assert sorted(files) == [
        "constraints.txt",
        "grading.json",
        "linear_classifier_grader-0.1.0-py3-none-any.whl",
        "requirements.txt",
        "run_autograder",
        "setup.sh",
    ]
    assert files["setup.sh"].is_program
    assert files["run_autograder"].is_program
    assert words_of(files, "run_autograder").startswith("#!/bin/sh\n")
    assert words_of(files, "requirements.txt") == "numpy>=2\nrich>=13.9\n"


def test_a_question_of_prairielearn_and_the_image_that_grades_it():
    files = members(contents("prairielearn", image="course/grader:1"))

    assert {name for name in files if name.startswith("questions/")} == {
        "questions/cs231n/info.json",
        "questions/cs231n/question.html",
        "questions/cs231n/tests/fault.json",
        "questions/cs231n/tests/grading.json",
        "questions/cs231n/tests/run.sh",
    }
    info = json.loads(words_of(files, "questions/cs231n/info.json"))
    assert info.keys() == {
        "uuid", "title", "topic", "type", "gradingMethod", "singleVariant", "externalGradingOptions",
    }  # fmt: skip
    assert uuid.UUID(info["uuid"]).version == 4
    assert info["externalGradingOptions"] == {
        "enabled": True,
        "image": "course/grader:1",
        "entrypoint": ["/grade/tests/run.sh"],
        "timeout": 600,
    }
    fault = json.loads(words_of(files, "questions/cs231n/tests/fault.json"))
    assert fault["gradable"] is False
    assert "score" not in fault
    assert words_of(files, "image/Dockerfile").count("setup.sh") == 1


def test_an_assignment_of_classroom_50_is_a_folder_with_its_autograder():
    files = members(contents("classroom50"))

    assert "cs231n/autograder.py" in files
    assert {name.partition("/")[0] for name in files} == {"cs231n"}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_file_names_a_host_and_each_script_is_whole(platform):
    files = members(contents(platform))

    for name, member in files.items():
        text = member.content.decode()
        assert "://" not in text, name
        assert "@WATCHDOG" not in text, name
        if text.startswith("#!/bin/sh"):
            subprocess.run(["sh", "-n"], input=text, text=True, check=True, timeout=HANG_SECONDS)
        if name.endswith(".py"):
            ast.parse(text)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_grading_is_stopped_at_the_time_of_the_settings(platform):
    settings = PackageSettings(spec="cs231n", limit_seconds=300)
    files = members(contents(platform, settings=settings))
    (script,) = (
        member.content.decode()
        for name, member in files.items()
        if name.rpartition("/")[2] in {"run_autograder", "run.sh", "autograder.py"}
    )

    assert "270" in script


def test_a_file_of_the_instructors_own_goes_along(tmp_path):
    loaded = mini_spec(tmp_path, MINI_NUMPY_SPEC)

    files = members(contents(loaded=loaded))

    assert words_of(files, "spec/mini.toml") == MINI_NUMPY_SPEC
    assert json.loads(words_of(files, "grading.json"))["spec"] == "spec/mini.toml"


def test_of_an_own_folder_goes_along_what_grades_and_no_right_or_wrong_implementation(tmp_path):
    folder = tmp_path / "kmeans"
    write_new_spec(folder)
    (folder / "drivers.py").write_text("def call(function, x):\n    return function(x)\n", encoding="utf-8")
    shutil.copy(folder / "questions.py", folder / "notes.py")

    files = members(contents("prairielearn", load_spec(str(folder))))

    assert {name for name in files if "/spec/" in name} == {
        f"questions/kmeans/tests/spec/kmeans/{name}" for name in (FOLDER_SPEC, "questions.py", "drivers.py")
    }
    assert json.loads(words_of(files, "questions/kmeans/tests/grading.json"))["spec"] == (
        "spec/kmeans/spec.toml"
    )


def test_the_wheels_and_the_index_of_torch_go_along():
    files = members(contents(wheels={"a-1-py3-none-any.whl": b"a"}, torch_index="https://example.edu/cpu"))

    assert files["wheels/a-1-py3-none-any.whl"].content == b"a"
    assert words_of(files, "torch_index.txt") == "https://example.edu/cpu\n"


def test_a_title_is_no_html(tmp_path):
    text = MINI_NUMPY_SPEC.replace('title = "Mini"', 'title = "<b>Mini</b>"', 1)

    files = members(contents("prairielearn", mini_spec(tmp_path, text)))

    assert "&lt;b&gt;Mini&lt;/b&gt;" in words_of(files, "questions/mini/question.html")
