"""Makes networks of the student's class and data loaders, trains and tests with the student's functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

_BATCH = 64
_CLASSES = 10
_TINY_RATE = 1e-6
"""So small that all steps of an epoch go in the direction of the first one."""

_SHAPES = ((10, 1, 5, 5), (10,), (20, 10, 5, 5), (20,), (10, 320), (10,))


def layers(cnn: Callable[[], Any], images: Any) -> tuple[Any, ...]:
    """The number of parameters, the shapes of the three weights, and that of the output, which needs all three."""
    model = cnn()
    given = list(model.parameters())
    kernels = sorted((each for each in given if each.dim() == 4), key=lambda each: each.shape[1])
    matrices = [each for each in given if each.dim() == 2]
    weights = [*[*kernels, None, None][:2], [None, *matrices][-1]]
    with torch.no_grad():
        output = model.eval()(images.float())
    shapes = [None if each is None else torch.tensor(tuple(each.shape)) for each in weights]
    is_network = all(each is not None for each in weights)
    return (
        sum(each.numel() for each in given),
        *shapes,
        torch.tensor(tuple(output.shape)) if is_network else None,
    )


def forward(cnn: Callable[[], Any], images: Any, *parameters: Any) -> Any:
    """The output of a network with these parameters, in evaluation mode."""
    model = cnn().double().eval()
    with torch.no_grad():
        for own, value in zip(_ordered(model), parameters, strict=True):
            own.copy_(value)
        return model(images)


def _ordered(model: Any) -> list[Any]:
    """Weight and bias of both convolutions and of the linear layer, whatever their attributes are called."""
    given = list(model.parameters())
    beside = {
        id(module.weight): module.bias
        for module in model.modules()
        if isinstance(getattr(module, "weight", None), torch.Tensor)
        and isinstance(getattr(module, "bias", None), torch.Tensor)
    }
    found: list[Any] = []
    for weight_shape, bias_shape in zip(_SHAPES[::2], _SHAPES[1::2], strict=True):
        weight = next((each for each in given if tuple(each.shape) == weight_shape), None)
        taken = {id(each) for each in found}
        bias = beside.get(id(weight)) if weight is not None else None
        if bias is None:
            free = (each for each in given if tuple(each.shape) == bias_shape and id(each) not in taken)
            bias = next(free, None)
        if weight is None or bias is None:
            raise TypeError(f"CNN() has no parameters of the shapes {weight_shape} and {bias_shape}")
        found += [weight, bias]
    if len(given) != len(found):
        raise TypeError(f"CNN() has {len(given)} parameters, not {len(found)}")
    return found


def _vector(model: Any) -> Any:
    return torch.cat([each.detach().reshape(-1).clone() for each in _ordered(model)])


class _Probe(torch.nn.Module):
    """A linear classifier with log-probabilities that records the mode of each call."""

    def __init__(self, weight: Any, bias: Any) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(weight.shape[1], weight.shape[0]).to(weight.dtype)
        with torch.no_grad():
            self.linear.weight.copy_(weight)
            self.linear.bias.copy_(bias)
        self.modes: list[bool] = []

    def forward(self, images: Any) -> Any:
        self.modes.append(self.training)
        return torch.log_softmax(self.linear(images.flatten(1)), dim=1)


class _Descent:
    """Stochastic gradient descent with momentum, as torch.optim.SGD does it, without the seconds that its import takes."""

    def __init__(self, parameters: Any, lr: float, momentum: float = 0.0) -> None:
        self.defaults = {"lr": lr, "momentum": momentum}
        self.param_groups: list[dict[str, Any]] = [{"params": list(parameters), **self.defaults}]
        self.state: dict[Any, Any] = {}

    def zero_grad(self, set_to_none: bool = True) -> None:
        for each in self.param_groups[0]["params"]:
            if each.grad is not None and not set_to_none:
                each.grad.zero_()
            elif each.grad is not None:
                each.grad = None

    @torch.no_grad()
    def step(self, closure: Any = None) -> Any:
        group = self.param_groups[0]
        for each in group["params"]:
            if each.grad is None:
                continue
            before = self.state.get(each)
            self.state[each] = (
                each.grad.clone() if before is None else before.mul_(group["momentum"]).add_(each.grad)
            )
            each.sub_(self.state[each], alpha=group["lr"])
        return None if closure is None else closure()


def _loader(images: Any, labels: Any, function: Any, *, shuffle: bool = False) -> Any:
    """Batches of 64; a notebook's own `batch_size`, which its functions may use, is set to that too."""
    getattr(function, "__globals__", {})["batch_size"] = _BATCH
    data = torch.utils.data.TensorDataset(images, labels)
    return torch.utils.data.DataLoader(data, batch_size=_BATCH, shuffle=shuffle)


def _pair(result: Any, words: str) -> tuple[Any, Any]:
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise TypeError(f"it should return {words}, but gave a value of type {type(result).__name__}")
    return result[0], result[1]


def train(
    function: Callable[..., Any],
    images: Any,
    labels: Any,
    weight: Any,
    bias: Any,
    learning_rate: float,
    log_interval: int,
    epoch: int,
) -> tuple[Any, ...]:
    """One epoch of a linear classifier: its parameters, the losses and the counter."""
    model = _Probe(weight, bias)
    optimizer = _Descent(model.parameters(), lr=learning_rate)
    loader = _loader(images, labels, function)
    losses, counter = _pair(
        function(loader, model, torch.device("cpu"), optimizer, log_interval, epoch), "(losses, counter)"
    )
    return model.linear.weight, model.linear.bias, losses, counter


def test(
    function: Callable[..., Any], images: Any, labels: Any, weight: Any, bias: Any, gradient: Any
) -> tuple[Any, ...]:
    """The loss and the count on a linear classifier in training mode, and the classifier's state afterwards."""
    model = _Probe(weight, bias).train()
    model.linear.weight.grad = gradient
    loader = _loader(images, labels, function)
    loss, correct = _pair(function(loader, model, torch.device("cpu")), "(test_loss, num_correct)")
    is_evaluated = bool(model.modes) and not any(model.modes)
    after = model.linear.weight.grad
    return (
        loss,
        correct,
        float(is_evaluated),
        model.linear.weight,
        torch.zeros_like(weight) if after is None else after,
    )


def learn(
    function: Callable[..., Any],
    cnn: Callable[[], Any],
    images: Any,
    labels: Any,
    mean: float,
    deviation: float,
    learning_rate: float,
    epochs: int,
) -> tuple[Any, ...]:
    """The parameters of a network before and after `epochs` epochs on images (N, 28, 28) of bytes."""
    model = cnn()
    before = _vector(model)
    optimizer = _Descent(model.parameters(), lr=learning_rate, momentum=0.9)
    scaled = (images[:, None].float() - mean) / deviation
    loader = _loader(scaled, labels, function, shuffle=True)
    for epoch in range(epochs):
        function(loader, model, torch.device("cpu"), optimizer, 8, epoch)
    return before, _vector(model)


def learn_and_follow(
    function: Callable[..., Any], cnn: Callable[[], Any], images: Any, labels: Any, *numbers: Any
) -> tuple[Any, ...]:
    """As learn; then how one epoch of tiny steps moves the weight of a linear classifier that starts at zero."""
    before, after = learn(function, cnn, images, labels, *numbers)
    mean, deviation, *_ = numbers
    scaled = (images[:, None].float() - mean) / deviation
    model = _Probe(torch.zeros(_CLASSES, scaled[0].numel()), torch.zeros(_CLASSES))
    optimizer = _Descent(model.parameters(), lr=_TINY_RATE)
    function(_loader(scaled, labels, function, shuffle=True), model, torch.device("cpu"), optimizer, 8, 0)
    return before, after, model.linear.weight
