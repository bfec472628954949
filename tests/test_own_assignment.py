"""docs/own-assignment.md is true: its example is graded and selftested as it is printed, and its links and names exist."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grader import authoring
from grader.frontends.app import app

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "own-assignment.md").read_text(encoding="utf-8")
FILES = re.findall(r"\(`(kmeans/[^`]+)`\).*?```\w+\n(.*?)```", PAGE, re.DOTALL)
ONE_MORE = re.findall(r"^    (cases\.append\(case\(rng, \"a center with one point.*)$", PAGE, re.MULTILINE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "kmeans"


def selftest():
    return CliRunner().invoke(app, ["spec", "selftest", "kmeans", "--seed", "1"])


def test_its_example_has_every_file_and_the_selftest_says_what_the_page_says(folder):
    assert [name for name, _ in FILES] == [
        "kmeans/spec.toml",
        "kmeans/questions.py",
        "kmeans/right/plain.py",
        "kmeans/wrong/sum_instead_of_mean.py",
    ]

    done = selftest()

    assert done.exit_code == 0, done.output
    for line in re.findall(r"^    (Worth a look.*|update, line.*)$", PAGE, re.MULTILINE):
        assert line in done.output


def test_one_more_case_finds_the_change_that_was_worth_a_look(folder):
    path = folder / "questions.py"
    path.write_text(
        path.read_text("utf-8").replace("    return cases", f"    {ONE_MORE[0]}\n    return cases")
    )

    done = selftest()

    assert done.exit_code == 0, done.output
    assert "Worth a look" not in done.output


def test_its_links_lead_to_files_and_its_table_has_the_public_names():
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)
    rows = "".join(re.findall(r"^\| (`.*?) \|", PAGE.partition("## The names to import")[2], re.MULTILINE))

    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    assert sorted(set(re.findall(r"[`\s](\w+)[`(]", rows))) == sorted(authoring.__all__)
