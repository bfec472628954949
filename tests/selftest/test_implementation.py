"""Which implementations a spec shares, and which of them are right for it."""

import pytest

from grader.selftest import Implementation
from grader.spec import SPEC_FOLDER, load_spec

SPEC = (SPEC_FOLDER / "eecs498_2019.toml").read_text(encoding="utf-8")


@pytest.fixture
def spec_with(tmp_path):
    def make(*changes):
        text = SPEC
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "eecs498_2019.toml").write_text(text, encoding="utf-8")
        return load_spec(str(tmp_path / "eecs498_2019.toml")).spec

    return make


def implementation(function="svm_loss_naive", kind="right", **changes):
    return Implementation("x", function, kind, "About.", "", **changes)


def test_the_shipped_spec_shares_all(spec_with):
    assert implementation().fits(spec_with())
    assert implementation("Softmax", "wrong").fits(spec_with())
    assert implementation("train_linear_classifier").fits(spec_with())


def test_another_convention_shares_what_has_no_loss_of_its_own(spec_with):
    spec = spec_with(("regularizer_coefficient = 1.0", "regularizer_coefficient = 0.5"))

    assert not implementation().fits(spec)
    assert not implementation("LinearSVM").fits(spec)
    assert implementation("train_linear_classifier").fits(spec)
    assert implementation("predict_linear_classifier").fits(spec)


def test_another_layout_or_backend_shares_nothing(spec_with):
    assert not implementation("predict_linear_classifier").fits(spec_with(('layout = "DC"', 'layout = "CD"')))
    assert not implementation("predict_linear_classifier").fits(
        spec_with(('backend = "torch"', 'backend = "numpy"'))
    )


def test_a_function_that_is_not_there_or_has_another_role_is_not_shared(spec_with):
    assert not implementation("sample_batch").fits(spec_with())
    spec = spec_with()
    swapped = {**spec.functions, "svm_loss_naive": spec.functions["softmax_loss_naive"]}
    assert not implementation().fits(spec.model_copy(update={"functions": swapped}))


def test_a_right_one_for_float32_alone_is_not_shared_where_float64_is_asked_for(spec_with):
    only_float32 = implementation("softmax_loss_vectorized", dtypes=("float32",))

    assert only_float32.fits(spec_with())
    assert not only_float32.fits(
        spec_with(('style = "vectorized", dtypes = ["float32"]', 'style = "vectorized"'))
    )


def test_a_violated_restriction_is_wrong_where_the_spec_says_fail(spec_with):
    by_autograd = implementation(restriction="autograd")

    assert by_autograd.is_right_for(spec_with())
    assert not by_autograd.is_right_for(spec_with(('autograd = "note"', 'autograd = "fail"')))
    assert not implementation(kind="wrong").is_right_for(spec_with())
