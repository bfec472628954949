"""What an instructor reads of a class: the words, 80 columns, and nothing of a student's that a terminal would obey."""

import io

import pytest
from rich.console import Console

from grader.batch.left_out import LeftOut
from grader.batch.overview.statistics import class_statistics
from grader.frontends.class_statistics import (
    show_check,
    show_class,
    show_class_briefly,
    show_left_out,
    show_remarks,
)
from grader.model.report import StudentPart
from grader.model.student_result import Change, StudentResult
from tests.samples import check_part, report_of

FAILED = {"status": "failed", "points": 0.0}
HOSTILE = "[red]x[/] \x1b]0;title\x07\u202ekcab"
HALF = {
    "part": "gradient",
    "misconception": "half_regularizer",
    "message": "It equals the correct gradient with half the regularizer's part: what is its derivative?",
}


def result(name, report, **changes):
    return StudentResult(name, StudentPart(id=name[:1], name=name), report, **changes)


def scored(score):
    return report_of(score=float(score), checks=[check_part(points=float(score))])


def shown(function, *words, **options):
    stream = io.StringIO()
    console = Console(**{"file": stream, "width": 80, "highlight": False, "emoji": False, **options})
    function(console, *words)
    return stream.getvalue()


def lines_of(*results, show=show_class, **options):
    return [line.rstrip() for line in shown(show, class_statistics(results), **options).splitlines()]


def section(lines, heading):
    """The lines below a heading, up to the next empty line."""
    rest = lines[lines.index(heading) + 1 :]
    return rest[: rest.index("")] if "" in rest else rest


def flag(kind, message, **fields):
    return {"kind": kind, "message": message, "for": "both", **fields}


def test_a_class_is_read_from_top_to_bottom():
    wrong = report_of(
        score=4.0,
        checks=[check_part(status="failed", points=4.0)],
        functions={"f": {"status": "incorrect", "where": None, "diagnosis": [HALF]}},
        flags=[flag("impossible_time", "f took no time.")],
    )

    lines = lines_of(
        result("Ann Lee", report_of()),
        result("Bob Fox", wrong),
        result(
            "Cid Ito", scored(10), late_words="1 day late", changes=(Change("late", -1, "1 day late: 10 %"),)
        ),
        result("Dan Fox", None),
    )

    assert lines == [
        "",
        "Mini",
        "4 students: 3 graded, 1 did not submit",
        "",
        "Scores",
        "3 scores out of 10: lowest 4, median 9, mean 7.67, highest 10",
        "      from 4  1 █",
        "      from 5  0",
        "      from 6  0",
        "      from 7  0",
        "      from 8  0",
        "      from 9  1 █",
        "  full marks  1 █",
        "",
        "Checks that fail most",
        " Failed  By itself  Credit  Check",
        " 1 of 3          1    80 %  f: values",
        "                            f_values",
        "  By itself: not because of another check or a missing function. To see who",
        "  failed a check and why: grader results DIR --check ID",
        "",
        "Most common mistakes",
        "  1 of 3: gradient with half the regularizer's part",
        "    in f",
        "",
        "Students to look at",
        "  Faster than possible",
        "    Bob Fox (B): f took no time.",
        "  No submission",
        "    Dan Fox (D)",
        "",
        "Late (1)",
        "  Cid Ito (C), -1 point: 1 day late: 10 %",
    ]


def test_a_class_of_one_has_a_score_and_no_distribution():
    assert lines_of(result("Ann", report_of())) == [
        "",
        "Mini",
        "1 student, all graded",
        "",
        "Scores",
        "Score: 10 out of 10",
    ]


def test_quartiles_are_told_from_four_scores_on():
    lines = lines_of(*(result("Ann", scored(score)) for score in (2, 4, 6, 8)))

    assert " ".join(lines[5:7]) == (
        "4 scores out of 10: lowest 2, median 5, mean 5, highest 8; the middle half is between 3.5 and 6.5"
    )


def test_bars_fit_the_terminal_and_show_everybody():
    lines = lines_of(*(result("Ann", report_of()) for _ in range(200)), result("Bob", scored(0)))

    bars = [line for line in lines if line.endswith("█")]
    assert max(map(len, lines)) <= 80
    assert [line.count("█") for line in bars] == [1, 61]


def test_bars_are_drawn_with_what_the_terminal_can_write():
    class Ascii(io.StringIO):
        encoding = "ascii"

    stream = Ascii()
    statistics = class_statistics([result("Ann", report_of()), result("Bob", report_of())])
    show_class(Console(file=stream, width=80), statistics)

    assert "full marks  2 ##" in stream.getvalue()
    assert stream.getvalue().isascii()


def test_colours_are_left_out_of_a_file_and_where_the_user_wants_none(monkeypatch):
    statistics = class_statistics([result("Ann", report_of()), result("Bob", report_of())])

    assert "\x1b" not in shown(show_class, statistics)
    assert "\x1b[3" in shown(show_class, statistics, force_terminal=True, color_system="standard")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in shown(show_class, statistics, force_terminal=True, color_system="standard")


@pytest.mark.parametrize("terminal", [False, True])
def test_a_students_words_are_shown_and_not_obeyed(terminal):
    words = result(
        HOSTILE,
        report_of(
            submission={"id": "ann", "sha256": "", "files": []},
            checks=[check_part(**FAILED, message="WORDS", title="WORDS")],
            flags=[flag("impossible_time", "WORDS")],
        ),
        late_words=HOSTILE,
        changes=(Change("override", 1, HOSTILE),),
    )
    statistics = class_statistics([words])

    text = shown(show_class, statistics, force_terminal=terminal, no_color=True)
    text += shown(show_check, statistics.checks[0], force_terminal=terminal, no_color=True)
    text += shown(show_left_out, LeftOut({HOSTILE: HOSTILE}), force_terminal=terminal, no_color=True)

    assert "[red]x[/] <U+001B>]0;title" in text
    assert not {"\x1b]", "\x07", "\u202e"} & {
        text[at : at + size] for at in range(len(text)) for size in (1, 2)
    }


def test_what_gave_no_score_is_told_beside_those_graded():
    errored = report_of(status="incomplete", score=None, checks=[check_part(status="errored", points=0.0)])
    left_out = report_of(status="incomplete", score=None, checks=[check_part(status="not_run", points=0.0)])
    worthless = report_of(score=None, max_score=0.0, checks=[check_part(points=0.0, max_points=0.0)])

    def head(report):
        return " ".join(lines_of(result("Ann", report), show=show_class_briefly)[2:4]).strip()

    assert head(errored) == (
        "1 student: 0 graded, 1 without a score because the grader failed (run grader batch again)"
    )
    assert head(left_out).startswith("1 student: 0 graded, 1 without a score because not every check was run")
    assert head(worthless) == (
        "1 student: 0 graded, 1 with nothing to score (no check of this run is worth points)"
    )


def test_the_students_of_whom_the_grader_failed_are_named():
    errored = report_of(status="incomplete", score=None, checks=[check_part(status="errored", points=0.0)])

    assert section(lines_of(result("Ann", errored), result("Bob", errored)), "Students to look at") == [
        "  The grader failed: run grader batch again",
        "    Ann (A) and Bob (B)",
    ]


def test_a_quick_run_says_what_it_left_out():
    slow = check_part(id="speed", status="not_run", points=0.0)

    lines = lines_of(*[result("Ann", report_of(checks=[check_part(), slow]))] * 2)

    assert lines[3] == "1 check not run for 2 students: speed"


def test_several_assignments_in_one_folder_are_told():
    other = report_of(
        assignment={"name": "other", "title": "Other", "spec_sha256": "6" * 64},
        score=5.0,
        max_score=20.0,
        checks=[check_part(**FAILED)],
    )

    lines = lines_of(result("Ann", report_of()), result("Bob", other))

    assert lines[1:4] == [
        "Several assignments in one folder",
        "  1 student graded as mini: Mini",
        "  1 student graded as other: Other",
    ]
    assert " ".join(section(lines, "Scores")[:2]).startswith(
        "2 scores in percent, because the maximum differs: lowest 25 %, median 62.5 %, mean"
    )
    assert " 1 of 1          1     0 %  other: f: values" in lines


def test_reports_by_two_versions_of_a_spec_are_told():
    older = report_of(assignment={"name": "mini", "title": "Mini", "spec_sha256": "6" * 64})

    lines = lines_of(result("Ann", report_of()), result("Bob", older))

    assert " ".join(lines[3:5]) == (
        "Graded with 2 versions of the spec mini: run grader batch again to regrade the older ones."
    )


def test_a_class_graded_with_the_wrong_spec_is_asked_about():
    fault = flag("wrong_spec", "This looks like eecs498_2019.", spec="eecs498_2019")
    flagged, foreign = report_of(flags=[fault]), report_of(flags=[{**fault, "spec": None}])

    def asked(*reports):
        return lines_of(*(result("Ann", each) for each in reports), show=show_class_briefly)[3]

    assert asked(flagged, flagged) == "2 of 2 submissions look like eecs498_2019: is --spec right?"
    assert "looks like" not in asked(flagged, report_of())
    assert asked(foreign) == "1 of 1 submission looks like an assignment of another course: is --spec right?"


def equal(sha256="a" * 64, status="correct", path="hw.py"):
    return report_of(
        submission={"id": "any", "sha256": "", "files": [{"path": path, "sha256": sha256}]},
        functions={"f": {"status": status, "where": {"file": path, "cell": None, "line": 1}}},
    )


def test_equal_files_are_something_to_look_at():
    lines = lines_of(result("Ann", equal()), result("Bob", equal()), result("Cid", equal("c" * 64)))

    assert section(lines, "Students to look at") == [
        "  Equal files",
        "    The same hw.py, byte for byte: Ann (A) and Bob (B)",
    ]


def test_names_that_students_gave_equal_files_do_not_fill_the_list():
    lines = lines_of(*(result(name, equal(path=f"{name}{'x' * 250}.py")) for name in "ABCDE"))

    (_, line, *rest) = section(lines, "Students to look at")
    assert "and 2 more in 5 submissions: was it handed out?" in " ".join(" ".join((line, *rest)).split())
    assert len(rest) < 5


def test_a_file_that_most_of_the_class_has_may_have_been_handed_out():
    lines = lines_of(*(result(name, equal()) for name in "ABCDE"))

    assert section(lines, "Students to look at") == [
        "  Equal files",
        "    The same hw.py in 5 submissions: was it handed out?",
    ]


def test_functions_that_the_same_students_lack_are_in_one_line():
    absent = {name: {"status": "not_written", "where": None} for name in ("f", "g")}
    report = report_of(functions=absent, checks=[check_part(**FAILED, functions=["f", "g"])])

    assert section(lines_of(result("Ann", report)), "Not written yet") == ["  f and g: 1 (Ann (A))"]


def test_speeds_are_told_with_their_range():
    reports = [
        report_of(
            checks=[
                check_part(kind="speedup", title="g is fast", measured={"speedup": fast, "slowdown": 1.5})
            ]
        )
        for fast in (10.0, 14.0, 40.0)
    ]

    lines = lines_of(*(result("Ann", each) for each in reports))

    assert " ".join(line.strip() for line in section(lines, "Speed")) == (
        "g is fast (3 students): 10 to 40 (median 14) times as fast as the naive function; 1.5 to 1.5 (median 1.5)"
        " times the reference's time"
    )


def test_overrides_are_listed_with_their_reasons():
    changes = (Change("override", 2.5, "regraded by hand", "f_values"), Change("override", -1, "no names"))

    assert section(lines_of(result("Ann", scored(5), changes=changes)), "Overrides (2)") == [
        "  Ann (A), +2.5 points in f_values: regraded by hand",
        "  Ann (A), -1 point: no names",
    ]


def test_scores_that_a_regrade_changed_are_told_with_why():
    before = {"score": 8.0, "max_score": 10.0, "graded_at": "2026-01-01T00:00:00+00:00", "reasons": ["spec"]}
    lines = lines_of(
        result("Ann", report_of(previous=before)),
        result("Bob", report_of(previous={**before, "max_score": 12.0, "reasons": []})),
    )

    assert section(lines, "Scores changed by a regrade (2)") == [
        "  Ann (A): 8 -> 10 of 10 (spec)",
        "  Bob (B): 8 of 12 -> 10 of 10",
    ]


def test_who_could_not_be_graded_for_the_same_reason_is_told_once():
    def unreadable(name):
        words = f"{name}: found only report.pdf"
        return report_of(status="unreadable", score=0, flags=[flag("unreadable", words)])

    lines = lines_of(*(result(name, unreadable(name)) for name in ("ann", "bob")))

    assert "    ann (a) and bob (b): found only report.pdf" in lines


def test_what_rules_do_not_fit_is_told():
    text = shown(show_remarks, ["class.toml: nobody is called bob"])

    assert [line.rstrip() for line in text.splitlines()] == [
        "",
        "Rules and overrides",
        "  class.toml: nobody is called bob.",
    ]


def test_who_failed_a_check_is_listed_by_reason():
    named = {"function": "f", "is_correct": False, "diagnosis": [HALF]}
    wrong = report_of(checks=[check_part(**FAILED, message="f: dW is wrong.", findings=[named])])
    lazy = report_of(checks=[check_part(status="skipped", points=0.0, message="f is missing.")])
    statistics = class_statistics(
        [result("Ann", wrong), result("Bob", wrong), result("Cid", lazy), result("Dan", report_of())]
    )

    text = shown(show_check, statistics.checks[0])

    assert [line.rstrip() for line in text.splitlines()] == [
        "",
        "f: values",
        "mini: f_values, worth 10 points",
        "Passed by 1 of 4 students, mean 25 % of its points.",
        "",
        "2 students: gradient with half the regularizer's part",
        "  Ann (A) and Bob (B)",
        "",
        "1 student: skipped: f is missing.",
        "  Cid (C)",
    ]


def test_the_short_form_names_who_needs_a_look_once():
    odd = report_of(flags=[flag("impossible_time", "f took no time."), flag("impossible_time", "Nor did g.")])

    lines = lines_of(
        result("Ann", odd),
        result("Bob", None),
        *(result(name, equal()) for name in "CD"),
        show=show_class_briefly,
    )

    assert section(lines, "Students to look at") == [
        "  No submission: Bob (B)",
        "  Faster than possible: Ann (A)",
        "  The same hw.py, byte for byte: C and D",
    ]


def test_long_lists_are_cut_and_say_so():
    odd = [result(f"S{number}", report_of(flags=[flag("impossible_time", "Look.")])) for number in range(30)]

    found = section(lines_of(*odd), "Students to look at")

    assert found[-1] == "    and 20 more"
    assert len(found) == 12


def test_submissions_that_no_result_is_of_are_told_with_what_to_do():
    outside = LeftOut({"ann": "not a report"}, ("bob", "cid"), ("dan",), has_unread_record=True)

    text = shown(show_left_out, outside)

    assert [line.rstrip() for line in text.splitlines()] == [
        "",
        "2 submissions not graded yet: run the same grader batch command again, without",
        "--select, to go on",
        "  bob and cid",
        "",
        "1 report cannot be read, and is left out: run grader batch again to rewrite it",
        "  reports/ann.json: not a report",
        "",
        "1 report of an earlier run is left out: not in the class graded last",
        "  dan",
        "",
        "class.json is missing or unreadable, so students who did not submit are missing",
        "here: run grader batch again",
    ]
    assert shown(show_left_out, LeftOut()) == ""
