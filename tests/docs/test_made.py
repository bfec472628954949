"""The parts of the site that are made from the code leave nothing out."""

import re

from docs.made.checks import checks
from docs.made.command_line import command_line, commands
from docs.made.exports import exports
from docs.made.markdown import prose
from docs.made.schemas import class_rules, report, spec
from grader.checks.kinds import KINDS
from grader.exporters import EXPORTERS
from grader.spec import load_spec, shipped_specs


def test_each_field_of_each_schema_has_a_type_and_a_meaning():
    rows = [
        line.split(" | ")
        for part in (class_rules, report, spec)
        for line in part().splitlines()
        if line.startswith("| `")
    ]

    assert len(rows) > 200
    assert [
        row
        for row in rows
        if len(row) != 3 or not all(cell.strip(" |") for cell in row) or "anything" in row[1]
    ] == []


def test_fields_that_all_kinds_of_checks_have_stand_once():
    text = spec()

    assert text.count("| `visibility` |") == text.count("| `hint` |") == 1
    assert text.count("| `learning_rate` |") > 1


def test_each_kind_of_check_and_each_link_of_a_schema_has_its_section():
    text = spec() + checks()

    assert {f"### `{kind}`" for kind in KINDS} <= set(text.splitlines())
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= set(
        re.findall(r"^\(([\w-]+)\)=$", text, re.MULTILINE)
    )


def test_each_command_has_its_options_and_its_exit_codes():
    text = command_line()
    names = dict(commands())

    assert {"grader check", "grader batch", "grader spec selftest"} <= set(names)
    assert [name for name in names if f"## `{name}`" not in text] == []
    assert "| `--spec` `NAME|FILE|FOLDER` | **Required.** " in text.replace("\\|", "|")
    assert "| `--view` `student|instructor` |" in text.replace("\\|", "|")
    assert "Exit code 0: all checks passed; 1: a check failed;" in text


def test_each_visible_check_of_each_spec_has_a_line():
    text = checks()

    ids = [
        check.id
        for name in shipped_specs()
        for check in load_spec(name).spec.checks
        if check.visibility == "visible"
    ]
    assert [each for each in ids if f"| `{each}` |" not in text] == []


def test_each_format_of_an_export_has_a_line_in_words():
    rows = [line.split(" | ") for line in exports().splitlines()[2:] if line]

    assert {row[0].strip("| `") for row in rows} == set(EXPORTERS)
    assert all(row[1] for row in rows)


def test_words_of_a_description_are_no_markup():
    assert prose("c*reg*sum(W*W), <b>, `W*W`, --quick.") == r"c\*reg\*sum(W\*W), \<b\>, `W*W`, `--quick`."
