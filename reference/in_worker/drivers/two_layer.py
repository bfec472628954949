"""Calls TwoLayerNet with the judge's parameters W1, b1, W2, b2; gradients and parameters come back in that order."""

from typing import Any

NAMES = ("W1", "b1", "W2", "b2")


def start(TwoLayerNet: Any, *sizes: Any) -> Any:
    """The parameters of a fresh object; sizes: of input, hidden layer and output, and std."""
    return parameters(TwoLayerNet(*sizes))


def scores(TwoLayerNet: Any, *given: Any) -> Any:
    """The result of loss without labels. given: the parameters, X."""
    return made(TwoLayerNet, *given[:4]).loss(given[4])


def predict(TwoLayerNet: Any, *given: Any) -> Any:
    """The labels. given: the parameters, X."""
    return made(TwoLayerNet, *given[:4]).predict(given[4])


def loss(TwoLayerNet: Any, *given: Any) -> Any:
    """Loss and the four gradients, those of the biases as vectors. given: the parameters, X, y, reg."""
    answer = made(TwoLayerNet, *given[:4]).loss(*given[4:])
    if not isinstance(answer, tuple | list) or len(answer) != 2 or not isinstance(answer[1], dict):
        return answer
    return answer[0], *in_order(answer[1].get)


def update(TwoLayerNet: Any, *given: Any) -> Any:
    """The parameters after training from the given ones, and the losses.

    given: the parameters, X, y, learning rate and its decay, reg, number of steps, batch size.
    """
    net = made(TwoLayerNet, *given[:4])
    X, y, *numbers = given[4:]
    answer = net.train(X, y, X[:2], y[:2], *numbers)
    return *parameters(net), history(answer)


def fit(TwoLayerNet: Any, hidden: Any, classes: Any, X: Any, y: Any, *numbers: Any) -> Any:
    """The parameters after training from the object's own, the losses, and the labels that it then predicts.

    numbers: learning rate and its decay, reg, number of steps, batch size.
    """
    net = TwoLayerNet(X.shape[1], hidden, classes, 1e-2)
    names = ("learning_rate", "learning_rate_decay", "reg", "num_iters", "batch_size")
    answer = net.train(X, y, X[::7], y[::7], **dict(zip(names, numbers, strict=True)))
    return *parameters(net), history(answer), net.predict(X)


def made(TwoLayerNet: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """An object with these parameters."""
    net = TwoLayerNet(W1.shape[0], W1.shape[1], W2.shape[1])
    for name, value in zip(NAMES, (W1, b1, W2, b2), strict=True):
        net.params[name] = value
    return net


def parameters(net: Any) -> Any:
    """The object's W1, b1, W2, b2, the biases as vectors."""
    return in_order(lambda name: net.params[name])


def in_order(value_of: Any) -> Any:
    """The values for the four names, those for the biases as vectors."""
    return tuple(as_vector(value_of(name)) if name[0] == "b" else value_of(name) for name in NAMES)


def history(answer: Any) -> Any:
    """The losses in the dict that train returned; anything else unchanged."""
    return answer.get("loss_history") if isinstance(answer, dict) else answer


def as_vector(value: Any) -> Any:
    """A single row as a vector; anything else unchanged."""
    shape: Any = getattr(value, "shape", ())
    return value.reshape(-1) if len(shape) == 2 and shape[0] == 1 else value
