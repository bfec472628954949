"""Modules that are not there, or must not be: inert, unless what they give decides a result."""

import pytest

from tests.sandbox.calls import number_of, trial


@pytest.fixture
def number(open_session):
    """(top-level code, expression) to the number that f returns."""

    def run(top, body):
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        return number_of(open_session(f"{top}\n\ndef f():\n{lines}\n", "f").run(trial("f")))

    return run


@pytest.mark.parametrize(
    "top, body",
    [
        (
            "import matplotlib.pyplot as plt",
            "plt.figure(figsize=(3, 4)).add_subplot(1, 1, 1).plot([1])\nreturn 1",
        ),
        ("import matplotlib", "matplotlib.rcParams['figure.figsize'] = 3\nreturn 1"),
        ("from coutils import extract_drive_file_id as e", "e('x').y.z['k']()\nreturn 1"),
        ("import coutils", "with coutils.timer() as t: t.start()\nreturn 1"),
        (
            "import matplotlib as m",
            "m.x.y = 3\nfor _ in m.rows: raise ValueError\nreturn 1 + len(m.x)",
        ),
        ("import seaborn as sns", "return 0 if sns.available else 1"),
        ("from google.colab import drive", "drive.mount('/content')\nreturn 1"),
        ("from matplotlib.pyplot import *\nfrom coutils import *", "return 1"),
        ("from tqdm import tqdm", "return sum(tqdm([0.5, 0.5], desc='x'))"),
        ("from tqdm.notebook import tqdm", "return len(tqdm(range(1)))"),
        ("from tqdm.auto import trange", "return sum(1 for _ in trange(0, 1, leave=False))"),
        ("import tqdm", "return sum(tqdm.tqdm([1]))"),
        (
            "from tqdm import tqdm",
            "bar = tqdm(total=3)\nbar.update(1)\nwith tqdm([1]) as inner: return sum(inner)",
        ),
        ("from past.builtins import xrange", "return sum(1 for _ in xrange(1))"),
        ("from past.utils import old_div", "return old_div(3, 2) * old_div(4, 4.0)"),
        ("from six.moves import xrange", "return sum(1 for _ in xrange(1))"),
        ("from future.builtins import range", "return sum(1 for _ in range(1))"),
        ("from builtins import range, object", "return sum(1 for _ in range(1))"),
        ("", "return sum(1 for _ in xrange(1))"),
        (
            "import numpy as np",
            "return np.ones(1).astype(np.float).astype(np.int).sum() * np.asscalar(np.ones(1))",
        ),
        ("from numba import njit", "@njit\ndef one(): return 1\nreturn one()"),
        ("from numba import jit", "@jit(nopython=True)\ndef one(): return 1\nreturn 1"),
        ("import coutils\nclass Base(coutils.Thing):\n    one = 1", "return Base.one"),
    ],
)
def test_a_module_that_is_not_there_does_no_harm(number, top, body):
    assert number(top, body) == 1


def test_a_missing_part_of_a_real_package_raises_as_it_should(number):
    body = "try:\n    import torch.nowhere\nexcept ModuleNotFoundError:\n    return 1"

    assert number("import torch", body) == 1


def test_a_fallback_for_a_missing_attribute_of_a_real_module_is_taken(number):
    assert (
        number("try:\n    from math import nowhere\nexcept ImportError:\n    nowhere = 1", "return nowhere")
        == 1
    )


@pytest.mark.parametrize("name", ["grader", "reference", "test_specs"])
@pytest.mark.parametrize(
    "body",
    [
        "import {name}.losses as module",
        "import {name}\nmodule = {name}",
        "import importlib\nmodule = importlib.import_module('{name}.losses')",
        "module = __import__('{name}')",
        "import sys\nsys.modules.pop('{name}', None)\nsys.path.append('/somewhere/else')\nmodule = __import__('{name}')",
    ],
)
def test_the_graders_own_packages_are_never_the_real_ones(number, name, body):
    looks = "return type(module) is not type(__import__('math')) and not hasattr(module, '__file__')"

    assert number("", f"{body.format(name=name)}\n{looks}") == 1


@pytest.mark.parametrize("name", ["grader", "reference", "test_specs"])
def test_the_graders_own_packages_imported_at_module_level_are_stand_ins(number, name):
    top = f"import {name}\nfrom {name}.losses import svm_loss as answer\nfrom {name} import *"

    assert number(top, f"return repr(answer) == 'svm_loss ({name} cannot be used here)' and not {name}.x") == 1


def test_no_module_of_the_graders_is_among_those_loaded(number):
    body = (
        "import sys\n"
        "own = ('grader', 'reference', 'test_specs', 'pydantic', 'nbformat', 'typer')\n"
        "return sum(name.partition('.')[0] in own for name in sys.modules)"
    )

    assert number("", body) == 0
