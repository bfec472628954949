"""A spec that is made of shipped ones, with the points that each counts."""

from pathlib import Path

import pytest

from grader.errors import SpecError
from grader.intake.submission import load_submission
from grader.selftest import load_catalogue
from grader.spec import load_spec
from grader.spec.detect import near_misses

ROOT = Path(__file__).resolve().parents[2]

BOTH = """
name = "both"
title = "Two in one"
float_labels = true

[restrictions]
libraries = "fail"

[[include]]
spec = "ridge_regression"
points = 30

[[include]]
spec = "two_layer_net"
points = 70
"""


@pytest.fixture
def load(tmp_path):
    def load(text):
        path = tmp_path / "both.toml"
        path.write_text(text, "utf-8")
        return load_spec(str(path))

    return load


def test_it_has_the_functions_and_checks_of_each_with_their_points(load):
    ridge, net = load_spec("ridge_regression").spec, load_spec("two_layer_net").spec

    both = load(BOTH).spec

    assert list(both.functions) == [*ridge.functions, *net.functions]
    assert [check.title for check in both.checks] == [check.title for check in (*ridge.checks, *net.checks)]
    count = len(ridge.checks)
    assert sum(check.points for check in both.checks[:count]) == pytest.approx(30)
    assert both.checks[0].points == pytest.approx(0.3 * ridge.checks[0].points)
    assert sum(check.points for check in both.checks[count:]) == pytest.approx(70)
    assert both.limits.training_seconds == max(ridge.limits.training_seconds, net.limits.training_seconds)
    assert both.restrictions.libraries == "fail"


def test_what_it_states_changes_that_entry_alone(load):
    net = load_spec("two_layer_net").spec
    one = BOTH.replace('libraries = "fail"', 'names = "fail"\n\n[limits]\ncall_seconds = 7')
    first, _, last = one.partition('[[include]]\nspec = "ridge_regression"\npoints = 30')

    spec = load(first + last).spec

    assert spec.restrictions == net.restrictions.model_copy(update={"names": "fail"})
    assert spec.limits == net.limits.model_copy(update={"call_seconds": 7})


def test_restrictions_in_which_they_differ_are_notes_unless_stated(load):
    ridge, net = (load_spec(name).spec.restrictions for name in ("ridge_regression", "two_layer_net"))

    both = load(BOTH).spec.restrictions

    assert ridge.losses != net.losses
    assert both.losses == "note"
    assert ridge.dynamic == net.dynamic == both.dynamic == "fail"


def test_an_id_that_two_of_them_have_gets_the_name_of_its_spec(load):
    ids = [check.id for check in load(BOTH).spec.checks]

    assert ids[:3] == ["ridge_regression_loss", "fit", "start"]
    assert "two_layer_net_loss" in ids


def test_it_may_have_functions_and_checks_of_its_own(load):
    own = """
[functions]
more = { role = "function", signature = "(w, X, y, reg)" }

[[checks]]
id = "more"
kind = "answers"
title = "more"
function = "more"
question = "ridge_loss"
points = 5
"""

    both = load(BOTH + own).spec

    assert (list(both.functions)[-1], both.checks[-1].id, both.max_score) == (
        "more",
        "more",
        pytest.approx(105),
    )


def test_its_hash_changes_with_the_points(load):
    assert load(BOTH).sha256 != load(BOTH.replace("points = 70", "points = 60")).sha256


def test_the_implementations_of_the_included_specs_are_its_own(load):
    both = load(BOTH).spec

    assert any(each.fits(both) for each in load_catalogue("two_layer_net"))
    assert not any(each.fits(load_spec("ridge_regression").spec) for each in load_catalogue("two_layer_net"))


def test_a_submission_of_one_part_is_not_said_to_be_another_assignments(load):
    submission = load_submission(ROOT / "submissions" / "ridge_regression" / "perfect_module")
    ridge = ["ridge_loss", "ridge_fit"]

    assert near_misses(submission, load(BOTH).spec, ridge, ridge, {}) == ()


@pytest.mark.parametrize(
    "old,new,message",
    [
        ('"two_layer_net"', '"two_layer_nets"', "include[1].spec must be one of "),
        (
            "float_labels = true",
            "",
            (
                "include[1].spec must have the same float_labels as ridge_regression; or state float_labels in this spec, which"
                " then holds for all (got 'two_layer_net')"
            ),
        ),
        (
            '"two_layer_net"',
            '"eecs498_2020"',
            "include[1].spec must have the same backend as ridge_regression (got 'eecs498_2020')",
        ),
        (
            "float_labels = true",
            'float_labels = true\nbackend = "numpy"',
            "backend is that of the included specs; leave it out here",
        ),
        ("points = 70", "points = 0", "include[1].points must be greater than 0 (got 0)"),
        ("points = 70", "", "include[1].points is missing"),
        (
            "[restrictions]",
            '[functions]\nridge_fit = { role = "function" }\n\n[restrictions]',
            "functions.ridge_fit is a function of an included spec; leave it out here",
        ),
    ],
)
def test_specs_that_do_not_fit_together_are_told(load, old, new, message):
    with pytest.raises(SpecError) as caught:
        load(BOTH.replace(old, new))

    assert message in str(caught.value)


def test_it_has_their_claims_beside_the_checks_as_they_are_called_there(load):
    text = """
name = "both"
title = "Two in one"

[[include]]
spec = "cs231n_2025"
points = 100

[[claims]]
title = "More"
tag = "more"
"""
    single = load_spec("cs231n_2025").spec

    both = load(text).spec

    assert both.claims[:-1] == single.claims
    assert (both.claims[-1].title, both.claims[-1].check) == ("More", None)
