"""What is told of functions of a network of two layers: steps, labels, a grid and the search in it."""

import itertools
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from grader.checks.base.context import CheckContext
from grader.checks.questions.answers import AnswersCheck
from grader.model.assignment import AnyFunction
from reference.in_worker.right import net_functions as right
from tests.checks.students import ASSIGNMENT, observe

ON = ASSIGNMENT.model_copy(update={"functions": {"f": AnyFunction(role="function")}})


def judged(question: str, student: Any, **fields: Any) -> Any:
    """The check's verdict, the driver executed here."""
    check = AnswersCheck(
        kind="answers", id="c", title="c", points=1, function="f", question=question, **fields
    )
    evidence = []
    for trial in check.trials(CheckContext(ON, 0)):
        namespace: dict[str, Any] = {}
        assert trial.driver is not None
        exec(trial.driver.source, namespace)
        drive = on_tensors(namespace[trial.driver.name])
        evidence.append((trial, observe(replace(trial, driver=None), drive, others={"f": student})))
    return check.judge(CheckContext(ON, 0), evidence)


def on_tensors(drive: Any) -> Any:
    """The driver, called with tensors in the memory of the arrays that it is given."""

    def call(function: Any, *given: Any) -> Any:
        tensors = (torch.from_numpy(each) if isinstance(each, np.ndarray) else each for each in given)
        result = drive(function, *tensors)
        return tuple(map(as_array, result)) if isinstance(result, tuple) else as_array(result)

    return call


def as_array(value: Any) -> Any:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def names_of(verdict: Any) -> set[str]:
    return {each.misconception for finding in verdict.findings for each in finding.diagnosis}


class TwoLayerNet:
    """The search's driver puts methods here that train in no time."""


def searched(choose: Any, combine: Any = itertools.product) -> Any:
    """A search that takes what `choose` makes of (val_acc, net, stats, train_acc) of each combination."""

    def find_best_net(data: Any, get_param_set_fn: Any) -> Any:
        found = []
        for lr, width, reg, decay in combine(*get_param_set_fn()):
            net: Any = TwoLayerNet(data["X_train"].shape[1], width, 10)  # type: ignore[call-arg]
            split = (data["X_train"], data["y_train"], data["X_val"], data["y_val"])
            stats = net.train(*split, learning_rate=lr, reg=reg, learning_rate_decay=decay)
            val = (net.predict(data["X_val"]) == data["y_val"]).float().mean().item()
            train = (net.predict(data["X_train"]) == data["y_train"]).float().mean().item()
            found.append((val, net, stats, train))
        return choose(found)

    return find_best_net


def best(found: Any) -> Any:
    val, net, stats, _ = max(found, key=lambda each: each[0])
    return net, stats, val


def random_part(*lists: Any) -> Any:
    return random.sample(list(itertools.product(*lists)), 9)


@pytest.mark.parametrize("choose", [best, lambda found: (*best(found)[:2], 100 * best(found)[2])])
def test_the_best_network_of_the_whole_grid_passes_with_a_fraction_and_with_percent(choose):
    verdict = judged("find_best_net", searched(choose), dtype="float32")

    assert (verdict.status, verdict.credit) == ("passed", 1.0), verdict.message


def test_a_random_part_of_the_grid_is_a_note():
    verdict = judged("find_best_net", searched(best, random_part), dtype="float32")

    assert verdict.status == "passed", verdict.message
    (finding,) = verdict.findings
    assert "it tries a random part of the grid, 9 of 16 combinations" in finding.notes


def by(key: Any) -> Any:
    def choose(found: Any) -> Any:
        val, net, stats, _ = max(found, key=key)
        return net, stats, val

    return choose


@pytest.mark.parametrize(
    "student, named",
    [
        (searched(by(lambda each: each[3])), {"best_on_training"}),
        (searched(by(lambda each: -each[2]["loss_history"][-1])), {"best_by_loss"}),
        (searched(by(lambda each: -each[0])), {"worst_net"}),
        (searched(lambda found: (found[-1][1], found[-1][2], found[-1][0])), {"best_last"}),
        (searched(lambda found: (best(found)[0], found[-1][2], best(found)[2])), {"stat_of_last"}),
        (
            searched(lambda found: (*best(found)[:2], max(found, key=lambda each: each[0])[3])),
            {"accuracy_of_training"},
        ),
        (searched(lambda found: (best(found)[0].params, *best(found)[1:])), {"no_network"}),
        (searched(best, zip), {"part_of_grid"}),
        (
            searched(best, lambda rates, sizes, *more: itertools.product(sizes, rates, *more)),
            {"grid_order_swapped"},
        ),
    ],
)
def test_a_search_that_goes_wrong_is_told_how(student, named):
    verdict = judged("find_best_net", student, dtype="float32")

    assert (verdict.status, names_of(verdict)) == ("failed", named), verdict.message


def test_values_outside_the_grid_do_not_cost_the_choice_among_them():
    student = searched(best, lambda *_: itertools.product((0.3, 3.0), (5, 6), (1e-5, 1e-6), (0.5, 0.6)))
    outputs = ("combinations_tried", "best_net", "best_stat", "best_val_acc")

    verdict = judged("find_best_net", student, dtype="float32", shares=dict.fromkeys(outputs, 0.25))

    assert (verdict.credit, names_of(verdict)) == (0.75, {"off_grid"}), verdict.message


def train_for_ever(*_: Any) -> Any:
    raise AssertionError


nn_train = nn_predict = train_for_ever


def test_a_search_that_calls_the_functions_itself_never_trains():
    def find_best_net(data: Any, get_param_set_fn: Any) -> Any:
        found = []
        for lr, width, reg, decay in itertools.product(*get_param_set_fn()):
            net: Any = TwoLayerNet(data["X_train"].shape[1], width, 10)  # type: ignore[call-arg]
            split = (data["X_train"], data["y_train"], data["X_val"], data["y_val"])
            stats = nn_train(net.params, None, None, *split, lr, decay, reg, 3000, 1000)
            labels = nn_predict(net.params, None, data["X_val"])
            found.append(((labels == data["y_val"]).double().mean().item(), net, stats, 0))
        return best(found)

    verdict = judged("find_best_net", find_best_net, dtype="float32")

    assert verdict.status == "passed", verdict.message
    assert nn_train is nn_predict is train_for_ever


def test_a_search_that_trains_nothing_earns_nothing_and_names_nothing():
    outputs = ("combinations_tried", "best_net", "best_stat", "best_val_acc")

    verdict = judged(
        "find_best_net",
        lambda _data, _get: (None, None, 0.0),
        dtype="float32",
        shares=dict.fromkeys(outputs, 0.25),
    )

    assert (verdict.credit, names_of(verdict)) == (0.0, set())


@pytest.mark.parametrize(
    "lists, named",
    [
        (([0.1, 1.0], [64, 128], [0, 1e-4], [0.9, 1.0]), set()),
        (([0.1] * 2, [64, 128], [0, 1e-4], [0.9, 1.0]), {"too_few"}),
        (([64, 128], [0.1, 1.0], [0, 1e-4], [0.9, 1.0]), {"grid_order_swapped"}),
        (([0.1, 1.0], [64, 128], [-1e-4, 1e-4], [0.9, 1.0]), {"negative_reg"}),
        (([0.1, 1.0], [64, 64.5], [0, 1e-4], [0.9, 1.0]), {"sizes_not_whole"}),
        (([0.1, 0.0], [64, 128], [0, 1e-4], [0.9, 1.0]), {"not_positive"}),
        ((range(1, 5), range(1, 5), range(4), range(1, 5)), {"too_many"}),
    ],
)
def test_the_lists_of_a_grid_are_judged_one_by_one(lists, named):
    verdict = judged("nn_get_search_params", lambda: lists)

    assert (verdict.status, names_of(verdict)) == ("failed" if named else "passed", named), verdict.message


def trains(update: Any) -> Any:
    """The handout's loop around an update (params, rate, grads) -> params."""

    def nn_train(params, loss_func, pred_func, X, y, X_val, y_val, rate, decay, reg, num_iters, batch_size):
        E = max(len(X) // batch_size, 1)
        losses, of_batches, of_val = [], [], []
        for it in range(num_iters):
            rows = torch.randint(len(X), (batch_size,))
            loss, grads = loss_func(params, X[rows], y=y[rows], reg=reg)
            losses.append(loss.item())
            params = update(params, rate, grads)
            if it % E == 0:
                of_batches.append((pred_func(params, loss_func, X[rows]) == y[rows]).float().mean().item())
                of_val.append((pred_func(params, loss_func, X_val) == y_val).float().mean().item())
                rate *= decay
        return {"loss_history": losses, "train_acc_history": of_batches, "val_acc_history": of_val}

    return nn_train


def in_place(params: Any, rate: Any, grads: Any) -> Any:
    for name in params:
        params[name] -= rate * grads[name]
    return params


def another_dict(params: Any, rate: Any, grads: Any) -> Any:
    return {name: params[name] - rate * grads[name] for name in params}


@pytest.mark.parametrize("student", [trains(in_place), right.nn_train])
def test_a_step_in_place_and_new_tensors_under_the_same_keys_are_right(student):
    verdict = judged("nn_train", student)

    assert verdict.status == "passed", verdict.message


def test_another_dict_leaves_the_callers_as_it_was_and_is_told_so():
    verdict = judged("nn_train", trains(another_dict))

    assert (verdict.status, names_of(verdict)) == ("failed", {"rebinds_params"})
    assert 0 < verdict.credit < 0.8


def test_a_loop_without_an_update_earns_nothing():
    shares = {"W1": 0.5, "val_acc_history": 0.25, "batch_rows": 0.25}

    verdict = judged("nn_train", trains(lambda params, _rate, _grads: params), shares=shares)

    assert (verdict.credit, names_of(verdict)) == (0.0, set())


def with_shift(highest: Any) -> Any:
    def nn_forward_backward(params, X, y=None, reg=0.0):
        scores, _ = right.nn_forward_pass(params, X)
        if y is None:
            return scores
        p = torch.exp(scores - highest(scores))
        p = p / p.sum(dim=1, keepdim=True)
        _, grads = right.nn_forward_backward(params, X, y, reg)
        slopes = p.clone()
        slopes[torch.arange(len(X)), y] -= 1
        return -torch.log(p[torch.arange(len(X)), y]).mean(), {**grads, "b2": slopes.sum(dim=0) / len(X)}

    return nn_forward_backward


@pytest.mark.parametrize(
    "highest, named",
    [
        (lambda scores: scores.max(dim=1, keepdim=True).values, set()),
        (lambda scores: scores.max(), {"global_maximum"}),
        (lambda scores: 0 * scores, {"no_maximum"}),
    ],
)
def test_scores_near_1000_tell_no_maximum_from_that_of_the_batch(highest, named):
    verdict = judged("nn_large_scores", with_shift(highest))

    assert (verdict.status, names_of(verdict)) == ("failed" if named else "passed", named), verdict.message


@pytest.mark.parametrize(
    "label, named",
    [
        (lambda scores: scores.max(dim=1).values, {"predict_values"}),
        (lambda scores: torch.softmax(scores, dim=1), {"predict_probabilities"}),
        (lambda scores: scores.argmax(dim=0), {"predict_axis_0"}),
        (lambda scores: scores.argmax(dim=1, keepdim=True), {"labels_kept_dim"}),
        (lambda scores: scores.argmin(dim=1), {"least_score"}),
    ],
)
def test_what_is_no_label_is_told_what_it_is(label, named):
    verdict = judged("nn_predict", lambda params, loss_func, X: label(loss_func(params, X)))

    assert (verdict.status, names_of(verdict)) == ("failed", named), verdict.message
