"""What the grader cannot follow is a flag, never silent; right programs and those of the catalogue have none."""

from collections import Counter
from pathlib import Path

import pytest

from grader.extract import extract
from grader.intake.submission import load_submission
from grader.restrictions import find_violations
from grader.selftest.catalogue import implementations_for
from grader.spec import load_spec, shipped_specs
from tests.restrictions.hidden_names import HIDDEN
from tests.restrictions.innocent_names import INNOCENT
from tests.restrictions.right_programs import USUAL, module
from tests.restrictions.students import assignment_with, extracted_of

SUBMISSIONS = Path(__file__).parents[2] / "submissions"
UNCLEAR = {"eecs498_2019/cross_entropy_by_another_name", "eecs498_2019/os_exit"}
"""Samples that hide something."""


def violations_of(source, **policy):
    found = find_violations(assignment_with(**policy), extracted_of(source), {})
    return [each for each in found if each.function == "vectorized"]


def unclear_in(lines, before="import torch\nimport torch.nn.functional as F\nimport operator\n"):
    """What is unclear in a function of these lines, as words."""
    indented = "\n".join(f"    {line}" for line in lines.split("\n"))
    found = violations_of(f"{before}def vectorized(W, X, y, reg):\n{indented}\n")
    return [each.clause for each in found if each.kind == "unclear"]


@pytest.mark.parametrize("source", HIDDEN.values(), ids=HIDDEN)
def test_a_hidden_name_is_a_violation_or_a_flag(source):
    assert violations_of(source) != []


@pytest.mark.parametrize("source", INNOCENT.values(), ids=INNOCENT)
def test_an_innocent_program_has_neither(source):
    assert [each for each in violations_of(source) if each.kind != "devices"] == []


@pytest.mark.parametrize(
    "lines, words",
    [
        ("return [F][0]", "torch.nn.functional, passed on as a value (hw.py, line 5)"),
        ("return getattr(X, str(y))", "getattr with a computed name (hw.py, line 5)"),
        (
            "return operator.attrgetter(str(y))(X)",
            "operator.attrgetter or methodcaller with a computed name (hw.py, line 5)",
        ),
        ("return vectorized.__globals__", "__globals__ (hw.py, line 5)"),
        ("b = X.sum().backward\nb()", "backward, read and not called (hw.py, line 5)"),
        ("return vars(X)", "vars() of an unknown value (hw.py, line 5)"),
        ("return locals()[y]", "names looked up by a computed name (hw.py, line 5)"),
        ("return torch.ops.aten.add(X, X)", "torch.ops.aten.add (hw.py, line 5)"),
        ("return list(map(getattr, X, y))", "getattr, passed on as a value (hw.py, line 5)"),
        ("torch.exp = X", "torch.exp, which the code replaces (hw.py, line 5)"),
        ("torch.exp, b = X, y", "torch.exp, which the code replaces (hw.py, line 5)"),
        ("for torch.exp in X: pass", "torch.exp, which the code replaces (hw.py, line 5)"),
        ("torch.exp: object = X", "torch.exp, which the code replaces (hw.py, line 5)"),
        ("vars(torch)['exp'] = X", "torch.exp, which the code replaces (hw.py, line 5)"),
        ("torch.__dict__['exp'] = X", "torch.exp, which the code replaces (hw.py, line 5)"),
        ("torch.__dict__[X] = y", "a name in torch, which the code replaces (hw.py, line 5)"),
        ("vars(torch).update(exp=X)", "a name in torch, which the code replaces (hw.py, line 5)"),
        ("import inspect\nreturn inspect.signature(X, eval_str=True)", "eval_str (hw.py, line 6)"),
    ],
)
def test_what_cannot_be_followed_is_said_in_words_with_its_line(lines, words):
    assert unclear_in(lines) == [words]


def test_an_object_of_ones_own_may_be_read_by_a_computed_name_until_it_keeps_a_module():
    box = "class Box:\n    def get(self, name): return getattr(self, name)\n"
    keeper = box + "    def __init__(self): self.F = torch.nn.functional\n"

    assert unclear_in("return Box().get(y)", f"import torch\n{box}") == []
    assert unclear_in("return Box().get(y)", f"import torch\n{keeper}") == [
        "a module kept in an attribute or a default, where attributes are read by computed names (hw.py, line 5)"
    ]


def test_a_branch_that_other_code_may_turn_alive_is_unclear_only_if_it_holds_something_restricted():
    before = "DEBUG = False\ndef on():\n    global DEBUG\n    DEBUG = True\n"
    loss = "on()\nif DEBUG:\n    return torch.nn.functional.nll_loss(X, y)\nreturn X"

    assert unclear_in("on()\nif DEBUG:\n    print(X)\nreturn X", f"import torch\n{before}") == []
    assert unclear_in(loss, f"import torch\n{before}") == [
        "torch.nn.functional.nll_loss behind DEBUG, which other code may set (hw.py, line 9)"
    ]


def test_a_restriction_that_is_ignored_leaves_nothing_unclear_in_a_branch():
    source = module(
        "on()\nif DEBUG:\n    naive(W, X, y, reg)\n" + USUAL, "DEBUG = False\ndef on():\n    global DEBUG\n"
    )

    assert [each.kind for each in violations_of(source)] == ["unclear"]
    assert violations_of(source, partner="ignore") == []


def test_computed_names_are_unclear_where_dynamic_is_ignored():
    found = violations_of(module("eval('1')\n" + USUAL), dynamic="ignore")

    assert [(each.kind, each.clause) for each in found] == [("unclear", "eval (hw.py, line 27)")]


def test_nothing_is_unclear_where_everything_is_ignored():
    kinds = ("autograd", "modules", "losses", "libraries", "partner", "dynamic")

    assert violations_of(module("[F][0]\n" + USUAL), **dict.fromkeys(kinds, "ignore")) == []


def test_right_implementations_have_no_violation_and_at_most_one_flag_in_a_hundred():
    accused, count, flagged = [], 0, Counter[str]()
    for name in shipped_specs():
        spec = load_spec(name).spec
        for each in implementations_for(spec):
            if each.fits(spec) and each.is_right_for(spec):
                count += 1
                extracted = extract(each.submission, list(spec.functions), spec.files)
                found = find_violations(spec.assignment, extracted, {})
                accused += [violation for violation in found if violation.policy == "fail"]
                flagged[each.full_name] += any(violation.kind == "unclear" for violation in found)

    assert accused == []
    assert count > 500
    assert flagged.total() <= count / 100, +flagged


def test_a_sample_is_unclear_only_if_it_hides_something():
    unclear = set()
    for sample in sorted(SUBMISSIONS.glob("*/*")):
        spec = load_spec(sample.parent.name).spec
        extracted = extract(load_submission(sample), list(spec.functions), spec.files)
        if any(each.kind == "unclear" for each in find_violations(spec.assignment, extracted, {})):
            unclear.add(f"{sample.parent.name}/{sample.name}")

    assert unclear == UNCLEAR
