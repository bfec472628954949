"""Equal mistakes of a class, grouped and put into words."""

import pytest

from grader.batch.overview.mistakes import MistakeTally, diagnosis_words
from grader.batch.student_name import StudentName
from grader.model.report import DiagnosisPart
from tests.samples import check_part, report_of

HALF = {
    "part": "gradient",
    "misconception": "half_regularizer",
    "message": "It equals the correct gradient with half the regularizer's part: what is its derivative?",
}


def function(*diagnosis, status="incorrect"):
    return {"status": status, "where": None, "diagnosis": list(diagnosis), "notes": []}


def failure(name, kind, message=""):
    return {"function": name, "kind": kind, "message": message, "where": None, "line": None}


def failed(number, function_name, kind, message=""):
    return check_part(
        id=f"c{number}", status="failed", points=0.0, failure=failure(function_name, kind, message)
    )


def mistakes(*reports):
    tally = MistakeTally()
    for number, report in enumerate(reports):
        tally.add(StudentName(f"s{number}", f"s{number}", f"s{number}"), report)
    return [(len(each.students), each.words, dict(each.functions)) for each in tally.mistakes()]


@pytest.mark.parametrize(
    "part, message, words",
    [
        ("gradient", HALF["message"], "gradient with half the regularizer's part"),
        (
            "loss",
            "It equals the correct loss without the term reg*sum(W*W): was the regularization left out of the loss?",
            "loss without the term reg*sum(W*W)",
        ),
        (
            "gradient",
            "Two mistakes together explain it. With only the first, it equals the correct gradient with X: why?",
            "gradient with X",
        ),
        (
            "gradient",
            "With only the second, it equals the correct gradient with half the regularizer's part: why?",
            "gradient with half the regularizer's part",
        ),
        (
            "gradient",
            "It is zero throughout: is dW still as the template left it?",
            "gradient is zero throughout",
        ),
        ("loss", "It equals 2 times the correct loss: where from?", "loss equals 2 times the correct loss"),
        ("logits", "It equals the output without any bias.", "logits equals the output without any bias"),
        (
            "loss",
            "Scores of this size overflow exp(): what to do?",
            "loss: Scores of this size overflow exp()",
        ),
    ],
)
def test_a_named_mistake_is_said_without_the_question(part, message, words):
    assert diagnosis_words(DiagnosisPart(part=part, misconception="m", message=message)) == words


def test_a_student_with_a_mistake_in_two_functions_is_one_student():
    both = report_of(functions={"f": function(HALF), "g": function(HALF)})
    one = report_of(functions={"f": function(HALF)})

    assert mistakes(both, one, report_of()) == [
        (2, "gradient with half the regularizer's part", {"f": 2, "g": 1})
    ]


def test_the_commonest_mistake_comes_first():
    other = {**HALF, "misconception": "other", "message": "It is odd."}

    found = mistakes(*[report_of(functions={"f": function(each)}) for each in (other, HALF, HALF)])

    assert [students for students, *_ in found] == [2, 1]


def test_one_mistake_with_several_numbers_is_one():
    found = mistakes(
        *[
            report_of(functions={"f": function({**HALF, "message": f"It equals {number} times the loss."})})
            for number in (3, 3, 5)
        ]
    )

    assert found == [(3, "gradient equals 3 times the loss, or the like", {"f": 3})]


def test_a_function_that_is_not_written_makes_no_mistake():
    report = report_of(
        functions={"f": function(HALF, status="not_written")}, checks=[failed(1, "f", "TypeError", "no")]
    )

    assert mistakes(report) == []


def test_an_exception_is_one_mistake_however_many_calls_and_sizes_raise_it():
    report = report_of(
        functions={"f": function()},
        checks=[
            failed(1, "f", "RuntimeError", "shapes 9x8 and 9x5"),
            failed(2, "f", "RuntimeError", "shapes 4x5 and 4x3"),
        ],
    )

    assert mistakes(report, report) == [(2, "RuntimeError: shapes 4x5 and 4x3", {"f": 2})]


def test_calls_that_were_not_made_after_a_time_out_are_no_mistake_of_their_own():
    report = report_of(
        functions={"f": function()}, checks=[failed(1, "f", "timed out"), failed(2, "f", "not called")]
    )

    assert mistakes(report) == [(1, "timed out", {"f": 1})]


def test_an_allocation_that_fails_is_the_same_whatever_its_size():
    reports = [
        report_of(functions={"f": function()}, checks=[failed(1, "f", "MemoryError", f"{size}")])
        for size in ("of X", "of W")
    ]

    assert [(students, functions) for students, _, functions in mistakes(*reports)] == [(2, {"f": 2})]
