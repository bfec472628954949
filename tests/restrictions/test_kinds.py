"""Which names are restricted and which are free."""

import pytest

from grader.restrictions.kinds import kind_of, kind_of_operator

RESTRICTED = {
    "losses": """
        torch.nn.functional.cross_entropy torch.nn.functional.nll_loss torch.nn.functional.multi_margin_loss
        torch.nn.functional.hinge_embedding_loss torch.nn.functional.multilabel_margin_loss
        torch.nn.functional.binary_cross_entropy_with_logits torch.nn.functional.kl_div torch.nn.CrossEntropyLoss
        torch.nn.MultiMarginLoss torch.nn.NLLLoss torch.nn.modules.loss.CrossEntropyLoss torch.kl_div
        torch._C._nn.cross_entropy_loss torch._C._nn.nll_loss_nd torch.ops.aten.nll_loss_forward.default
        torch.ops.aten.nll_loss2d_forward torch.ops.aten.nll_loss_backward torch.nn.AdaptiveLogSoftmaxWithLoss
        torch.nn.functional.cross_entropy.__call__""",
    "autograd": """
        torch.autograd.grad torch.autograd.backward torch.autograd.functional.jacobian torch.autograd.forward_ad.dual_level
        torch.func.grad torch.func.grad_and_value torch.func.jacrev torch.func.vjp functorch.grad
        torch.Tensor.backward torch.Tensor.requires_grad_ torch.autograd.Variable._execution_engine.run_backward""",
    "modules": """
        torch.nn.Linear torch.nn.modules.linear.Linear torch.nn.Parameter torch.nn.Sequential torch.optim.SGD
        torch.optim.lr_scheduler.StepLR""",
    "libraries": """
        sklearn.svm.LinearSVC sklearn.metrics.log_loss scipy.optimize.minimize tensorflow.nn.softmax jax.grad
        keras.losses.CategoricalCrossentropy autograd.grad""",
    "dynamic": """
        builtins.eval builtins.exec builtins.compile builtins.__import__ importlib.import_module sys.modules
        torch._C.DisableTorchFunction torch.utils._python_dispatch._disable_current_modes
        sys._getframe gc.get_objects gc.get_referrers inspect.currentframe inspect.stack ctypes.CDLL""",
}

FREE = [
    "torch",
    "torch.nn",
    "torch.nn.functional",
    "torch.softmax",
    "torch.log_softmax",
    "torch.logsumexp",
    "torch.nn.functional.softmax",
    "torch.nn.functional.log_softmax",
    "torch.nn.functional.one_hot",
    "torch.nn.functional.relu",
    "torch.nn.functional.mse_loss",
    "torch.nn.functional.smooth_l1_loss",
    "torch.nn.functional.pad",
    "torch.nn.functional.linear",
    "torch.relu",
    "torch.clamp",
    "torch.einsum",
    "torch.scatter",
    "torch.Tensor.scatter_",
    "torch.gather",
    "torch.nn.Module",
    "torch.nn.Softmax",
    "torch.nn.ReLU",
    "torch.nn.init.normal_",
    "torch.no_grad",
    "torch.set_grad_enabled",
    "torch.autograd",
    "torch.autograd.Variable",
    "torch.autograd.no_grad",
    "torch.autograd.set_detect_anomaly",
    "torch.func.vmap",
    "torch.optim",
    "torch.gradient",
    "torch.special.logsumexp",
    "numpy.gradient",
    "numpy.exp",
    "scipy.special.logsumexp",
    "scipy.stats.norm",
    "sklearn",
    "sklearn.__version__",
    "sklearn.utils.shuffle",
    "importlib",
    "importlib.metadata.version",
    "re.compile",
    "builtins.getattr",
    "builtins.sum",
    "torch.compile",
    "inspect.signature",
    "gc.collect",
    "sys.maxsize",
    "lossy.cross_entropy",
    "my.nll_loss",
    "math.grad",
    "torch.",
    "torch.nn.",
    "torch.nn..functional.",
]


@pytest.mark.parametrize(
    "kind, name", [(kind, name) for kind, names in RESTRICTED.items() for name in names.split()]
)
def test_a_restricted_name_has_a_kind(kind, name):
    assert kind_of(name) == kind


@pytest.mark.parametrize("name", FREE)
def test_other_names_are_free(name):
    assert kind_of(name) is None


@pytest.mark.parametrize(
    "name, kind",
    [
        ("aten.nll_loss_forward", "losses"),
        ("aten.nll_loss2d_backward", "losses"),
        ("aten.multi_margin_loss", "losses"),
        ("torch.nn.functional.cross_entropy", "losses"),
        ("torch._C._nn.cross_entropy_loss", "losses"),
        ("torch.autograd.grad", "autograd"),
        ("torch._tensor.Tensor.backward", "autograd"),
        ("torch._VariableFunctionsClass._make_dual", "autograd"),
        ("autograd", "autograd"),
        ("sklearn.svm._classes.LinearSVC.__init__", "libraries"),
        ("scipy.optimize._minimize.minimize", "libraries"),
        ("witness off", "dynamic"),
        ("witness off torch._C._dispatch_library", "dynamic"),
    ],
)
def test_operators_show_losses_autograd_and_what_hides_them(name, kind):
    assert kind_of_operator(name) == kind


@pytest.mark.parametrize(
    "name",
    [
        "aten.mm",
        "aten._softmax",
        "aten._log_softmax",
        "aten.logsumexp",
        "aten.scatter_",
        "aten.index_put_",
        "aten.relu",
        "aten.aminmax",
        "torch.nn.functional.softmax",
        "torch.functional.einsum",
        "torch.Tensor.requires_grad_",
        "torch.nn.functional.linear",
        "torch.optim.SGD",
        "sklearn.utils.shuffle",
        "builtins.eval",
        "torch.nn.",
        ".",
        "",
        "x",
    ],
)
def test_other_operators_show_nothing(name):
    assert kind_of_operator(name) is None
