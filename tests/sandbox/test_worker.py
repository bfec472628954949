"""What the worker makes of the student's code: chunks, places, modules, and values on their way to the judge."""

import numpy as np
import pytest

from grader.model.observation import Location, Raised, Received, Returned
from grader.model.trial import ArrayOutput, NumberOutput
from tests.sandbox.calls import (
    cases_of,
    description_of,
    extracted_of,
    g_is_right,
    notebook_of,
    number_of,
    tensor,
    trial,
)

# Chunks


def test_a_module_level_statement_that_fails_costs_only_what_needs_it(open_session):
    session = open_session(
        "import math\ntable = [1, 2][5]\nalso = math.sqrt(4)\n"
        "def f(): return table\ndef g(): return also\ndef h(): return 1\n",
        "f g h",
    )

    observation = session.run(trial("f"))

    assert number_of(session.run(trial("g"))) == 2
    assert number_of(session.run(trial("h"))) == 1
    assert isinstance(observation, Returned | Raised)


def test_using_a_name_whose_making_failed_says_how_it_failed(open_session):
    session = open_session("table = [1, 2][5]\ndef f():\n    return table + 1\n", "f")

    observation = session.run(trial("f"))

    assert isinstance(observation, Raised)
    assert observation.kind == "NameError"
    assert observation.message == (
        "name 'table' is not defined: hw.py, line 1 raised IndexError: list index out of range"
    )
    assert observation.location == Location("hw.py", None, 3)


def test_a_function_whose_own_definition_fails_raises_that_at_every_call(open_session):
    session = open_session("def f(x=[][0]):\n    return 1\ndef g(): return 2\n")

    first, second = session.run(trial("f")), session.run(trial("f"))

    assert isinstance(first, Raised)
    assert (first.kind, first.location) == ("IndexError", Location("hw.py", None, 1))
    assert second == first
    assert number_of(session.run(trial("g"))) == 2


def test_using_a_name_that_is_left_out_says_why(open_session):
    session = open_session("data = open('x.npy')\ndef f():\n    return data + 1\ndef g(): return 2\n")

    observation = session.run(trial("f"))

    assert isinstance(observation, Raised)
    assert observation.kind == "NameError"
    assert observation.message == (
        "name 'data' is not defined: hw.py, line 1 reads x.npy, which is not available during grading; put"
        " the value in the code"
    )
    assert number_of(session.run(trial("g"))) == 2


def test_a_left_out_name_raises_at_every_use(open_session):
    uses = ["data()", "data[0]()", "data.shape", "len(data)", "bool(data)", "[*data]", "1 * data", "-data"]
    session = open_session(f"data = open('x.npy')\n{cases_of(uses)}", "f")

    seen = [session.run(trial("f", n)) for n in range(len(uses))]

    assert [getattr(each, "kind", each) for each in seen] == ["NameError"] * len(uses)


def test_the_device_of_a_left_out_name_is_answered(open_session):
    session = open_session(
        "import torch\ndata = torch.load('x.pt')\ndef f(): return torch.ones(2, device=data.device).sum()\n",
        "f",
    )

    assert number_of(session.run(trial("f"))) == 2


def test_sys_exit_at_module_level_costs_only_what_needs_it(open_session):
    session = open_session(
        "def stop(): raise SystemExit(0)\nclass K:\n    x = stop()\ndef f(): return K()\ndef g(): return 2\n"
    )

    observation = session.run(trial("f"))

    assert isinstance(observation, Raised)
    assert observation.message == "name 'K' is not defined: hw.py, line 2 raised SystemExit: 0"
    assert number_of(session.run(trial("g"))) == 2


def test_annotations_are_not_evaluated(open_session):
    session = open_session("def f(x: Nowhere.Tensor = 1) -> 1 / 0: return x", "f")

    assert number_of(session.run(trial("f"))) == 1


def test_inspect_finds_the_source_of_a_students_function(open_session):
    session = open_session("import inspect\n\ndef f():\n    return len(inspect.getsource(f))\n", "f")

    assert number_of(session.run(trial("f"))) == len("def f():\n    return len(inspect.getsource(f))\n")


# Places


def place_of(observation):
    assert isinstance(observation, Raised), observation
    return observation.location


def test_the_place_is_the_innermost_line_of_the_students(open_session):
    session = open_session(
        "import torch\n\ndef helper(W):\n    return torch.matmul(W, W)\n\n\ndef f(W):\n    return helper(W)\n",
        "f",
    )

    observation = session.run(trial("f", tensor([1.0, 2.0])))

    assert place_of(observation) == Location("hw.py", None, 4)


def test_the_place_in_a_notebook_is_the_cell_and_the_line_in_it(open_session):
    cells = notebook_of(
        "import torch", "x = 1\n\ndef helper():\n    raise ValueError", "def f():\n\n    helper()"
    )
    session = open_session({"hw.ipynb": cells}, "f")

    assert place_of(session.run(trial("f"))) == Location("hw.ipynb", 2, 4)


def test_the_place_of_a_call_that_does_not_fit_the_signature_is_none(open_session):
    session = open_session("def f(): return 1", "f")

    observation = session.run(trial("f", 1, 2))

    assert place_of(observation) is None
    assert observation.kind == "TypeError"


def test_the_place_of_an_error_in_text_that_is_executed_is_the_line_that_executes_it(open_session):
    session = open_session("def f():\n    x = 1\n    exec('1 +')\n", "f")

    observation = session.run(trial("f"))

    assert (observation.kind, observation.location) == ("SyntaxError", Location("hw.py", None, 3))


def test_the_place_in_another_file_names_that_file(open_session):
    session = open_session(
        {
            "pkg/a.py": "from .b import helper\ndef f(): return helper()\n",
            "pkg/b.py": "\ndef helper():\n    1 / 0\n",
        },
        "f",
    )

    assert place_of(session.run(trial("f"))) == Location("pkg/b.py", None, 3)


@pytest.mark.parametrize(
    "message",
    ["filename='submission:999'", "filename='submission:x'", "filename=3"],
)
def test_a_forged_syntax_error_names_no_place_outside_the_submission(open_session, message):
    session = open_session(
        f"{RIGHT_TOO}\ndef f():\n    error = SyntaxError('no')\n    error.{message}\n    error.lineno = 10**12\n    raise error\n"
    )

    observation = session.run(trial("f"))

    assert getattr(observation, "place", None) in {None, Location("hw.py", None, 10)}
    assert g_is_right(session)


RIGHT_TOO = "import torch\n\ndef g(W): return float(W.sum()) + 2\n\n"


# Modules of the submission


FILES = {
    "cs/classifiers/svm.py": "from ..tools import scale\nfrom . import one\nimport cs.tools\n"
    "def f(x): return scale(x) + one.ONE + cs.tools.scale(0)\n",
    "cs/classifiers/one.py": "ONE = 1\n",
    "cs/classifiers/__init__.py": "",
    "cs/tools.py": "FACTOR = 10\ndef scale(x): return FACTOR * x\n",
}


def test_relative_and_absolute_imports_of_the_submissions_own_files(open_session):
    session = open_session(FILES, "f")

    assert number_of(session.run(trial("f", 2))) == 21


def test_relative_imports_of_files_handed_in_without_the_folders_of_their_package(open_session):
    session = open_session(
        {"linear_classifier.py": "from ..classifiers.svm import *\n"
                                 "def f():\n    from ...cs.tools import one\n    return loss() + one()\n",
         "svm.py": "def loss(): return 2\n", "tools.py": "def one(): return 1\n"},
        "f",
    )  # fmt: skip

    assert number_of(session.run(trial("f"))) == 3


def test_an_import_within_a_function_finds_the_submissions_own_file(open_session):
    session = open_session(
        {"a.py": "def f():\n    from helper import two\n    import helper\n    return two() + helper.two()\n",
         "helper.py": "def two(): return 2\n"},
        "f",
    )  # fmt: skip

    assert number_of(session.run(trial("f"))) == 4


def test_a_missing_module_beside_the_submissions_own_is_a_stand_in(open_session):
    session = open_session(
        {"cs/svm.py": "from cs.data_utils import load\nfrom .plots import show\n"
                      "from .tools import two\ndef f():\n    show(load())\n    return two()\n",
         "cs/tools.py": "def two(): return 2\n"},
        "f",
    )  # fmt: skip

    assert number_of(session.run(trial("f"))) == 2


def test_a_file_named_as_the_graders_own_package_is_the_students(open_session):
    session = open_session(
        {
            "hw.py": "from reference import two\ndef f(): return two()\n",
            "reference.py": "def two(): return 2\n",
        },
        "f",
    )

    assert number_of(session.run(trial("f"))) == 2


# Values on their way to the judge


NUMBERS = {
    "int": ("3", 3.0, "int"),
    "float": ("3.5", 3.5, "float"),
    "bool": ("True", 1.0, "int"),
    "nan": ("float('nan')", float("nan"), "float"),
    "infinity": ("-float('inf')", -float("inf"), "float"),
    "0-d": ("torch.tensor(3.5)", 3.5, "float32"),
    "(1,)": ("torch.tensor([3.5], dtype=torch.float64)", 3.5, "float64"),
    "(1, 1)": ("torch.tensor([[3]])", 3.0, "int64"),
    "half": ("torch.tensor(3.5).half()", 3.5, "float16"),
    "bfloat16": ("torch.tensor(3.5).bfloat16()", 3.5, "bfloat16"),
    "bool tensor": ("torch.tensor(True)", 1.0, "bool"),
    "with a graph": ("torch.ones(2, requires_grad=True).sum()", 2.0, "float32"),
    "numpy float64": ("np.float64(3.5)", 3.5, "float"),
    "numpy float32": ("np.float32(3.5)", 3.5, "float32"),
    "numpy longdouble": ("np.longdouble(3.5)", 3.5, "longdouble"),
    "numpy int": ("np.int32(3)", 3.0, "int32"),
    "numpy bool": ("np.bool_(True)", 1.0, "bool"),
    "numpy 0-d": ("np.array(3.5)", 3.5, "float64"),
    "numpy matrix": ("np.matrix([[3.5]])", 3.5, "float64"),
    "conjugate": ("torch.tensor(1 + 2j).conj().imag", -2.0, "float32"),
}


@pytest.fixture
def values_of(open_session):
    """(expressions, output) to the Received values that `return expression` gives."""

    def run(expressions, output):
        session = open_session(cases_of(expressions), "f")
        seen = [session.run(trial("f", n, outputs=(output,))) for n in range(len(expressions))]
        for expression, observation in zip(expressions, seen, strict=True):
            assert isinstance(observation, Returned), (expression, observation)
            assert isinstance(observation.values[0], Received), (expression, observation.values)
        return [observation.values[0] for observation in seen]

    return run


def test_a_number_of_any_type_comes_back_with_the_dtype_it_had(values_of):
    expressions, numbers, dtypes = zip(*NUMBERS.values(), strict=True)

    values = values_of(expressions, NumberOutput())

    np.testing.assert_equal([float(value.array) for value in values], numbers)
    assert [value.dtype for value in values] == list(dtypes)


def test_an_int_too_great_for_a_double_is_described(open_session):
    session = open_session("def f(): return 10**400", "f")

    observation = session.run(trial("f"))

    assert description_of(observation) == (
        "a value that cannot be read (OverflowError: int too large to convert to float)"
    )


ARRAYS = {
    "float32": ("torch.tensor([[1.5, -2], [0, 4]])", "float32"),
    "float64": ("torch.tensor([[1.5, -2], [0, 4]]).double()", "float64"),
    "float16": ("torch.tensor([[1.5, -2], [0, 4]]).half()", "float16"),
    "bfloat16": ("torch.tensor([[1.5, -2], [0, 4]]).bfloat16()", "bfloat16"),
    "with a graph": ("torch.tensor([[1.5, -2], [0, 4]], requires_grad=True) * 1", "float32"),
    "parameter": ("torch.nn.Parameter(torch.tensor([[1.5, -2], [0, 4]]))", "float32"),
    "sparse": ("torch.tensor([[1.5, -2], [0, 4]]).to_sparse()", "float32"),
    "compressed rows": ("torch.tensor([[1.5, -2], [0, 4]]).numpy()", "float32"),
    "transposed": ("torch.tensor([[1.5, 0], [-2, 4]]).t()", "float32"),
    "every second": ("torch.tensor([[1.5, 9, -2, 9], [0, 9, 4, 9]])[:, ::2]", "float32"),
    "negated view": ("(torch.tensor([[-1.5j, 2j], [0j, -4j]])).conj().imag", "float32"),
    "matrix": ("np.matrix([[1.5, -2], [0, 4]])", "float64"),
    "longdouble": ("np.array([[1.5, -2], [0, 4]], np.longdouble)", "longdouble"),
    "numpy float16": ("np.array([[1.5, -2], [0, 4]], np.float16)", "float16"),
    "big endian": ("np.array([[1.5, -2], [0, 4]], '>f8')", "float64"),
    "reversed": ("np.array([[4, 0], [-2, 1.5]])[::-1, ::-1]", "float64"),
    "read-only": ("np.broadcast_to(np.array([[1.5, -2], [0, 4]]), (2, 2))", "float64"),
    "subclass": ("torch.tensor([[1.5, -2], [0, 4]]).as_subclass(type('T', (torch.Tensor,), {}))", "float32"),
    "subclass that takes over": (
        (
            "torch.tensor([[1.5, -2], [0, 4]]).as_subclass(type('T', (torch.Tensor,), "
            "{'__torch_function__': classmethod(lambda *a, **k: 7)}))"
        ),
        "float32",
    ),
    "inference": ("torch.inference_mode()(lambda: torch.tensor([[1.5, -2], [0, 4]]))()", "float32"),
}


def test_an_array_of_any_kind_comes_back_with_the_dtype_it_had(values_of):
    expressions, dtypes = zip(*ARRAYS.values(), strict=True)

    values = values_of(expressions, ArrayOutput((2, 2)))

    assert [value.array.tolist() for value in values] == [[[1.5, -2.0], [0.0, 4.0]]] * len(ARRAYS)
    assert [value.dtype for value in values] == list(dtypes)


@pytest.mark.parametrize("made", ["torch.ones((2, 2)).to(torch.{})", "np.ones((2, 2), '{}')"])
def test_integers_where_floats_are_asked_for_keep_their_name(values_of, made):
    names = ["int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64", "bool"]

    values = values_of([made.format(name) for name in names], ArrayOutput((2, 2)))

    assert [value.array.tolist() for value in values] == [[[1.0, 1.0], [1.0, 1.0]]] * len(names)
    assert [value.dtype for value in values] == names


def test_not_finite_numbers_come_through(values_of):
    (value,) = values_of(["torch.tensor([[float('nan'), float('inf')]])"], ArrayOutput((1, 2)))

    np.testing.assert_equal(value.array, [[np.nan, np.inf]])


def test_an_array_without_elements_comes_through(values_of):
    (value,) = values_of(["torch.ones(0, 3)"], ArrayOutput((0, 3)))

    assert value.array.shape == (0, 3)


def test_the_program_is_sent_with_each_function_so_that_module_state_is_its_own(open_session):
    session = open_session(
        "calls = []\ndef f():\n    calls.append(1)\n    return len(calls)\ndef g(): return f()\n"
    )

    assert [number_of(session.run(trial(name))) for name in ("f", "f", "g")] == [1, 2, 1]
    assert extracted_of("def f(): return 1", "f").chunks
