"""A student's network, trained on images by a solver of ours with the student's update rule: does it reach the bars?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grader import formatting
from grader.checks.base.call import failure_sentence
from grader.checks.base.check import CheckFields, Evidence, Roles
from grader.checks.base.context import CheckContext
from grader.checks.training.accuracy import curve
from grader.checks.training.learning import NUM_CLASSES, Accuracies, data_of, prepared
from grader.checks.training.net_core import fault_of_core, gradient_trial, step_trial
from grader.checks.training.pixels import ImageOrder, accuracies_of_layers
from grader.data import FEATURES, DataSet
from grader.errors import SpecFault
from grader.model.assignment import Assignment, FunctionSpec, Model
from grader.model.observation import Received, Returned
from grader.model.trial import (
    Argument,
    Array,
    ArrayOutput,
    Driver,
    FunctionArgument,
    Replacement,
    ResidentTensor,
    Scalar,
    SeriesOutput,
    Tensor,
    Trial,
)
from grader.model.verdict import Verdict
from reference import driver_source, right_source


class NetTraining(Model):
    """A training and the bars it must reach."""

    hidden_dims: tuple[int, ...] = Field(
        min_length=1, max_length=8, description="Widths of the hidden layers."
    )
    weight_scale: float = Field(gt=0, description="Standard deviation of the first weights.")
    reg: float = Field(default=0.0, ge=0, description="Strength of the regularization.")
    learning_rate: float = Field(gt=0, description="Step of gradient descent.")
    lr_decay: float = Field(default=1.0, gt=0, le=1, description="Factor of the step after each epoch.")
    epochs: int = Field(gt=0, le=100, description="Passes over the training images.")
    batch_size: int = Field(gt=0, le=10000, description="Images of each batch.")
    val_bar: float = Field(gt=0, lt=1, description="Share of the validation images to be labelled correctly.")
    test_bar: float = Field(gt=0, lt=1, description="Share of the test images to be labelled correctly.")

    @property
    def widths(self) -> list[int]:
        """D, the hidden layers, C."""
        return [FEATURES - 1, *self.hidden_dims, NUM_CLASSES]

    @property
    def bars(self) -> Accuracies:
        """Of both splits."""
        return Accuracies(self.val_bar, self.test_bar)

    def steps(self, images: int) -> int:
        """Of all epochs."""
        return self.epochs * max(images // self.batch_size, 1)


class NetAccuracyCheck(CheckFields):
    """Trained by a solver of ours, the student's network labels enough images correctly.

    The labels are those of the highest scores with the parameters that training returned, which the judge computes. They
    earn points if the gradients, and a trainer's steps, are nearly right.
    """

    roles: ClassVar[Roles] = {
        "function": ("function",),
        "rule": ("function",),
        "trainer": ("function",),
        "predictor": ("function",),
    }
    needs_data: ClassVar[bool] = True
    scores_images: ClassVar[bool] = True
    is_slow: ClassVar[bool] = True

    kind: Literal["net_accuracy"]
    function: str = Field(
        description=(
            "The class of the network: TwoLayerNet or FullyConnectedNet. Beside a trainer, the loss function of a network of"
            " two layers."
        )
    )
    rule: str | None = Field(
        default=None, description="The student's update rule; plain gradient descent if left out."
    )
    trainer: str | None = Field(
        default=None,
        description=(
            "The student's function that trains (params, loss_func, pred_func, X, y, ...). Pixels are then on the scale 0"
            " to 1, and the parameters are a dict of tensors."
        ),
    )
    predictor: str | None = Field(
        default=None,
        description="The student's function that labels (params, loss_func, X); a trainer needs it.",
    )
    standin: NetTraining = Field(description="The training on the stand-in for CIFAR-10, and its bars.")
    cifar10: NetTraining | None = Field(
        default=None, description="The training on CIFAR-10, with --data; the stand-in's if left out."
    )

    def misfits(self, functions: Mapping[str, FunctionSpec]) -> Iterator[SpecFault]:
        """A TwoLayerNet has one hidden layer, which nothing here can know; the names must be the spec's."""
        yield from super().misfits(functions)
        if self.rule == self.function:
            yield SpecFault("rule", f"must be another function than {self.function}", self.rule)
        if (self.trainer is None) != (self.predictor is None):
            yield SpecFault("trainer", "must stand beside a predictor, and a predictor beside a trainer")
        if self.trainer is not None and self.rule is not None:
            yield SpecFault("rule", f"must be left out: {self.trainer} updates the parameters", self.rule)
        for name in ("standin", "cifar10") if self.trainer is not None else ():
            plan = getattr(self, name)
            if plan is not None and len(plan.hidden_dims) > 1:
                yield SpecFault(f"{name}.hidden_dims", "must be one number: the network has two layers")

    @property
    def comparable(self) -> tuple[str, ...]:
        """Both accuracies."""
        return ("val_accuracy", "test_accuracy")

    @property
    def data_words(self) -> str:
        if self.cifar10 is None or self.cifar10.bars == self.standin.bars:
            return f"the same bars on the stand-in and with --data: {self.standin.bars.as_bars()}"
        return f"on the stand-in {self.standin.bars.as_bars()}; with --data {self.cifar10.bars.as_bars()}"

    @property
    def asked_again(self) -> Literal["partly right", "partly right or a helper"]:
        """Of the layers and the rule, where they have earned points of their own.

        A network of functions has its forward pass alone in a helper: what is trained is in functions named here.
        """
        return "partly right" if self.trainer is None else "partly right or a helper"

    def replacement(self, assignment: Assignment, /) -> Replacement:
        """The network's loss, so that it is never replaced here."""
        if self.trainer is not None:
            source = right_source("net_functions", "nn_forward_backward", assignment.convention)
            return Replacement(self.function, None, "nn_forward_backward", source)
        source = right_source("fc_net", "loss", assignment.convention)
        return Replacement(self.function, "loss", "loss", source)

    def _plan(self, data: DataSet) -> NetTraining:
        return self.standin if data.is_standin or self.cifar10 is None else self.cifar10

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """One training."""
        data, assignment = data_of(context), context.assignment
        plan = self._plan(data)
        X, y = prepared(data, "train", "float32")
        weights = sum(one * other for one, other in pairwise(plan.widths))
        numbers = (
            *(plan.weight_scale, plan.reg, plan.learning_rate),
            *(plan.lr_decay, plan.epochs, plan.batch_size),
        )
        words = (
            f"a training of {plan.epochs} epochs with learning_rate {plan.learning_rate:g}, reg {plan.reg:g}"
        )
        trial = Trial(
            label=words if self.rule is None else f"{words} and {self.rule}",
            function=self.function,
            positional=(
                *self._handed,
                Tensor(np.asarray(plan.widths)),
                ResidentTensor("X:train:float32", X),
                ResidentTensor("y:train", y.astype(np.int64)),
                *(Scalar(each) for each in numbers),
            ),
            outputs=(
                ArrayOutput((weights,)),
                ArrayOutput((sum(plan.widths[1:]),)),
                SeriesOutput(plan.steps(len(y))),
            ),
            backend=assignment.backend,
            seconds=assignment.limits.training_seconds,
            driver=Driver("train", driver_source("fc_net"))
            if self.trainer is None
            else Driver("fit", driver_source("net_functions")),
        )
        return (trial,)

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """Where the bars are reached: calls that tell whether by descent."""
        if len(evidence) > 1 or not self.judge(context, evidence).credit:
            return ()
        hidden = len(self._plan(data_of(context)).hidden_dims) if self.trainer is None else 0
        loss = gradient_trial(context, self.id, self.function, hidden)
        return (loss,) if self.trainer is None else (loss, step_trial(context, self.id, self.trainer))

    @property
    def _handed(self) -> tuple[Argument, ...]:
        """What the driver calls."""
        if self.trainer is not None and self.predictor is not None:
            return tuple(map(FunctionArgument, (self.function, self.trainer, self.predictor)))
        rule = Scalar(None) if self.rule is None else FunctionArgument(self.rule)
        return (FunctionArgument(self.function), rule)

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Half of the points for each of the two bars, if gradients and steps are nearly right."""
        (trial, observation), *core = evidence
        if not isinstance(observation, Returned):
            return self.failed(failure_sentence(trial, observation), blames=self.functions)
        weights, biases, losses = observation.values
        for name, value in (("weights", weights), ("biases", biases), ("losses", losses)):
            if not isinstance(value, Received):
                words = (
                    f"{self.function}: the {name} after training are {value.description}, on {trial.label}"
                )
                return self.failed(words, blames=self.functions)
        assert isinstance(weights, Received)
        assert isinstance(biases, Received)
        assert isinstance(losses, Received)
        # A right loss is infinite where float32 rounds the true class's probability to zero, which its gradient survives.
        history = losses.array.astype(np.float64)
        history = history[np.isfinite(history)]
        if not (np.isfinite(weights.array).all() and np.isfinite(biases.array).all() and history.size):
            words = f"{self.function}: the training ends with numbers that are not finite, on {trial.label}"
            return self.failed(f"{words}; does the loss grow?", blames=self.functions)
        data = data_of(context)
        plan = self._plan(data)
        order: ImageOrder = "channels_first" if self.trainer is None else "scaled"
        reached = accuracies_of_layers(data, order, _layers(plan.widths, weights.array, biases.array))
        credit = reached.credit(plan.bars)
        verb = "Accuracy" if credit == 1 else "The accuracy is too low"
        first, last = float(history[:10].mean()), float(history[-50:].mean())
        words = f"{verb}: {reached.beside(plan.bars)}, after {trial.label}."
        if data.is_standin and self.cifar10 is not None and self.cifar10.bars != plan.bars:
            words += (
                " This run used stand-in images, which are fewer than CIFAR-10's and different, so the"
                f" bars are lower; with CIFAR-10 (--data) they are {self.cifar10.bars.as_bars()}."
            )
        fault = fault_of_core(context, core)
        if fault is not None:
            credit, words = 0.0, f"{words} {fault}"
        elif credit < 1:
            words += f" The loss goes from {formatting.number(first)} to {formatting.number(last)}."
        return self.scored(
            credit,
            words,
            measured=reached.by_name() | {"first_loss": first, "last_losses": last},
            allowed=plan.bars.by_name(),
            curves={"loss": curve(history)},
            blames=() if credit == 1 else self.functions,
        )


def _layers(widths: Sequence[int], weights: Array, biases: Array) -> list[tuple[Array, Array]]:
    """The weights and biases of each layer, of all weights and all biases, one layer after the other."""
    shapes = list(pairwise(widths))
    matrices = np.split(weights, np.cumsum([one * other for one, other in shapes])[:-1])
    rows = np.split(biases, np.cumsum(widths[1:])[:-1])
    return [(matrix.reshape(shape), row) for shape, matrix, row in zip(shapes, matrices, rows, strict=True)]
