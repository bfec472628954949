"""Imports from modules that were not handed in: they replace nothing."""

import pytest

DEFINITION = "class Base:\n    answer = 42"
TARGET = "def target():\n    return Base.answer"


@pytest.mark.parametrize(
    "line",
    [
        "from base import Base",
        "from base import Base, Other",
        "from .base import Base",
        "from course.models.base import Base",
        "from base import Other as Base",
        "import base as Base",
        "import Base",
        "import Base.inner",
        "from base import *",
        "%run base.py",
        "%run base.ipynb",
    ],
)
@pytest.mark.parametrize("order", ["before", "after"])
def test_an_import_from_a_missing_module_never_replaces_a_definition(extract_cells, load, line, order):
    cells = [line, DEFINITION] if order == "before" else [DEFINITION, line]

    extracted = extract_cells("target", *cells, TARGET)

    assert load(extracted, "target")() == 42
    assert [chunk.source for chunk in extracted.chunks] == [DEFINITION, TARGET]
    assert extracted.stubs == ()


def test_what_is_needed_at_once_comes_from_a_later_definition(extract_cells, load):
    extracted = extract_cells(
        "target",
        "from base import Base",
        "class Target(Base):\n    pass",
        DEFINITION,
        "def target():\n    return Target.answer",
    )

    assert load(extracted, "target")() == 42


def test_a_graded_class_is_the_one_that_is_defined(extract_cells):
    extracted = extract_cells("Base", DEFINITION, "from base import Base")

    assert str(extracted.functions["Base"].location) == "hw.ipynb, cell 1, line 1"
    assert extracted.missing == {}


def test_a_constant_and_a_lambda_are_kept_too(extract_cells, load):
    extracted = extract_cells(
        "target",
        "N = 40\nadd = lambda a, b: a + b",
        "from tools import N, add",
        "def target():\n    return add(N, 2)",
    )

    assert load(extracted, "target")() == 42


def test_what_a_chunk_imports_from_a_missing_module_is_told_to_the_worker(extract_cells):
    extracted = extract_cells(
        "target",
        DEFINITION,
        "from base import Base, other\nfrom more import *\nimport numpy as np\nfrom numpy import *",
        "def target():\n    return Base, other, unknown, np, len",
    )

    borrows = {chunk.source: chunk.borrows for chunk in extracted.chunks}
    assert borrows["from base import Base, other"] == ("Base", "other")
    assert borrows["from more import *"] == ("unknown",)
    assert borrows["from numpy import *"] == ()
    assert [(each.dotted, each.subject, each.starred) for each in extracted.absences] == [
        ("base", "base.py", ()),
        ("more", "more.py", ("unknown",)),
    ]
    assert extracted.functions["target"].not_handed_in == ("base.py", "more.py")


@pytest.mark.parametrize(
    "line, file",
    [
        ("from tools import helper", "tools.py"),
        ("from cs231n.classifiers.tools import helper", "cs231n/classifiers/tools.py"),
        ("from .tools import helper", "tools.py"),
        ("from . import helper", "helper.py"),
        ("import utils.helper as helper", "utils/helper.py"),
        ("from tools import *", "tools.py"),
        ("%run tools.py", "tools.py"),
        ("%run sub/tools.ipynb", "tools.ipynb"),
        ("%run tools", "tools"),
        ("from ipynb.fs.full.tools import helper", "tools.ipynb"),
    ],
)
def test_the_file_that_was_not_handed_in_has_its_own_name(extract_cells, line, file):
    extracted = extract_cells("target", line, "def target():\n    return helper()")

    assert extracted.functions["target"].not_handed_in == (file,)


@pytest.mark.parametrize("line", ["import pandas as helper", "from sklearn.svm import helper"])
def test_a_package_is_not_a_file_that_should_have_been_handed_in(extract_cells, line):
    extracted = extract_cells("target", line, "def target():\n    return helper()")

    assert extracted.functions["target"].not_handed_in == ()
    assert [each.is_package for each in extracted.absences] == [True]


def test_a_name_that_is_bound_nowhere_is_not_blamed_on_a_package(extract_cells):
    extracted = extract_cells(
        "target", "from matplotlib.pyplot import *", "def target():\n    return helper()"
    )

    assert [each.starred for each in extracted.absences] == [()]
