"""The restricted names and their kinds: dotted names in source, operators in a trace."""

from __future__ import annotations

import re

from grader.model.assignment import RestrictionKind
from grader.sandbox.inside import wire

_LOSS_NAMES = (
    *("binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "cross_entropy_loss"),
    *("hinge_embedding_loss", "kl_div", "linear_cross_entropy", "margin_ranking_loss", "multi_margin_loss"),
    *("multilabel_margin_loss", "multilabel_soft_margin_loss", "nll_loss", "soft_margin_loss"),
    *("triplet_margin_loss", "triplet_margin_with_distance_loss"),
)
_LOSS = re.compile(rf"_?(?:{'|'.join(_LOSS_NAMES)})(?:2d|_nd)?(?:_forward|_backward)?")
"""A classification loss of torch.nn.functional, or an operator that does its work: nll_loss2d_forward.

Losses for other tasks are allowed: a regularizer may well be written as mse_loss(W, 0 * W, reduction="sum").
"""

_LOSSES_OF_OTHER_TASKS = frozenset(
    {"CTCLoss", "CosineEmbeddingLoss", "GaussianNLLLoss", "HuberLoss", "L1Loss", "MSELoss", "PoissonNLLLoss"}
    | {"SmoothL1Loss"}
)

_DIFFERENTIATES = frozenset(
    {"backward", "forward_ad", "grad", "grad_and_value", "hessian", "hvp", "jacfwd", "jacobian", "jacrev"}
    | {"jvp", "linearize", "run_backward", "vhp", "vjp"}
)
_DIFFERENTIATORS = ("torch.autograd.", "torch.func.", "torch._functorch.", "functorch.")
_TENSOR_METHODS = frozenset({"torch.Tensor.backward", "torch.Tensor.requires_grad_"})

_SILENCES = frozenset(
    {"DisableTorchFunction", "DisableTorchFunctionSubclass", "_DisableTorchDispatch"}
    | {"_disable_current_modes", "_pop_mode", "_pop_torch_function_stack"}
)
"""Names in torch that switch a trace off."""

_HARMLESS_MODULES = frozenset({"Flatten", "Identity", "LogSoftmax", "Module", "ReLU", "Softmax", "Softmax2d"})
"""Classes that torch has as plain functions too, and the base class, which computes nothing."""

_HARMLESS_IN_LIBRARIES = ("sklearn.utils",)

_DYNAMIC = frozenset(
    {"builtins.__import__", "builtins.compile", "builtins.eval", "builtins.exec"}
    | {"gc.get_objects", "gc.get_referents", "gc.get_referrers"}
    | {"inspect.currentframe", "inspect.getinnerframes", "inspect.getouterframes", "inspect.stack"}
    | {"marshal.loads", "pickle.loads", "sys._getframe", "sys.modules"}
    | {"types.CodeType", "types.FunctionType"}
)
_DYNAMIC_MODULES = ("code.", "codeop.", "ctypes.", "imp.", "importlib.", "runpy.")
_FACTS = frozenset(
    {"importlib.metadata", *(f"importlib.metadata.{name}" for name in ("PackageNotFoundError", "version"))}
)
"""Names in these modules that only ask which version of a package is installed."""


def kind_of(dotted: str) -> RestrictionKind | None:
    """The kind of restriction on a full dotted name, as "losses" for torch.nn.CrossEntropyLoss; None if it is free."""
    top, _, rest = dotted.partition(".")
    if not rest:
        return None  # importing a module is free; names in it may be restricted
    if top in {"torch", "functorch"}:
        return _kind_in_torch(dotted, rest.split("."))
    if dotted in _DYNAMIC or (dotted.startswith(_DYNAMIC_MODULES) and dotted not in _FACTS):
        return "dynamic"
    is_library = top in wire.LIBRARIES and (top != "scipy" or dotted.startswith("scipy.optimize."))
    is_harmless = rest.startswith("__") or dotted.startswith(_HARMLESS_IN_LIBRARIES)
    return "libraries" if is_library and not is_harmless else None


def _kind_in_torch(dotted: str, parts: list[str]) -> RestrictionKind | None:
    if any(_LOSS.fullmatch(part) for part in parts):
        return "losses"
    is_differentiator = dotted.startswith(_DIFFERENTIATORS) and not _DIFFERENTIATES.isdisjoint(parts)
    if dotted in _TENSOR_METHODS or is_differentiator:
        return "autograd"
    if not _SILENCES.isdisjoint(parts):
        return "dynamic"
    if parts[0] == "cuda" and parts[-1].endswith("Tensor"):
        return "devices"  # torch.cuda.FloatTensor
    if parts[0] == "optim" and len(parts) > 1:
        return "modules"
    if parts[0] == "nn":
        classes = [part for part in parts[1:] if part[:1].isupper()]
        if classes and classes[0].endswith("Loss") and classes[0] not in _LOSSES_OF_OTHER_TASKS:
            return "losses"
        if classes and classes[0] not in _HARMLESS_MODULES:
            return "modules"
    return None


def kind_of_operator(name: str) -> RestrictionKind | None:
    """The kind of restriction on a name in a trace: `aten.nll_loss_forward`, `torch.autograd.grad`, `autograd`.

    Setting requires_grad does not count: a trace also sees whether the gradient was then computed.
    """
    if name.startswith(wire.WITNESS_OFF):
        return "dynamic"
    if name in _TENSOR_METHODS:
        return None
    if name in {wire.AUTOGRAD_RAN, "torch._tensor.Tensor.backward"} or name.endswith("._make_dual"):
        return "autograd"
    if name.startswith("aten."):
        return "losses" if _LOSS.fullmatch(name.removeprefix("aten.")) else None
    kind = kind_of(name)
    return kind if kind in {"autograd", "libraries", "losses"} else None
