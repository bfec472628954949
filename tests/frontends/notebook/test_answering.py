"""The judge's answers, made in this process: results in words, and a sentence for whatever cannot be checked."""

import contextlib
import json

import pytest

from grader import api
from grader.frontends.notebook.answering import FAULT, Answering
from grader.frontends.notebook.executed import Broken, Executed
from grader.frontends.notebook.request import Request
from grader.frontends.notebook.snapshot import Snapshot
from grader.frontends.notebook.telling import left_out, told
from grader.sandbox.fake import FakeSandbox
from tests.samples import BOTH_FUNCTIONS, MINI_NUMPY_SPEC, TIMED_CHECK, check_part, mini_spec, report_of

HIDDEN = '\n[[checks]]\nid = "h"\nkind = "purity"\ntitle = "Zebra"\nfunction = "g"\nvisibility = "hidden"\npoints = 2\n'


@pytest.fixture
def answer(tmp_path, monkeypatch):
    """(cells, functions, spec) to the judge's answer; no process is started."""
    monkeypatch.setattr(api, "_sandbox", lambda **_: contextlib.nullcontext(FakeSandbox()))
    (tmp_path / "mini.toml").write_text(MINI_NUMPY_SPEC + TIMED_CHECK + HIDDEN)
    with Answering(lambda _: None) as one:

        def ask(*cells, functions=(), spec="mini.toml", names="fgh", stopped=(), **fields):
            snapshot = Snapshot(
                cells,
                dict(stopped),
                names=frozenset(names),
                folder=str(tmp_path),
                folders=(str(tmp_path),),
            )
            request = Request.from_bytes(Request(snapshot, functions, spec, **fields).to_bytes())
            return json.loads(one.answer(request))

        yield ask


@pytest.mark.parametrize(
    "cells, functions, words",
    [
        (
            ("%load_ext grader", "%grader"),
            (),
            "nothing has been executed in this notebook yet; run the cells that define your functions, then check again",
        ),
        (
            ("%load_ext grader", "def f(:"),
            (),
            "In [2] has a syntax error in line 1 (invalid syntax); correct it, run the cell again, then check again",
        ),
        (("x = 1",), ("g",), "g is not defined yet; run the cell that defines it, then check again"),
        (
            ("g(1)",),
            ("f", "g"),
            "f and g are not defined yet; run the cell that defines them, then check again",
        ),
        (
            ("x = 1", "def g(W)\n    pass"),
            ("g",),
            (
                "g is not defined yet: In [2] has a syntax error in line 1 (expected ':'); correct it, run the cell"
                " again, then check again"
            ),
        ),
        ((BOTH_FUNCTIONS,), ("gg",), "mini has no function 'gg' (did you mean 'g'?); choose from f, g"),
    ],
)
def test_what_cannot_be_checked_is_told_in_a_sentence(answer, cells, functions, words):
    assert answer(*cells, functions=functions) == {"error": words}


def test_an_assignment_that_cannot_be_told_is_asked_for(answer):
    assert answer("def h(x):\n    return x", spec=None)["error"].startswith(
        "cannot tell which assignment this is"
    )
    assert answer("x = 1", functions=("svm_loss_naive",), spec=None)["error"] == (
        "svm_loss_naive is not defined yet; run the cell that defines it, then check again"
    )


def test_code_that_an_error_kept_from_running_is_named(answer):
    cells = "%load_ext grader", "import numpyy\ndef g(W):\n    pass"
    again = "correct it, run the cell again, then check again"

    assert answer(*cells, stopped={2: 1})["error"] == f"In [2] stopped at line 1; {again}"
    assert answer("x = 1", cells[1], stopped={2: 1}, functions=("g",))["error"] == (
        f"g is not defined yet: In [2] stopped at line 1; {again}"
    )
    assert answer("x = 1", cells[1], stopped={2: 1}, spec=None)["error"].endswith(
        ". In [2] stopped at line 1: what was not run does not count; correct it and run it again"
    )
    assert answer("%load_ext grader", "%grader --full", stopped={2: 1})["error"].startswith(
        "nothing has been"
    )


def test_functions_whose_checks_are_all_slow_need_the_option(answer, tmp_path):
    (tmp_path / "mini.toml").write_text(MINI_NUMPY_SPEC.partition("[[checks]]")[0] + TIMED_CHECK)

    assert answer(BOTH_FUNCTIONS, functions=("g",))["error"] == (
        "all checks of g time or train, which takes a while; `%grader g --full` runs them"
    )


def test_a_seed_that_is_out_of_range_is_refused(answer):
    assert answer(BOTH_FUNCTIONS, seed=-1)["error"] == (
        "seed must be an integer of at least 0 and below 2**63, not -1"
    )


def test_a_fault_of_ours_is_a_sentence_without_a_traceback(answer, monkeypatch):
    monkeypatch.setattr(Answering, "_checked", lambda *_: 1 / 0)

    assert answer(BOTH_FUNCTIONS) == {"error": FAULT}


def test_a_check_runs_what_was_asked_for_and_tells_the_rest(answer):
    one = answer("x = 1", BOTH_FUNCTIONS, functions=("g",))
    whole = answer("x = 1", BOTH_FUNCTIONS)

    words = " ".join(one["text"].split())
    assert "Left out, because it times or trains: g is fast (5 points). %grader g --full runs it." in words
    assert (
        "Not asked for: 2 checks of other functions (12 points) and hidden checks. %grader alone checks everything"
        in words
    )
    assert {check["id"] for check in one["report"]["checks"] if check["status"] != "not_run"} == {
        "g_values",
        "same",
    }
    assert "1 check is hidden, worth 2 points" in " ".join(whole["text"].split())
    assert "Zebra" not in json.dumps([one, whole])
    assert "In [2], line 4" in one["text"]
    assert "notebook.ipynb" not in one["text"] + one["html"]


def request(*functions, is_full=False):
    return Request(Snapshot(()), functions, None, is_full)


def test_functions_that_are_not_there_are_named_with_what_waits_for_them():
    gone = {
        "status": "missing",
        "where": None,
        "diagnosis": [],
        "notes": ["g is not defined in the submission"],
    }
    skipped = check_part(id="s", functions=["g"], status="skipped", points=0.0, max_points=3.0)
    report = report_of(checks=[check_part(), skipped], functions={"g": gone})

    assert list(left_out(request(), report, has_hidden=False)) == [
        "Not defined yet: g; 1 check, worth 3 points, waits for it."
    ]


def test_a_new_version_that_python_could_not_parse_is_told(tmp_path):
    done = Executed(("def f(): pass", ""), (Broken(2, 3, "def f(:", "invalid syntax"),))

    text = json.loads(told(request(), report_of(), mini_spec(tmp_path), done))["text"]

    assert " ".join(text.split()).endswith(
        "In [2] has a syntax error in line 3 (invalid syntax), so Python ran nothing of it: f is graded as it was before."
        " Correct it and run the cell again."
    )
