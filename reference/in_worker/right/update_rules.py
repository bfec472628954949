"""The update rules of a solver, (w, dw, config) -> (next w, config), in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np


def sgd(w: Any, dw: Any, config: Any = None) -> Any:
    """A step down the gradient."""
    config = {"learning_rate": 1e-2} if config is None else config
    return w - config.setdefault("learning_rate", 1e-2) * dw, config


def sgd_momentum(w: Any, dw: Any, config: Any = None) -> Any:
    """A step by the velocity, which is kept in config."""
    config = {} if config is None else config
    rate, momentum = config.setdefault("learning_rate", 1e-2), config.setdefault("momentum", 0.9)
    config["velocity"] = momentum * config.get("velocity", np.zeros_like(w)) - rate * dw
    return w + config["velocity"], config


def rmsprop(w: Any, dw: Any, config: Any = None) -> Any:
    """A step divided by the root of the running average of squared gradients."""
    config = {} if config is None else config
    rate, decay = config.setdefault("learning_rate", 1e-2), config.setdefault("decay_rate", 0.99)
    config["cache"] = decay * config.get("cache", np.zeros_like(w)) + (1 - decay) * dw * dw
    return w - rate * dw / (np.sqrt(config["cache"]) + config.setdefault("epsilon", 1e-8)), config


def adam(w: Any, dw: Any, config: Any = None) -> Any:
    """A step by the running averages of the gradients and their squares, both without their bias towards zero."""
    config = {} if config is None else config
    rate, epsilon = config.setdefault("learning_rate", 1e-3), config.setdefault("epsilon", 1e-8)
    beta1, beta2 = config.setdefault("beta1", 0.9), config.setdefault("beta2", 0.999)
    config["t"] = config.get("t", 0) + 1
    config["m"] = beta1 * config.get("m", np.zeros_like(w)) + (1 - beta1) * dw
    config["v"] = beta2 * config.get("v", np.zeros_like(w)) + (1 - beta2) * dw * dw
    mean = config["m"] / (1 - beta1 ** config["t"])
    root = np.sqrt(config["v"] / (1 - beta2 ** config["t"]))
    return w - rate * mean / (root + epsilon), config
