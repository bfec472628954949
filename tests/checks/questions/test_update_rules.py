"""Update rules as the check of answers judges them: what is right in another form, and what the driver brings back."""

import numpy as np
import pytest

from grader.checks.questions.answers import AnswersCheck
from grader.model.assignment import AnyFunction
from tests.checks.students import ASSIGNMENT, verdict_on

RULES = ("sgd", "sgd_momentum", "rmsprop", "adam")
ON = ASSIGNMENT.model_copy(update={"functions": dict.fromkeys(RULES, AnyFunction(role="function"))})


def verdict(name, rule):
    check = AnswersCheck(
        kind="answers", id="rule", title="rule", points=4, function=name, question=f"rule_{name}"
    )
    return verdict_on(check, {name: rule}, 5, ON)


def names_in(found):
    return {each.misconception for each in found.findings[0].diagnosis}


def momentum(w, dw, config=None, *, step=lambda w, v: w + v, is_own=False, zeros=np.zeros_like):
    passed = config
    config = {} if config is None else dict(config) if is_own else config
    v = config.get("velocity", zeros(w))
    v = config.setdefault("momentum", 0.9) * v - config.setdefault("learning_rate", 1e-2) * dw
    config["velocity"] = v
    assert passed is None or is_own or passed is config
    return step(w, v), config


def rmsprop(w, dw, config=None, *, scaled=lambda dw, c, eps: dw / (np.sqrt(c) + eps)):
    config = {} if config is None else config
    rho = config.setdefault("decay_rate", 0.99)
    config["cache"] = rho * config.get("cache", np.zeros_like(w)) + (1 - rho) * dw**2
    with np.errstate(all="ignore"):
        step = scaled(dw, config["cache"], config.setdefault("epsilon", 1e-8))
    return w - config.setdefault("learning_rate", 1e-2) * step, config


def adam(w, dw, config=None, *, is_t_kept=True):
    config = {} if config is None else config
    beta1, beta2 = config.setdefault("beta1", 0.9), config.setdefault("beta2", 0.999)
    t = config.get("t", 0) + 1
    config["m"] = beta1 * config.get("m", np.zeros_like(w)) + (1 - beta1) * dw
    config["v"] = beta2 * config.get("v", np.zeros_like(w)) + (1 - beta2) * dw**2
    if is_t_kept:
        config["t"] = t
    below = np.sqrt(config["v"] / (1 - beta2**t)) + config.setdefault("epsilon", 1e-8)
    rate = config.setdefault("learning_rate", 1e-3)
    return w - rate * config["m"] / (1 - beta1**t) / below, config


def in_place(w, dw, config=None):
    w -= (config or {}).get("learning_rate", 1e-2) * dw
    return w, {} if config is None else config


@pytest.mark.parametrize(
    "name,rule", [("sgd", in_place), ("sgd_momentum", momentum), ("rmsprop", rmsprop), ("adam", adam)]
)
def test_a_right_rule_passes_without_a_note(name, rule):
    found = verdict(name, rule)

    assert (found.status, found.credit) == ("passed", 1.0)
    assert found.findings[0].notes == ()


def test_parameters_and_state_may_be_changed_in_place():
    def changing(w, dw, config=None):
        config = {} if config is None else config
        v = config.setdefault("velocity", np.zeros_like(w))
        v *= config.setdefault("momentum", 0.9)
        v -= config.setdefault("learning_rate", 1e-2) * dw
        w += v
        return w, config

    assert verdict("sgd_momentum", changing).credit == 1.0


def test_a_config_of_its_own_is_right_with_a_note():
    found = verdict("sgd_momentum", lambda w, dw, config=None: momentum(w, dw, config, is_own=True))

    assert found.credit == 1.0
    assert [each[:55] for each in found.findings[0].notes] == [
        "the new state is only in the returned config. The Solve"
    ]


def test_another_dtype_than_float32_is_a_note():
    found = verdict(
        "sgd_momentum", lambda w, dw, config=None: momentum(w, dw, config, zeros=lambda w: np.zeros(w.shape))
    )

    assert found.credit == 1.0
    assert [each[:48] for each in found.findings[0].notes] == [
        "float32 parameters come back in another dtype: w"
    ]


@pytest.mark.parametrize(
    "scaled",
    [lambda dw, c, eps: dw / np.sqrt(c + eps), lambda dw, c, eps: dw / np.sqrt(c) + eps],
    ids=["inside the root", "beside the quotient"],
)
def test_an_epsilon_in_another_place_is_a_note(scaled):
    found = verdict("rmsprop", lambda w, dw, config=None: rmsprop(w, dw, config, scaled=scaled))

    assert found.credit == 1.0
    assert [each[:34] for each in found.findings[0].notes] == ["with epsilon = 0.001 it differs fr"]


def test_no_epsilon_at_all_is_told_by_the_gradients_of_zero():
    found = verdict(
        "rmsprop",
        lambda w, dw, config=None: rmsprop(w, dw, config, scaled=lambda dw, c, _: dw / np.sqrt(c)),
    )

    assert names_in(found) == {"no_epsilon"}
    assert "NaN in the 2 entries whose gradient is 0" in found.message


def test_a_step_that_is_not_counted_is_seen_at_the_second_step_and_its_state_is_missed():
    found = verdict("adam", lambda w, dw, config=None: adam(w, dw, config, is_t_kept=False))

    assert found.credit == pytest.approx(0.5)
    assert names_in(found) == {"t_not_stored", "state_missing"}


def test_a_state_under_another_name_is_told():
    def renamed(w, dw, config=None):
        config = {} if config is None else config
        v = config.get("v", config.get("velocity", np.zeros_like(w)))
        v = config.setdefault("momentum", 0.9) * v - config.setdefault("learning_rate", 1e-2) * dw
        config.pop("velocity", None)
        config["v"] = v
        return w + v, config

    found = verdict("sgd_momentum", renamed)

    assert names_in(found) == {"state_missing"}
    assert "no velocity of the handout's shape" in found.message


def test_a_state_that_all_parameters_share_is_wrong():
    kept: dict[tuple[int, ...], np.ndarray] = {}

    def sharing(w, dw, config=None):
        config = {} if config is None else config
        config["velocity"] = kept.get(w.shape, config.get("velocity", np.zeros_like(w)))
        after, config = momentum(w, dw, config)
        kept[w.shape] = config["velocity"]
        return after, config

    assert verdict("sgd_momentum", sharing).status == "failed"


def test_gradients_are_to_stay_as_they_are():
    def scaling(w, dw, config=None):
        dw *= (config or {}).get("learning_rate", 1e-2)
        return w - dw, {} if config is None else config

    found = verdict("sgd", scaling)

    assert found.credit == pytest.approx(0.8)
    assert found.message.startswith("sgd changes its input dw, on 6 steps from an empty config")


@pytest.mark.parametrize(
    "rule,said",
    [
        (lambda w, dw, config=None: (None, {}), "w should have shape (6, 4, 5), but is None"),
        (lambda w, dw, config=None: w - dw, "w should have shape (6, 4, 5), but is an array of shape (4, 5)"),
        (
            lambda w, dw, config=None: (w.ravel(), {}),
            "w should have shape (6, 4, 5), but is an array of shape (6, 20)",
        ),
    ],
    ids=["template", "no pair", "flat"],
)
def test_what_is_no_pair_of_parameters_and_config_is_said_to_be_so(rule, said):
    found = verdict("sgd_momentum", rule)

    assert found.credit == 0.0
    assert said in found.message
