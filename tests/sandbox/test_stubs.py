"""Modules that are not there, or must not be: inert, unless what they give decides a result."""

import pytest

from grader.model.observation import Raised, Unexpected
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

    assert (
        number(top, f"return repr(answer) == 'svm_loss ({name} cannot be used here)' and not {name}.x") == 1
    )


def test_no_module_of_the_graders_is_among_those_loaded(number):
    body = (
        "import sys\n"
        "own = ('grader', 'reference', 'test_specs', 'pydantic', 'nbformat', 'typer')\n"
        "return sum(name.partition('.')[0] in own for name in sys.modules)"
    )

    assert number("", body) == 0


@pytest.fixture
def raised(open_session):
    """(files, body of f) to what f raises, in words."""

    def run(top, body):
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        observation = open_session(f"{top}\n\ndef f():\n{lines}\n", "f").run(trial("f"))
        assert isinstance(observation, Raised), observation
        return f"{observation.kind}: {observation.message}"

    return run


MISSING = "ModuleNotFoundError: tools.py was not handed in; g() comes from it"


@pytest.mark.parametrize(
    "expression",
    [
        "g(1) + 1",
        "1.0 * g(1)",
        "np.ones(3) - g(1)",
        "g(1) @ np.ones(3)",
        "np.float64(2) ** g(1)",
        "-g(1)",
        "abs(g(1))",
        "np.maximum(0, g(1))",
        "np.sum(g(1))",
        "np.asarray(g(1))",
        "np.array([g(1), g(1)])",
        "np.log(g(1))",
        "np.dot(np.ones(3), g(1))",
        "torch.ones(3) + g(1)",
        "g(1) + torch.ones(3)",
        "torch.maximum(torch.ones(3), g(1))",
        "torch.sum(g(1))",
        "torch.cat([g(1), g(1)])",
        "float(g(1))",
        "int(g(1))",
        "round(g(1))",
        "range(g(1))",
        "g(1) < 1",
        "1 >= g(1)",
        "max(g(1), 2)",
        "[1, 2][g(1)]",
        "[1 for _ in g(1)]",
        "list(zip([1], g(1)))",
        "len(g(1))",
        "sum(g(1))",
        "g(1) // 2",
        "g(1) % 2",
        "2 in g(1)",
        "next(g(1))",
        "divmod(3, g(1))",
        "(lambda a, b: a)(*g(1))",
    ],
)
def test_a_value_of_a_file_that_was_not_handed_in_says_so_where_it_is_needed(raised, expression):
    top = "import numpy as np, torch\nfrom tools import g"

    assert raised(top, f"return {expression}") == MISSING


@pytest.mark.parametrize(
    "top, body, words",
    [
        (
            "from tools import Base\nclass A(Base): pass",
            "return A(1, b=2).loss()",
            "AttributeError: 'A' object has no attribute 'loss': it derives from Base (tools.py was not handed in)",
        ),
        (
            "import course.tools as t\nclass A(t.Base, t.Other): pass",
            "return A.loss",
            "AttributeError: type object 'A' has no attribute 'loss'",
        ),
        (
            "from tools import g",
            "raise ValueError(f'bad: {g}')",
            "ValueError: bad: g (tools.py was not handed in)",
        ),
        ("from tools import g", "return {}[g()]", "KeyError: g() (tools.py was not handed in)"),
        (
            "from tools import g",
            "import json\nreturn json.dumps(g())",
            "TypeError: Object of type missing value (tools.py was not handed in) is not JSON serializable",
        ),
        (
            "from tools import g",
            "return ''.join([g()])",
            "TypeError: sequence item 0: expected str instance, missing value (tools.py was not handed in) found",
        ),
        (
            "import tools",
            "return 1 + tools",
            "TypeError: unsupported operand type(s) for +: 'int' and 'module'",
        ),
        (
            "from tools import *",
            "return hinge(3) + 1",
            "ModuleNotFoundError: tools.py was not handed in; hinge() comes from it",
        ),
        (
            "import sklearn.svm as s",
            "return s.SVC().fit(1) + 1",
            "ModuleNotFoundError: sklearn cannot be used here; SVC().fit() comes from it",
        ),
        (
            "def f2(): return __import__('nowhere').g",
            "return f2()() + 1",
            MISSING.replace("tools", "nowhere"),
        ),
        (
            "import numpy as np\nX = np.load('x')",
            "return X + 1",
            "NameError: name 'X' is not defined: hw.py, line 2 reads x, which is not available during grading; put the value in the code",
        ),
    ],
)
def test_no_reader_sees_what_a_stub_is(raised, top, body, words):
    assert raised(top, body) == words


@pytest.mark.parametrize(
    "top, body",
    [
        (
            "from tools import Base\nclass A(Base): pass",
            "return isinstance(A(), Base) and not isinstance(3, Base) and issubclass(A, Base)",
        ),
        (
            "import torch\nfrom tools import Base\nclass A(Base, torch.nn.Linear): pass",
            "return A(1, 2).weight.shape == (2, 1)",
        ),
        ("from tools import Base, Mixin\nclass A(Mixin, Base, dict): pass", "return A(a=1)['a'] == 1"),
        ("from tools import np, torch, math", "return np.ones(1)[0] * torch.ones(1).item() * math.floor(1)"),
        ("from tools import *", "return np.ones(1)[0]"),
        (
            "from tools import timer, logged, log\nlog('x')\nLOG = log.get('x')\n@timer\n@logged(level=3)\ndef g(): return 1",
            "LOG.info(3)\nreturn g()",
        ),
        ("from tools import g\nclass C: one = 1\nfrom other import C, h", "h()\nreturn C.one"),
        (
            "from numpy import *\nfrom tools import *\nfrom numpy import ones",
            "unknown()\nreturn ones(1)[0] * zeros(1).size",
        ),
        ("from tools import *\nfrom numpy import *", "unknown()\nreturn zeros(1).size"),
        ("try:\n    from tools import g\nexcept ImportError:\n    pass", "return 1"),
    ],
)
def test_what_needs_no_value_of_a_missing_file_runs(number, top, body):
    assert number(top, body) == 1


def test_a_value_of_a_missing_file_is_described_by_the_file(open_session):
    session = open_session("from tools import g\n\ndef f(): return g(1)\n", "f")

    assert session.run(trial("f")).values == (Unexpected("g() (tools.py was not handed in)"),)
