"""Which names of libraries are understood, and which lead to restricted ones wherever they are handed on."""

import pytest

from grader.restrictions.understood import canonical, is_inside, is_leading, is_understood

UNDERSTOOD = """
    torch torch.exp torch.softmax torch.float32.itemsize torch.Tensor.scatter_ torch.nn.functional.softmax
    torch.nn.init.normal_ torch.nn.modules.activation.ReLU torch.linalg.norm torch.utils.data.DataLoader
    torch.backends.cudnn.deterministic torch.cuda.is_available torch.testing.assert_close torch.no_grad
    torch.nn.functional.softmax.__name__ numpy.exp numpy.linalg.norm numpy.random.default_rng numpy.testing.assert_allclose
    math.exp functools.reduce operator.mul os.path.join os.environ.get time.perf_counter logging.getLogger
    typing.Optional inspect.signature sys.stdout.flush builtins.print matplotlib.pyplot.plot tqdm.notebook.tqdm
    gc.collect ast.literal_eval collections.abc.Callable"""

OTHERS = """
    torch.jit.script torch.jit.CompilationUnit torch.ops.aten.add torch._C._nn.softmax torch.compile torch.load
    torch.library.impl torch.overrides.TorchFunctionMode torch.utils.cpp_extension.load torch.ao.nn
    torch.autograd.functional.fwAD.make_dual numpy.load numpy._core.numeric numpy.lib.utils numpy.ctypeslib.as_array
    pickle.load pickle.Unpickler inspect.getmembers typing.get_type_hints typing.ForwardRef functools.singledispatch
    string.Formatter logging.config.dictConfig unittest.mock.patch pkgutil.resolve_name pydoc.locate timeit.timeit
    sympy.sympify jinja2.Template dataclasses.make_dataclass os._exit sys.settrace"""


@pytest.mark.parametrize("name", UNDERSTOOD.split())
def test_these_are_understood(name):
    assert is_understood(name)


@pytest.mark.parametrize("name", OTHERS.split())
def test_these_are_not(name):
    assert not is_understood(name)


def test_a_module_that_is_not_there_does_nothing():
    assert not is_understood("helpers.loss")
    assert is_understood("helpers.loss", inert=("helpers",))


@pytest.mark.parametrize(
    "name, expected",
    [
        ("torch.nn.functional.torch.nn", "torch.nn"),
        ("os.sys.modules", "sys.modules"),
        ("enum.bltns.eval", "builtins.eval"),
        ("copy.types.FunctionType", "types.FunctionType"),
        ("torch.types.Number", "torch.types.Number"),
        ("datetime.datetime.now", "datetime.datetime.now"),
    ],
)
def test_a_name_is_traced_to_the_module_that_owns_it(name, expected):
    assert canonical(name) == expected


def test_modules_and_finders_lead_on_and_functions_do_not():
    assert all(map(is_leading, ("torch", "torch.nn", "torch.nn.functional", "sys", "builtins.getattr")))
    assert not any(map(is_leading, ("numpy", "math", "torch.exp", "torch.Tensor", "builtins.print")))


def test_names_of_the_interpreter_are_told_from_plain_ones():
    assert all(map(is_inside, ("__globals__", "__builtins__", "__subclasses__", "tb_frame", "__loader__")))
    assert not any(map(is_inside, ("__init__", "__name__", "__class__", "_weights", "shape")))
