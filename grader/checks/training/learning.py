"""Training on the data set with the student's own functions, and labelling images whose labels only the judge has."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from grader import formatting
from grader.checks.base.call import failure_sentence, name_of, sentence
from grader.checks.base.check import Evidence, Roles, random_stream
from grader.checks.base.context import CheckContext
from grader.checks.training.calls import (
    predictor_trial,
    start_of,
    trainer_trial,
    training_keywords,
    weights_and_history,
)
from grader.checks.training.descent import (
    GREATEST_START,
    LEAST_GAIN,
    STRIDE,
    Descent,
    DescentAudit,
    TrainingFinding,
    joined,
    sorted_rows,
)
from grader.checks.training.stages import clear_of, stage_ends
from grader.data import DataSet, SplitName
from grader.model.assignment import ClassifierClass, ClassifierName, LossFunction
from grader.model.observation import (
    Died,
    Observation,
    Raised,
    Received,
    Returned,
    Step,
    Unexpected,
    Value,
    Watched,
)
from grader.model.trial import (
    Array,
    ArrayOutput,
    DTypeName,
    FunctionArgument,
    NumberOutput,
    ResidentTensor,
    Scalar,
    Tensor,
    Trial,
    Watch,
)
from grader.model.verdict import Finding, Flag
from reference import Convention
from reference.in_worker.searched.grid import SEED, softmax_slopes, svm_slopes, train_grid

NUM_CLASSES = 10
_LABELLING_SECONDS = 30.0
_SPREAD = 3.0
"""Of what separates two trainings of the reference: so far from them may a training be whose steps nobody saw."""

_ALIKE = 0.01
"""Difference of accuracies that near ties may make."""

_LEAST_WEIGHT = 1e-30
"""Relative to the greatest: smaller ones decide no label."""


def prepared(data: DataSet, name: SplitName, dtype: DTypeName) -> tuple[Array, Array]:
    """(X, y) of one split as the course prepares it; made once for all submissions that are graded with it."""
    return data.split(name, np.float32 if dtype == "float32" else np.float64)


LEARNER_ROLES: Roles = {
    "class_name": ("classifier",),
    "loss": ("loss",),
    "trainer": ("trainer",),
    "predictor": ("predictor",),
}
"""The fields by which a check names the student's own functions: one class, or a loss, a trainer and a predictor."""


def judged_images(data: DataSet, dtype: DTypeName) -> Array:
    """X of the validation and the test split, in this order."""
    return data.judged(np.float32 if dtype == "float32" else np.float64)


def data_of(context: CheckContext) -> DataSet:
    """The data set in use. RuntimeError where the grader gave none."""
    if context.data is None:
        raise RuntimeError("a check trains on a data set, and none was given")
    return context.data


def _known_rows(data: DataSet, dtype: DTypeName) -> tuple[Array, Array]:
    """Of the training images; made once for all submissions that are graded with them."""
    return data.derived(("known rows", dtype), lambda: sorted_rows(prepared(data, "train", dtype)[0]))


def _descents(
    data: DataSet,
    dtype: DTypeName,
    classifier: ClassifierName,
    convention: Convention,
    pair: tuple[float, float],
    num_iters: int,
    batch_size: int,
) -> tuple[Array, Array]:
    """W after two trainings of the reference with other batches, in float32; made once for all submissions.

    dtype: of the X that is there.
    """

    def trained() -> tuple[Array, Array]:
        X, y = prepared(data, "train", dtype)
        rng = np.random.Generator(np.random.PCG64(SEED))
        W = np.zeros((X.shape[1], NUM_CLASSES), dtype=np.float32)
        slopes = svm_slopes if classifier == "svm" else softmax_slopes
        numbers = convention.regularizer_coefficient, convention.delta
        one, other = (
            train_grid(slopes, W, X, y, np.array([pair]), num_iters, batch_size, rng, *numbers)[0]
            for _ in range(2)
        )
        return one, other

    return data.derived(("descents", classifier, convention, pair, num_iters, batch_size), trained)


def _likeness(one: Array, other: Array) -> float:
    """The cosine between two W, as far as they matter to the labels."""
    with np.errstate(all="ignore"):
        first, second = (W.astype(np.float64) - W.mean(axis=1, keepdims=True) for W in (one, other))
        return float((first * second).sum() / np.linalg.norm(first) / np.linalg.norm(second))


@dataclass(frozen=True, slots=True)
class Accuracies:
    """Shares of correctly labelled images, 0 to 1: those reached, or those needed."""

    val: float
    test: float

    def by_name(self) -> dict[str, float]:
        """For a verdict's measured and allowed numbers."""
        return {"val_accuracy": self.val, "test_accuracy": self.test}

    def credit(self, bars: Accuracies) -> float:
        """Half for each bar that is reached."""
        return (self.val >= bars.val) / 2 + (self.test >= bars.test) / 2

    def are_clear_of(self, bars: Accuracies, data: DataSet) -> bool:
        """Whether no chance explains these accuracies but that both bars are reached (`clear_of`)."""
        return self.val >= clear_of(bars.val, len(data.labels("val"))) and self.test >= clear_of(
            bars.test, len(data.labels("test"))
        )

    def as_bars(self) -> str:
        """Both bars in words."""
        return f"{self.val:g} on the validation images, {self.test:g} on the test images"

    def beside(self, bars: Accuracies) -> str:
        """Both accuracies in words, each with its bar."""
        return (
            f"{formatting.number(self.val, 4)} on the validation images ({bars.val:g} needed),"
            f" {formatting.number(self.test, 4)} on the test images ({bars.test:g} needed)"
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """The numbers that a trainer is called with, and the bars: clear of them, it need not go on to num_iters."""

    learning_rate: float
    reg: float
    num_iters: int
    batch_size: int
    bars: Accuracies


@dataclass(frozen=True, slots=True)
class Learner:
    """The student's functions that train and predict together.

    Attributes:
        functions: (loss, trainer, predictor), or (class,).
    """

    functions: tuple[str, ...]
    dtype: DTypeName

    @property
    def _is_class(self) -> bool:
        return len(self.functions) == 1

    def next_trials(self, context: CheckContext, plan: Plan, evidence: Evidence) -> tuple[Trial, ...]:
        """Train from W = None on the training split, stage by stage; then label the judged images and call the loss alone.

        The labelling is of the validation and the test images, in this order; the loss is called on a batch of the training.
        """
        trainings = _trainings(evidence)
        if len(trainings) < len(evidence):
            return ()
        following = self._next_training(context, plan, trainings)
        return self._labelling(context, trainings) if following is None else (following,)

    def _next_training(self, context: CheckContext, plan: Plan, trainings: Evidence) -> Trial | None:
        """The next stage, from the W of the last; or, where that cannot be handed back in, all iterations from None."""
        ends = stage_ends(plan.num_iters, is_full=context.is_full)
        if not trainings:
            return self._training(context, plan, ends[0])
        stages = _stages(trainings)
        done = _iterations(stages)
        seen = stages[-1][1]
        is_in_one_go = len(stages) == 1 and done == plan.num_iters
        if is_in_one_go or not isinstance(seen, Returned | Raised | Died):
            return None
        W = _honest_weights(*stages[-1])
        if W is None:
            return self._training(context, plan, plan.num_iters)
        if done == plan.num_iters or self.accuracies(context, W).are_clear_of(plan.bars, data_of(context)):
            return None
        return self._training(context, plan, min(end for end in ends if end > done) - done, W)

    def _training(
        self, context: CheckContext, plan: Plan, num_iters: int, start: Array | None = None
    ) -> Trial:
        """So many iterations from `start`; the weights and the history of losses come back."""
        X, y = prepared(data_of(context), "train", self.dtype)
        more = "" if start is None else "more "
        trial = trainer_trial(
            context.assignment,
            self.functions[0 if self._is_class else 1],
            f"{num_iters:,} {more}steps with learning_rate {plan.learning_rate:g}, reg {plan.reg:g}",
            (ResidentTensor(f"X:train:{self.dtype}", X), ResidentTensor("y:train", y.astype(np.int64))),
            loss=None if self._is_class else FunctionArgument(self.functions[0]),
            start=None if start is None else Tensor(start.astype(self.dtype)),
            keywords=training_keywords(
                learning_rate=plan.learning_rate,
                reg=plan.reg,
                num_iters=num_iters,
                batch_size=plan.batch_size,
            ),
            shape=(X.shape[1], NUM_CLASSES),
            num_iters=num_iters,
        )
        watch = Watch((X.shape[1], NUM_CLASSES), STRIDE)
        if self._is_class:
            functions = context.assignment.functions.items()
            losses = tuple(name for name, each in functions if isinstance(each, LossFunction))
            watch = dataclasses.replace(watch, functions=losses, reads_own=self._reads_own(context))
        return dataclasses.replace(trial, watch=watch)

    def accuracies(self, context: CheckContext, W: Array) -> Accuracies:
        """Of the highest scores with these weights."""
        return accuracies_by_scores(context, W, self.dtype)

    def _reads_own(self, context: CheckContext) -> bool:
        spec = context.assignment.functions[self.functions[0]]
        return isinstance(spec, ClassifierClass) and spec.weights == "attribute"

    def _audit(self, context: CheckContext, stages: Evidence) -> DescentAudit:
        """Of a training that returned weights."""
        trial, _ = stages[-1]
        watched = [(_watched_of(seen), _weights_array(seen)) for _, seen in stages]
        assignment, data = context.assignment, data_of(context)
        X, y = prepared(data, "train", self.dtype)
        descent = Descent(
            self.classifier(context),
            dataclasses.replace(assignment.convention, layout="DC"),  # the data come as (N, D)
            X,
            y,
            _known_rows(data, self.dtype),
            _number(trial, "learning_rate"),
            _number(trial, "reg"),
        )
        own = f"{self.functions[0]}.loss" if self._is_class else self.functions[0]
        return DescentAudit(
            descent,
            own,
            name_of(trial),
            joined(watched, random_stream(context.seed, "steps")),
            watched[-1][1],
        )

    def _loss_alone(self, context: CheckContext, training: Trial, step: Step, rows: Array) -> Trial:
        """The student's loss on a batch of the training, in a worker without the trainer."""
        X, y = prepared(data_of(context), "train", self.dtype)
        W = Tensor(step.before.astype(self.dtype))
        own = self._is_class and self._reads_own(context)
        return Trial(
            label=f"{formatting.count(len(rows), 'image')} of the training",
            function=self.functions[0],
            method="loss" if self._is_class else None,
            state={"W": W} if own else {},
            positional=(
                *(() if own else (W,)),
                Tensor(X[rows]),
                Tensor(y[rows].astype(np.int64)),
                training.keywords["reg"],
            ),
            outputs=(NumberOutput(), ArrayOutput(step.before.shape)),
            backend=context.assignment.backend,
            seconds=context.assignment.limits.call_seconds,
            is_apart=True,
        )

    def _training_finding(
        self, context: CheckContext, stages: Evidence, alone: Evidence, reached: Accuracies
    ) -> TrainingFinding:
        audit = self._audit(context, stages)
        if not audit.watched.calls and not self._is_class:
            return TrainingFinding(f"{audit.trainer} never calls the loss that it is given")
        fault = self._start_fault(context, audit, reached)
        if fault is not None:
            return TrainingFinding(fault)
        gradient: Array | str | None = None
        for trial, observation in alone:
            if not isinstance(observation, Returned):
                gradient = failure_sentence(trial, observation)
            elif isinstance(value := observation.values[1], Unexpected):
                gradient = f"{name_of(trial)} returned {value.description} instead of dW, on {trial.label}"
            else:
                gradient = value.array
        return dataclasses.replace(audit.finding(gradient), off=audit.off(gradient))

    def _labelling(self, context: CheckContext, trainings: Evidence) -> tuple[Trial, ...]:
        """With the trained weights, where there are any: label the judged images, then call the loss alone."""
        stages = _stages(trainings)
        weights = _weights_of(stages[-1][1])
        if not _are_finite(weights):
            return ()
        X = judged_images(data_of(context), self.dtype)
        trial = predictor_trial(
            context.assignment,
            self.functions[-1],
            "the validation and the test images",
            Tensor(_weights_array(stages[-1][1]).astype(self.dtype)),
            ResidentTensor(f"X:judged:{self.dtype}", X),
            len(X),
        )
        labelling = dataclasses.replace(trial, seconds=_LABELLING_SECONDS)
        asked = self._audit(context, stages).asked
        return (
            (labelling,) if asked is None else (labelling, self._loss_alone(context, stages[-1][0], *asked))
        )

    def outcome(self, context: CheckContext, evidence: Evidence) -> Learned | str:
        """The result of a training and the calls after it; a sentence where it gave no usable weights."""
        trainings = _trainings(evidence)
        stages = _stages(trainings)
        training, trained = stages[-1]
        if not isinstance(trained, Returned):
            return failure_sentence(training, trained)
        weights, name = _weights_of(trained), name_of(training)
        if not isinstance(weights, Received):
            seen = "None" if weights is None else weights.description
            verb = "left" if self._is_class else "returned"
            return f"{name} {verb} {seen} instead of the weights W"
        if not np.isfinite(weights.array).all():
            return f"{name} ended with weights that are not finite, on {training.label}; does the loss grow?"
        (labelling, labelled), *alone = evidence[len(trainings) :]
        labels: Accuracies | str
        if not isinstance(labelled, Returned):
            labels = failure_sentence(labelling, labelled)
        elif isinstance(labelled.values[0], Unexpected):
            labels = f"{name_of(labelling)} returned {labelled.values[0].description} instead of labels"
        else:
            labels = accuracies_of(context, labelled.values[0].array, self.dtype)
        reached = self.accuracies(context, weights.array)
        return Learned(
            weights.array,
            reached,
            labels,
            name_of(labelling),
            self._training_finding(context, stages, alone, reached),
            _iterations(stages),
            _history(stages),
        )

    def _start_fault(self, context: CheckContext, audit: DescentAudit, end: Accuracies) -> str | None:
        """A W that is good before any training was not drawn at random."""
        if not audit.watched.steps:
            return None
        start = self.accuracies(context, audit.watched.steps[0].before)
        guessed = 1 / NUM_CLASSES
        for before, after in ((start.val, end.val), (start.test, end.test)):
            if before - guessed <= GREATEST_START * max(after - guessed, LEAST_GAIN):
                return None
        return (
            f"the W that {audit.trainer} starts with labels {formatting.number(start.val, 3)} of the"
            " validation images correctly before any training"
        )

    def is_like_descent(
        self, context: CheckContext, W: Array, pair: tuple[float, float], num_iters: int, batch_size: int
    ) -> bool:
        """Whether W lies where gradient descent with (learning_rate, reg) leads, for a training whose steps nobody saw.

        Other batches lead to other weights: three times what separates two trainings of the reference is near enough.
        """
        convention = context.assignment.convention
        one, other = _descents(
            data_of(context), self.dtype, self.classifier(context), convention, pair, num_iters, batch_size
        )
        return 1 - _likeness(W, one) <= _SPREAD * (1 - _likeness(one, other))

    def classifier(self, context: CheckContext) -> ClassifierName:
        """Of the student's loss."""
        loss = context.assignment.functions[self.functions[0]]
        assert isinstance(loss, LossFunction | ClassifierClass)
        assert loss.classifier is not None
        return loss.classifier


class Learned(NamedTuple):
    """What a training led to.

    Attributes:
        by_scores: the accuracies of the highest scores with these weights, by the judge's own account.
        labelled: those of the student's own labels, or a sentence where there are none.
        predictor: its name for the student.
        training: what the steps of the training say.
        iterations: how many there were.
        history: the losses, where there is a finite one for every iteration.
    """

    W: Array
    by_scores: Accuracies
    labelled: Accuracies | str
    predictor: str
    training: TrainingFinding
    iterations: int
    history: Array | None

    @property
    def _is_mislabelled(self) -> bool:
        """The predictor labels fewer images correctly than its weights do."""
        if isinstance(self.labelled, str):
            return True
        short = max(self.by_scores.val - self.labelled.val, self.by_scores.test - self.labelled.test)
        return short > _ALIKE

    def early_words(self, num_iters: int, bars: str) -> str:
        """The end of a sentence, where fewer than num_iters iterations were enough."""
        if self.iterations == num_iters:
            return ""
        return f", after {self.iterations:,} of {num_iters:,} iterations: clear of {bars}, so training stopped there"

    def predictor_words(self) -> list[str]:
        """What is wrong with the labels. They cost nothing here: the predictor has its own check."""
        if isinstance(self.labelled, str):
            return [sentence(self.labelled)]
        if not self._is_mislabelled:
            return []
        val, test = (formatting.number(each, 4) for each in (self.labelled.val, self.labelled.test))
        return [
            f"{self.predictor} labels only {val} and {test} of them correctly with the same weights: check it."
        ]

    def findings(self, functions: tuple[str, ...]) -> tuple[Finding, ...]:
        """On the predictor, or the class that it belongs to."""
        return (Finding(functions[-1], False),) if self._is_mislabelled else ()

    def alarms(self, functions: tuple[str, ...], *, is_paid: bool) -> tuple[Flag, ...]:
        """What an instructor should look at. is_paid: the accuracy earns points."""
        flags = []
        if isinstance(self.labelled, Accuracies):
            more = max(self.labelled.val - self.by_scores.val, self.labelled.test - self.by_scores.test)
            if more > 2 * _ALIKE:
                best = formatting.number(max(self.labelled.val, self.labelled.test), 4)
                message = (
                    f"{functions[-1]} labels {best} of the images correctly, more than its weights can"
                    " explain. The accuracy was measured from the highest scores instead; please read the"
                    " code."
                )
                flags.append(Flag("suspect_accuracy", functions[-1], message))
        if is_paid and not self.training.is_seen:
            message = (
                f"{functions[0]} reaches the accuracy, but the grader could not observe its steps, because"
                " its training does not call its loss. No points were deducted; please read the code."
            )
            flags.append(Flag("suspect_accuracy", functions[0], message))
        return tuple(flags)


def _number(trial: Trial, name: str) -> float:
    argument = trial.keywords[name]
    assert isinstance(argument, Scalar)
    return float(argument.value or 0.0)


def _trainings(evidence: Evidence) -> Evidence:
    """The calls of the trainer, which come first."""
    return [each for each in evidence if each[0].watch is not None]


def _stages(trainings: Evidence) -> Evidence:
    """Those that led to the last W: from the latest one that began with W = None."""
    first = max(number for number, (trial, _) in enumerate(trainings) if start_of(trial) is None)
    return trainings[first:]


def _iterations(stages: Evidence) -> int:
    return sum(int(_number(trial, "num_iters")) for trial, _ in stages)


def _honest_weights(trial: Trial, seen: Observation) -> Array | None:
    """The W of a stage that can be handed back in: finite, after steps that were seen, the first with the W handed in."""
    weights = _weights_of(seen)
    if not isinstance(weights, Received) or not _are_finite(weights):
        return None
    steps, start = _watched_of(seen).steps, start_of(trial)
    is_honest = bool(steps) and (start is None or np.array_equal(steps[0].before, start.astype(np.float32)))
    return weights.array if is_honest else None


def _history(stages: Evidence) -> Array | None:
    parts = []
    for trial, seen in stages:
        assert isinstance(seen, Returned)
        losses = weights_and_history(seen)[1]
        if not isinstance(losses, Received) or losses.array.shape != (int(_number(trial, "num_iters")),):
            return None
        parts.append(losses.array)
    history = np.concatenate(parts)
    return history if len(history) > 1 and np.isfinite(history).all() else None


def _are_finite(weights: Value | None) -> bool:
    return isinstance(weights, Received) and bool(np.isfinite(weights.array).all())


def _watched_of(seen: Observation) -> Watched:
    return (seen.watched if isinstance(seen, Returned) else None) or Watched(0, ())


def _weights_array(seen: Observation) -> Array:
    weights = _weights_of(seen)
    assert isinstance(weights, Received)
    return weights.array


def _weights_of(trained: Observation) -> Value | None:
    """The first value of a trainer, the attribute W of a class; None where training did not return."""
    return weights_and_history(trained)[0] if isinstance(trained, Returned) else None


def accuracies_of(context: CheckContext, labels: Array, dtype: DTypeName) -> Accuracies:
    """Of labels for the images of both splits, in the order of `Learner.labelling`."""
    data = data_of(context)
    y_val, y_test = (prepared(data, name, dtype)[1] for name in ("val", "test"))
    right = labels == np.concatenate([y_val, y_test])
    return Accuracies(float(right[: len(y_val)].mean()), float(right[len(y_val) :].mean()))


def accuracies_by_scores(context: CheckContext, W: Array, dtype: DTypeName) -> Accuracies:
    """Of the classes of the highest scores: the accuracies that a right predictor reaches with these weights."""
    X = judged_images(data_of(context), dtype)
    with np.errstate(all="ignore"):
        labels: Array = (X @ _scaled(W).astype(X.dtype)).argmax(axis=1)
    return accuracies_of(context, labels, dtype)


def _scaled(W: Array) -> Array:
    """The weights times a power of two, so that the greatest is near one: the labels are the same.

    None of them overflows in float32, or is a denormal number, which some processors are slow at.
    """
    greatest = float(np.max(np.abs(W), initial=0.0))
    if not np.isfinite(greatest) or greatest == 0:
        return W
    scaled = np.ldexp(W.astype(np.float64), -int(np.frexp(greatest)[1]))
    return np.where(np.abs(scaled) < _LEAST_WEIGHT, 0.0, scaled)
