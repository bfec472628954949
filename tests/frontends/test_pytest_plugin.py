"""The pytest plugin, on reports made by hand."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from pathlib import Path

import pytest

from grader.errors import SandboxError
from grader.execution import warm
from grader.frontends import one_submission, pytest_plugin
from grader.intake.entry import ClassEntry
from tests.pace import HANG_SECONDS
from tests.samples import MINI_NUMPY_SPEC, TIMED_CHECK, check_part, mini_spec, report_of

pytest_plugins = ("pytester",)

ROOT = Path(__file__).resolve().parents[2]

CHECKS = (
    check_part(),
    check_part(id="f_inputs", title="f: inputs unchanged", points=0.0, max_points=2.0, status="errored"),
    check_part(
        id="g_values", title="g: values", points=2.5, max_points=5.0, status="failed", hint="Mind reg.",
        message="g: dW is wrong.\x1b[31m",
    ),
    check_part(id="same", title="f and g agree", points=0.0, max_points=3.0, status="skipped", message="g is missing."),
    check_part(id="speed", title="g is fast", points=0.0, max_points=5.0, status="not_run", message="Not run."),
)  # fmt: skip


def ours():
    return {name for name in sys.modules if name.partition(".")[0] in {"grader", "reference", "numpy"}}


@pytest.fixture
def ran(pytester, monkeypatch):
    """Runs pytest with the plugin; grading gives this report."""
    mini_spec(pytester.path, MINI_NUMPY_SPEC + TIMED_CHECK)
    pytester.mkdir("student")
    (pytester.path / "student" / "hw.py").write_text("raise SystemExit('it was run')\n", encoding="utf-8")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:cacheprovider")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # an installed grader brings the plugin too

    def run(
        *words, checks=CHECKS, fault=None, options=("--grader-spec", "mini.toml", "--submission=student")
    ):
        graded = []

        @contextmanager
        def warm_sandbox(*, with_torch):
            del with_torch
            yield None

        def grade_entry(entry, loaded, sandbox, **how):
            assert isinstance(entry, ClassEntry)
            graded.append((entry.path, how))
            if fault is not None:
                raise fault
            return report_of(score=None if checks is CHECKS else 10.0, checks=list(checks))

        monkeypatch.setattr(warm, "warm_sandbox", warm_sandbox)
        monkeypatch.setattr(one_submission, "grade_entry", grade_entry)
        before = ours()
        result = pytester.runpytest_inprocess("-p", pytest_plugin.__name__, *options, *words)
        assert (
            ours() == before
        )  # pytester forgets what is imported meanwhile: other tests would have it twice
        result.graded = graded
        return result

    return run


def test_each_check_is_a_test_that_passes_fails_errs_or_is_skipped(ran):
    result = ran("-rA")

    result.assert_outcomes(passed=1, failed=2, errors=1, skipped=1)
    result.stdout.fnmatch_lines_random(
        [
            "PASSED mini::f_values",
            "ERROR mini::f_inputs*",
            "FAILED mini::g_values*",
            "FAILED mini::same*",
            "g: values: 2.5 of 5 points",
            "Mind reg.",
            "g is missing.",
            "f: inputs unchanged: the grader failed, which costs no points. Run it again.",
        ]
    )
    assert "\x1b[31m" not in result.stdout.str()
    assert "Traceback" not in result.stdout.str()
    assert len(result.graded) == 1


def test_the_score_is_told_at_the_end_if_there_is_one(ran):
    result = ran(checks=[check_part(), *CHECKS[2:]])

    result.stdout.fnmatch_lines(["*= grader: mini =*", "10 of 10 points"])
    ran().stdout.fnmatch_lines(["No score: the grader failed, which costs no points. Run it again."])


def test_partial_credit_is_a_property_of_the_suite_and_of_no_test_case(ran, pytester):
    ran("--junitxml=out.xml")

    (suite,) = ET.parse(pytester.path / "out.xml").getroot()
    points = {each.get("name"): each.get("value") for each in suite.findall("properties/property")}
    assert points["points.g_values"] == "2.5"
    assert points["max_points.g_values"] == "5"
    assert "points.f_inputs" not in points  # the grader failed there
    assert "points.speed" not in points
    assert suite.findall("testcase/properties") == []
    assert next((each.get("classname"), each.get("name")) for each in suite.findall("testcase")) == (
        "mini",
        "f_values",
    )


def test_a_quick_run_is_passed_on_and_only_what_is_asked_for_is_a_test(ran):
    result = ran("--grader-quick", "-k", "g_values")

    result.assert_outcomes(failed=1, deselected=4)
    assert [how["is_quick"] for _, how in result.graded] == [True]


def test_hidden_checks_have_tests_without_names(ran, pytester):
    text = (pytester.path / "mini.toml").read_text(encoding="utf-8")
    hidden = text.replace('id = "f_values"', 'id = "f_values"\nvisibility = "hidden"', 1)
    (pytester.path / "mini.toml").write_text(hidden, encoding="utf-8")
    checks = [check_part(visibility="hidden", status="failed", points=0.0, message="secret"), *CHECKS[2:]]
    checks.insert(1, check_part(id="f_inputs"))

    result = ran("-rA", checks=checks)

    result.stdout.fnmatch_lines_random(["FAILED mini::hidden_1*", "PASSED mini::f_inputs"])
    assert "f: values" not in result.stdout.str()
    assert "secret" not in result.stdout.str()


def test_a_grading_that_fails_is_an_error_of_every_test(ran):
    result = ran(fault=SandboxError("no worker could be started"))

    result.assert_outcomes(errors=5)
    assert result.stdout.str().count("no worker could be started") >= 5
    assert len(result.graded) == 1


FOUR_OTHERS = {"failed": 2, "errors": 1, "skipped": 1}


@pytest.fixture
def course(pytester):
    """A test of the course with a fixture from its conftest.py, and a submission with both of its own."""
    for name in ("conftest.py", "test_own.py", "sub/conftest.py", "sub/test_own.py"):
        path = pytester.path / "student" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("raise SystemExit('it was run')\n", encoding="utf-8")
    fixture = "import pytest\n\n@pytest.fixture\ndef course():\n    return 1\n"
    pytester.makepyfile(conftest=fixture, test_course="def test_of_the_course(course):\n    pass\n")


@pytest.mark.parametrize("submission", ["student", "student/hw.py"])
def test_nothing_of_the_submission_is_collected_or_loaded(ran, course, submission):
    result = ran("student", ".", options=("--grader-spec", "mini.toml", f"--submission={submission}"))

    result.assert_outcomes(passed=2, **FOUR_OTHERS)
    result.stdout.fnmatch_lines("collected 6 items")
    assert "it was run" not in result.stdout.str() + result.stderr.str()


def test_without_a_place_in_pytest_to_hold_one_conftest_off_none_is_loaded(ran, course, monkeypatch):
    manager = pytest.PytestPluginManager
    monkeypatch.delattr(manager, "_importconftest")

    result = ran("student", ".")

    result.assert_outcomes(passed=1, failed=2, errors=2, skipped=1)  # the course's test lacks its fixture
    assert "it was run" not in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize("word", ["student/test_own.py", "student/sub", "student/sub/test_own.py::test_a"])
def test_a_file_of_the_submission_cannot_be_asked_for(ran, course, word):
    result = ran(word)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        f"{word} is part of the submission, whose code pytest would run without confinement; leave it out"
        in result.stderr.str()
    )


def test_a_fault_of_another_kind_is_an_error_too_and_its_words_are_kept(ran):
    result = ran(fault=RuntimeError("secret"))

    result.assert_outcomes(errors=5)
    assert "this is a fault of the grader, not of the submission (RuntimeError)" in result.stdout.str()
    assert "secret" not in result.stdout.str()
    assert len(result.graded) == 1


@pytest.mark.parametrize(
    "options, message",
    [
        (
            ("--grader-spec", "mini.toml"),
            "--submission is missing: give --grader-spec SPEC and --submission PATH",
        ),
        (
            ("--submission", "student"),
            "--grader-spec is missing: give --grader-spec SPEC and --submission PATH",
        ),
        (("--grader-quick",), "--grader-quick needs --grader-spec and --submission"),
        (
            ("--grader-spec", "mini.toml", "--submission=none"),
            "--submission none: nothing found at this path",
        ),
        (("--grader-spec", "cs23n", "--submission=student"), "--grader-spec: no spec is named 'cs23n'"),
    ],
)
def test_options_that_do_not_go_together_are_told(ran, options, message):
    result = ran(options=options)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert message in result.stderr.str()


def test_pytest_is_not_configured_by_the_submission(ran, pytester):
    (pytester.path / "student" / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")

    result = ran("-c", "student/pytest.ini")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "pytest is configured by pytest.ini of the submission itself; run it in another folder"
        in result.stderr.str()
    )


def test_without_its_options_it_adds_no_test_and_grades_nothing(ran, pytester):
    pytester.makepyfile("def test_of_the_course():\n    pass\n")

    result = ran(options=())

    result.assert_outcomes(passed=1)
    assert result.graded == []


def test_loading_it_imports_neither_numpy_nor_torch_nor_pydantic():
    code = (
        "import sys, pytest, grader.frontends.pytest_plugin\n"
        "heavy = {'numpy', 'torch', 'pydantic', 'typer', 'rich', 'jinja2', 'nbformat'} & sys.modules.keys()\n"
        "ours = [name for name in sys.modules if name.startswith('grader')]\n"
        "print(sorted(heavy), sorted(ours))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=HANG_SECONDS,
    )

    assert done.stdout == "[] ['grader', 'grader.frontends', 'grader.frontends.pytest_plugin']\n"


XDIST_CHECKS = ("f_values", "f_inputs", "g_values", "same")


@pytest.mark.slow
def test_with_xdist_it_is_graded_once(pytester, monkeypatch):
    pytester.makefile(".toml", mini=MINI_NUMPY_SPEC)
    pytester.makepyfile(hw="")
    checks = [check_part(id=name, status="failed", points=0.0) for name in XDIST_CHECKS]
    (pytester.path / "report.json").write_text(
        report_of(score=0.0, checks=checks).to_json(), encoding="utf-8"
    )
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    log = pytester.path / "gradings"
    counting = (
        "import contextlib, os\n"
        "from grader.execution import warm\n"
        "from grader.frontends import one_submission\n"
        "from grader.model.report import parse_report\n"
        "def counted(*a, **k):\n"
        f"    open({str(log)!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
        f"    return parse_report(open({str(pytester.path / 'report.json')!r}).read())\n"
        "one_submission.grade_entry = counted\n"
        "warm.warm_sandbox = lambda **_: contextlib.nullcontext()\n"
    )
    pytester.makepyfile(counting=counting)

    result = pytester.runpytest_subprocess(
        "-p", "xdist", "-p", "grader.frontends.pytest_plugin", "-p", "counting", "-n2", "--grader-spec", "mini.toml",
        "--submission=hw.py", "--junitxml=out.xml",
    )  # fmt: skip

    result.assert_outcomes(failed=4)
    assert len(log.read_text(encoding="utf-8").splitlines()) == 1
    names = [each.get("name") for each in ET.parse(pytester.path / "out.xml").getroot().iter("property")]
    assert "points.f_inputs" in names
