"""Mistakes written out in torch are named, right answers are not, and no two names stand for one value."""

import itertools

import numpy as np
import pytest
import torch

from reference import Case, Convention, softmax_loss, svm_loss
from reference.losses.mistakes.table import LOSS_MISTAKES, LOSS_TOLERANCE, match_loss
from reference.losses.right import Classifier, LossMistake, Part, RightAnswer
from tests.reference.draws import PLAIN, Array, draw, torch_loss
from tests.reference.students import STUDENTS, Student, loop_svm, rows_of, softmax_from, softmax_with

SHAPES = [(7, 5, 6), (64, 10, 20), (200, 10, 9)]
CONVENTIONS = [
    PLAIN,
    Convention(layout="CD"),
    Convention(regularizer_coefficient=0.5, delta=2.5),
]
CLIPPED = "probabilities_clipped"
TABLES: list[tuple[Classifier, Part]] = list(itertools.product(["svm", "softmax"], ["loss", "gradient"]))


def cases_of(convention: Convention = PLAIN) -> list[Case]:
    return [draw(*shape, convention=convention) for shape in SHAPES]


def run(student: Student, cases: list[Case]) -> list[Array]:
    """What the student's function gives on each case, as the grader would have seen it."""
    results = [
        student(torch.tensor(case.W), torch.tensor(case.X), torch.tensor(case.y), case.reg) for case in cases
    ]
    return [np.asarray(result, dtype=np.float64) for result in results]


@pytest.mark.parametrize(
    "classifier,part,name,student", STUDENTS, ids=["-".join(each[:3]) for each in STUDENTS]
)
def test_a_mistake_written_in_torch_is_named_and_named_uniquely(classifier, part, name, student):
    cases = cases_of()

    found = match_loss(classifier, part, cases, run(student, cases), PLAIN)

    assert [(each.output, each.name) for each in found] == [(part, name)]


def test_a_doubled_regularizer_is_named_where_the_convention_has_a_half():
    convention = Convention(regularizer_coefficient=0.5)
    cases = cases_of()
    seen = run(lambda W, X, y, reg: loop_svm(W, X, y, reg)[1], cases)

    (found,) = match_loss("svm", "gradient", cases, seen, convention)

    assert found.name == "double_regularizer"
    assert found.words(convention) == (
        "It equals the correct gradient with twice the term reg*W: what is the derivative of 0.5*reg*sum(W*W)?"
    )


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
@pytest.mark.parametrize("classifier", ["svm", "softmax"])
def test_right_answers_match_nothing(classifier, convention):
    cases = cases_of(convention)
    answers = [torch_loss(classifier, case, convention) for case in cases]

    assert match_loss(classifier, "loss", cases, [answer[0] for answer in answers], convention) == []
    assert match_loss(classifier, "gradient", cases, [answer[1] for answer in answers], convention) == []


def test_an_epsilon_of_1e_9_inside_the_logarithm_is_not_a_mistake():
    cases = cases_of()

    def student(W, X, y, reg):
        return softmax_with(W, X, y, reg, lambda s, y: -(softmax_from(s)[rows_of(y)] + 1e-9).log().mean())

    assert match_loss("softmax", "loss", cases, run(student, cases), PLAIN) == []


@pytest.mark.parametrize("classifier,part", TABLES)
def test_values_of_no_known_origin_match_nothing(classifier, part):
    cases = cases_of()
    rng = np.random.default_rng(0)
    seen = [rng.standard_normal(() if part == "loss" else case.W.shape) for case in cases]

    assert match_loss(classifier, part, cases, seen, PLAIN) == []


@pytest.mark.parametrize("classifier,part", TABLES)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_match_nothing(classifier, part, value):
    cases = cases_of()
    seen = [np.full(() if part == "loss" else case.W.shape, value) for case in cases]

    assert match_loss(classifier, part, cases, seen, PLAIN) == []


def test_a_gradient_of_another_shape_matches_nothing():
    cases = cases_of()

    assert match_loss("svm", "gradient", cases, [0.0 * case.W.T for case in cases], PLAIN) == []
    assert match_loss("svm", "gradient", cases, [0.0 for _ in cases], PLAIN) == []


def test_a_mistake_on_one_case_only_matches_nothing():
    cases = cases_of()
    wrong = run(lambda W, X, y, reg: loop_svm(W, X, y, 0.0)[0], cases)
    right = run(lambda W, X, y, reg: loop_svm(W, X, y, reg)[0], cases)

    assert match_loss("svm", "loss", cases, [wrong[0], *right[1:]], PLAIN) == []


def test_a_loss_of_one_element_counts_as_a_number():
    cases = cases_of()
    seen = run(lambda W, X, y, reg: loop_svm(W, X, y, 0.0)[0].reshape(1, 1), cases)

    assert [each.name for each in match_loss("svm", "loss", cases, seen, PLAIN)] == ["no_regularizer"]


def test_zero_is_told_from_nearly_zero():
    cases = cases_of()

    assert [each.name for each in match_loss("svm", "loss", cases, [1e-12] * 3, PLAIN)] == ["all_zero"]
    assert match_loss("svm", "loss", cases, [1e-3] * 3, PLAIN) == []


def test_cases_that_cannot_tell_mistakes_apart_return_all_of_them_in_the_order_of_the_table():
    case = draw(1, 5, 6, reg=0.0)

    found = match_loss("svm", "gradient", [case], [0 * case.W], PLAIN)

    assert [each.name for each in found][:2] == ["all_zero", "only_regularizer"]


def test_as_many_values_are_wanted_as_there_are_cases():
    with pytest.raises(ValueError, match=r"^there must be one value per case \(got 2 for 3 cases\)$"):
        match_loss("svm", "loss", cases_of(), [0.0, 0.0], PLAIN)


@pytest.mark.parametrize("convention", CONVENTIONS, ids=str)
@pytest.mark.parametrize("classifier,part", TABLES)
def test_every_entry_is_its_only_match_on_well_chosen_cases(classifier, part, convention):
    """So no two entries coincide, and none is the right answer."""
    plain = cases_of(convention)
    far_apart = [case._replace(W=3 * case.W) for case in plain]

    for entry in table(classifier, part):
        cases = far_apart if entry.name.startswith(CLIPPED) else plain
        seen = [outcome_of(entry, classifier, case, convention) for case in cases]
        assert [each.name for each in match_loss(classifier, part, cases, seen, convention)] == [entry.name]


@pytest.mark.parametrize("classifier,part", TABLES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_entry_differs_from_the_right_answer_on_each_single_case(classifier, part, shape):
    case = draw(*shape)
    answer = (svm_loss if classifier == "svm" else softmax_loss)(*case, PLAIN)
    right = answer.loss if part == "loss" else answer.dW

    for entry in table(classifier, part):
        if entry.name in {f"divided_by_{len(case.y)}", "last_sample_left_out"} or entry.name.startswith(
            CLIPPED
        ):
            continue  # right where there are that many samples, where the last hinges are zero, where nothing is clipped
        outcome = outcome_of(entry, classifier, case, PLAIN)
        assert np.abs(outcome - right).max() > 2 * LOSS_TOLERANCE * np.abs(right).max(), entry.name


@pytest.mark.parametrize("classifier", ["svm", "softmax"])
def test_gradients_come_in_the_layout_of_the_convention(classifier):
    cases = cases_of()
    turned = [Case(case.W.T, case.X.T, case.y, case.reg) for case in cases]

    for entry in table(classifier, "gradient"):
        if entry.name == "reshaped_not_transposed" or entry.name.startswith(CLIPPED):
            continue  # the order of the numbers depends on the layout; nothing may be clipped
        seen = [outcome_of(entry, classifier, case, PLAIN).T for case in cases]
        assert match_loss(classifier, "gradient", turned, seen, Convention(layout="CD")) == [entry]


def test_names_are_unique_within_a_classifier_and_part():
    for entries in LOSS_MISTAKES.values():
        keys = [(each.output, each.name) for each in entries]
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("convention", [PLAIN, Convention(regularizer_coefficient=0.5, delta=2.5)], ids=str)
def test_messages_are_sentences_with_every_blank_filled(convention):
    for entry in itertools.chain(*LOSS_MISTAKES.values()):
        message = entry.words(convention)
        assert message.startswith("It ")
        assert message.endswith(("?", "."))
        assert not set("{}") & set(message)
        assert len(message) < 220


@pytest.mark.parametrize(
    "name,part,convention,message",
    [
        (
            "no_regularizer",
            "gradient",
            PLAIN,
            "It equals the correct gradient without the term 2*reg*W: was the regularization left out of dW?",
        ),
        (
            "no_regularizer",
            "gradient",
            Convention(regularizer_coefficient=0.5),
            "It equals the correct gradient without the term reg*W: was the regularization left out of dW?",
        ),
        (
            "half_regularizer",
            "gradient",
            PLAIN,
            "It equals the correct gradient with half the regularizer's part: what is the derivative of reg*sum(W*W)?",
        ),
        (
            "true_class_not_skipped",
            "loss",
            Convention(delta=2.5),
            "It equals the correct loss plus 2.5, the margin: which class of each sample should the sum leave out?",
        ),
        (
            "regularizer_divided_by_samples",
            "loss",
            Convention(regularizer_coefficient=0.5),
            (
                "It equals the correct loss with the term 0.5*reg*sum(W*W) divided by the number of samples: "
                "is the regularization added before you take the average?"
            ),
        ),
    ],
)
def test_messages_speak_in_the_terms_of_the_convention(name, part, convention, message):
    (entry,) = (each for each in table("svm", part) if each.name == name)

    assert entry.words(convention) == message


def table(classifier: Classifier, part: Part) -> list[LossMistake]:
    return [each for each in LOSS_MISTAKES[classifier] if each.output == part]


def outcome_of(entry: LossMistake, classifier: Classifier, case: Case, convention: Convention) -> Array:
    """What a student with this mistake gets, in float64 and in the layout of the convention."""
    part: Part = "loss" if entry.output == "loss" else "gradient"
    right = RightAnswer.of(classifier, part, case, convention)
    with np.errstate(all="ignore"):
        return right.problem.in_layout(np.asarray(entry.outcome(right), dtype=np.float64))
