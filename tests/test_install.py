"""docs/install.md and the workflow for GitHub Actions: their commands and options exist, and extras install what is said."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from grader.frontends import pytest_plugin
from grader.frontends.app import app
from grader.frontends.commands.options import Group

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
WORKFLOW = (ROOT / "docs" / "github-actions.yml").read_text(encoding="utf-8")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def steps():
    (job,) = yaml.safe_load(WORKFLOW)["jobs"].values()
    return job["steps"]


def commands():
    """All that start a program, a line each."""
    shown = GUIDE.replace("\\\n", " ").splitlines()
    lines = [line.strip() for line in shown if line.startswith("    ")]
    return lines + [line.strip() for step in steps() for line in step.get("run", "").splitlines()]


GRADER = [line for line in commands() if line.startswith("grader ")]
PYTEST = [line for line in commands() if line.startswith("pytest ")]


def parsed(line):
    """The command line without what the shell reads of it."""
    _, name, *words = shlex.split(line.partition(" || ")[0])
    command = get_command(app)
    assert isinstance(command, Group)
    with command.commands[name].make_context(name, words) as context:
        return context.params


def test_there_is_something_to_look_at():
    assert len(GRADER) >= 6
    assert len(PYTEST) == 2


@pytest.mark.parametrize("line", GRADER)
def test_every_grader_command_can_be_parsed(line):
    assert parsed(line) is not None


@pytest.mark.parametrize("line", PYTEST)
def test_pytest_is_given_options_of_the_plugin_or_its_own(line):
    own = {pytest_plugin.SPEC_OPTION, pytest_plugin.SUBMISSION_OPTION, pytest_plugin.QUICK_OPTION}
    options = {word.partition("=")[0] for word in shlex.split(line) if word.startswith("--")}

    assert {pytest_plugin.SPEC_OPTION, pytest_plugin.SUBMISSION_OPTION} <= options
    assert options <= own | {"--junitxml"}
    assert "--submission=" in line  # otherwise pytest looks for its configuration there


def test_the_workflow_grades_a_checkout_that_is_not_where_pytest_starts():
    triggers = yaml.safe_load(WORKFLOW)[True]  # `on`, as YAML reads it

    assert {"push", "workflow_dispatch"} == triggers.keys()
    fetch, *_ = steps()
    assert fetch["with"] == {"path": "submission", "persist-credentials": False}
    assert all("uses" in step or "run" in step for step in steps())
    assert yaml.safe_load(WORKFLOW)["permissions"] == {"contents": "read"}


def test_the_reporter_gets_the_result_under_the_name_that_it_reads():
    report = steps()[-1]

    assert [*report["env"]] == [f"{report['with']['runners'].upper()}_RESULTS"]
    assert re.fullmatch("([a-zA-Z0-9]+,)*[a-zA-Z0-9]+", report["with"]["runners"])
    assert 'echo "result=' in steps()[-2]["run"]


def test_the_guide_tells_of_each_extra_what_it_installs():
    extras = PYPROJECT["project"]["optional-dependencies"]
    rows = dict(re.findall(r"^\| `([a-z]+)` \| ([^|]*) \|", GUIDE, re.MULTILINE))

    assert {*rows} == {*extras}
    for name, words in rows.items():
        installed = {re.split("[>=<]", each)[0] for each in extras[name]}
        assert name == "dev" or set(words.strip().split(", ")) == installed
