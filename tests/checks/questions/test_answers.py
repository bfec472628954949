"""Any function against a question: outputs apart, mistakes named, notes, inputs, drivers."""

import dataclasses

import numpy as np
import pytest

import reference.questions.registry
from grader.checks.base.context import CheckContext
from grader.checks.questions.answers import AnswersCheck
from grader.model.assignment import AnyFunction
from grader.model.observation import Died, Raised, Returned, Unexpected
from grader.model.trial import FunctionArgument, Tensor
from grader.model.verdict import Finding
from reference.mistakes import Mistake
from reference.questions.inputs import Inputs
from reference.questions.question import Misshapen, Question, QuestionCase, Rule
from tests.checks.students import ASSIGNMENT, PLACE, bytes_of, says, verdict_on, verdict_on_all

ON = ASSIGNMENT.model_copy(
    update={"functions": {"fit": AnyFunction(role="function"), "Net": AnyFunction(role="function")}}
)


def _draw(rng):
    cases = [
        QuestionCase(f"N={N}", {"A": rng.normal(size=(N, 3)), "b": rng.normal(size=N), "strength": 0.5})
        for N in (4, 7, 9)
    ]
    return [
        *cases,
        QuestionCase("a huge b", {**cases[0].inputs, "b": np.full(4, 1e30)}, True, "it overflows"),
    ]


def _answer(inputs):
    residual = inputs["A"] @ np.ones(3) - inputs["b"]
    with np.errstate(over="ignore"):
        loss = (residual**2).mean() + inputs["strength"]
    return {
        "loss": np.asarray(0.0 if loss > 1e50 else loss),
        "gradient": 2 * inputs["A"].T @ (residual / len(residual)),
    }


QUESTION = Question(
    name="toy",
    parameters=("A", "b", "strength"),
    outputs={"loss": "number", "gradient": "array"},
    draw=_draw,
    answer=_answer,
    mistakes=(
        Mistake(
            "loss_without_strength",
            "loss",
            "It equals the loss without the strength.",
            lambda inputs: _answer(inputs)["loss"] - inputs["strength"],
        ),
        Mistake(
            "gradient_without_2",
            "gradient",
            "It is half of the gradient.",
            lambda inputs: _answer(inputs)["gradient"] / 2,
        ),
    ),
)


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    monkeypatch.setattr(reference.questions.registry, "QUESTIONS", {"toy": QUESTION})


CHECK = AnswersCheck(
    kind="answers", id="toy", title="toy", points=4, hint="Think.", function="fit", question="toy"
)


def right(A, b, strength):
    residual = A @ np.ones(3, A.dtype) - b
    with np.errstate(over="ignore"):
        return (residual**2).mean() + strength, 2 * A.T @ residual / len(b)


def changed(loss=lambda loss, strength: loss, gradient=lambda gradient: gradient):
    def student(A, b, strength):
        first, second = right(A, b, strength)
        return loss(first, strength), gradient(second)

    return student


@pytest.mark.parametrize("seed", range(10))
def test_right_answers_pass_and_what_is_noted_costs_nothing(seed):
    verdict = verdict_on(CHECK, right, seed, ON)

    assert (verdict.status, verdict.credit) == ("passed", 1.0)
    assert verdict.message == "fit gives the reference's loss and gradient in 4 calls."
    assert verdict.findings == (Finding("fit", True, (), ("it overflows",)),)
    assert set(verdict.measured) == {"loss", "gradient"}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "student,named,said",
    [
        (
            changed(loss=lambda loss, strength: loss - strength),
            "loss_without_strength",
            "without the strength",
        ),
        (changed(gradient=lambda gradient: gradient / 2), "gradient_without_2", "half of the gradient"),
    ],
)
def test_one_wrong_output_costs_its_share_and_is_named(student, named, said, seed):
    verdict = verdict_on(CHECK, student, seed, ON)

    assert (verdict.status, verdict.credit, verdict.hint) == ("failed", 0.5, "Think.")
    assert [each.misconception for each in verdict.findings[0].diagnosis] == [named]
    assert said in verdict.message
    assert f"Right: {'gradient' if 'loss' in named else 'loss'}." in verdict.message


def test_a_reason_that_two_outputs_share_is_told_once(monkeypatch):
    zero: tuple[Mistake[Inputs], ...] = (
        Mistake("all_zero", "loss", "It is zero.", lambda inputs: 0.0),
        Mistake("all_zero", "gradient", "It is zero.", lambda inputs: np.zeros(3)),
    )
    question = dataclasses.replace(QUESTION, mistakes=zero)
    monkeypatch.setattr(reference.questions.registry, "QUESTIONS", {"toy": question})

    verdict = verdict_on(
        CHECK, changed(loss=lambda loss, strength: 0.0, gradient=np.zeros_like), assignment=ON
    )

    assert says(
        verdict.message,
        "fit: loss and gradient are wrong. It is zero. On N=4, loss is 0, expected <number>"
        " (relative difference 1, allowed 1e-08).",
    )


def test_shares_are_those_of_the_spec():
    check = CHECK.model_copy(update={"shares": {"loss": 0.9}})

    assert verdict_on(check, changed(gradient=np.negative), assignment=ON).credit == 0.9


@pytest.mark.parametrize(
    "student,template",
    [
        (
            lambda A, b, strength: None,
            (
                "fit: loss should be a number, but is None, on N=4. fit: gradient should have"
                " shape (3,), but is None, on N=4."
            ),
        ),
        (
            changed(gradient=lambda gradient: gradient[:2]),
            ("fit: gradient should have shape (3,), but is an array of shape (2,), on N=4. Right: loss."),
        ),
        (
            changed(loss=lambda loss, strength: np.nan),
            "fit: loss is nan (not a number), expected <number>, on N=4. Right: gradient.",
        ),
    ],
)
def test_what_came_instead_is_told(student, template):
    assert says(verdict_on(CHECK, student, assignment=ON).message, template)


def test_a_function_that_returns_something_else_is_told_what_once():
    nothing = Unexpected("missing: the call returned None")

    verdict = verdict_on_all(CHECK, Returned((nothing, nothing), 0.0, echoes=(nothing, nothing)))

    assert verdict.message.startswith("fit returned None instead of loss and gradient, on N=4.")


def test_changed_inputs_cost_a_fifth():
    def student(A, b, strength):
        found = right(A, b, strength)
        b += 1
        return found

    verdict = verdict_on(CHECK, student, assignment=ON)

    assert verdict.credit == pytest.approx(0.8)
    assert "fit changes its input b, on N=4: work on a copy." in verdict.message


def test_arithmetic_in_float32_is_a_note_in_float64():
    def student(A, b, strength):
        loss, gradient = right(A.astype(np.float32), b.astype(np.float32), strength)
        return float(loss), gradient.astype(np.float64)

    verdict = verdict_on(CHECK, student, assignment=ON)

    assert verdict.status == "passed"
    assert any(
        note.startswith("its loss is only as precise as float32") for note in verdict.findings[0].notes
    )


def test_in_float32_rounding_is_no_mistake():
    check = CHECK.model_copy(update={"dtype": "float32"})

    verdict = verdict_on(check, right, assignment=ON)

    assert verdict.status == "passed"
    first = check.trials(CheckContext(ON, 0))[0].positional[0]
    assert isinstance(first, Tensor)
    assert first.array.dtype == np.float32


@pytest.mark.parametrize("observation", [Raised("ValueError", "no", PLACE, 0.1), Died("exit code 3")])
def test_calls_without_values_earn_nothing(observation):
    verdict = verdict_on_all(CHECK, observation)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message.startswith("fit ")


def test_raising_where_it_is_noted_is_a_note():
    def student(A, b, strength):
        if b.max() > 1e20:
            raise OverflowError("too much")
        return right(A, b, strength)

    assert verdict_on(CHECK, student, assignment=ON).findings == (
        Finding("fit", True, (), ("it overflows",)),
    )


def test_a_driver_is_handed_the_functions_first_and_the_inputs_are_not_echoed(monkeypatch):
    monkeypatch.setattr(
        reference.questions.registry,
        "QUESTIONS",
        {
            "toy": Question(
                "toy",
                QUESTION.parameters,
                QUESTION.outputs,
                _draw,
                _answer,
                driver=("__init__", "driver_source"),
            )
        },
    )
    check = CHECK.model_copy(update={"handed": ("Net",)})

    trial = check.trials(CheckContext(ON, 0))[0]

    assert trial.positional[:2] == (FunctionArgument("fit"), FunctionArgument("Net"))
    assert isinstance(trial.positional[2], Tensor)
    assert trial.echo == ()
    assert trial.driver is not None
    assert trial.driver.name == "driver_source"
    assert "def driver_source" in trial.driver.source
    assert check.functions == ("fit", "Net")


def test_the_same_seed_asks_the_same():
    first, again = (bytes_of(CHECK.trials(CheckContext(ON, 3))) for _ in range(2))

    assert first == again
    assert first != bytes_of(CHECK.trials(CheckContext(ON, 4)))


# --- What has no one answer ------------------------------------------------------------------------------------------

GROWING = Question(
    name="toy",
    parameters=("A", "b", "strength"),
    outputs={"w": "array", "history": "series"},
    draw=lambda rng: _draw(rng)[:3],
    answer=lambda inputs: {"w": np.zeros(3), "history": np.arange(3.0) + 1},
    free=("w",),
    accepted=lambda inputs: [{"w": np.zeros(3), "history": np.arange(3.0)}],
    tolerances={"history": 0.1},
    mistakes=(
        Mistake("history_doubled", "history", "Twice.", lambda inputs: 2 * np.arange(3.0) + 2),
        Mistake("history_near", "history", "Near.", lambda inputs: 2 * np.arange(3.0) + 2.3),
    ),
    rules=(
        Rule(
            "sum_is_not_one",
            "w",
            "They sum to {sum}.",
            lambda inputs, seen: None if abs(seen["w"].sum() - 1) < 1e-6 else {"sum": float(seen["w"].sum())},
        ),
    ),
    unchanged=("A",),
    is_training=True,
)


@pytest.fixture
def _growing(monkeypatch):
    monkeypatch.setattr(reference.questions.registry, "QUESTIONS", {"toy": GROWING})


def trained(w=(0.2, 0.3, 0.5), history=(1.0, 2.0, 3.0)):
    return lambda A, b, strength: (np.array(w), list(history))


@pytest.mark.usefixtures("_growing")
@pytest.mark.parametrize(
    "student",
    [trained(), trained(w=(1.0, 0.0, 0.0)), trained(history=(0.0, 1.0, 2.0)), trained(history=(1.1, 2.2, 3))],
)
def test_many_answers_may_be_right(student):
    verdict = verdict_on(CHECK, student, assignment=ON)

    assert (verdict.status, verdict.findings) == ("passed", (Finding("fit", True, (), ()),))
    assert set(verdict.measured) == {"history"}


@pytest.mark.usefixtures("_growing")
def test_a_broken_rule_is_named_with_its_numbers():
    verdict = verdict_on(CHECK, trained(w=(1.0, 1.0, 0.5)), assignment=ON)

    assert (verdict.status, verdict.credit) == ("failed", 0.5)
    assert [each.misconception for each in verdict.findings[0].diagnosis] == ["sum_is_not_one"]
    assert verdict.message == "fit: they sum to 2.5. Seen on N=4. Right: history."


def test_a_symptom_is_told_and_not_named(monkeypatch):
    symptom = dataclasses.replace(GROWING.rules[0], is_symptom=True)
    monkeypatch.setattr(
        reference.questions.registry, "QUESTIONS", {"toy": dataclasses.replace(GROWING, rules=(symptom,))}
    )

    verdict = verdict_on(CHECK, trained(w=(1.0, 1.0, 0.5)), assignment=ON)

    assert verdict.findings[0].diagnosis == ()
    assert verdict.message == "fit: they sum to 2.5. Seen on N=4. Right: history."


def test_a_sentence_that_begins_with_a_name_keeps_its_capital(monkeypatch):
    rule = dataclasses.replace(GROWING.rules[0], message="W1 does not sum to 2.")
    monkeypatch.setattr(
        reference.questions.registry, "QUESTIONS", {"toy": dataclasses.replace(GROWING, rules=(rule,))}
    )

    assert "fit: W1 does not" in verdict_on(CHECK, trained(w=(1.0, 1.0, 0.5)), assignment=ON).message


@pytest.mark.usefixtures("_growing")
def test_a_series_without_numbers_is_wrong_though_it_be_free(monkeypatch):
    free = dataclasses.replace(GROWING, free=("w", "history"), rules=())
    monkeypatch.setattr(reference.questions.registry, "QUESTIONS", {"toy": free})

    verdict = verdict_on(CHECK, trained(history=()), assignment=ON)

    assert "fit: history should be a list of 3 numbers, but is 0 numbers, on N=4." in verdict.message
    assert verdict_on(CHECK, trained(history=(5.0,)), assignment=ON).status == "passed"


@pytest.mark.usefixtures("_growing")
def test_of_two_mistakes_within_the_tolerance_the_nearer_is_named():
    for history, name in (((2.1, 4.1, 6.1), "history_doubled"), ((2.25, 4.25, 6.25), "history_near")):
        verdict = verdict_on(CHECK, trained(history=history), assignment=ON)

        assert [each.misconception for each in verdict.findings[0].diagnosis] == [name]


@pytest.mark.usefixtures("_growing")
@pytest.mark.parametrize(
    "history,said",
    [
        ((1.0, 2.0), "history should be a list of 3 numbers, but is 2 numbers"),
        ((1.0,) * 9, "history should be a list of 3 numbers, but is a list of 9 numbers"),
    ],
)
def test_a_series_of_another_length_is_wrong(history, said):
    verdict = verdict_on(CHECK, trained(history=history), assignment=ON)

    assert verdict.credit == 0.5
    assert f"fit: {said}, on N=4." in verdict.message


@pytest.mark.usefixtures("_growing")
def test_what_is_free_must_be_finite():
    verdict = verdict_on(CHECK, trained(w=(np.nan, 1, 0)), assignment=ON)

    assert verdict.credit == 0.5
    assert "On N=4, w is not finite in 1 of 3 entries: nan (not a number) at [0]." in verdict.message


@pytest.mark.usefixtures("_growing")
def test_only_the_named_inputs_must_be_unchanged_and_training_may_take_longer():
    trial = CHECK.trials(CheckContext(ON, 0))[0]

    assert trial.echo == (0,)
    assert trial.seconds == ON.limits.training_seconds


def test_outputs_that_differ_on_the_same_inputs_share_a_sentence():
    wrong = changed(loss=lambda loss, strength: loss + 1, gradient=lambda gradient: gradient * 1.51234)

    verdict = verdict_on(CHECK, wrong, assignment=ON)

    assert says(
        verdict.message,
        "fit: loss and gradient differ from the reference's; greatest relative difference 0.51 at gradient[<count>]"
        " (allowed 1e-08), on N=4.",
    )


_TRANSPOSED = Misshapen("row", "gradient", "It is a row.", lambda inputs: (1, inputs.array("A").shape[1]))


def test_a_mistake_may_be_known_by_its_shape(monkeypatch):
    question = dataclasses.replace(QUESTION, misshapen=(_TRANSPOSED,))
    monkeypatch.setattr(reference.questions.registry, "QUESTIONS", {"toy": question})

    verdict = verdict_on(CHECK, changed(gradient=lambda gradient: gradient[None]), assignment=ON)

    assert [each.misconception for each in verdict.findings[0].diagnosis] == ["row"]
    assert verdict.message == (
        "fit: gradient is wrong. It is a row. On N=4, gradient should have shape (3,), but is an array of"
        " shape (1, 3). Right: loss."
    )


@pytest.mark.parametrize(
    "shape,came,is_named",
    [
        (lambda _: (), "a value of type float64", True),
        (lambda _: (2,), "an array of shape (2,) and dtype float64", True),
        (lambda _: (2,), "an array of shape (2, 3) and dtype float64", False),
        (None, "None", True),
        (None, "a list of 2 (None, None)", False),
    ],
)
def test_a_shape_is_read_from_the_words_for_what_came(shape, came, is_named):
    assert Misshapen("odd", "gradient", "", shape).is_described_by(Inputs({}), came) is is_named


@pytest.mark.parametrize("student", [changed(), changed(loss=lambda loss, strength: loss + 1)])
def test_an_output_beside_the_numbers_costs_its_share_and_calls_nothing_incorrect(student, monkeypatch):
    broken = Rule("odd", "gradient", "It is odd.", lambda inputs, seen: {})
    question = dataclasses.replace(QUESTION, rules=(broken,), free=("gradient",), aside=("gradient",))
    monkeypatch.setattr(reference.questions.registry, "QUESTIONS", {"toy": question})

    verdict = verdict_on(CHECK, student, assignment=ON)
    is_right = verdict.credit == 0.5

    assert verdict.status == "failed"
    assert verdict.credit == (0.5 if is_right else 0.0)
    assert verdict.findings[0].is_correct is is_right
