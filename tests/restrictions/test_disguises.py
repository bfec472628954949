"""The hardest cases of both sides: right programs that look restricted, and restricted uses in disguise."""

import time

import pytest

from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.restrictions import find_violations
from tests.pace import compile_seconds
from tests.restrictions.disguises import AUTOGRAD, LOSSES, PARTNERS
from tests.restrictions.right_programs import RIGHT, USUAL, module
from tests.restrictions.students import assignment_with, extracted_of
from tests.samples import mini_spec, submission_of

EVERYTHING = ("losses", "partner", "autograd", "modules", "libraries", "dynamic")
SPEC = """\
name = "mini"
title = "Mini"

[restrictions]
losses = "fail"
partner = "fail"
autograd = "fail"
modules = "fail"
libraries = "fail"
dynamic = "fail"

[functions]
naive = { role = "loss", classifier = "softmax", style = "naive" }
vectorized = { role = "loss", classifier = "softmax", style = "vectorized" }

[[checks]]
id = "values"
kind = "values"
title = "vectorized: values"
function = "vectorized"
points = 10
"""

ONLY_TRACED = {
    "losses": {
        "tuple of modules",
        "dictionary of modules",
        "closure over a module",
        "eval",
        "exec",
        "loss that is not imported but reached",
        "called when imported",
        "__getattr__ of a class",
        "returned by a function",
        "context manager",
        "loop over modules",
        "nonlocal",
    },
    "autograd": set(),
    "partner": set(),
}
"""Uses that only a traced call shows; the source says that it cannot be followed."""

SEEN_BY_NEITHER = {"padded"}
"""Beyond source and trace: only a note on names or code made at run time remains."""

DISGUISES = [
    (kind, name, source)
    for kind, table in (("losses", LOSSES), ("autograd", AUTOGRAD), ("partner", PARTNERS))
    for name, source in table.items()
]
IN_SOURCE = [each for each in DISGUISES if each[1] not in ONLY_TRACED[each[0]] | SEEN_BY_NEITHER]
IN_TRACE = [each for each in DISGUISES if each[1] in ONLY_TRACED[each[0]]]
IN_NEITHER = [each for each in DISGUISES if each[1] in SEEN_BY_NEITHER]
TRIED_WHILE_TRACED = (
    *("einsum", "one_hot", "nn.LogSoftmax", "wraps the partner", "decorator"),
    *("no_grad as a decorator", "inference_mode", "numpy within", "class with backward", "vmap"),
)


@pytest.fixture
def report_on(sandbox, tmp_path):
    """The source of a module to the report on it, with all restrictions set to fail."""
    spec = mini_spec(tmp_path, SPEC)
    return lambda source: grade(submission_of(source), spec, sandbox, Settings(seed=11))


def kinds_in_source(source):
    """The kinds of violations of `vectorized` without a trace."""
    violations = find_violations(assignment_with(), extracted_of(source), {})
    return {each.kind for each in violations if each.function == "vectorized"}


@pytest.mark.parametrize("source", RIGHT.values(), ids=RIGHT)
def test_a_right_program_has_no_violation(source):
    extracted = extracted_of(source)

    assert {"naive", "vectorized"} <= extracted.functions.keys()
    assert find_violations(assignment_with(), extracted, {}) == ()


@pytest.mark.parametrize("name", TRIED_WHILE_TRACED)
def test_a_right_program_has_full_points_and_no_flag_under_all_restrictions(report_on, name):
    report = report_on(RIGHT[name])

    assert (report.score, report.flags, report.functions["vectorized"].notes) == (10, (), ())


@pytest.mark.parametrize("kind, name, source", IN_SOURCE, ids=[f"{k}: {n}" for k, n, _ in IN_SOURCE])
def test_a_disguised_use_is_seen_in_the_source(kind, name, source):
    assert kind in kinds_in_source(source)


@pytest.mark.parametrize("kind, name, source", IN_TRACE[::2], ids=[f"{k}: {n}" for k, n, _ in IN_TRACE[::2]])
def test_a_use_that_the_source_hides_is_seen_when_it_runs(report_on, kind, name, source):
    report = report_on(source)

    assert kind not in kinds_in_source(source)
    assert report.score == 0
    assert any("; seen while it ran, not in its source)" in flag.message for flag in report.flags)


@pytest.mark.parametrize("kind, name, source", IN_NEITHER, ids=[f"{k}: {n}" for k, n, _ in IN_NEITHER])
def test_a_use_that_neither_sees_is_a_dynamic_violation(kind, name, source):
    assert kinds_in_source(source) == {"dynamic"}


@pytest.mark.parametrize("kind, name, source", IN_TRACE, ids=[f"{k}: {n}" for k, n, _ in IN_TRACE])
def test_a_use_that_the_source_hides_is_not_silent(kind, name, source):
    assert kinds_in_source(source) & {"dynamic", "unclear"}


def test_a_partner_behind_a_graded_class_is_seen_and_a_class_that_calls_it_is_right():
    source = module(
        "return Classifier().loss(W, X, y, reg)\n",
        "class Classifier:\n    def loss(self, *a): return naive(*a)\n",
    )
    violations = find_violations(assignment_with(partner="fail"), extracted_of(source), {})

    assert [each.message for each in violations] == [
        "vectorized calls naive (hw.py, line 26), which this assignment does not allow."
    ]


def test_a_use_behind_names_that_are_rebound_often_is_seen():
    lines = "".join(f"X = X.f{number}()\n" for number in range(50))

    assert kinds_in_source(module(lines + "return naive(W, X, y, reg)\n")) == {"partner"}


def test_a_name_that_is_a_module_of_itself_is_followed():
    lines = "t = torch\nt = t.nn\nt = t.functional\nreturn t.cross_entropy(X, y)\n"

    assert "losses" in kinds_in_source(module(lines))


def test_a_table_of_numbers_is_not_too_much_code():
    table = "TABLE = [" + "1.5, " * 61_000 + "]\n"

    assert kinds_in_source(module("TABLE\n" + USUAL, table)) == set()


@pytest.mark.parametrize(
    "lines, before",
    [
        ("import torch as t\n" * 2_000 + "t\n" * 2_000, ""),
        ("".join(f"import m{number} as t\n" for number in range(2_000)) + "t\n" * 2_000, ""),
        ("v = X[" + " + ".join(["'a'"] * 800) + "]\n" + "v\n" * 5_000, ""),
        ("v = X['" + "a" * 20_000 + "' + 'b']\n" + "v\n" * 5_000, ""),
        ("x\n" * 5_000, "x = 1\n" + "x = x + 1\n" * 5_000),
        ("".join(f"a{i} = a{i + 1} or a{i + 2} or a{i + 3}\n" for i in range(2_000)), ""),
        ("".join(f"a{i}\n" for i in range(4_000)), "".join(f"from m{i} import *\n" for i in range(4_000))),
    ],
    ids=["one module", "many modules", "key of parts", "long key", "statements", "branches", "stars"],
)
def test_names_bound_as_often_as_they_are_read_take_no_time_with_the_square(lines, before):
    extracted = extracted_of(module(lines + "return X\n", before))
    began = time.process_time()

    find_violations(assignment_with(), extracted, {})

    assert "vectorized" in extracted.functions
    assert time.process_time() - began < 20 * compile_seconds()
