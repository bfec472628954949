"""The parameters of a network of two layers that a student saved: do they label enough images correctly?"""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from grader.checks.base.check import CheckFields, Evidence, Roles
from grader.checks.base.context import CheckContext
from grader.checks.training.learning import NUM_CLASSES, Accuracies, data_of, judged_images
from grader.checks.training.net_accuracy import Network, accuracies_of_network
from grader.checks.training.weights import is_noise, why_not_loaded
from grader.data import FEATURES
from grader.model.observation import Checked, Observation, Received, Returned
from grader.model.trial import ArrayOutput, FileArgument, NumberOutput, Output, Trial
from grader.model.verdict import Verdict

_D = FEATURES - 1
_SIZES, _LOAD = "network_sizes", "load_network"
_MOST_HIDDEN = 1 << 16
_NAMES = ("W1", "b1", "W2", "b2")
_ALIKE = 1e-12
"""Relative: scores that differ by no more from image to image tell none from another."""


class NetworkWeightsCheck(CheckFields):
    """A file that torch.save wrote holds {'W1', 'b1', 'W2', 'b2'}, whose highest scores label enough images correctly.

    It is loaded as tensors alone, in a confined worker that runs none of the student's code: first its sizes, which are the
    student's to choose, then its contents. On the stand-in for CIFAR-10 the bars cost nothing: students train on the real
    images. There it can only be told that a network cannot have been trained at all.
    """

    roles: ClassVar[Roles] = {}
    needs_data: ClassVar[bool] = True

    kind: Literal["network_weights"]
    file: str = Field(pattern=r"^[^/\\]+\.pth?$", description="The file's name, in whatever folder it lies.")
    val_bar: float = Field(gt=0, lt=1, description="Share of the validation images to be labelled correctly.")
    test_bar: float = Field(gt=0, lt=1, description="Share of the test images to be labelled correctly.")

    def trials(self, context: CheckContext) -> tuple[Trial, ...]:
        """A loading that tells the sizes."""
        return (self._trial(context, _SIZES, (NumberOutput(),) * 6),)

    def more_trials(self, context: CheckContext, evidence: Evidence) -> tuple[Trial, ...]:
        """A loading that tells the contents, if the sizes fit together."""
        sizes = _sizes(evidence[0][1])
        if len(evidence) > 1 or sizes is None or _misfit(sizes) is not None:
            return ()
        H = sizes[1]
        shapes = ((_D, H), (H,), (H, NUM_CLASSES), (NUM_CLASSES,))
        return (self._trial(context, _LOAD, tuple(map(ArrayOutput, shapes))),)

    def _trial(self, context: CheckContext, function: str, outputs: tuple[Output, ...]) -> Trial:
        return Trial(
            label=self.file,
            function=function,
            positional=(FileArgument(self.file),),
            outputs=outputs,
            backend="torch",
            seconds=context.assignment.limits.call_seconds,
            runner="reference",
            is_apart=True,  # a pickle of the student's may run anything
        )

    def judge(self, context: CheckContext, evidence: Evidence) -> Verdict:
        """Half of the points for each of the two bars; on the stand-in all of them for a network that may be trained."""
        network = self._network([seen for _, seen in evidence])
        if isinstance(network, str):
            return self.failed(network)
        data = data_of(context)
        reached, bars = accuracies_of_network(data, network), Accuracies(self.val_bar, self.test_bar)
        credit = reached.credit(bars)
        message = f"{self.file} reaches {reached.beside(bars)}."
        if credit < 1 and data.is_standin:
            fault = _untrained(context, network)
            if fault is not None:
                return self.failed(f"The network in {self.file} was not trained: {fault}")
            credit = 1.0
            message += (
                " These are stand-in images, which a network trained on CIFAR-10 has never seen, so the accuracy costs no"
                " points: the file only has to hold a network that may have been trained. With CIFAR-10 (--data) the bars"
                " count."
            )
        elif credit < 1:
            message = f"{self.file} is not accurate enough: {reached.beside(bars)}."
        return self.scored(credit, message, measured=reached.by_name(), allowed=bars.by_name())

    def _network(self, seen: list[Observation]) -> Network | str:
        """The network as saved, or a sentence on the fault of the file."""
        for observation in seen:
            if isinstance(observation, Checked):
                raise ValueError("the saved weights were not kept")  # noqa: TRY004  the sandbox is at fault
            if not isinstance(observation, Returned):
                where = "where params holds the tensors W1, b1, W2 and b2"
                return why_not_loaded(self.file, "params", where, observation)
        sizes = _sizes(seen[0])
        if sizes is None:
            return f"{self.file} has no sizes that can be read"
        if (misfit := _misfit(sizes)) is not None:
            return f"{self.file}: {misfit}"
        last = seen[-1]
        assert isinstance(last, Returned)
        values = [each.array.astype(np.float32) for each in last.values if isinstance(each, Received)]
        if len(values) != len(_NAMES):
            return f"{self.file} gave other tensors when it was read again"
        if not all(np.isfinite(each).all() for each in values):
            return f"{self.file} holds numbers that are not finite; did the loss grow?"
        W1, b1, W2, b2 = values
        return Network((W1, W2), (b1, b2))


def _sizes(observation: Observation) -> list[int] | None:
    """D and H of W1, the length of b1, H and C of W2, the length of b2."""
    if not isinstance(observation, Returned):
        return None
    numbers = [float(each.array) for each in observation.values if isinstance(each, Received)]
    is_whole = len(numbers) == len(observation.values) and all(0 <= each <= 1 << 30 for each in numbers)
    return [int(each) for each in numbers] if is_whole else None


def _misfit(sizes: list[int]) -> str | None:
    """How the shapes do not fit together, or the images."""
    D, H, of_b1, rows, C, of_b2 = sizes
    if (D, C) != (_D, NUM_CLASSES):
        return f"W1 has {D} rows and W2 has {C} columns; an image has {_D} numbers, and there are {NUM_CLASSES} classes"
    if not H or H > _MOST_HIDDEN:
        return f"it has {H} hidden units"
    if {of_b1, rows} != {H} or of_b2 != C:
        return (
            f"shapes do not fit together: W1 {(D, H)}, b1 {(of_b1,)}, W2 {(rows, C)}, b2 {(of_b2,)}; b1 and the rows of W2 go with"
            " the columns of W1, b2 with those of W2"
        )
    return None


def _untrained(context: CheckContext, network: Network) -> str | None:
    """Why no training gave this network, in a clause; None where one may have.

    The slopes of the scores reach b2 at the first step and are hardly ever zero in sum, so biases that are exactly zero
    beside a W1 that is noise are those of a start.
    """
    with np.errstate(all="ignore"):
        scores = network.scores(judged_images(data_of(context), "float32")[:, :-1])
        if float(np.ptp(scores, axis=0).max()) <= _ALIKE * float(np.abs(scores).max()):
            return "every image has the same scores"
        (W1, _), (b1, b2) = network.weights, network.biases
        if not b1.any() and not b2.any() and is_noise(W1):
            return "its biases are zero and W1 is noise, as before the first step"
    return None
