"""The workflow for GitHub Actions that docs/pytest.md shows: its commands can be run, and its steps fit together."""

import re
import shlex

import pytest
import yaml
from typer.main import get_command

from grader.frontends import pytest_plugin
from grader.frontends.app import app
from grader.frontends.commands.options import Group
from tests.docs.pages import ROOT, Command, steps, text_of

WORKFLOW = yaml.safe_load(text_of(ROOT / "docs" / "github-actions.yml"))
(JOB,) = WORKFLOW["jobs"].values()
LINES = [line.strip() for step in JOB["steps"] for line in step.get("run", "").splitlines()]
PYTEST = [
    *(tuple(shlex.split(line)) for line in LINES if line.startswith("pytest ")),
    *(
        step.words
        for step in steps(text_of(ROOT / "docs" / "pytest.md"))
        if isinstance(step, Command) and step.words[0] == "pytest"
    ),
]


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("grader ")])
def test_every_grader_command_can_be_parsed(line):
    _, name, *words = shlex.split(line.partition(" || ")[0])
    command = get_command(app)
    assert isinstance(command, Group)

    with command.commands[name].make_context(name, words) as context:
        assert context.params


def test_pytest_is_given_options_of_the_plugin_or_its_own():
    own = {pytest_plugin.SPEC_OPTION, pytest_plugin.SUBMISSION_OPTION, pytest_plugin.QUICK_OPTION}

    assert len(PYTEST) == 2
    for words in PYTEST:
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        assert {pytest_plugin.SPEC_OPTION, pytest_plugin.SUBMISSION_OPTION} <= options <= own | {"--junitxml"}
        # With a space, pytest looks for its configuration there.
        assert any(word.startswith("--submission=") for word in words)


def test_the_workflow_grades_a_checkout_that_is_not_where_pytest_starts():
    fetch, *_ = JOB["steps"]

    assert {"push", "workflow_dispatch"} == WORKFLOW[True].keys()  # `on`, as YAML reads it
    assert fetch["with"] == {"path": "submission", "persist-credentials": False}
    assert all("uses" in step or "run" in step for step in JOB["steps"])
    assert WORKFLOW["permissions"] == {"contents": "read"}


def test_the_reporter_gets_the_result_under_the_name_that_it_reads():
    report = JOB["steps"][-1]

    assert [*report["env"]] == [f"{report['with']['runners'].upper()}_RESULTS"]
    assert re.fullmatch("([a-zA-Z0-9]+,)*[a-zA-Z0-9]+", report["with"]["runners"])
    assert 'echo "result=' in JOB["steps"][-2]["run"]
