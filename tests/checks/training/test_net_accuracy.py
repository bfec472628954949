"""A network trained by the judge's solver: what is handed over, what counts, and what each fault is told."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from grader.checks.base.context import CheckContext
from grader.checks.training.net_accuracy import NetAccuracyCheck, NetTraining
from grader.model.assignment import AnyFunction
from grader.model.observation import Died
from grader.model.trial import FunctionArgument, ResidentTensor
from reference.in_worker.right import fc_net
from tests.checks.images import DATA
from tests.checks.students import ASSIGNMENT, verdict_on, verdict_on_all

ON = ASSIGNMENT.model_copy(
    update={"functions": {name: AnyFunction(role="function") for name in ("TwoLayerNet", "rule")}}
)
PLAN = NetTraining(
    hidden_dims=(8,),
    weight_scale=1e-3,
    learning_rate=1e-3,
    epochs=4,
    batch_size=50,
    val_bar=0.15,
    test_bar=0.15,
)
CHECK = NetAccuracyCheck(
    kind="net_accuracy", id="net", title="net", points=2, function="TwoLayerNet", standin=PLAN, cifar10=None
)
WITH_RULE = CHECK.model_copy(update={"rule": "rule"})


class TwoLayerNet:
    def __init__(self, input_dim, hidden_dim, num_classes, weight_scale, reg):
        rng = np.random.default_rng(0)
        self.reg = reg
        self.params = {
            "W1": weight_scale * rng.normal(size=(input_dim, hidden_dim)),
            "b1": np.zeros(hidden_dim),
            "W2": weight_scale * rng.normal(size=(hidden_dim, num_classes)),
            "b2": np.zeros(num_classes),
        }

    loss = fc_net.loss


class Uphill(TwoLayerNet):
    def loss(self, X, y=None):
        loss, gradients = super().loss(X, y)
        return loss, {name: -1e3 * each for name, each in gradients.items()}


class WithoutBiases(TwoLayerNet):
    def loss(self, X, y=None):
        loss, gradients = super().loss(X, y)
        return loss, {name: each for name, each in gradients.items() if name[0] == "W"}


class InfiniteAtFirst(TwoLayerNet):
    """-log(0), as where float32 rounds a probability to zero; the gradients are right."""

    calls = 0

    def loss(self, X, y=None):
        loss, gradients = super().loss(X, y)
        self.calls += 1
        return np.inf if self.calls in {1, 3} else loss, gradients


class NeverFinite(TwoLayerNet):
    def loss(self, X, y=None):
        return np.inf, super().loss(X, y)[1]


def rule(w, dw, config=None):
    return w - config["learning_rate"] * dw, {"learning_rate": config["learning_rate"]}


def judged(net, check=CHECK):
    with np.errstate(all="ignore"):
        return verdict_on(check, {"TwoLayerNet": net, "rule": rule}, assignment=ON)


@pytest.mark.parametrize("check", [CHECK, WITH_RULE])
def test_a_right_network_reaches_the_bars_with_the_plain_rule_and_with_the_students(check):
    verdict = judged(TwoLayerNet, check)

    assert (verdict.status, verdict.credit) == ("passed", 1.0), verdict.message
    assert verdict.message.startswith("Accuracy: ")
    assert verdict.measured["last_losses"] < verdict.measured["first_loss"]
    assert verdict.allowed == {"val_accuracy": 0.15, "test_accuracy": 0.15}
    assert verdict.findings == ()


def test_a_rule_that_returns_a_new_config_still_gets_the_decayed_rate():
    rates = []

    def watched(w, dw, config=None):
        rates.append(config["learning_rate"])
        return rule(w, dw, config)

    plan = PLAN.model_copy(update={"lr_decay": 0.5, "epochs": 2})
    check = WITH_RULE.model_copy(update={"standin": plan})
    verdict_on(check, {"TwoLayerNet": TwoLayerNet, "rule": watched}, assignment=ON)

    assert sorted(set(rates)) == [5e-4, 1e-3]


def test_bars_that_are_not_reached_take_points_and_blame_what_was_trained():
    strict = CHECK.model_copy(update={"standin": PLAN.model_copy(update={"val_bar": 0.99})})

    verdict = judged(TwoLayerNet, strict)

    assert (verdict.status, verdict.credit) == ("failed", 0.5)
    assert verdict.message.startswith("The accuracy is too low: ")
    assert verdict.blames == ("TwoLayerNet",)
    assert verdict.findings == ()


def test_numbers_that_grow_beyond_bounds_and_lost_gradients_are_told():
    assert "not finite" in judged(Uphill).message
    assert "KeyError" in judged(WithoutBiases).message


class SetsItself(TwoLayerNet):
    """Reaches the bars with no gradient: a right training is hidden in its calls."""

    def loss(self, X, y=None):
        loss, gradients = super().loss(X, y)
        if len(X) < PLAN.batch_size:
            return loss, {name: 0 * each for name, each in gradients.items()}
        return loss, gradients


class WithoutMean(TwoLayerNet):
    """Its gradients in the small are half as long, and those of the biases are missing: a slip that is judged elsewhere."""

    def loss(self, X, y=None):
        loss, gradients = super().loss(X, y)
        if len(X) < PLAN.batch_size:
            gradients = {name: each * (0.5 if name[0] == "W" else 0) for name, each in gradients.items()}
        return loss, gradients


def test_bars_that_are_reached_without_gradients_earn_nothing():
    verdict = judged(SetsItself)

    assert (verdict.status, verdict.credit, verdict.blames) == ("failed", 0.0, ("TwoLayerNet",))
    assert (
        "No points for accuracy while the gradients of TwoLayerNet are not those of its loss"
        in verdict.message
    )
    assert judged(WithoutMean).credit == 1.0


def test_a_loss_that_is_infinite_in_some_steps_costs_nothing():
    verdict = judged(InfiniteAtFirst)

    assert verdict.status == "passed"
    assert np.isfinite([*verdict.measured.values(), *verdict.curves["loss"]]).all()


def test_a_loss_that_is_infinite_in_every_step_is_told():
    assert "not finite" in judged(NeverFinite).message


def test_a_training_that_ends_its_process_earns_nothing():
    verdict = verdict_on_all(CHECK, Died("signal 9"))

    assert (verdict.status, verdict.credit, verdict.blames) == ("failed", 0.0, ("TwoLayerNet",))


def test_labels_of_judged_images_are_never_handed_over():
    (trial,) = CHECK.trials(CheckContext(ON, 0, data=DATA))

    held = [each for each in trial.positional if isinstance(each, ResidentTensor)]
    assert [each.key for each in held] == ["X:train:float32", "y:train"]
    assert len(held[1].array) == len(DATA.labels("train"))
    assert [each for each in trial.positional if isinstance(each, FunctionArgument)] == [
        FunctionArgument("TwoLayerNet")
    ]


def test_the_bars_of_cifar10_count_on_cifar10_alone():
    course = PLAN.model_copy(update={"val_bar": 0.48})
    check = CHECK.model_copy(update={"cifar10": course})

    assert check._plan(DATA).val_bar == 0.15
    assert check._plan(dataclasses.replace(DATA, path=Path("cifar"))).val_bar == 0.48


def test_the_network_itself_is_never_replaced_where_it_is_trained():
    assert CHECK.replacement(ON).target == "TwoLayerNet.loss"
    assert CHECK.asked_again == "partly right"


@pytest.mark.parametrize(
    "fields, faults",
    [
        ({"trainer": "nn_train", "predictor": "nn_predict"}, []),
        ({"trainer": "nn_train"}, ["trainer"]),
        ({"predictor": "nn_predict"}, ["trainer"]),
        ({"trainer": "nn_train", "predictor": "nn_predict", "rule": "rule"}, ["rule"]),
        (
            {
                "trainer": "nn_train",
                "predictor": "nn_predict",
                "standin": PLAN.model_copy(update={"hidden_dims": (8, 8)}),
            },
            ["standin.hidden_dims"],
        ),
    ],
)
def test_a_trainer_stands_beside_a_predictor_without_a_rule_and_trains_two_layers(fields, faults):
    functions = {
        name: AnyFunction(role="function") for name in ("TwoLayerNet", "rule", "nn_train", "nn_predict")
    }

    found = CHECK.model_copy(update=fields).misfits(functions)

    assert [each.where for each in found] == faults
