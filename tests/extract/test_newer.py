"""Syntax that a newer Python has: named with its version, and nothing else is."""

import pytest

from grader.extract.source.newer import newer_syntax


@pytest.mark.parametrize(
    "line, version, name",
    [
        ("    match y:", "3.10", "a match statement"),
        ("    except* ValueError as group:", "3.11", "except*"),
        ("def loss[T](W: T) -> T:", "3.12", "a function with type parameters"),
        ("async def loss[T: int](W):", "3.12", "a function with type parameters"),
        ("class Net[T](Base):", "3.12", "a class with type parameters"),
        ("type Pair = tuple[float, float]", "3.12", "a type statement"),
        ("type Pair[T] = tuple[T, T]", "3.12", "a type statement"),
        ('print(f"{scores[\'a\']} {d["b"]}")', "3.12", "an f-string with the same quotes inside"),
        ("print(f'{'-' * 3}')", "3.12", "an f-string with the same quotes inside"),
        ("print(f\"{'\\n'.join(x)}\")", "3.12", "a backslash inside the braces of an f-string"),
        ('query = t"{name}"', "3.14", "a template string"),
    ],
)
def test_newer_syntax_is_named_with_its_version(line, version, name):
    assert newer_syntax(line, (3, 9)) == f"{name} needs Python {version} or later, and Python 3.9 grades here"
    assert newer_syntax(line, (3, int(version.partition(".")[2]))) is None


@pytest.mark.parametrize(
    "line",
    [
        "def f(x:",
        "x = type(y) = 3",
        "print(f\"{x}\" 'y')",
        "class A:",
        "match = 3 +",
        "print 'a'",
        "out[T] = )",
        'if x == "f":',
    ],
)
def test_other_lines_are_not(line):
    assert newer_syntax(line, (3, 9)) is None
