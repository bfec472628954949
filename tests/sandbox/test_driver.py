"""A driver of ours in the student's process: called in the place of a function that it is handed."""

import dataclasses

from grader.model.observation import Raised
from grader.model.trial import Driver, FunctionArgument
from tests.sandbox.calls import number_of, trial

CLASS = """
class g:
    def __init__(self, size):
        self.size = size

    def area(self):
        return self.size ** 2.0

def f(x):
    return x + 1
"""
DRIVER = Driver(
    "drive", "def drive(Square, f, size):\n    square = Square(size)\n    return f(square.area())\n"
)


def driven(*positional, driver=DRIVER):
    return dataclasses.replace(trial("g", *positional), driver=driver)


def test_a_driver_makes_objects_and_calls_them(open_session):
    session = open_session(CLASS)

    call = driven(FunctionArgument("g"), FunctionArgument("f"), 3.0)

    assert [number_of(session.run(call)) for _ in range(2)] == [10.0, 10.0]


def test_another_driver_takes_the_place_of_one_of_the_same_name(open_session):
    session = open_session(CLASS)
    other = Driver("drive", "def drive(Square, f, size):\n    return -1.0\n")

    session.run(driven(FunctionArgument("g"), FunctionArgument("f"), 3.0))

    assert (
        number_of(session.run(driven(FunctionArgument("g"), FunctionArgument("f"), 3.0, driver=other)))
        == -1.0
    )


def test_what_the_students_code_raises_is_placed_in_it_and_not_in_the_driver(open_session):
    session = open_session(
        "class g:\n    def __init__(self, size):\n        raise ValueError('no')\n\ndef f(x):\n    pass"
    )

    seen = session.run(driven(FunctionArgument("g"), FunctionArgument("f"), 3.0))

    assert isinstance(seen, Raised)
    assert seen.location is not None
    assert (seen.location.line, seen.message) == (3, "no")


def test_what_the_driver_raises_has_no_place(open_session):
    session = open_session("g = 5\n\ndef f(x):\n    return x")

    seen = session.run(driven(FunctionArgument("g"), FunctionArgument("f"), 3.0))

    assert isinstance(seen, Raised)
    assert seen.kind == "TypeError"
