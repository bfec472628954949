"""The part of an assignment that checks see: its functions, convention and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from grader.model.signature import Signature
from grader.model.trial import DTypeName
from reference.conventions import Convention, Layout

ClassifierName = Literal["svm", "softmax"]
Role = Literal[
    "loss", "trainer", "predictor", "classifier", "search_params", "sampler", "param_set", "function"
]


class Model(BaseModel):
    """Base of all models of a spec: frozen, no unknown field, every number finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _is_signature(text: str) -> str:
    try:
        Signature.parsed(text)
    except ValueError as error:
        raise ValueError("must be a signature such as (X, y=None, reg=0.0)") from error
    return text


SignatureText = Annotated[str, AfterValidator(_is_signature)]


class LossFunction(Model):
    """A function (W, X, y, reg) -> (loss, dW)."""

    signature: ClassVar[str] = "(W, X, y, reg)"

    role: Literal["loss"]
    classifier: ClassifierName = Field(description="The loss that it computes.")
    style: Literal["naive", "vectorized"] = Field(description="naive: with loops; vectorized: without.")
    dtypes: tuple[DTypeName, ...] = Field(
        default=("float32", "float64"),
        min_length=1,
        description="Dtypes it must support; raising in another one is only a note.",
    )

    @property
    def main_dtype(self) -> DTypeName:
        """The most precise dtype it must support."""
        return "float64" if "float64" in self.dtypes else "float32"


class TrainerDefaults(Model):
    """Default values of a trainer's signature; different ones are a note and cost nothing."""

    learning_rate: float = Field(gt=0, description="Step of gradient descent.")
    reg: float = Field(ge=0, description="Strength of the regularization.")
    num_iters: int = Field(gt=0, le=1000, description="Number of steps.")
    batch_size: int = Field(gt=0, le=1000, description="Rows of each batch.")


class TrainerFunction(Model):
    """A function (loss_func, W, X, y, learning_rate, reg, num_iters, batch_size, verbose) -> (W, loss_history)."""

    signature: ClassVar[str] = (
        "(loss_func, W, X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200)"
    )

    role: Literal["trainer"]
    defaults: TrainerDefaults | None = Field(
        default=None, description="Defaults in the handout's signature; not compared if left out."
    )


class PredictorFunction(Model):
    """A function (W, X) -> y_pred."""

    signature: ClassVar[str] = "(W, X)"

    role: Literal["predictor"]
    dtype: DTypeName = Field(default="float32", description="Dtype of its arguments.")


class ClassifierClass(Model):
    """A class with loss(W, X_batch, y_batch, reg), train(X, y, ...) and predict(X), and W as an attribute.

    Where its loss reads the attribute it is loss(X_batch, y_batch, reg).
    """

    signature: ClassVar[str] = "()"

    role: Literal["classifier"]
    classifier: ClassifierName | None = Field(
        default=None,
        description="The loss it has; left out for the base class, which is given one by the judge.",
    )
    weights: Literal["argument", "attribute"] = Field(
        default="argument", description="Where loss finds W: its first argument, or self.W."
    )
    dtype: DTypeName = Field(default="float32", description="Dtype of its methods' arguments.")
    defaults: TrainerDefaults | None = Field(
        default=None, description="Defaults in the handout's signature of train; not compared if left out."
    )

    @property
    def methods(self) -> Mapping[str, str]:
        """The signatures of its methods, by name."""
        weights = "W, " if self.weights == "argument" else ""
        return {
            "loss": f"({weights}X_batch, y_batch, reg)",
            "train": "(X, y, learning_rate=1e-3, reg=1e-5, num_iters=100, batch_size=200)",
            "predict": "(X)",
        }


class SearchParamsFunction(Model):
    """A function () -> (learning_rates, regularization_strengths), each a list of numbers."""

    signature: ClassVar[str] = "()"

    role: Literal["search_params"]
    classifier: ClassifierName = Field(description="The classifier the pairs are for.")


class SamplerFunction(Model):
    """A function (X, y, num_train, batch_size) -> (X_batch, y_batch)."""

    signature: ClassVar[str] = "(X, y, num_train, batch_size)"

    role: Literal["sampler"]


class ParamSetFunction(Model):
    """A function (cls, data_dict, lr, reg, num_iters) -> (cls, train_acc, val_acc), which trains and predicts with cls."""

    signature: ClassVar[str] = "(cls, data_dict, lr, reg, num_iters=2000)"

    role: Literal["param_set"]


class AnyFunction(Model):
    """A function or class of any other signature, checked by a question."""

    role: Literal["function"]
    optional: bool = Field(default=False, description="It may be left out; its checks must have 0 points.")
    signature: SignatureText | None = Field(
        default=None,
        description=(
            "Its parameters (a class: of its constructor) as in the handout: (X, y=None, reg=0.0). With it, another"
            " course's function of the same name is recognised."
        ),
    )
    methods: dict[str, SignatureText] = Field(
        default_factory=dict, description="The signatures of a class's methods, by name."
    )
    restricted: tuple[str, ...] = Field(
        default=(),
        description=(
            "What the handout rules out here, by full names of functions and modules: numpy.linalg.norm, scipy. The policy is"
            " that of restrictions.names."
        ),
    )


FunctionSpec = Annotated[
    LossFunction
    | TrainerFunction
    | PredictorFunction
    | ClassifierClass
    | SearchParamsFunction
    | SamplerFunction
    | ParamSetFunction
    | AnyFunction,
    Field(discriminator="role"),
]


class Limits(Model):
    """Bounds on one submission; times are on the judge's clock."""

    call_seconds: float = Field(default=10.0, gt=0, description="One call of a loss function or of predict.")
    training_seconds: float = Field(default=30.0, gt=0, description="One call of a trainer.")
    load_seconds: float = Field(
        default=20.0, gt=0, description="Running the module-level code that one function needs."
    )
    function_seconds: float = Field(default=120.0, gt=0, description="All calls of one function together.")
    memory_bytes: int = Field(
        default=4 << 30, ge=512 << 20, description="Private memory of the student's process."
    )
    device_memory_bytes: int = Field(
        default=4 << 30,
        ge=256 << 20,
        description="GPU memory for the tensors of the student's process.",
    )


RestrictionKind = Literal[
    "autograd", "modules", "losses", "libraries", "names", "partner", "dynamic", "devices"
]
RestrictionPolicy = Literal["fail", "note", "ignore"]


class Restrictions(Model):
    """The consequence of a restricted feature, by kind: "fail" costs all its points, "note" is reported and costs none.

    torch.softmax, log_softmax, logsumexp, one_hot, relu, clamp, einsum, scatter and the like are always allowed.
    """

    autograd: RestrictionPolicy = Field(
        default="note",
        description="Gradients by torch: requires_grad, backward, torch.autograd.grad, torch.func, jacobian.",
    )
    modules: RestrictionPolicy = Field(
        default="note", description="Layers of torch.nn and optimizers of torch.optim."
    )
    losses: RestrictionPolicy = Field(
        default="note",
        description="Any ready-made loss of torch.nn or torch.nn.functional, and the operators beneath them.",
    )
    libraries: RestrictionPolicy = Field(
        default="note",
        description="Libraries that fit models or differentiate: sklearn, scipy.optimize, jax.",
    )
    names: RestrictionPolicy = Field(
        default="note",
        description="What a function's `restricted` lists. In a class it costs the methods that use it.",
    )
    partner: RestrictionPolicy = Field(
        default="note",
        description="A call from the naive function of a classifier to its vectorized one, or the reverse.",
    )
    dynamic: RestrictionPolicy = Field(
        default="note",
        description="Names and code made at run time: eval, exec, importlib, getattr on a module, sys.modules.",
    )
    devices: Literal["note", "ignore"] = Field(
        default="ignore",
        description="A device named in a function: .cuda(), .to(device), device='cuda', torch.device('cuda'). Never"
        " worth points: it is a habit of Colab. .cpu() and .to(dtype) are always allowed.",
    )

    def policy(self, kind: RestrictionKind) -> RestrictionPolicy:
        """The policy on this kind."""
        found: RestrictionPolicy = getattr(self, kind)
        return found


HandoutDevice = Annotated[
    Literal["cpu", "cuda", "either"],
    Field(
        description="The device that the handout's code is for. cpu: graded on the CPU, even on a machine with a GPU."
        " either: on the GPU if there is one, where code that names no device makes its tensors there too. cuda: the"
        " same, but a tensor made without a device stays on the CPU, as it does for the student."
    ),
]


FloatLabels = Annotated[
    bool,
    Field(
        description="Predicted labels may be whole numbers in a float array, as where the handout starts with"
        " np.zeros(N): a note. False: labels must be integers."
    ),
]


class Assignment(Model):
    """The part of a spec that checks see."""

    convention: Convention
    backend: Literal["torch", "numpy"]
    functions: Mapping[str, FunctionSpec]
    limits: Limits
    restrictions: Restrictions = Restrictions()
    handout_device: HandoutDevice = "either"
    float_labels: FloatLabels = False

    @property
    def lists_names(self) -> bool:
        """Whether a function rules out names of its own."""
        return any(isinstance(each, AnyFunction) and each.restricted for each in self.functions.values())

    def in_layout(self, layout: Layout) -> Assignment:
        """The same assignment with the arrays in that layout."""
        return self.model_copy(update={"convention": replace(self.convention, layout=layout)})

    def loss_function(self, name: str) -> LossFunction:
        """The loss function of that name. TypeError if it has another role."""
        function = self.functions[name]
        if not isinstance(function, LossFunction):
            raise TypeError(f"{name} is not a loss function")
        return function

    def is_optional(self, name: str) -> bool:
        """Whether the function may be left out."""
        function = self.functions.get(name)
        return isinstance(function, AnyFunction) and function.optional

    def partners(self, name: str) -> frozenset[str]:
        """The loss functions of the same classifier in the other style; empty for any other function."""
        own = self.functions.get(name)
        if not isinstance(own, LossFunction):
            return frozenset()
        return frozenset(
            other
            for other, function in self.functions.items()
            if isinstance(function, LossFunction)
            and function.classifier == own.classifier
            and function.style != own.style
        )
