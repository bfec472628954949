"""A right function of ours in the place of a wrong one: whoever refers to the wrong one calls it."""

import pytest

from grader.model.trial import FunctionArgument, Replacement
from tests.sandbox.calls import notebook_of, number_of, trial

WRONG = "def f(x):\n    return x + 100\n\n"
RIGHT = Replacement("f", None, "right", "def right(x):\n    return x + 1\n")

WAYS = {
    "by its name": "def g(x):\n    return f(x)\n",
    "under another name": "h = f\n\ndef g(x):\n    return h(x)\n",
    "in a lambda": "h = lambda x: f(x)\n\ndef g(x):\n    return h(x)\n",
    "in a partial": "from functools import partial\nh = partial(f)\n\ndef g(x):\n    return h(x)\n",
    "as a default argument": "def g(x, h=f):\n    return h(x)\n",
    "in a table": "TABLE = {'f': f}\n\ndef g(x):\n    return TABLE['f'](x)\n",
    "with a keyword": "def g(x):\n    return f(x=x)\n",
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_a_caller_gets_the_right_one(open_session, way):
    session = open_session(WRONG + way)

    assert number_of(session.run(trial("g", 1.0))) == 101.0
    assert number_of(session.run(trial("g", 1.0, replaced=(RIGHT,)))) == 2.0


@pytest.mark.parametrize(
    "source",
    [
        "def wrap(h):\n    return lambda x: h(x)\n\n@wrap\ndef f(x):\n    return x + 100\n\ndef g(x):\n    return f(x)\n",
        "class Adder:\n    def __call__(self, x):\n        return x + 100\n\nf = Adder()\n\ndef g(x):\n    return f(x)\n",
        "def made():\n    y = 100\n    return lambda x: x + y\n\nf = made()\nh = f\n\ndef g(x):\n    return h(x)\n",
    ],
    ids=["decorated", "an object", "a closure"],
)
def test_what_is_not_a_plain_function_is_replaced_in_the_modules(open_session, source):
    session = open_session(source)

    assert number_of(session.run(trial("g", 1.0, replaced=(RIGHT,)))) == 2.0


@pytest.mark.parametrize(
    "caller",
    [
        "from .wrong import f\n\ndef g(x):\n    return f(x)\n",
        "from .wrong import *\n\ndef g(x):\n    return f(x)\n",
        "from . import wrong\n\ndef g(x):\n    return wrong.f(x)\n",
        "def g(x):\n    from .wrong import f\n    return f(x)\n",
    ],
)
def test_another_module_gets_the_right_one(open_session, caller):
    session = open_session({"package/wrong.py": WRONG, "package/caller.py": caller})

    assert number_of(session.run(trial("g", 1.0, replaced=(RIGHT,)))) == 2.0


def test_a_method_is_replaced_for_the_subclasses_that_inherit_it(open_session):
    session = open_session(
        "class f:\n    def add(self, x):\n        return x + 100\n\n"
        "class g(f):\n    def twice(self, x):\n        return 2 * self.add(x)\n"
    )
    right = Replacement("f", "add", "right", "def right(self, x):\n    return x + 1\n")

    assert number_of(session.run(trial("g", 1.0, method="twice"))) == 202.0
    assert number_of(session.run(trial("g", 1.0, method="twice", replaced=(right,)))) == 4.0


def test_a_method_of_the_subclass_stays(open_session):
    session = open_session(
        "class f:\n    def add(self, x):\n        return x\n\nclass g(f):\n    def add(self, x):\n        return x + 5\n"
    )
    right = Replacement("f", "add", "right", "def right(self, x):\n    return x + 1\n")

    assert number_of(session.run(trial("g", 1.0, method="add", replaced=(right,)))) == 6.0


def test_the_wrong_function_itself_stays_wrong_in_other_calls(open_session):
    session = open_session(WRONG + WAYS["by its name"])

    session.run(trial("g", 1.0, replaced=(RIGHT,)))

    assert number_of(session.run(trial("f", 1.0))) == 101.0
    assert number_of(session.run(trial("g", 1.0))) == 101.0


def test_a_function_that_the_caller_does_not_load_changes_nothing(open_session):
    session = open_session(WRONG + "def g(x):\n    return x\n")

    assert number_of(session.run(trial("g", 1.0, replaced=(RIGHT,)))) == 1.0


def test_a_function_that_is_handed_over_is_replaced_too(open_session):
    session = open_session(WRONG + "def g(h, x):\n    return h(x)\n")

    assert number_of(session.run(trial("g", FunctionArgument("f"), 1.0, replaced=(RIGHT,)))) == 2.0


def test_a_function_in_text_that_a_cell_writes_is_replaced(open_session):
    cells = notebook_of("%%writefile m.py\n" + WRONG, "from m import *\n\ndef g(x):\n    return f(x)\n")
    session = open_session({"hw.ipynb": cells})

    assert number_of(session.run(trial("g", 1.0, replaced=(RIGHT,)))) == 2.0
