"""overrides.toml: written and read back."""

from datetime import UTC, datetime

import pytest

from grader.batch.rules.class_rules import Override
from grader.batch.rules.overrides import overrides_text, read_overrides
from grader.errors import RulesError


@pytest.mark.parametrize(
    "text", ['a "quoted" \\ text', "tab\tand\nline", "\x7f", "\U0001f600 \u202e", "'''", "# no comment"]
)
def test_any_text_comes_back(tmp_path, text):
    overrides = (
        Override(id=text, points=0.1, reason=text),
        Override(id="bob", check=text, points=1e6, reason="x", at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
    )
    path = tmp_path / "overrides.toml"

    path.write_text(overrides_text(overrides), encoding="utf-8")

    assert read_overrides(path) == overrides


def test_a_file_is_for_people_too():
    assert overrides_text([Override(id="ann", check="f", points=8.0, reason="typo")]) == (
        "# Points that a person gave in place of the grader's. `grader override` writes this file anew: it keeps no"
        ' comments.\n\n[[overrides]]\nid = "ann"\ncheck = "f"\npoints = 8.0\nreason = "typo"\n'
    )


def test_without_a_file_there_are_none(tmp_path):
    assert read_overrides(tmp_path / "overrides.toml") == ()


def test_a_fault_is_said_with_its_field(tmp_path):
    path = tmp_path / "overrides.toml"
    path.write_text("[[overrides]]\nid = 'a'\npoint = 1\npoints = 1\nreason = 'x'\n")

    with pytest.raises(RulesError) as caught:
        read_overrides(path)

    assert str(caught.value) == f"{path}: overrides[0].point is an unknown field (did you mean 'points'?)"
