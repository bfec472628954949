"""Which assignment a submission is, by the functions in it."""

from pathlib import Path

import pytest

from grader.errors import SpecError
from grader.intake.submission import load_submission
from grader.spec import detect, load_spec
from grader.spec.detect import LookAlike, detect_spec, near_misses
from tests.samples import MINI_SPEC, mini_spec, submission_of

SUBMISSIONS = Path(__file__).resolve().parents[2] / "submissions"


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Two shipped specs: mini has f and g, other has f and h."""
    other = (
        MINI_SPEC.replace('name = "mini"', 'name = "other"')
        .replace("\ng = {", "\nh = {")
        .replace('"g"', '"h"')
    )
    for name, text in (("mini", MINI_SPEC), ("other", other)):
        (tmp_path / name).mkdir()
        mini_spec(tmp_path / name, text)

    def load(name):
        return load_spec(str(tmp_path / name / "mini.toml"))

    monkeypatch.setattr(detect, "outlines", lambda: (load("mini").spec, load("other").spec))
    monkeypatch.setattr(detect, "load_spec", load)


def test_one_function_of_a_shipped_spec_is_enough():
    source = "import torch\n\ndef svm_loss_naive(W, X, y, reg):\n    return torch.zeros(1)\n"

    assert detect_spec(submission_of(source)).spec.name == "eecs498_2019"


NUMPY = """
import numpy as np

def svm_loss_naive(W, X, y, reg):
    loss, dW = 0.0, np.zeros(W.shape)
    loss += {term}
    dW += {slope}
    return loss, dW
"""
BASE = "class LinearClassifier(object):\n    pass\n"


@pytest.mark.parametrize(
    "term,slope,name",
    [
        ("0.5 * reg * np.sum(W * W)", "reg * W", "cs231n_2016"),
        ("reg * np.sum(W * W) / 2", "reg * W", "cs231n_2016"),
        ("0.5 * (reg * np.sum(W ** 2))", "W * reg", "cs231n_2016"),
        ("reg * np.sum(W * W)", "2 * reg * W", "cs231n"),
        ("np.linalg.norm(W) ** 2 * reg", "2.0 * W * reg", "cs231n"),
    ],
)
@pytest.mark.parametrize("more", ["", BASE])
def test_the_factor_of_the_regularizer_tells_the_years_of_cs231n(term, slope, name, more):
    assert detect_spec(submission_of(NUMPY.format(term=term, slope=slope) + more)).spec.name == name


def test_without_a_factor_the_classes_tell():
    source = NUMPY.format(term="0", slope="0")

    assert detect_spec(submission_of(source + BASE)).spec.name == "cs231n"
    with pytest.raises(
        SpecError, match="cannot tell whether this is cs231n or cs231n_2016; pass --spec NAME"
    ):
        detect_spec(submission_of(source))


LOSSES = tuple(name for name in load_spec("cs231n").spec.functions if "_loss_" in name)


UNFILLED = NUMPY.format(term="0", slope="0")


def misses(graded_as, mistake, correct=(), present=LOSSES, source=UNFILLED):
    both = frozenset({("loss", mistake), ("gradient", mistake)})
    named = dict.fromkeys(LOSSES, both)
    found = near_misses(submission_of(source), load_spec(graded_as).spec, correct, present, named)
    return tuple(each.message for each in found)


def test_losses_that_are_right_in_the_other_years_convention_are_pointed_out():
    assert misses("cs231n", "half_regularizer", correct=("LinearClassifier",)) == (
        (
            "This looks like cs231n_2016 (CS231n (2015, 2016): SVM and softmax losses (NumPy)): every loss and every gradient is right with 0.5*reg*sum(W*W) for the regularizer."
            " If that is the assignment, grade it with --spec cs231n_2016."
        ),
    )
    assert "--spec cs231n." in misses("cs231n_2016", "double_regularizer")[0]


def test_the_year_that_is_pointed_out_is_the_one_that_would_be_detected():
    path = SUBMISSIONS / "cs231n_2021" / "package_folder"
    both = frozenset({("loss", "double_regularizer"), ("gradient", "double_regularizer")})

    (found,) = near_misses(
        load_submission(path), load_spec("cs231n_2016").spec, (), LOSSES, dict.fromkeys(LOSSES, both)
    )

    assert found.spec == "cs231n_2021"


def test_other_mistakes_and_a_single_right_function_do_not_point_to_another_year():
    assert misses("cs231n", "no_regularizer", correct=LOSSES[:1]) == ()
    assert misses("eecs498_2019", "half_regularizer", correct=LOSSES[:1]) == ()


def test_functions_of_another_assignment_are_pointed_out_where_none_is_right():
    torch = "import torch\n\ndef svm_loss_naive(W, X, y, reg):\n    return torch.zeros(1), W\n"

    assert misses("cs231n", "all_zero", source=torch) == (
        (
            "This looks like eecs498_2019 (EECS 498 (2019): linear classifiers, SVM and softmax): no function is"
            " right as one of cs231n. If that is the assignment, grade it with --spec eecs498_2019."
        ),
    )
    assert misses("cs231n", "all_zero", correct=LOSSES[:1], source=torch) == ()
    assert misses("eecs498_2019", "all_zero", source=torch) == ()
    assert misses("eecs498_2019", "all_zero", source="x = 1\n", present=()) == ()


MISLEADING = {("cs231n", "half_regularizer"): "cs231n_2016", ("cs231n_2016", "whole_regularizer"): "cs231n"}
"""Samples whose mistake is the other year's convention."""


def test_every_sample_is_detected_as_its_own_spec():
    samples = sorted(path.parent for path in SUBMISSIONS.glob("*/*/expected.json"))

    expected = {
        sample: MISLEADING.get((sample.parent.name, sample.name), sample.parent.name) for sample in samples
    }
    assert len(samples) > 100
    assert {sample: detect_spec(load_submission(sample)).spec.name for sample in samples} == expected


def test_the_spec_with_the_most_functions_there_is_taken(shipped):
    assert detect_spec(submission_of("def f(*given): pass\ndef h(*given): pass\n")).spec.name == "other"


def test_a_submission_without_any_of_them_is_an_error(shipped):
    with pytest.raises(SpecError) as caught:
        detect_spec(submission_of("x = 1\n"))

    assert str(caught.value) == (
        "alice: cannot tell which assignment this is: it has no function of a shipped spec; pass --spec NAME"
        " (`grader spec list` shows the names)"
    )


def test_a_tie_is_an_error(shipped):
    with pytest.raises(SpecError) as caught:
        detect_spec(submission_of("def f(*given): pass\n"))

    assert str(caught.value) == "alice: cannot tell whether this is mini or other; pass --spec NAME"


def test_a_submission_that_does_not_parse_is_an_error(shipped):
    with pytest.raises(
        SpecError,
        match=r"^alice: hw\.py does not parse: line 1 \(`def f\(:`\): invalid syntax; correct it, or pass --spec NAME$",
    ):
        detect_spec(submission_of("def f(:\n"))


YEARS = {name: load_spec(name).spec for name in ("eecs498_2019", "eecs498_2020")}
MORE = [name for name in YEARS["eecs498_2020"].functions if name not in YEARS["eecs498_2019"].functions]


def of_year(*names):
    """A module in torch with a stub of each function."""
    stubs = [
        f"class {name}:\n    pass\n" if name[0] in "LS" else f"def {name}(*given):\n    pass\n"
        for name in names
    ]
    return submission_of("\n".join(["import torch", *stubs]))


def test_the_functions_of_2019_are_that_year_and_one_more_is_2020():
    old = tuple(YEARS["eecs498_2019"].functions)

    assert detect_spec(of_year(*old)).spec.name == "eecs498_2019"
    assert len(MORE) == 4
    for name in MORE:
        assert detect_spec(of_year(*old, name)).spec.name == "eecs498_2020"
        assert detect_spec(of_year("svm_loss_naive", name)).spec.name == "eecs498_2020"


def test_a_submission_of_one_year_that_is_graded_as_the_other_is_pointed_out():
    old = list(YEARS["eecs498_2019"].functions)

    (early,) = near_misses(of_year(*old), YEARS["eecs498_2020"], old, old, {})
    (late,) = near_misses(of_year(*old, *MORE), YEARS["eecs498_2019"], old, old, {})

    assert early == LookAlike(
        "eecs498_2019",
        (
            f"This looks like eecs498_2019 ({YEARS['eecs498_2019'].title}): it has none of sample_batch, svm_get_search_params,"
            " softmax_get_search_params and test_one_param_set. If that is the assignment, grade it with --spec eecs498_2019."
        ),
    )
    assert late == LookAlike(
        "eecs498_2020",
        (
            f"This looks like eecs498_2020 ({YEARS['eecs498_2020'].title}): it has sample_batch, svm_get_search_params,"
            " softmax_get_search_params and test_one_param_set too. If that is the assignment, grade it with --spec"
            " eecs498_2020."
        ),
    )


def test_a_submission_of_its_own_year_is_pointed_nowhere():
    old = list(YEARS["eecs498_2019"].functions)

    assert near_misses(of_year(*old, "sample_batch"), YEARS["eecs498_2019"], old, old, {}) == ()
    assert (
        near_misses(of_year(*old, "sample_batch"), YEARS["eecs498_2020"], old, [*old, "sample_batch"], {})
        == ()
    )


NET_FILE = (SUBMISSIONS / "eecs498_2020_net" / "perfect_module" / "two_layer_net.py").read_text(
    encoding="utf-8"
)
SAMPLER = "import torch\n\n\ndef sample_batch(X, y, num_train, batch_size):\n    return X[:batch_size], y[:batch_size]\n"
LINEAR_FILE = (SUBMISSIONS / "eecs498_2020" / "thirty_pairs" / "linear_classifier.py").read_text(
    encoding="utf-8"
)
LEFTOVER = "import torch\n\n\ndef nn_forward_pass(params, X):\n    pass\n"


@pytest.mark.parametrize(
    "linear, net, name",
    [
        (LINEAR_FILE, NET_FILE, "eecs498_a2"),
        (LINEAR_FILE, "", "eecs498_2020"),
        ("", NET_FILE, "eecs498_2020_net"),
        (SAMPLER, NET_FILE, "eecs498_2020_net"),  # what two_layer_net.py imports is not the other half
        (LINEAR_FILE, LEFTOVER, "eecs498_2020"),
    ],
)
def test_both_halves_of_an_assignment_are_the_whole_and_one_is_its_own(tmp_path, linear, net, name):
    for file, text in (("linear_classifier.py", linear), ("two_layer_net.py", net)):
        if text:
            (tmp_path / file).write_text(text, encoding="utf-8")

    assert detect_spec(load_submission(tmp_path)).spec.name == name


@pytest.mark.parametrize("graded_as", ["eecs498_2020", "eecs498_2020_net"])
def test_both_halves_graded_as_one_are_told_of_the_whole(graded_as):
    submission = load_submission(SUBMISSIONS / "eecs498_a2" / "wrong_sampler_and_forward")
    spec = load_spec(graded_as).spec

    (found,) = near_misses(submission, spec, ["nn_train", "softmax_loss_naive"], list(spec.functions), {})

    assert found.spec == "eecs498_a2"
    assert found.message.startswith("This looks like eecs498_a2 (")


@pytest.mark.parametrize("graded_as, file, name", [("eecs498_2020", NET_FILE, "eecs498_2020_net"), ("eecs498_2020_net", LINEAR_FILE, "eecs498_2020")])  # fmt: skip
def test_one_half_graded_as_the_other_is_told_which_it_is(graded_as, file, name):
    (found,) = near_misses(submission_of(file), load_spec(graded_as).spec, [], [], {})

    assert found.spec == name
