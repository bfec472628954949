"""What a spec may say of functions and limits, and the words for what it may not."""

from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from grader.model.assignment import (
    Assignment,
    ClassifierClass,
    FunctionSpec,
    Limits,
    LossFunction,
    PredictorFunction,
    RestrictionKind,
    Restrictions,
    TrainerFunction,
)
from reference import Convention


def assignment_of(**functions):
    return Assignment(convention=Convention(), backend="torch", functions=functions, limits=Limits())


def loss_function(**fields):
    return LossFunction(role="loss", classifier="svm", style="naive", **fields)


def faults_of(model, fields):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(model).validate_python(fields)
    return [(".".join(map(str, fault["loc"])), fault["msg"]) for fault in caught.value.errors()]


def test_a_loss_function_works_in_both_dtypes_unless_the_spec_says_otherwise():
    assert loss_function().dtypes == ("float32", "float64")


@pytest.mark.parametrize(
    "dtypes,main",
    [
        (("float32", "float64"), "float64"),
        (("float64", "float32"), "float64"),
        (("float64",), "float64"),
        (("float32",), "float32"),
    ],
)
def test_the_main_dtype_is_the_most_precise_one(dtypes, main):
    assert loss_function(dtypes=dtypes).main_dtype == main


def test_a_loss_function_is_found_by_its_name():
    function = loss_function()

    assert assignment_of(svm_loss_naive=function).loss_function("svm_loss_naive") is function


def test_what_is_no_loss_function_is_refused_as_one():
    assignment = assignment_of(train=TrainerFunction(role="trainer"))

    with pytest.raises(TypeError, match=r"^train is not a loss function$"):
        assignment.loss_function("train")


@pytest.mark.parametrize(
    "fields,model",
    [
        ({"role": "loss", "classifier": "softmax", "style": "vectorized"}, LossFunction),
        ({"role": "trainer"}, TrainerFunction),
        ({"role": "predictor"}, PredictorFunction),
        ({"role": "classifier", "classifier": "svm"}, ClassifierClass),
        ({"role": "classifier"}, ClassifierClass),
    ],
    ids=["loss", "trainer", "predictor", "class", "base class"],
)
def test_the_role_tells_which_kind_of_function_it_is(fields, model):
    assert type(TypeAdapter(FunctionSpec).validate_python(fields)) is model


def test_a_base_class_has_no_loss_of_its_own():
    assert ClassifierClass(role="classifier").classifier is None


def test_an_unknown_role_is_refused():
    roles = [
        role
        for each in get_args(get_args(FunctionSpec)[0])
        for role in get_args(each.model_fields["role"].annotation)
    ]

    assert faults_of(FunctionSpec, {"role": "optimizer"}) == [
        (
            "",
            (
                "Input tag 'optimizer' found using 'role' does not match any of the expected tags:"
                f" {', '.join(map(repr, roles))}"
            ),
        )
    ]


def test_a_loss_function_without_a_dtype_is_refused():
    fields = {"role": "loss", "classifier": "svm", "style": "naive", "dtypes": ()}

    assert faults_of(LossFunction, fields) == [
        ("dtypes", "Tuple should have at least 1 item after validation, not 0")
    ]


def test_a_dtype_that_is_not_graded_is_refused():
    fields = {"role": "loss", "classifier": "svm", "style": "naive", "dtypes": ("float16",)}

    assert faults_of(LossFunction, fields)[0] == ("dtypes.0", "Input should be 'float32' or 'float64'")


def test_a_field_too_many_is_refused():
    assert faults_of(TrainerFunction, {"role": "trainer", "momentum": 0.9}) == [
        ("momentum", "Extra inputs are not permitted")
    ]


@pytest.mark.parametrize("field", ["call_seconds", "training_seconds", "load_seconds", "function_seconds"])
@pytest.mark.parametrize("value", [0, -1])
def test_a_limit_in_seconds_is_greater_than_zero(field, value):
    assert faults_of(Limits, {field: value}) == [(field, "Input should be greater than 0")]


def test_less_memory_than_torch_needs_is_refused():
    assert faults_of(Limits, {"memory_bytes": 1 << 20}) == [
        ("memory_bytes", "Input should be greater than or equal to 536870912")
    ]


def test_the_limits_have_defaults():
    limits = Limits()

    assert (limits.call_seconds, limits.training_seconds) == (10, 30)
    assert limits.memory_bytes == 4 << 30


def test_an_assignment_cannot_be_changed():
    assignment = assignment_of(svm_loss_naive=loss_function())

    with pytest.raises(ValidationError, match="Instance is frozen"):
        assignment.backend = "numpy"


KINDS = get_args(RestrictionKind)


@pytest.mark.parametrize("kind", KINDS)
def test_help_of_which_the_spec_says_nothing_is_noted_and_moves_between_devices_are_let_be(kind):
    assert Restrictions().policy(kind) == ("ignore" if kind == "devices" else "note")


@pytest.mark.parametrize("kind", KINDS)
def test_the_policy_on_a_kind_of_help_is_the_specs(kind):
    effect = "note" if kind == "devices" else "fail"

    policy = Restrictions.model_validate({kind: effect})

    assert {other: policy.policy(other) for other in KINDS} == {**Restrictions().model_dump(), kind: effect}


def test_a_policy_that_there_is_not_is_refused():
    assert faults_of(Restrictions, {"losses": "forbid"}) == [
        ("losses", "Input should be 'fail', 'note' or 'ignore'")
    ]


def test_the_partner_of_a_loss_is_the_other_style_of_the_same_classifier():
    functions = {
        f"{classifier}_{style}": LossFunction(role="loss", classifier=classifier, style=style)
        for classifier in ("svm", "softmax")
        for style in ("naive", "vectorized")
    }
    assignment = assignment_of(**functions, train=TrainerFunction(role="trainer"))

    assert assignment.partners("svm_naive") == {"svm_vectorized"}
    assert assignment.partners("softmax_vectorized") == {"softmax_naive"}
    assert assignment.partners("train") == frozenset()
    assert assignment.partners("unknown") == frozenset()
