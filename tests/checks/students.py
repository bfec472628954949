"""Students' functions in NumPy, right and wrong, and a runner that makes observations of them without a process."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from grader.checks import CheckFields, Evidence
from grader.checks.base.context import CheckContext
from grader.model.assignment import (
    Assignment,
    ClassifierClass,
    Limits,
    LossFunction,
    PredictorFunction,
    TrainerFunction,
)
from grader.model.observation import (
    Location,
    Observation,
    Raised,
    Received,
    Refused,
    Returned,
    SpyCall,
    Unexpected,
    Value,
    Watched,
)
from grader.model.observation import Step as WatchedStep
from grader.model.trial import (
    Argument,
    Array,
    ArrayOutput,
    Driver,
    FileArgument,
    FunctionArgument,
    LabelsOutput,
    NumberOutput,
    Output,
    ResidentTensor,
    Scalar,
    SeriesOutput,
    Spy,
    Tensor,
    Trial,
    Watch,
)
from grader.model.verdict import Verdict
from reference import Convention
from reference.in_worker.searched import searched_source
from tests.checks.images import DATA

Student = Callable[..., Any]

PLACE = Location("linear_classifier.py", None, 12)
NUMBER = r"-?[0-9.]+(?:e[+-][0-9]+)?"

ASSIGNMENT = Assignment(
    convention=Convention(),
    backend="numpy",
    functions={
        "svm_loss_naive": LossFunction(role="loss", classifier="svm", style="naive"),
        "svm_loss_vectorized": LossFunction(role="loss", classifier="svm", style="vectorized"),
        "softmax_loss_naive": LossFunction(role="loss", classifier="softmax", style="naive"),
        "softmax_loss_vectorized": LossFunction(role="loss", classifier="softmax", style="vectorized"),
        "softmax_loss_float32": LossFunction(
            role="loss", classifier="softmax", style="vectorized", dtypes=("float32",)
        ),
        "svm_loss_float64": LossFunction(role="loss", classifier="svm", style="naive", dtypes=("float64",)),
        "train_linear_classifier": TrainerFunction(role="trainer"),
        "predict_linear_classifier": PredictorFunction(role="predictor"),
        "LinearClassifier": ClassifierClass(role="classifier"),
        "LinearSVM": ClassifierClass(role="classifier", classifier="svm"),
        "Softmax": ClassifierClass(role="classifier", classifier="softmax"),
    },
    limits=Limits(call_seconds=5, training_seconds=30),
)


def says(message: str, template: str) -> bool:
    """Whether the message is the template, in which <number> and <count> stand for any number."""
    pattern = re.escape(template).replace("<number>", NUMBER).replace("<count>", "[0-9]+")
    return re.fullmatch(pattern, message) is not None


# --- The runner ------------------------------------------------------------------------------------------------------


class _BrokenOffError(Exception):
    pass


def observe(
    trial: Trial,
    student: Student,
    made: list[Any] | None = None,
    others: Mapping[str, Student] | None = None,
) -> Observation:
    """Call a function, or the method of a fresh object of a class, as the worker would.

    made: the arguments and the result of the call before; replaced by those of this call.
    others: the functions that may be arguments.
    """
    calls: list[SpyCall] = []
    watching = None if trial.watch is None else _Watching(trial.watch)
    positional = [
        _watched((others or {})[each.name], watching)
        if isinstance(each, FunctionArgument)
        else _argument(each, calls)
        for each in trial.positional
    ]
    before = [] if made is None else list(made)
    if trial.is_again:
        positional = list(map(_changed_in_place, before[0], positional))
    keywords = {name: _argument(each, calls) for name, each in trial.keywords.items()}
    state = {name: _argument(each, calls) for name, each in trial.state.items()}
    owner: Any = None
    try:
        if trial.driver is not None:
            student = _driver(trial.driver)
        if trial.method is not None:
            owner = student()
            for name, value in state.items():
                given = trial.state[name]
                is_method = isinstance(given, Spy) and given.is_method
                setattr(owner, name, _reading_own_weights(owner, value) if is_method else value)
            if watching is not None and hasattr(owner, "loss"):
                owner.loss = _watched(owner.loss, watching)
            student = getattr(owner, trial.method)
        result = student(*positional, **keywords)
    except _BrokenOffError as error:
        return Refused(str(error))
    except Exception as error:  # noqa: BLE001  a student's code may raise anything
        return Raised(type(error).__name__, str(error), PLACE, 0.0)
    if made is not None:
        made[:] = [positional, result]
    return Returned(
        values=_results(result, trial.outputs),
        seconds=0.0,
        fetched={name: received(getattr(owner, name, None), each) for name, each in trial.fetch.items()},
        echoes=tuple(received(positional[each], _echo(trial.positional[each])) for each in trial.echo),
        spy_calls=tuple(calls),
        earlier=_results(before[1], trial.outputs) if trial.is_again else (),
        watched=None if watching is None else watching.watched,
    )


class _Watching:
    """Keeps every step of a training, not just a few as a worker does."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._calls = 0
        self._steps: list[tuple[Array, list[Array]]] = []

    def note(self, W: Array, X: Array) -> None:
        self._calls += 1
        rows = X[:, :: self._watch.stride].astype(np.float32)
        if self._steps and np.array_equal(self._steps[-1][0], W.astype(np.float32)):
            self._steps[-1][1].append(rows)
        else:
            self._steps.append((W.astype(np.float32), [rows]))

    @property
    def watched(self) -> Watched:
        after = [*(W for W, _ in self._steps[1:]), None][: len(self._steps)]
        steps = [
            WatchedStep(W, following, tuple(batches))
            for (W, batches), following in zip(self._steps, after, strict=True)
        ]
        return Watched(self._calls, tuple(steps))


def _watched(loss: Student, watching: _Watching | None) -> Student:
    def watched(W: Any, X: Any, *rest: Any, **named: Any) -> Any:
        assert watching is not None
        watching.note(W, X)
        return loss(W, X, *rest, **named)

    return loss if watching is None else watched


def _reading_own_weights(owner: Any, spy: Student) -> Student:
    return lambda X, y, reg: spy(owner.W, X, y, reg)


def _driver(driver: Driver) -> Student:
    function: Student = _namespace(driver.source)[driver.name]
    return function


def _namespace(source: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(compile(source, "driver", "exec"), namespace)
    return namespace


def _changed_in_place(old: Any, new: Any) -> Any:
    if isinstance(new, np.ndarray):
        old[...] = new
        return old
    return new


def _argument(argument: Argument, calls: list[SpyCall]) -> Any:
    match argument:
        case Tensor(array=array):
            return array.copy()
        case ResidentTensor(array=array):
            return array.copy()
        case Scalar(value=value):
            return value
        case Spy():
            return _spied_loss(argument, calls)
        case FunctionArgument():
            raise TypeError("functions are positional arguments only")
        case FileArgument(name=name):
            raise TypeError(f"the bytes of {name} are missing")


def _spied_loss(spy: Spy, calls: list[SpyCall]) -> Student:
    def loss_function(W: Any, X: Any, y: Any, reg: Any) -> tuple[float, Array]:
        step = len(calls)
        if step >= len(spy.losses):
            raise _BrokenOffError(f"stopped: the loss function was called more than {step} times")
        calls.append(
            SpyCall(
                received(W, ArrayOutput(spy.gradients.shape[1:])),
                received(X, ArrayOutput((spy.batch, spy.columns))),
                received(y, LabelsOutput(spy.batch)),
                received(reg, NumberOutput()),
            )
        )
        return float(spy.losses[step]), spy.gradients[step].copy()

    return loss_function


def _echo(argument: Argument) -> Output:
    assert isinstance(argument, Tensor)
    if argument.array.dtype.kind == "i":
        return LabelsOutput(argument.array.size)
    return ArrayOutput(argument.array.shape)


def _results(result: Any, outputs: tuple[Output, ...]) -> tuple[Value, ...]:
    if len(outputs) == 1:
        return (received(result, outputs[0]),)
    if not isinstance(result, tuple | list) or len(result) != len(outputs):
        return tuple(Unexpected(_description(result)) for _ in outputs)
    return tuple(received(value, each) for value, each in zip(result, outputs, strict=True))


def received(value: Any, output: Output) -> Value:
    """A value of the kind that was asked for, or its description."""
    match output:
        case NumberOutput():
            if isinstance(value, int | float | np.ndarray | np.generic) and np.size(value) == 1:
                return Received(np.array(value, np.float64).reshape(()), _dtype(value))
        case ArrayOutput(shape=shape):
            if isinstance(value, np.ndarray) and value.shape == shape:
                return Received(value.copy(), value.dtype.name)
        case LabelsOutput(count=count, may_be_floats=may_be_floats):
            kinds = "iuf" if may_be_floats else "iu"
            if isinstance(value, np.ndarray) and value.shape == (count,) and value.dtype.kind in kinds:
                return Received(value.astype(np.int64), value.dtype.name)
        case SeriesOutput(capacity=capacity):
            if isinstance(value, list) and len(value) <= capacity:
                return Received(np.array(value, np.float64), "float")
            if isinstance(value, list):
                return Unexpected(f"a list of {len(value)} numbers")
    return Unexpected(_description(value))


def _dtype(value: Any) -> str:
    return str(value.dtype.name) if isinstance(value, np.ndarray | np.generic) else type(value).__name__


def _description(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} and dtype {value.dtype}"
    return "None" if value is None else f"a value of type {type(value).__name__}"


SEARCHED = _namespace(searched_source())
"""The reference's search, which a check asks for beside the student's functions."""


def evidence_of(
    check: CheckFields,
    student: Student | Mapping[str, Student],
    seed: int = 0,
    assignment: Assignment = ASSIGNMENT,
) -> list[tuple[Trial, Observation]]:
    """The check's trials, each with what the student's functions give."""
    made: list[Any] = []
    evidence: list[tuple[Trial, Observation]] = []
    context = CheckContext(assignment, seed, data=DATA)
    trials = check.trials(context)
    while trials:
        for trial in trials:
            others = student if isinstance(student, Mapping) else None
            known = SEARCHED if trial.runner == "reference" else others
            function = student if known is None else known[trial.function]
            assert callable(function)
            evidence.append((trial, observe(trial, function, made, others)))
        trials = check.more_trials(context, evidence)
    return evidence


def verdict_on(
    check: CheckFields,
    student: Student | Mapping[str, Student],
    seed: int = 0,
    assignment: Assignment = ASSIGNMENT,
    *,
    for_page: bool = False,
) -> Verdict:
    """The check's verdict on a student's function, or on several by name."""
    evidence = evidence_of(check, student, seed, assignment)
    return check.judge(CheckContext(assignment, seed, data=DATA, for_page=for_page), evidence)


def verdict_on_all(check: CheckFields, observation: Observation) -> Verdict:
    """The check's verdict when every call ends in the same way."""
    context = CheckContext(ASSIGNMENT, 0, data=DATA)
    evidence: Evidence = [(trial, observation) for trial in check.trials(context)]
    return check.judge(context, evidence)


def bytes_of(trials: tuple[Trial, ...]) -> list[bytes]:
    """All arguments of the trials, as bytes."""
    found = []
    for trial in trials:
        for argument in (*trial.positional, *trial.keywords.values(), *trial.state.values()):
            match argument:
                case Tensor(array=array):
                    found.append(array.tobytes())
                case Scalar(value=value):
                    found.append(repr(value).encode())
                case Spy(losses=losses, gradients=gradients):
                    found.append(losses.tobytes() + gradients.tobytes())
    return found


# --- Right losses ----------------------------------------------------------------------------------------------------


def svm_loops(W, X, y, reg):
    loss, dW = W.dtype.type(0), np.zeros_like(W)
    for i in range(len(y)):
        scores = X[i] @ W
        for j in range(W.shape[1]):
            if j == y[i]:
                continue
            margin = scores[j] - scores[y[i]] + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    return loss / len(y) + reg * np.sum(W * W), dW / len(y) + 2 * reg * W


def svm_mask(W, X, y, reg, at_zero=False):
    rows = np.arange(len(y))
    scores = X @ W
    margins = scores - scores[rows, y][:, None] + 1
    margins[rows, y] = 0
    mask = (margins >= 0 if at_zero else margins > 0).astype(W.dtype)
    mask[rows, y] = 0
    mask[rows, y] = -mask.sum(axis=1)
    loss = np.maximum(margins, 0).sum() / len(y) + reg * np.sum(W * W)
    return loss, X.T @ mask / len(y) + 2 * reg * W


def svm_at_zero(W, X, y, reg):
    return svm_mask(W, X, y, reg, at_zero=True)


def svm_einsum(W, X, y, reg):
    """By einsum and one-hot labels, with the loss as a Python float in a list."""
    one_hot = np.eye(W.shape[1], dtype=W.dtype)[y]
    scores = np.einsum("nd,dc->nc", X, W)
    true = np.einsum("nc,nc->n", scores, one_hot)
    margins = np.maximum(scores - true[:, None] + 1 - one_hot, 0)
    active = (margins > 0) * (1 - one_hot)
    slope = active - one_hot * active.sum(axis=1, keepdims=True)
    loss = float((margins * (1 - one_hot)).sum(axis=1).mean()) + reg * float(np.vdot(W, W))
    return [loss, np.einsum("nd,nc->dc", X, slope) / len(y) + 2 * reg * W]


def softmax_loops(W, X, y, reg):
    """Sample by sample, class by class; the loss comes as an array of one element."""
    loss, dW = np.zeros(1, W.dtype), np.zeros_like(W)
    for i in range(len(y)):
        scores = X[i] @ W
        scores -= scores.max()
        exponentials = np.exp(scores)
        total = exponentials.sum()
        loss += np.log(total) - scores[y[i]]
        for j in range(W.shape[1]):
            dW[:, j] += (exponentials[j] / total - (j == y[i])) * X[i]
    return loss / len(y) + reg * (W**2).sum(), dW / len(y) + 2 * reg * W


def probabilities(W, X, denominator_epsilon=0.0):
    scores = X @ W
    exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
    return exponentials / (exponentials.sum(axis=1, keepdims=True) + denominator_epsilon)


def softmax_of(p, W, X, y, reg, data_loss=None):
    """Loss and gradient from the probabilities; the data term may be another."""
    rows = np.arange(len(y))
    slope = p.copy()
    slope[rows, y] -= 1
    loss = -np.log(p[rows, y]).mean() if data_loss is None else data_loss
    return loss + reg * np.sum(W * W), X.T @ slope / len(y) + 2 * reg * W


def softmax_indexed(W, X, y, reg):
    return softmax_of(probabilities(W, X), W, X, y, reg)


def softmax_denominator_epsilon(W, X, y, reg):
    return softmax_of(probabilities(W, X, denominator_epsilon=1e-9), W, X, y, reg)


def softmax_logsumexp(W, X, y, reg):
    one_hot = np.eye(W.shape[1], dtype=W.dtype)[y]
    scores = X @ W
    logs = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    return (
        -np.vdot(one_hot, logs) / len(y) + reg * np.sum(W * W),
        X.T @ (np.exp(logs) - one_hot) / len(y) + 2 * reg * W,
    )


RIGHT_SVM: dict[str, Student] = {
    "loops": svm_loops,
    "mask": svm_mask,
    "at zero": svm_at_zero,
    "einsum": svm_einsum,
}
RIGHT_SOFTMAX: dict[str, Student] = {
    "loops": softmax_loops,
    "indexed": softmax_indexed,
    "denominator epsilon": softmax_denominator_epsilon,
    "logsumexp": softmax_logsumexp,
}
RIGHT = [("svm_loss_vectorized", student) for student in RIGHT_SVM.values()] + [
    ("softmax_loss_vectorized", student) for student in RIGHT_SOFTMAX.values()
]
RIGHT_IDS = [f"svm {name}" for name in RIGHT_SVM] + [f"softmax {name}" for name in RIGHT_SOFTMAX]


# --- Right, but for a deviation that costs nothing -------------------------------------------------------------------


def softmax_epsilon_in_log(W, X, y, reg, epsilon=1e-9):
    p = probabilities(W, X)
    at_label = p[np.arange(len(y)), y]
    return softmax_of(p, W, X, y, reg, -np.log(at_label + W.dtype.type(epsilon)).mean())


def in_float32(student: Student) -> Student:
    """The same function computing in float32 inside and returning the dtype of W."""

    def narrow(W, X, y, reg):
        loss, dW = student(W.astype(np.float32), X.astype(np.float32), y, reg)
        return loss, dW.astype(W.dtype)

    return narrow


def in_half(student: Student) -> Student:
    """The same function computing its scores in half precision, which is too little."""

    def half(W, X, y, reg):
        loss, dW = student(W.astype(np.float16).astype(W.dtype), X.astype(np.float16).astype(X.dtype), y, reg)
        return loss, dW

    return half


def only_in(dtype: str, student: Student) -> Student:
    """The same function, which raises for any other dtype."""

    def choosy(W, X, y, reg):
        if W.dtype != dtype:
            raise TypeError(f"expected {dtype}")
        return student(W, X, y, reg)

    return choosy


# --- Functions that know nothing -------------------------------------------------------------------------------------


def all_zero(W, X, y, reg):
    return 0.0, np.zeros_like(W)


def constant(W, X, y, reg):
    return 2.0, np.ones_like(W)


def regularizer_only(W, X, y, reg):
    """Nonsense that is consistent: dW is the derivative of the loss, and nothing is changed."""
    return np.sum(W * W) / 2, W.copy()


def shipped_svm(W, X, y, reg):
    """The loss as the handout ships it, with the gradient of the template."""
    return svm_mask(W, X, y, reg)[0], np.zeros_like(W)


def nothing(W, X, y, reg):
    return None


KNOW_NOTHING: dict[str, Student] = {
    "all zero": all_zero,
    "constant": constant,
    "regularizer only": regularizer_only,
    "shipped": shipped_svm,
    "None": nothing,
}


def with_gradient(student: Student, change: Callable[[Array], Any]) -> Student:
    """The student's loss, with another gradient."""

    def changed(W, X, y, reg):
        loss, dW = student(W, X, y, reg)
        return loss, change(dW)

    return changed


def with_loss(student: Student, change: Callable[[Any], Any]) -> Student:
    """The student's gradient, with another loss."""

    def changed(W, X, y, reg):
        loss, dW = student(W, X, y, reg)
        return change(loss), dW

    return changed


# --- Trainers --------------------------------------------------------------------------------------------------------

Batches = Callable[[int, int, int, np.random.Generator], Array]
Step = Callable[[Array, Array, float], Array]


def uniform(step: int, samples: int, batch_size: int, rng: np.random.Generator) -> Array:
    return rng.integers(0, samples, batch_size)


def descend(W: Array, dW: Array, learning_rate: float) -> Array:
    return W - learning_rate * dW


def trainer(
    *,
    batches: Batches = uniform,
    update: Step = descend,
    history: Callable[[list[float]], Any] = list,
    start: Callable[[Array, Array, np.random.Generator], Array] | None = None,
    prepare: Callable[[Array], Array] = np.asarray,
    reg_factor: float = 1.0,
    seed: int = 0,
    fixed_seed: int | None = None,
) -> Student:
    """A trainer that is right but for what is given; with a fixed seed it draws the same in every run."""
    stream = np.random.default_rng(seed)

    def train(loss_func, W, X, y, learning_rate, reg, num_iters, batch_size, verbose):
        rng = np.random.default_rng(fixed_seed) if fixed_seed is not None else stream
        X = prepare(X)
        if W is None and start is not None:
            W = start(X, y, rng)
        elif W is None:
            W = 1e-6 * rng.normal(size=(X.shape[1], int(y.max()) + 1))
        losses: list[float] = []
        for step in range(num_iters):
            rows = batches(step, len(X), batch_size, rng)
            loss, dW = loss_func(W, X[rows], y[rows], reg * reg_factor)
            losses.append(loss)
            W = update(W, dW, learning_rate)
        return W, history(losses)

    return train


def in_place(W: Array, dW: Array, learning_rate: float) -> Array:
    W -= learning_rate * dW
    return W


def without_replacement(step: int, samples: int, batch_size: int, rng: np.random.Generator) -> Array:
    return rng.permutation(samples)[:batch_size]


def as_float32(X: Array) -> Array:
    return X.astype(np.float32)


def zero_start(X: Array, y: Array, rng: np.random.Generator) -> Array:
    return np.zeros((X.shape[1], int(y.max()) + 1))


RIGHT_TRAINERS: dict[str, Student] = {
    "plain": trainer(),
    "in place": trainer(update=in_place),
    "zero start": trainer(start=zero_start),
    "without replacement": trainer(batches=without_replacement),
    "float32 inside": trainer(
        prepare=as_float32, update=lambda W, dW, rate: descend(W, dW, rate).astype(np.float32)
    ),
    "losses as arrays": trainer(history=lambda losses: [float(np.array(loss)) for loss in losses]),
}


# --- Classes ---------------------------------------------------------------------------------------------------------


class LinearClassifier:
    """A right base class; its subclasses have a loss."""

    def __init__(self):
        self.W: Any = None

    def train(self, *arguments, **options):
        self.W, history = trainer()(self.loss, self.W, *arguments, **options)
        return history

    def predict(self, X):
        return (X @ self.W).argmax(axis=1)

    def loss(self, W, X_batch, y_batch, reg):
        raise NotImplementedError


class LinearSVM(LinearClassifier):
    """Right."""

    def loss(self, W, X_batch, y_batch, reg):
        return svm_mask(W, X_batch, y_batch, reg)


class Softmax(LinearClassifier):
    """Right."""

    def loss(self, W, X_batch, y_batch, reg):
        return softmax_indexed(W, X_batch, y_batch, reg)
