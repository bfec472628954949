"""From submission to report with no process: what becomes of verdicts, of faults of ours, and of what is missing."""

import logging

import pytest

from grader.checks.losses.agreement import AgreementCheck
from grader.checks.losses.purity import PurityCheck
from grader.checks.losses.values import ValuesCheck
from grader.errors import SandboxError, SpecError
from grader.grading import grade as grade_module
from grader.grading.grade import grade
from grader.grading.reporting import report_without_code
from grader.grading.sessions import budget_of
from grader.grading.settings import Settings
from grader.model.observation import Location
from grader.model.report import parse_report, student_view
from grader.model.verdict import Diagnosis, Failure, Finding, Verdict
from grader.sandbox.fake import CONFINED, FakeSandbox
from grader.spec import load_spec
from tests.samples import BOTH_FUNCTIONS, MINI_SPEC, mini_spec, submission_of

ERRED = "The grader failed here, not the submission. It takes no points: grade again."


def passed(*names):
    return Verdict("passed", 1.0, "It is right.", findings=tuple(Finding(name, True) for name in names))


def failed(*names, credit=0.0):
    return Verdict("failed", credit, "It is wrong.", findings=tuple(Finding(name, False) for name in names))


ALL_PASSED = {"f_values": passed("f"), "f_inputs": passed("f"), "g_values": passed("g"), "same": passed()}


@pytest.fixture
def loaded(tmp_path):
    return mini_spec(tmp_path)


@pytest.fixture
def graded(monkeypatch, loaded):
    """(verdicts by check, keywords) to a report; an exception in a verdict's place is raised by its check."""

    def run(verdicts=(), *, text=BOTH_FUNCTIONS, spec=None, sandbox=None, progress=None, **settings):
        told = ALL_PASSED | dict(verdicts)

        def judge(check, context, evidence):
            if isinstance(told[check.id], Exception):
                raise told[check.id]
            return told[check.id]

        for kind in (ValuesCheck, PurityCheck, AgreementCheck):
            monkeypatch.setattr(kind, "trials", lambda check, context: ())
            monkeypatch.setattr(kind, "judge", judge)
        stub = sandbox or FakeSandbox()
        submission = submission_of(text)
        return grade(submission, spec or loaded, stub, Settings(**{"seed": 7} | settings), progress)

    return run


def statuses(report):
    return [check.status for check in report.checks]


def test_all_that_passes_is_full_marks(graded):
    report = graded()

    assert (report.status, report.score, report.max_score) == ("graded", 20, 20)
    assert [function.status for function in report.functions.values()] == ["correct", "correct"]
    assert report.submission.id == "alice"
    assert [file.path for file in report.submission.files] == ["hw.py"]
    assert report.environment.seed == 7
    assert parse_report(report.to_json()) == report


def test_the_score_is_the_sum_of_points_with_their_shares(graded):
    report = graded({"f_values": failed("f", credit=0.4), "same": failed()})

    assert [check.points for check in report.checks] == [4, 2, 5, 0]
    assert [check.max_points for check in report.checks] == [10, 2, 5, 3]
    assert report.score == 11


def test_a_share_of_a_third_is_rounded_in_the_report(graded):
    report = graded({"f_values": failed("f", credit=1 / 3)})

    assert report.checks[0].points == 3.3333
    assert report.score == 13.3333


WRITTEN = BOTH_FUNCTIONS.replace("return 0", "return reg * W")


def test_one_wrong_finding_makes_a_function_incorrect(graded):
    report = graded({"f_inputs": failed("f")}, text=WRITTEN)

    assert report.functions["f"].status == "incorrect"
    assert report.functions["g"].status == "correct"


def test_an_incorrect_function_that_computes_nothing_is_not_written(graded):
    report = graded({"f_values": failed("f"), "f_inputs": failed("f")})

    assert [function.status for function in report.functions.values()] == ["not_written", "correct"]
    assert report.checks[0].caused_by == ("f",)
    assert (report.status, report.score) == ("graded", 8)


@pytest.mark.parametrize(
    "verdicts",
    [
        {"f_values": failed("f")},  # f_inputs found it correct
        {"f_values": failed("f", credit=0.2), "f_inputs": failed("f")},
        {"f_values": failed("f"), "f_inputs": Verdict("passed", 1.0, "Fine.")},
        {"f_values": failed("f"), "f_inputs": failed("f"), "same": passed("f")},
    ],
)
def test_a_function_that_was_credited_is_not_called_unwritten(graded, verdicts):
    assert graded(verdicts).functions["f"].status == "incorrect"


def test_a_function_that_only_calls_an_unwritten_one_is_unjudged(graded):
    text = "def f(W, X, y, reg):\n    return g(W, X, y, reg)\n\ndef g(W, X, y, reg):\n    pass\n"
    verdicts = {"f_values": failed("f"), "f_inputs": failed("f"), "g_values": failed("g"), "same": failed()}

    report = graded(verdicts, text=text)
    written = graded(verdicts | {"g_values": passed("g")}, text=text)

    assert [part.status for part in report.functions.values()] == ["unjudged", "not_written"]
    assert report.checks[0].caused_by == ("g",)
    assert [part.status for part in written.functions.values()] == ["incorrect", "correct"]


def test_a_function_on_which_no_check_decides_is_unjudged(graded):
    undecided = Verdict("passed", 1.0, "Fine.", findings=(Finding("g", None),))

    assert graded({"g_values": undecided}).functions["g"].status == "unjudged"


def test_the_location_of_a_function_is_its_definition(graded):
    where = graded().functions["g"].where

    assert where is not None
    assert (where.file, where.cell, where.line) == ("hw.py", None, 4)


def test_what_is_missing_is_skipped_and_the_reason_said(graded):
    report = graded(text="def g(W, X, y, reg):\n    return 0\n")

    assert statuses(report) == ["skipped", "skipped", "passed", "skipped"]
    assert report.checks[0].message == "f is not defined in the submission."
    assert [check.caused_by for check in report.checks] == [("f",), ("f",), (), ("f",)]
    assert (report.status, report.score) == ("graded", 5)
    assert report.functions["f"].status == "missing"
    assert report.functions["f"].where is None
    assert len(report.functions["f"].notes) == 1


def test_what_does_not_parse_is_skipped_with_its_line(graded):
    report = graded(
        text="def f(W):\n    x = 1\nprint(W)\n    return x\n\ndef g(W, X, y, reg):\n    return 0\n"
    )

    told = (
        "f (hw.py) does not parse: line 3 (`print(W)`) is not indented, so the function ends there, but line 4 goes on: "
        "indent line 3 or delete it"
    )
    assert statuses(report) == ["skipped", "skipped", "passed", "skipped"]
    assert {check.message for check in report.checks if check.status == "skipped"} == {f"{told}."}
    part = report.functions["f"]
    assert (part.status, part.notes) == ("missing", (told,))
    assert part.where is not None
    assert (part.where.file, part.where.cell, part.where.line) == ("hw.py", None, 3)
    assert student_view(report).functions["f"] == part


def test_all_missing_functions_of_a_check_are_named(graded):
    report = graded(text="x = 1\n")

    assert (
        report.checks[3].message == "f is not defined in the submission. g is not defined in the submission."
    )
    assert report.checks[3].caused_by == ("f", "g")
    assert report.score == 0


def test_a_check_alone_gives_no_score(graded):
    report = graded(only=frozenset({"g_values"}))

    assert statuses(report) == ["not_run", "not_run", "passed", "not_run"]
    assert report.checks[0].message == "Not run: other checks were selected."
    assert [(flag.kind, flag.message) for flag in report.flags] == [
        (
            "note",
            "Only selected checks were run: 3 checks worth 15 points were left out. Grade without --only to run them.",
        )
    ]
    assert (report.status, report.score, report.max_score) == ("incomplete", None, 20)
    assert report.functions["f"].status == "unjudged"
    assert report.functions["g"].status == "correct"


def test_a_quick_run_leaves_out_slow_checks_and_says_so(graded, monkeypatch):
    monkeypatch.setattr(PurityCheck, "is_slow", True)
    sandbox = FakeSandbox()

    report = graded(is_quick=True, sandbox=sandbox)

    assert statuses(report) == ["passed", "not_run", "passed", "passed"]
    assert report.checks[1].message == "Not run: a quick run leaves out checks that time or train."
    assert (report.status, report.score, report.max_score) == ("graded", 18, 18)
    assert [(flag.kind, flag.message) for flag in report.flags] == [
        (
            "note",
            "Quick run: 1 check worth 2 points was left out, because it times or trains, and does not count. Grade without --quick to run it.",
        )
    ]


def test_a_quick_run_does_not_count_hidden_checks_that_it_leaves_out(graded, monkeypatch, tmp_path):
    monkeypatch.setattr(PurityCheck, "is_slow", True)
    text = MINI_SPEC.replace('kind = "purity"', 'kind = "purity"\nvisibility = "hidden"')

    report = graded(spec=mini_spec(tmp_path, text), is_quick=True)

    assert report.flags == ()
    assert (report.score, report.max_score) == (18, 18)
    assert [check.id for check in student_view(report).checks] == ["f_values", "g_values", "same"]


def test_a_check_that_is_selected_is_run_in_a_quick_run_too(graded, monkeypatch):
    monkeypatch.setattr(PurityCheck, "is_slow", True)

    report = graded(is_quick=True, only=frozenset({"f_inputs"}))

    assert statuses(report) == ["not_run", "passed", "not_run", "not_run"]
    assert (report.score, report.max_score, report.points_run) == (None, 20, (2, 2))


def test_a_quick_run_in_which_the_grader_failed_has_no_score(graded, monkeypatch):
    monkeypatch.setattr(PurityCheck, "is_slow", True)

    report = graded({"f_values": ZeroDivisionError("ours")}, is_quick=True)

    assert (report.status, report.score) == ("incomplete", None)


def test_a_run_in_which_nothing_is_worth_points_has_no_score_not_0_of_0(graded, monkeypatch, loaded):
    for kind in (ValuesCheck, PurityCheck, AgreementCheck):
        monkeypatch.setattr(kind, "is_slow", True)

    report = graded(is_quick=True)
    unreadable = report_without_code(
        "bob", "unreadable", "no", loaded, Settings(seed=7, is_quick=True), CONFINED
    )

    assert (report.status, report.score, report.max_score) == ("graded", None, 0)
    assert (unreadable.status, unreadable.score, unreadable.max_score) == ("unreadable", None, 0)


def test_what_a_hand_in_can_make_long_is_short_in_a_report(graded):
    """Ten thousand definitions: at other places, in other files, with names of any length."""
    again = graded(text=BOTH_FUNCTIONS + "\ndef f(W): return 1\n" * 10_000)
    (note,) = [note for note in again.functions["f"].notes if "times" in note]

    assert note.startswith("it is defined 10001 times (")
    assert note.endswith("and 9,996 more); the last one is graded")
    assert len(again.to_json()) < 20_000


def test_a_run_of_every_check_by_name_gives_a_score(graded):
    assert graded(only=frozenset(ALL_PASSED)).score == 20


def test_a_check_that_fails_itself_costs_no_other_its_points(graded):
    report = graded({"f_values": ZeroDivisionError("ours")})

    assert statuses(report) == ["errored", "passed", "passed", "passed"]
    assert [check.points for check in report.checks] == [0, 2, 5, 3]
    assert report.checks[0].message == ERRED
    assert (report.status, report.score) == ("incomplete", None)
    assert report.functions["f"].status == "unjudged"
    assert report.functions["g"].status == "correct"
    assert "ours" not in report.to_json()


def test_a_wrong_function_stays_wrong_where_another_check_fails_itself(graded):
    report = graded({"f_values": failed("f"), "f_inputs": RuntimeError("ours")}, text=WRITTEN)

    assert report.functions["f"].status == "incorrect"


def test_a_sandbox_that_cannot_start_a_worker_is_an_errored_check(graded):
    report = graded({"g_values": SandboxError("no worker")})

    assert statuses(report) == ["passed", "passed", "errored", "passed"]
    assert report.score is None


@pytest.mark.parametrize("measured", [float("nan"), float("inf"), -1.7e308])
def test_a_verdict_that_no_report_can_hold_is_a_failed_check(graded, measured):
    report = graded({"g_values": Verdict("passed", 1.0, "Fine.", measured={"loss_difference": measured})})

    assert statuses(report) == ["passed", "passed", "failed", "passed"]
    assert report.score == 15


def test_a_fault_of_ours_is_logged_with_its_traceback(graded, caplog):
    graded({"f_values": ZeroDivisionError("ours")})

    (record,) = caplog.records
    assert record.message == "the grader failed; this is not the student's fault"
    assert record.exc_info is not None


def test_a_fault_of_the_specs_own_questions_is_one_sentence_with_its_line(graded, caplog):
    error = SpecError("questions.py: line 3: draw of 'f' raised KeyError: 'x'")

    report = graded({"f_values": error})

    (record,) = caplog.records
    assert record.message.startswith("questions.py failed, and not the submission, which loses nothing")
    assert logging.Formatter().format(record).endswith(f"grader.errors.SpecError: {error}")
    assert "Traceback" not in logging.Formatter().format(record)
    assert statuses(report)[0] == "errored"
    assert report.score is None


def test_an_extraction_that_fails_is_a_full_report_without_a_score(graded, monkeypatch):
    def fail(*_):
        raise RecursionError("ours")

    monkeypatch.setattr(grade_module, "extract", fail)
    sandbox = FakeSandbox()

    report = graded(sandbox=sandbox)

    assert statuses(report) == ["errored"] * 4
    assert (report.status, report.score, report.max_score) == ("incomplete", None, 20)
    assert [function.status for function in report.functions.values()] == ["unjudged", "unjudged"]
    assert [(flag.kind, flag.audience, flag.message) for flag in report.flags] == [
        ("grader_fault", "both", "the submission's code could not be parsed")
    ]
    assert sandbox.sessions == []


def test_a_stop_by_the_instructor_is_no_fault_of_the_grader(graded, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(grade_module, "extract", stop)

    with pytest.raises(KeyboardInterrupt):
        graded()


def test_the_names_of_mistakes_stand_once_with_their_function(graded):
    diagnosis = Diagnosis("gradient", "reg_without_2", "It lacks the factor 2.")
    wrong = Verdict("failed", 0.0, "It is wrong.", findings=(Finding("f", False, (diagnosis,), ("a note",)),))

    report = graded({"f_values": wrong, "f_inputs": wrong})

    assert [each.misconception for each in report.functions["f"].diagnosis] == ["reg_without_2"]
    assert report.functions["f"].notes == ("a note",)
    assert report.functions["g"].diagnosis == ()


def test_a_failed_check_names_the_incorrect_function_that_its_own_calls(graded):
    text = "def f(W, X, y, reg):\n    return g(W, X, y, reg)\n\ndef g(W, X, y, reg):\n    return reg * W\n"

    report = graded({"f_values": failed("f"), "g_values": failed("g"), "same": failed()}, text=text)

    assert report.checks[0].caused_by == ("g",)
    assert report.checks[0].message == "It is wrong. It calls g, which is incorrect too: start there."
    assert [check.caused_by for check in report.checks[1:]] == [(), (), ()]


def test_a_failed_check_names_the_unwritten_function_that_its_own_calls(graded):
    text = "def f(W, X, y, reg):\n    return g(W, X, y, reg)\n\ndef g(W, X, y, reg):\n    pass\n"

    report = graded({"f_values": failed("f"), "g_values": failed("g"), "same": failed()}, text=text)

    assert report.checks[0].caused_by == ("g",)
    assert report.checks[0].message == "It is wrong. It calls g, which is not written yet: start there."
    assert [check.caused_by for check in report.checks[2:]] == [("g",), ("g",)]


def test_a_check_that_fails_for_want_of_a_missing_function_follows_from_it(graded):
    failure = Failure("f", "NameError", "name 'g' is not defined", Location("hw.py", None, 2), "return g(W)")
    lost = Verdict("failed", 0.0, "f raised NameError.", failure=failure)

    report = graded({"f_values": lost}, text="def f(W, X, y, reg):\n    return g(W)\n")

    assert report.checks[0].caused_by == ("g",)
    assert report.checks[0].failure is not None
    assert report.checks[0].failure.model_dump() == {
        "function": "f",
        "kind": "NameError",
        "message": "name 'g' is not defined",
        "where": {"file": "hw.py", "cell": None, "line": 2},
        "line": "return g(W)",
    }


def test_a_check_that_fails_for_want_of_another_name_follows_from_nothing(graded):
    failure = Failure("f", "NameError", "name 'np' is not defined")

    report = graded(
        {"f_values": Verdict("failed", 0.0, "f raised NameError.", failure=failure)}, text=WRITTEN
    )

    assert report.checks[0].caused_by == ()


def test_where_two_functions_call_each_other_neither_is_to_blame(graded):
    text = "def f(W, X, y, reg):\n    return g(W)\n\ndef g(W, X, y, reg):\n    return f(W)\n"

    report = graded({"f_values": failed("f"), "g_values": failed("g")}, text=text)

    assert [check.caused_by for check in report.checks] == [(), (), (), ()]


def test_a_check_that_waits_for_right_values_follows_from_the_check_of_the_values(graded):
    waits = Verdict("failed", 0.0, "Later.", blames=("f",))

    report = graded({"f_values": failed("f"), "f_inputs": waits, "same": waits}, text=WRITTEN)

    assert [check.caused_by for check in report.checks] == [(), ("f_values",), (), ("f_values",)]


def test_a_check_that_waits_names_no_check_that_passed(graded):
    waits = Verdict("failed", 0.0, "Later.", blames=("f",))

    assert graded({"f_inputs": waits}, text=WRITTEN).checks[1].caused_by == ()


def test_a_second_definition_is_a_note(graded):
    report = graded(text=BOTH_FUNCTIONS + "\ndef f(W, X, y, reg):\n    return 1\n")

    assert report.functions["f"].notes == (
        "it is defined 2 times (hw.py, line 1 and hw.py, line 7); the last one is graded",
    )
    assert report.functions["f"].where.line == 7


CUDA = BOTH_FUNCTIONS.replace("return 0", "return W.cuda()", 1)


def test_code_for_cuda_on_the_cpu_is_a_note_and_is_redirected(graded):
    sandbox = FakeSandbox()

    report = graded(text=CUDA, sandbox=sandbox)

    assert report.functions["f"].notes == ("it asks for CUDA; it ran on the CPU, because no GPU was used",)
    assert report.functions["g"].notes == ()
    assert sandbox.sessions[0].redirect_cuda is True


def test_code_for_cuda_on_cuda_is_no_note_and_is_not_redirected(graded):
    sandbox = FakeSandbox()

    report = graded(text=CUDA, sandbox=sandbox, device="cuda")

    assert report.functions["f"].notes == ()
    assert report.environment.device == "cuda"
    assert sandbox.sessions[0].redirect_cuda is False


def test_a_stubbed_module_is_a_note(graded):
    report = graded(
        text="import matplotlib.pyplot as plt\n" + BOTH_FUNCTIONS.replace("return 0", "plt.show()", 1)
    )

    assert report.functions["f"].notes == ("matplotlib cannot be used here; calls to it do nothing",)
    assert report.functions["g"].notes == ()


TRAINER = (
    'role = "trainer", defaults = { learning_rate = 1e-3, reg = 1e-5, num_iters = 100, batch_size = 200 }'
)
ANY_FUNCTION = (
    'role = "function", signature = "(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100)"'
)


@pytest.mark.parametrize(
    "signature, notes",
    [
        ("learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200", ()),
        ("learning_rate=0.001, reg=0.00001, num_iters=10**2, batch_size=2 * 100", ()),
        ("learning_rate, reg=None, num_iters=100.0, **rest", ()),
        (
            "learning_rate=0.5, num_iters=7",
            (
                "learning_rate is 0.5 by default; the handout's signature says 0.001",
                "num_iters is 7 by default; the handout's signature says 100",
            ),
        ),
    ],
)
@pytest.mark.parametrize("role", [TRAINER, ANY_FUNCTION])
def test_a_default_that_differs_from_the_handouts_is_a_note(graded, tmp_path, signature, notes, role):
    spec = MINI_SPEC.replace("[[checks]]", f"t = {{ {role} }}\n\n[[checks]]", 1)
    (tmp_path / "mini.toml").write_text(spec, encoding="utf-8")
    text = f"{BOTH_FUNCTIONS}\ndef t(loss_func, W, X, y, {signature}):\n    return W, []\n"

    report = graded(text=text, spec=load_spec(str(tmp_path / "mini.toml")))

    assert report.functions["t"].notes == notes


@pytest.mark.parametrize(
    "signature, notes",
    [
        ("(w, X, y=None)", ()),
        ("(w, inputs, y)", ()),
        ("(X, y, w)", ("it takes (X, y, w); the handout's signature is (w, X, y), in this order",)),
    ],
)
def test_the_handouts_parameters_in_another_order_are_a_note(graded, tmp_path, signature, notes):
    function = 't = { role = "function", signature = "(w, X, y=None)" }'
    (tmp_path / "mini.toml").write_text(
        MINI_SPEC.replace("[[checks]]", f"{function}\n\n[[checks]]", 1), "utf-8"
    )
    text = f"{BOTH_FUNCTIONS}\ndef t{signature}:\n    return 0\n"

    report = graded(text=text, spec=load_spec(str(tmp_path / "mini.toml")))

    assert report.functions["t"].notes == notes


def test_a_call_of_xrange_is_a_note_where_nothing_gives_it(graded):
    text = BOTH_FUNCTIONS.replace("return 0", "return sum(xrange(2))", 1)

    report = graded(text=text)
    imported = graded(text=f"xrange = range\n{text}")

    assert report.functions["f"].notes == (
        "it calls xrange, which only Python 2 has; it was given range instead",
    )
    assert report.functions["g"].notes == imported.functions["f"].notes == ()


def test_python_2_is_a_note(graded):
    report = graded(text=BOTH_FUNCTIONS.replace("return 0", "print W; return 0", 1))

    assert report.functions["f"].notes == ("it is Python 2; it was converted to Python 3 to be graded",)
    assert report.functions["g"].notes == ()


def test_a_method_that_does_not_parse_is_a_note(graded):
    text = "class f:\n    def loss(self):\n        return (1\n    def train(self):\n        return 2\n"

    report = graded(text=text)

    assert report.functions["f"].notes == (
        "f.loss (hw.py) does not parse: line 3 (`return (1`): '(' was never closed",
    )


def test_what_a_function_needs_and_was_left_out_is_a_note(graded):
    report = graded(text="K = open('k.txt').read()\n" + BOTH_FUNCTIONS.replace("return 0", "return K", 1))

    (note,) = report.functions["f"].notes
    assert note.startswith("K: ")
    assert report.functions["g"].notes == ()


CALLS_F = BOTH_FUNCTIONS.replace("return 0", "return {}", 2).format("0", "f(W, X, y, reg)")
FORBIDDEN = "g calls f (hw.py, line 5), which this assignment does not allow."


def with_restrictions(tmp_path, policy):
    return mini_spec(tmp_path, f'{MINI_SPEC}\n[restrictions]\npartner = "{policy}"\n')


def test_a_violated_restriction_costs_the_checks_that_name_the_function(graded, tmp_path):
    report = graded(
        {"f_values": failed("f", credit=0.5)}, text=CALLS_F, spec=with_restrictions(tmp_path, "fail")
    )

    assert statuses(report) == ["failed", "passed", "failed", "failed"]
    assert [check.points for check in report.checks] == [5, 2, 0, 0]
    assert [check.message for check in report.checks[2:]] == [FORBIDDEN, FORBIDDEN]
    assert report.functions["g"].status == "incorrect"
    assert report.functions["g"].notes == ()
    assert [(flag.kind, flag.function, flag.message) for flag in report.flags] == [
        ("restriction_violated", "g", FORBIDDEN)
    ]
    assert [check.caused_by for check in report.checks[2:]] == [(), ()]
    assert (report.status, report.score) == ("graded", 7)


def test_a_noted_restriction_costs_nothing(graded, tmp_path):
    report = graded(text=CALLS_F, spec=with_restrictions(tmp_path, "note"))

    assert (statuses(report), report.score) == (["passed"] * 4, 20)
    assert report.functions["g"].status == "correct"
    assert report.functions["g"].notes == ("it calls f (hw.py, line 5): the other version of the same loss",)
    assert [(flag.kind, flag.function) for flag in report.flags] == [("restriction_noted", "g")]


def test_an_ignored_restriction_is_not_mentioned(graded, tmp_path):
    report = graded(text=CALLS_F, spec=with_restrictions(tmp_path, "ignore"))

    assert (report.score, report.flags, report.functions["g"].notes) == (20, (), ())


def test_a_fault_of_ours_in_the_restrictions_costs_nobody_points(graded, monkeypatch):
    def fail(*_):
        raise RecursionError("ours")

    monkeypatch.setattr(grade_module, "find_violations", fail)

    report = graded()

    assert report.score == 20
    assert [flag.message for flag in report.flags] == ["restrictions could not be checked"]


def test_the_bounds_of_the_spec_are_those_of_the_session(tmp_path, graded):
    sandbox = FakeSandbox()
    limits = "[limits]\nload_seconds = 3\nfunction_seconds = 4\nmemory_bytes = 1000000000\n"

    budget = budget_of(mini_spec(tmp_path, MINI_SPEC + limits).spec.assignment)
    graded(sandbox=sandbox)

    assert (budget.load_seconds, budget.function_seconds, budget.memory_bytes) == (3, 4, 1_000_000_000)
    assert sandbox.sessions[0].budget.load_seconds == 20


def test_progress_is_told_before_each_check(graded):
    told = []

    graded(progress=lambda *words: told.append(words))

    assert told == [
        (0, 4, "f: values"),
        (1, 4, "f: inputs unchanged"),
        (2, 4, "g: values"),
        (3, 4, "f and g agree"),
    ]


def test_an_unreadable_submission_has_a_report_with_its_reason(loaded):
    report = report_without_code(
        "bob", "unreadable", "bob.zip: is damaged", loaded, Settings(seed=7), CONFINED
    )

    assert (report.status, report.score, report.max_score) == ("unreadable", 0, 20)
    assert report.submission.id == "bob"
    assert {check.message for check in report.checks} == {"bob.zip: is damaged."}
    assert set(statuses(report)) == {"skipped"}
    assert {function.status for function in report.functions.values()} == {"missing"}
    assert [(flag.kind, flag.message) for flag in report.flags] == [("unreadable", "bob.zip: is damaged")]
    assert parse_report(report.to_json()) == report


def test_another_courses_class_is_graded_and_flagged():
    source = (
        "import numpy as np\n\nclass TwoLayerNet:\n"
        "    def __init__(self, input_size=784, num_classes=10, hidden_size=128):\n        self.weights = np.zeros(1)\n"
    )

    report = grade(
        submission_of(source), load_spec("two_layer_net"), FakeSandbox(), Settings(seed=7, is_quick=True)
    )

    assert (report.status, report.score) == ("graded", 0)
    (flag,) = [flag for flag in report.flags if flag.kind == "wrong_spec"]
    assert (flag.spec, flag.audience) == (None, "both")
    assert flag.message.startswith(
        "TwoLayerNet here is another course's (CS7643, two_layer_nn.py): it takes (input_size,"
    )


def test_another_shipped_spec_that_fits_better_is_named_in_its_flag():
    source = "import torch\n\ndef svm_loss_naive(W, X, y, reg):\n    return torch.zeros(1), W\n"

    report = grade(submission_of(source), load_spec("cs231n"), FakeSandbox(), Settings(seed=7, is_quick=True))

    assert [(flag.kind, flag.spec) for flag in report.flags if flag.kind == "wrong_spec"] == [
        ("wrong_spec", "eecs498_2019")
    ]
