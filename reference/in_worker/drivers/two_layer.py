"""Calls TwoLayerNet with the judge's parameters; gradients and parameters come back as arrays in a fixed order."""

from typing import Any

NAMES = ("W1", "b1", "W2", "b2")


def start(TwoLayerNet: Any, input_size: Any, hidden_size: Any, output_size: Any, std: Any) -> Any:
    """The parameters of a fresh object; std None leaves it out."""
    sizes = (input_size, hidden_size, output_size)
    return parameters(TwoLayerNet(*sizes) if std is None else TwoLayerNet(*sizes, std))


def scores(TwoLayerNet: Any, W1: Any, b1: Any, W2: Any, b2: Any, X: Any) -> Any:
    """The result of loss without labels."""
    return made(TwoLayerNet, W1, b1, W2, b2).loss(X)


def predict(TwoLayerNet: Any, W1: Any, b1: Any, W2: Any, b2: Any, X: Any) -> Any:
    """The labels."""
    return made(TwoLayerNet, W1, b1, W2, b2).predict(X)


def loss(TwoLayerNet: Any, W1: Any, b1: Any, W2: Any, b2: Any, X: Any, y: Any, reg: Any) -> Any:
    """Loss and the four gradients, those of the biases as vectors."""
    answer = made(TwoLayerNet, W1, b1, W2, b2).loss(X, y, reg)
    if not isinstance(answer, tuple | list) or len(answer) != 2 or not isinstance(answer[1], dict):
        return answer
    return answer[0], *(
        as_vector(answer[1].get(name)) if name[0] == "b" else answer[1].get(name) for name in NAMES
    )


def update(
    TwoLayerNet: Any,
    W1: Any,
    b1: Any,
    W2: Any,
    b2: Any,
    X: Any,
    y: Any,
    rate: Any,
    decay: Any,
    reg: Any,
    steps: Any,
    batch: Any,
) -> Any:
    """The parameters after training from the given ones, and the losses."""
    net = made(TwoLayerNet, W1, b1, W2, b2)
    answer = net.train(X, y, X[:2], y[:2], rate, decay, reg, steps, batch)
    return *parameters(net), history(answer)


def fit(
    TwoLayerNet: Any,
    hidden: Any,
    classes: Any,
    X: Any,
    y: Any,
    rate: Any,
    decay: Any,
    reg: Any,
    steps: Any,
    batch: Any,
) -> Any:
    """The parameters after training from the object's own, the losses, and the labels that it then predicts."""
    net = TwoLayerNet(X.shape[1], hidden, classes, 1e-2)
    answer = net.train(
        X,
        y,
        X[::7],
        y[::7],
        learning_rate=rate,
        learning_rate_decay=decay,
        reg=reg,
        num_iters=steps,
        batch_size=batch,
    )
    return *parameters(net), history(answer), net.predict(X)


def made(TwoLayerNet: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """An object with these parameters."""
    net = TwoLayerNet(W1.shape[0], W1.shape[1], W2.shape[1])
    for name, value in zip(NAMES, (W1, b1, W2, b2), strict=True):
        net.params[name] = value
    return net


def parameters(net: Any) -> Any:
    """W1, b1, W2, b2, the biases as vectors."""
    return tuple(as_vector(net.params[name]) if name[0] == "b" else net.params[name] for name in NAMES)


def history(answer: Any) -> Any:
    """The losses in the dict that train returned; anything else unchanged."""
    return answer.get("loss_history") if isinstance(answer, dict) else answer


def as_vector(value: Any) -> Any:
    """A single row as a vector; anything else unchanged."""
    shape: Any = getattr(value, "shape", ())
    return value.reshape(-1) if len(shape) == 2 and shape[0] == 1 else value
