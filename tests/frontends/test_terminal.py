"""What a person reads: the words, 80 columns, and nothing of a student's that a terminal would obey."""

import io
import re

import pytest
from rich.console import Console

from grader.batch import Outcome
from grader.extract import extract
from grader.frontends.terminal import (
    batch_line,
    make_console,
    plain,
    show_extracted,
    show_finding,
    show_report,
    show_spec,
)
from grader.model.report import parse_report, student_view
from grader.spec import load_spec
from tests.samples import check_part, report_of, submission_of

HOSTILE = (
    "[red]x[/] [/nosuch] [link=http://x]y \x1b[31m\x1b]0;title\x07 \x9b2J \x08\r\u202ekcab\ud800 :smile:"
)
SHOWN = "[red]x[/] [/nosuch] [link=http://x]y <U+001B>[31m<U+001B>]0;title<U+0007> <U+009B>2J <U+0008><U+000D><U+202E>kcab<U+D800> :smile:"


@pytest.fixture(params=[False, True], ids=["file", "terminal"])
def shown(request):
    """(function, arguments) to what it prints, on a terminal with colours and in a file without."""

    def show(function, *words, **named):
        stream = io.StringIO()
        console = Console(file=stream, force_terminal=request.param, width=80, highlight=False, emoji=False)
        function(console, *words, **named)
        return stream.getvalue()

    return show


def in_a_file(function, *words, **named):
    stream = io.StringIO()
    function(Console(file=stream, width=80, highlight=False, emoji=False), *words, **named)
    return stream.getvalue()


def with_words(words, **changes):
    return report_of(
        status="graded",
        score=0.0,
        submission={"id": words, "sha256": "", "files": []},
        functions={
            "f": {
                "status": "incorrect",
                "where": {"file": words, "cell": None, "line": 1},
                "diagnosis": [],
                "notes": [words],
            }
        },
        checks=[check_part(status="failed", points=0.0, title=words, message=words, hint=words)],
        **changes,
    )


def hostile_report():
    report = with_words("WORDS")
    return parse_report(report.to_json()).model_copy(
        update={
            "submission": report.submission.model_copy(update={"id": HOSTILE}),
            "functions": {
                "f": report.functions["f"].model_copy(
                    update={
                        "where": report.functions["f"].where.model_copy(update={"file": HOSTILE}),
                        "notes": (f"also {HOSTILE}",),
                    }
                )
            },
            "checks": tuple(
                check.model_copy(update={"title": HOSTILE, "message": HOSTILE, "hint": HOSTILE})
                for check in report.checks
            ),
        }
    )


SAID = "f calls g (hw.py, line 2), which this assignment does not allow."


def with_flag(kind, message, audience="both"):
    flag = {"kind": kind, "function": "f", "message": message, "for": audience}
    return in_a_file(show_report, with_words(SAID, flags=[flag]))


def test_a_violation_that_no_check_mentions_is_shown():
    lines = with_flag("restriction_violated", "f uses eval, which is not allowed.")

    assert "  Not allowed: f uses eval, which is not allowed." in lines


def test_a_violation_that_cost_points_is_mentioned_with_its_checks_only():
    assert "Not allowed" not in with_flag("restriction_violated", SAID)


def test_a_noted_restriction_is_mentioned_among_the_notes_on_its_function_only():
    assert "costs no points" not in with_flag(
        "restriction_noted", "f uses eval (hw.py, line 9). It costs no points."
    )


def test_a_flag_for_the_instructor_says_so():
    lines = with_flag("impossible_time", "f took no time.", "instructor")

    assert "  For the instructor: f took no time." in lines


def test_a_report_is_read_from_top_to_bottom():
    report = report_of(
        status="graded",
        score=10.0,
        max_score=14.0,
        checks=[
            check_part(),
            check_part(
                id="f_inputs",
                title="f: inputs unchanged",
                status="failed",
                points=0.0,
                max_points=4.0,
                message="f changed W.",
                hint="Copy W first.",
            ),
        ],
        functions={
            "f": {
                "status": "incorrect",
                "where": {"file": "hw.ipynb", "cell": 2, "line": 1},
                "diagnosis": [],
                "notes": ["it is written for CUDA", "see ../a.py..."],
            },
            "g": {"status": "unjudged", "where": None, "diagnosis": [], "notes": []},
        },
    )

    lines = [line.rstrip() for line in in_a_file(show_report, report).splitlines()]

    assert lines == [
        "Mini",
        "alice, seed 7, cpu, isolation: partial (the file system is not isolated), 1.5 s",
        "",
        "    Check                                                       Result   Points",
        " ✔  f: values                                                   passed  10 / 10",
        " ✘  f: inputs unchanged                                         failed    0 / 4",
        "",
        "f: inputs unchanged (failed)",
        "  f changed W.",
        "  Hint: Copy W first.",
        "",
        " Function  Verdict    Location",
        " f         incorrect  hw.ipynb, cell 2, line 1",
        " g         unjudged",
        "  f: it is written for CUDA.",
        "  f: see ../a.py...",
        "",
        "Score: 10 of 14",
    ]


def test_checks_that_say_the_same_share_a_paragraph():
    same = {"status": "failed", "points": 0.0, "message": "f raised ValueError."}
    report = report_of(checks=[check_part(title="one", **same), check_part(id="b", title="two", **same)])

    lines = [line.strip() for line in in_a_file(show_report, report).splitlines()]
    start = lines.index("one (failed)")
    assert lines[start + 1 : start + 3] == ["f raised ValueError.", "Failed for the same reason: two."]


def test_no_score_is_said_with_its_reason():
    part = report_of(
        status="incomplete",
        score=None,
        max_score=20.0,
        checks=[check_part(), check_part(id="b", status="skipped", points=0.0)],
    )
    ours = report_of(status="incomplete", score=None, checks=[check_part(status="errored", points=0.0)])

    assert " ".join(in_a_file(show_report, part).split()).endswith(
        "No score: not every check was run. The checks that ran earned 10 of 10 points (of 20 in all)."
    )
    assert "No score: the grader failed in some checks; grade again." in " ".join(
        in_a_file(show_report, ours).split()
    )


def in_one_line(function, *words):
    return " ".join(in_a_file(function, *words).split())


@pytest.mark.parametrize(
    "statuses, line",
    [
        (["skipped", "not_run"], "Nothing was graded: the only check asked for was skipped."),
        (["skipped", "skipped", "not_run"], "Nothing was graded: the 2 checks asked for were skipped."),
        (["not_run", "not_run"], "Nothing was graded: no check was run."),
    ],
)
def test_a_run_that_graded_nothing_says_so(statuses, line):
    checks = [
        check_part(id=f"c{number}", status=status, points=0.0) for number, status in enumerate(statuses)
    ]
    report = report_of(status="incomplete", score=None, checks=checks)

    assert in_one_line(show_report, report).endswith(line)


@pytest.mark.parametrize(
    "fields, line",
    [
        (
            {"status": "incomplete", "score": None, "max_score": 20.0},
            "No score: not every check was run. The checks that ran are worth no points; passed: 1 of 2 checks.",
        ),
        (
            {"score": None, "max_score": 0.0},
            "Nothing to score. The checks that ran are worth no points; passed: 1 of 2 checks.",
        ),
        (
            {"score": 0.0, "max_score": 0.0},  # of an earlier version
            "Nothing to score. The checks that ran are worth no points; passed: 1 of 2 checks.",
        ),
    ],
)
def test_no_points_at_all_are_never_a_score(fields, line):
    failed = check_part(id="b", title="b", status="failed", points=0.0, max_points=0.0)
    report = report_of(checks=[check_part(points=0.0, max_points=0.0), failed], **fields)
    zeros = re.compile(r"\b0 (?:of|/) 0\b")

    assert in_one_line(show_report, report).endswith(line)
    assert not zeros.search(in_a_file(show_report, report))
    assert (
        batch_line(Outcome("ann", "graded", report), 1, 1)
        == f"[1/1] ann: {'no score' if fields['max_score'] else 'nothing to score'} (1 of 2 checks passed, 1.5 s)"
    )


def test_checks_that_were_left_out_are_told_in_the_note_alone():
    note = "Only selected checks were run: 2 checks worth 20 points were left out. Grade without --only to run them."
    left_out = [
        check_part(id=f"c{number}", title="slow", status="not_run", points=0.0, message="Not run.")
        for number in (1, 2)
    ]
    report = report_of(
        status="incomplete",
        score=None,
        max_score=30.0,
        checks=[check_part(), *left_out],
        flags=[{"kind": "note", "message": note, "for": "both"}],
    )

    text = in_one_line(show_report, report)

    assert text.count("left out") == 1
    assert f"Note: {note}" in text
    assert "slow" not in text
    assert "Not run." not in text


def test_a_function_of_which_no_check_was_run_is_left_out_of_the_table():
    unjudged = function("unjudged")
    report = report_of(
        status="incomplete",
        score=None,
        functions={"f": function("correct"), "ghost": unjudged, "half": unjudged, "secret": unjudged},
        checks=[
            check_part(functions=["f", "half"]),
            check_part(id="b", status="not_run", functions=["ghost", "half"]),
        ],
    )

    text = in_a_file(show_report, report)

    assert "ghost" not in text
    assert "secret" not in text  # of a hidden check that was not run
    assert "half" in text


def function(status, **changes):
    return {"status": status, "where": None, "diagnosis": [], "notes": [], **changes}


def failed(identifier, **changes):
    return check_part(id=identifier, title=f"title of {identifier}", status="failed", points=0.0, **changes)


def test_unwritten_functions_are_one_line_and_their_checks_have_no_paragraphs():
    report = report_of(
        score=0.0,
        functions={
            "f": function("not_written", notes=["batch_size has another default"]),
            "g": function("not_written"),
            "h": function("incorrect"),
        },
        checks=[
            failed("a", message="f: loss is 0.", caused_by=["f"]),
            failed("b", message="g: loss is 0.", caused_by=["g"]),
            failed(
                "c",
                message="h: loss is 0. It calls g, which is not written yet.",
                functions=["h"],
                caused_by=["g"],
            ),
            failed("d", message="h: loss is 5."),
        ],
    )

    text = in_one_line(show_report, report)

    assert "Not written yet: f and g; the checks that need them fail until they are." in text
    assert "Failed because of them: title of c." in text
    assert "loss is 0" not in text
    assert "h: loss is 5." in text
    assert "another default" not in text
    assert "f not written" in text


def test_a_check_of_no_points_has_a_dash_for_them():
    report = report_of(checks=[check_part(points=0.0, max_points=0.0)])

    assert "f: values passed - f" not in in_one_line(show_report, report)
    assert "passed -" in in_one_line(show_report, report)


def test_a_location_too_long_for_its_column_has_its_folder_below():
    folder = "assignment1/cs231n/classifiers"
    place = {"file": f"{folder}/linear_classifier.py", "cell": None, "line": 48}
    report = report_of(functions={"svm_loss_vectorized": function("correct", where=place)})

    lines = [line.rstrip() for line in in_a_file(show_report, report).splitlines()]

    assert " svm_loss_vectorized  correct  linear_classifier.py, line 48" in lines
    assert f"                               in {folder}" in lines


def test_a_function_that_does_not_parse_is_called_that():
    place = {"file": "hw.py", "cell": None, "line": 3}
    report = report_of(
        functions={"f": function("missing", where=place, notes=["f (hw.py) does not parse: line 3"])}
    )

    assert "f does not parse hw.py, line 3" in in_one_line(show_report, report)


def test_missing_functions_are_one_line_and_the_checks_that_need_them_have_no_paragraphs():
    skipped = check_part(id="a", status="skipped", points=0.0, message="f is not there.", caused_by=["f"])
    follows = failed("b", message="h raised NameError.", functions=["h"], caused_by=["g"])
    report = report_of(
        score=0.0,
        functions={
            "f": function("missing", notes=["f is not defined in the submission"]),
            "g": function("missing", notes=["g is used (hw.py, line 2) but never defined"]),
            "h": function("incorrect"),
        },
        checks=[skipped, {**skipped, "id": "c", "functions": ["g"], "caused_by": ["g"]}, follows],
    )

    text = in_one_line(show_report, report)

    assert "Missing: f and g; the checks that need them were skipped." in text
    assert "Failed because of them: title of b." in text
    assert "not there" not in text
    assert "NameError" not in text
    assert "never defined" not in text


def test_a_check_that_follows_from_another_is_listed_with_it():
    report = report_of(
        score=0.0,
        checks=[
            failed("later", message="Not before the values are right.", caused_by=["values"]),
            failed("values", message="f: loss is 5."),
            failed("agree", message="f and g differ.", caused_by=["values"]),
        ],
    )

    lines = [line.strip() for line in in_a_file(show_report, report).splitlines()]

    start = lines.index("title of values (failed)")
    assert lines[start + 1 : start + 4] == [
        "f: loss is 5.",
        "Failed for the same reason: title of later; title of agree.",
        "",
    ]
    assert lines.count("f: loss is 5.") == 1


def test_checks_that_are_each_others_cause_are_told_nevertheless():
    report = report_of(
        score=0.0,
        checks=[failed("a", message="one", caused_by=["b"]), failed("b", message="two", caused_by=["a"])],
    )

    text = in_one_line(show_report, report)

    assert "title of a (failed) one Failed for the same reason: title of b." in text


def test_a_hidden_check_of_the_students_view_has_its_points_and_no_paragraph():
    report = student_view(report_of(score=0.0, checks=[failed("a", visibility="hidden", message="secret")]))

    text = in_one_line(show_report, report)

    assert "Hidden check failed 0 / 10" in text
    assert "(failed)" not in text
    assert "secret" not in text


def test_an_unreadable_submission_is_its_reason_and_its_score():
    flag = {"kind": "unreadable", "function": None, "message": "hw.zip: is damaged", "for": "both"}
    skipped = check_part(status="skipped", points=0.0, message="hw.zip: is damaged.")
    report = report_of(status="unreadable", score=0.0, checks=[skipped], flags=[flag])

    lines = in_a_file(show_report, report).splitlines()

    assert [line.rstrip() for line in lines[2:]] == [
        "",
        "The submission cannot be read: hw.zip: is damaged",
        "",
        "Score: 0 of 10",
    ]


def test_a_terminal_without_the_signs_has_words():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="backslashreplace")
    console = Console(file=stream, width=80, highlight=False)
    show_report(console, report_of(checks=[check_part(), check_part(id="b", status="failed", points=0.0)]))
    stream.flush()

    text = stream.buffer.getvalue().decode("ascii")
    assert " ok " in text
    assert " FAIL " in text


def test_no_line_is_longer_than_80_columns():
    report = with_words("a long word and " * 30 + "x" * 300)

    assert max(map(len, in_a_file(show_report, report).splitlines())) <= 80


def test_a_console_that_is_no_terminal_has_80_columns(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)

    assert make_console().width == 80


@pytest.mark.parametrize(
    "words",
    [
        "\x00",
        "\x07",
        "\x08",
        "\r",
        "\x1b",
        "\x7f",
        "\x9b",
        "\u202e",
        "\u2066",
        "\u200b",
        "\xad",
        "\ufeff",
        "\u2028",
        "\U000e0041",
    ],
)
def test_a_character_that_a_terminal_obeys_or_does_not_show_is_told_by_its_number(words):
    assert plain(f"a{words}b") == f"a<U+{ord(words):04X}>b"


def test_lines_tabs_and_letters_stay():
    assert plain("a\n\té 李 🙂\ud800") == "a\n    é 李 🙂<U+D800>"


def control_characters(text):
    """What is no letter, but for the styles of our own and the ends of lines."""
    import re

    return set(re.findall("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", re.sub(r"\x1b\[[0-9;]*m", "", text)))


def joined(text):
    import re

    return "".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())


def test_a_students_words_in_a_report_are_shown_and_not_obeyed(shown):
    text = shown(show_report, hostile_report())

    assert control_characters(text) == set()
    assert joined(text).count(joined(SHOWN)) >= 5


def test_a_students_words_cannot_take_a_colour():
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, color_system="truecolor", width=200, highlight=False)
    show_report(console, with_words("\x1b[38;2;1;2;3mgreen"))

    assert "\x1b[38;2;1;2;3m" not in stream.getvalue()
    assert "<U+001B>[38;2;1;2;3mgreen" in stream.getvalue()


def test_a_students_words_in_a_batch_are_shown_and_not_obeyed():
    line = batch_line(Outcome(HOSTILE, "graded", hostile_report()), 1, 10)

    assert line == f"[ 1/10] {SHOWN}: 0 of 10 (0 of 1 check passed, 1.5 s)"


def test_a_students_source_in_an_extraction_is_shown_and_not_obeyed(shown):
    source = (
        'K = "[red][/] \x1b]0;"\nprint("[/] \x07")\ndef f():\n    return K\n'
        'def f():\n    return K + L\nL = open("[/]\x9b")\n'
    )
    extracted = extract(submission_of(source, "[bold]\x1b.py"), ["f", "g"])

    text = shown(show_extracted, extracted, ["f", "g"])

    assert control_characters(text) == set()
    assert "[/]" in text
    assert "[bold]" in text


def test_a_finding_is_shown_and_not_obeyed(shown):
    text = shown(show_finding, "torch", HOSTILE, HOSTILE, is_good=False)

    assert control_characters(text) == set()
    assert joined(text).count(joined(SHOWN)) == 2


def test_a_spec_is_shown_with_its_points():
    text = in_a_file(show_spec, load_spec("eecs498_2019").spec)

    assert text.startswith("EECS 498 (2019): linear classifiers, SVM and softmax\n")
    assert "eecs498_2019: torch, layout DC, regularizer 1*reg*sum(W*W), delta 1" in text
    assert "Functions: svm_loss_naive, svm_loss_vectorized," in text
    assert (
        "Restrictions: not allowed: losses, libraries, partner, dynamic; noted: autograd, modules;"
        in " ".join(text.split())
    )
    assert ["All", "100"] in [line.split() for line in text.splitlines()]
    assert max(map(len, text.splitlines())) <= 80


def flag_of(kind, message):
    return {"kind": kind, "message": message, "for": "both"}


@pytest.mark.parametrize(
    "report, how, line",
    [
        (report_of(), "graded", "[7/9] ann: 10 of 10 (all checks passed, 1.5 s)"),
        (report_of(), "unchanged", "[7/9] ann: 10 of 10 (unchanged)"),
        (
            report_of(score=0.0, flags=[flag_of("unreadable", "ann.rar: a .rar")]),
            "graded",
            "[7/9] ann: 0 of 10 (cannot be read: ann.rar: a .rar)",
        ),
        (
            report_of(status="incomplete", score=None, flags=[flag_of("grader_fault", "ours")]),
            "graded",
            "[7/9] ann: no score (the grader failed: ours)",
        ),
        (
            report_of(score=0.0, checks=[check_part(status="failed"), check_part(id="b", status="skipped")]),
            "graded",
            "[7/9] ann: 0 of 10 (0 of 2 checks passed, 1.5 s)",
        ),
        (
            report_of(status="incomplete", score=None, checks=[check_part(status="errored")]),
            "graded",
            "[7/9] ann: no score (0 of 1 check passed, 1.5 s)",
        ),
    ],
)
def test_a_finished_submission_is_one_line(report, how, line):
    assert batch_line(Outcome("ann", how, report), 7, 9) == line


@pytest.mark.parametrize("status", ["passed", "failed"])
def test_what_was_measured_is_read_once_whether_it_passed_or_not(status):
    check = check_part(kind="speedup", title="f is fast", status=status, message="f is 40 times as fast.")

    assert in_a_file(show_report, report_of(checks=[check])).count("f is 40 times as fast.") == 1


def test_what_other_checks_say_when_they_pass_is_not_read_out():
    assert "18 calls" not in in_a_file(show_report, report_of())


def test_a_note_that_a_message_tells_already_is_not_repeated():
    why = "hw.py, line 2 reads c.json, which is not available during grading"
    functions = {"f": function("incorrect", notes=[f"CFG: {why}", "it is written for CUDA"])}
    checks = [check_part(status="failed", points=0.0, message=f"f raised NameError: {why}.")]

    text = in_a_file(show_report, report_of(functions=functions, checks=checks))

    assert text.count("c.json") == 1
    assert "f: it is written for CUDA." in text


def test_printed_numbers_stand_beside_the_measured_ones_and_the_others_in_one_line(shown):
    claim = {
        "title": "Test accuracy",
        "file": HOSTILE,
        "cell": 3,
        "printed": 0.371,
        "measured": 0.362,
        "message": "printed",
    }
    alone = {
        "title": "Features",
        "file": "f.ipynb",
        "cell": 1,
        "printed": 0.425,
        "measured": None,
        "message": "printed",
    }

    text = shown(show_report, report_of(claims=[claim, alone, {**alone, "title": "Network"}]))

    words = " ".join(re.sub("\x1b\\[[0-9;]*m", "", text).split())
    assert "Printed in the notebooks (no points) Test accuracy: printed ([red]x[/]" in words
    assert "Not compared with anything: Features 0.425; Network 0.425." in words
    assert "\x1b]0;" not in text
