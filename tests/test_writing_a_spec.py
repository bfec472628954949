"""docs/writing-a-spec.md is true: its links lead to files, and the lines it quotes are in the sample."""

import re
from pathlib import Path

import pytest

from grader.checks.questions.answers import AnswersCheck
from grader.spec import load_spec
from reference.questions import QUESTIONS

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "writing-a-spec.md").read_text(encoding="utf-8")
SAMPLE = (ROOT / "test_specs" / "ridge_regression.toml").read_text(encoding="utf-8")


def test_its_links_lead_to_files():
    links = re.findall(r"\]\(([^)#]+)\)", PAGE)

    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


@pytest.mark.parametrize("line", re.findall(r"^ {7}(?!grader )(\S.*)$", PAGE, re.MULTILINE))
def test_each_line_that_it_shows_is_the_samples(line):
    assert line in SAMPLE.splitlines()


def test_its_sample_is_a_spec_whose_questions_name_mistakes():
    spec = load_spec("ridge_regression").spec

    assert spec.max_score == 100
    for check in spec.checks:
        assert isinstance(check, AnswersCheck)
        assert QUESTIONS[check.question].mistakes
