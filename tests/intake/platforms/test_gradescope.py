"""Gradescope's metadata, as its exports write them and as they may be damaged."""

import pytest

from grader.intake.platforms.gradescope import METADATA, parse, parse_metadata
from grader.intake.platforms.parsed import Listed, Own, Parsed

ONE = """\
submission_200000001:
  :submitters:
  - :name: Student One
    :sid: 1001
    :email: student1@example.edu
  :created_at: 2026-04-26 17:34:00.861687000 Z
  :score: 87.5
  :results: {score: 87.5, tests: []}
  :history: [{":created_at": 2026-04-25 09:00:00.000000000 Z, ":score": 10.0}]
"""


def test_a_path_gets_its_submitter_time_and_attempt():
    parsed = parse("submission_200000001/softmax.py", [], parse_metadata(ONE))

    assert isinstance(parsed, Parsed)
    assert parsed.submitted_at is not None
    assert parsed.students[0].keys == ("sid:1001", "email:student1@example.edu")
    assert parsed.students[0].name == "Student One"
    assert (parsed.late, parsed.attempt, parsed.file, parsed.label) == (
        None,
        2,
        "softmax.py",
        "Student One_1001",
    )
    assert parsed.submitted_at.isoformat() == "2026-04-26T17:34:00.861687+00:00"


def test_several_submitters_are_a_group():
    text = "s1:\n  :submitters:\n  - {':name': A, ':sid': '1'}\n  - {':name': B, ':email': b@example.edu}\n"

    (handin,) = parse_metadata(text).values()

    assert [each.keys for each in handin.students] == [("sid:1",), ("email:b@example.edu",)]
    assert (handin.attempt, handin.submitted_at) == (1, None)


@pytest.mark.parametrize("sid", ["0017", "'0017'", '"0017"'])
def test_a_numeric_sid_keeps_its_zeros(sid):
    (handin,) = parse_metadata(f"s1:\n  :submitters:\n  - :sid: {sid}\n").values()

    assert handin.students[0].keys == ("sid:0017",)


def test_plain_keys_and_a_missing_sid_are_read():
    (handin,) = parse_metadata(
        "s1:\n  submitters:\n  - name: A\n    email: a@example.edu\n    sid:\n"
    ).values()

    assert handin.students[0].keys == ("email:a@example.edu",)


def test_a_name_alone_is_that_submissions_student_only():
    first, second = parse_metadata(
        "s1:\n  :submitters: [{':name': A}]\ns2:\n  :submitters: [{':name': A}]\n"
    ).values()

    assert first.students[0].identity != second.students[0].identity


def test_an_empty_list_an_unknown_folder_and_an_entry_without_submitters_are_listed():
    handins = parse_metadata("s1:\n  :submitters: []\ns2:\n  :score: 1\n")

    assert parse("s1/a.py", [], handins) == Listed("it has no submitter")
    assert parse("s2/a.py", [], handins) == Listed("submission_metadata.yml does not name it")
    assert parse("s3/a.py", [], handins) == Listed("submission_metadata.yml does not name it")
    assert parse(METADATA, [], handins) == Own()


def test_a_pdf_assignment_has_files_as_keys():
    parsed = parse("7.pdf", [], parse_metadata("7.pdf:\n  :submitters: [{':sid': 1}]\n"))

    assert isinstance(parsed, Parsed)
    assert (parsed.students[0].id, parsed.file) == ("1", "7.pdf")


@pytest.mark.parametrize(
    "text,words",
    [
        ("a: [1", "invalid YAML (line "),
        ("a:\n\t- b", "invalid YAML (line 2)"),
        ("", "not a table of submissions"),
        ("- a\n- b\n", "not a table of submissions"),
        ("? [a, b]\n: c\n", "invalid YAML (line 1)"),
        ("a: \x00", "invalid YAML"),
        ("a: *b", "invalid YAML (line 1)"),
        ("s1: &a\n  :submitters: [{':sid': 1, ':name': *a}]\n", "invalid YAML (line 1)"),
        ("[" * 100_000, "invalid YAML"),
    ],
)
def test_malformed_metadata_are_a_sentence(text, words):
    with pytest.raises(ValueError, match=r"YAML|table") as caught:
        parse_metadata(text)

    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    "text",
    [
        "s1: 3\n",
        "s1:\n  :submitters: text\n",
        "s1:\n  :submitters: [text, 3, null]\n",
        "s1:\n  :submitters: [{':sid': [1], ':name': {a: b}}]\n",
        "s1:\n  :submitters: [{':sid': 1}]\n  :created_at: 2026-99-99 99:99:99 Z\n  :history: 3\n",
        "!ruby/object:Foo\ns1: !ruby/sym bar\n",
    ],
)
def test_odd_values_in_the_metadata_are_taken_as_missing(text):
    for handin in parse_metadata(text).values():
        assert handin.submitted_at is None
        assert all(isinstance(key, str) for each in handin.students for key in each.keys)
