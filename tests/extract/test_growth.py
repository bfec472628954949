"""Hand-ins of any length: reading twice as much takes about twice as long."""

import time

import pytest

from grader.extract import extract
from grader.intake.submission import SourceFile, Submission
from tests.sandbox.calls import notebook_of

F = "def f(x):\n    return x\n"

IN_ONE_CELL = {
    "magics": lambda n: f"%load_ext a{n}",
    "shell commands whose output is kept": lambda n: f"x{n} = !ls {n}",
    "help": lambda n: f"x{n}?",
    "prompts": lambda n: f"In [{n}]: x = {n}",
    "runs": lambda n: f"%run m{n}.py",
    "imports of what is not there": lambda n: f"import m{n}",
    "syntax errors": lambda n: f"x{n} = = 1",
    "bad indents": lambda n: "  " * (n % 3) + "x = 1",
    "open brackets": lambda n: f"x{n} = (",
    "open strings": lambda n: f'x{n} = """',
    "continued lines": lambda n: f"x{n} = 1 + \\",
    "conflict markers": lambda n: ("<<<<<<< a", "x = 1", "=======", "x = 2", ">>>>>>> b")[n % 5],
    "Python 2": lambda n: f"print {n}",
    "definitions of one name": lambda n: f"def f(x): return {n}",
    "broken definitions of one name": lambda n: f"def f(x): return = {n}",
    "decorators": lambda n: "@staticmethod",
    "wrappers": lambda n: "f = print and f",
    "attributes": lambda n: f"f.x{n} = 1",
    "increments": lambda n: "k = 0" if n == 0 else "k += 1",
    "files that are not there": lambda n: f"d{n} = open('{n}').read()",
    "tests of where it runs": lambda n: f"if __name__ == '__main__':\n    x{n} = 1",
    "comments": lambda n: f"#@title {n}",
}
IN_CELLS = {
    "cell magics": lambda n: f"%%time\nx{n} = 1",
    "shells": lambda n: "%%bash\nls",
    "files that are written": lambda n: f"%%writefile m{n}.py\nx = {n}",
    "one file that is appended to": lambda n: f"%%writefile -a m.py\nx{n} = {n}",
    "files that are written and run": lambda n: (
        f"%%writefile m{n}.py\nx{n} = 1" if n % 2 else f"%run m{n + 1}.py"
    ),
    "definitions": lambda n: f"def f(x): return {n}",
    "nothing": lambda n: "",
}


def seconds_of(cells):
    submission = Submission("s", (SourceFile("hw.ipynb", notebook_of(*cells).encode()),))
    started = time.process_time()
    extract(submission, ["f"])
    return time.process_time() - started


def assert_grows_evenly(make, count):
    """Three tries, because another program may take the caches meanwhile."""
    for _ in range(3):
        once, twice = seconds_of(make(count)), seconds_of(make(2 * count))
        if twice < 3 * once + 0.05:
            return
    raise AssertionError(f"{count}: {once:.2f} s, twice as many: {twice:.2f} s")


@pytest.mark.parametrize("line", IN_ONE_CELL.values(), ids=IN_ONE_CELL.keys())
def test_twice_the_lines_take_about_twice_as_long(line):
    assert_grows_evenly(lambda count: [F, "\n".join(map(line, range(count))) + "\n" + F], 2000)


@pytest.mark.parametrize("cell", IN_CELLS.values(), ids=IN_CELLS.keys())
def test_twice_the_cells_take_about_twice_as_long(cell):
    assert_grows_evenly(lambda count: [F, *map(cell, range(count))], 2000)


def test_cells_without_end_are_read_to_a_bound():
    """150,000 of them took 15 s, though only 50,000 statements are looked at."""
    bounded, without_end = seconds_of([F, *["%%time\n"] * 50_000]), seconds_of([F, *["%%time\n"] * 150_000])

    assert without_end < 2 * bounded
