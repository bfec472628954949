"""Python 2 is converted with its meaning and its lines, on bounded effort."""

import logging
import subprocess
import sys
import textwrap
import time

import pytest

from grader.extract.source.parsing import statements_of
from grader.extract.source.python_2 import PART_CHARACTERS, Converter, Signs
from tests.pace import compile_seconds


def converted(text, **known):
    return Converter().converted(text, Signs.of(text), **known)


@pytest.mark.parametrize(
    "old,new",
    [
        ("print 'a', x", "print('a', x)"),
        ("print 'a',", "print('a', end=' ')"),
        ("print 'a %d' % x", "print('a %d' % x)"),
        ("raise ValueError, 'bad'", "raise ValueError('bad')"),
        ("raise ValueError, \\\n    'bad'", "raise ValueError('bad')\n"),
        ("raise info[0], info[1], info[2]", "raise info[0](info[1]).with_traceback(info[2])"),
        ("x = 0xFFL", "x = 0xFF"),
        ("exec code in names", "exec(code, names)"),
        ("y = `x`", "y = repr(x)"),
        ("y = x <> 3", "y = x != 3"),
        ("y = 0777", "y = 0o777"),
        ("y = 10L", "y = 10"),
        (r"y = ur'\d'", r"y = r'\d'"),
        ("f = lambda (a, b): a", "f = lambda a_b: a_b[0]"),
        ("y = [x for x in 1, 2]", "y = [x for x in (1, 2)]"),
        ("print x; y = range(3)", "print(x); y = list(range(3))"),
        ("for i in xrange(3): print i", "for i in range(3): print(i)"),
        ("print d.has_key(1), d.iteritems()", "print(d.__contains__(1), d.items())"),
        ("print unicode(x), long(y), z.long()", "print(str(x), int(y), z.long())"),
        ("try:\n    x\nexcept E, e:\n    y", "try:\n    x\nexcept E as e:\n    y"),
    ],
)
def test_python_2_becomes_python_3(old, new):
    assert converted(old) == new


@pytest.mark.parametrize(
    "old,new",
    [
        ("print", "print()"),
        ("print >>f, 'a'", "print('a', file=f)"),
        ("x = range(3)", "x = list(range(3))"),
        ("for i in range(3): pass", "for i in range(3): pass"),
        ("x = map(f, y)", "x = list(map(f, y))"),
        ("x = zip(a, b)", "x = list(zip(a, b))"),
        ("x = 7 / 2", "x = 7 // 2"),
    ],
)
def test_what_python_3_reads_otherwise_is_converted_in_python_2(old, new):
    assert converted(old, is_known=True) == new


@pytest.mark.parametrize(
    "division,floored",
    [
        ("1/2", "1//2"),
        ("X.shape[0] / 2", "X.shape[0] // 2"),
        ("len(X) / n", "len(X) // n"),
        ("max(n / size, 1)", "max(n // size, 1)"),
        ("n / 2 / d", "n // 2 // d"),
        ("total / n", "total / n"),
        ("1.0 / n", "1.0 / n"),
        ("X / n", "X / n"),
        ("mean / 2", "mean / 2"),
    ],
)
def test_a_division_of_integers_is_floored_as_python_2_does(division, floored):
    head = "def f(X, size=200, reg=0.5, mean=None):\n    n, d = X.shape\n    total = 0\n    total += reg\n    print n\n"

    seen = converted(f"{head}    return {division}")

    assert seen.splitlines()[-1] == f"    return {floored}"


def test_a_division_stays_where_the_file_imports_the_true_one(extract_files):
    head = "from __future__ import division\n"

    extracted = extract_files({"hw.py": f"{head}def target():\n    print 'x'\n    return 1/2\n"}, "target")

    assert "1/2" in extracted.functions["target"].source


MODULE = """\
import numpy as np

def target(X, batch_size=2):
    '''A text with print 'x' in it.'''
    n = X / batch_size
    for i in xrange(n):
        print 'step', i
    return n

def other(d):
    return d.has_key(1), 7 / 2

class Net(object):
    def train(self):
        try:
            raise ValueError, 'bad'
        except ValueError, error:
            print error
        return 3

def broken(x):
    y = 1
print y
    return y
"""


def test_a_module_of_python_2_is_graded(extract_files, load, capsys):
    extracted = extract_files({"hw.py": MODULE}, "target other Net broken")

    assert load(extracted, "other")({1: 1}) == (True, 3)
    assert load(extracted, "Net")().train() == 3
    assert capsys.readouterr() == ("bad\n", "")
    assert [str(each.location) for each in extracted.functions.values()] == [
        "hw.py, line 3",
        "hw.py, line 10",
        "hw.py, line 13",
    ]
    assert [each.is_python_2 for each in extracted.functions.values()] == [True, True, True]
    assert "print 'x'" in extracted.functions["target"].source
    assert "does not parse: line 23 (`print y`) is not indented" in extracted.missing["broken"]


def test_a_cell_of_python_2_is_graded(extract_cells, load):
    extracted = extract_cells(
        "target other", "def target():\n    print 'x'\n    return 7 / 2", "def other():\n    return 7 / 2"
    )

    assert load(extracted, "target")() == 3
    assert load(extracted, "other")() == 3.5
    assert [each.is_python_2 for each in extracted.functions.values()] == [True, False]


def test_a_method_of_python_2_is_converted_beside_a_broken_one(extract_files, load):
    text = "class Net:\n    def train(self):\n        print 'x'\n        return 7 / 2\n    def loss(self):\n        return ((1\n"

    extracted = extract_files({"hw.py": text}, "Net")

    assert load(extracted, "Net")().train() == 3
    assert extracted.functions["Net"].is_python_2
    assert [lack.binds for lack in extracted.functions["Net"].lacks] == [("Net.loss",)]


def test_tabs_count_eight_columns_in_python_2_alone(extract_files, load):
    body = "def {}(x):\n        if x:\n\treturn 1\n        return 2\n".format

    old = extract_files({"hw.py": "print 'x'\n" + body("target")}, "target")
    new = extract_files({"hw.py": body("target")}, "target")

    assert "inconsistent use of tabs" in old.missing["target"]  # in Python 2 the body is missing, too
    assert "inconsistent use of tabs" in new.missing["target"]
    nested = body("target").replace("\treturn", "\t    return")
    assert load(extract_files({"hw.py": "print 'x'\n" + nested}, "target"), "target")(1) == 1
    assert extract_files({"hw.py": nested}, "target").functions.keys() == set()


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "def f(x):\n    print(x)\n    return `x",
        "print 'x' 'y' (",
        "print " + "(" * 40 + "1" + ")" * 40,
        "print " + "-" * 5_000 + "1",
        "print 1\nx" + ".a" * 4_000 + "(",
        "print 1" + " + 1" * PART_CHARACTERS,
        "``` ```",
    ],
)
def test_what_cannot_be_converted_is_left_alone(text):
    assert converted(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n" + " print 1\n" * (PART_CHARACTERS // 10),
        "print 1" + ",1" * (PART_CHARACTERS // 3),
        "print a" + "<>a" * (PART_CHARACTERS // 4),
        "if 1:\n print 1\n zip(" + "map(a,b)," * (PART_CHARACTERS // 10) + ")",
        "print " + "lambda(a,b):" * 800 + "1",
        "try:\n print 1\n" + "except E,e:\n b\n" * (PART_CHARACTERS // 18),
    ],
)
def test_a_hostile_statement_takes_no_more_than_seconds(text):
    began = time.process_time()
    converted(text)

    assert time.process_time() - began < 40 * compile_seconds()


@pytest.mark.parametrize(
    "line", ["print 1", "def f(): print 1", "class A:\n def f(self): print 1\n def g(self: pass"]
)
def test_many_statements_of_python_2_take_bounded_time(line):
    began = time.process_time()
    statements_of("hw.py", None, (line + "\n") * (200_000 // len(line)))

    assert time.process_time() - began < 200 * compile_seconds()


def test_the_converter_is_imported_only_for_python_2_and_writes_nothing(tmp_path):
    program = textwrap.dedent("""
        import pathlib, sys
        from grader.extract.source.parsing import statements_of
        statements_of("hw.py", None, "def f(x):\\n    y = 1\\nprint(y)\\n    return y\\n")
        assert "fissix" not in sys.modules
        statements_of("hw.py", None, "print 1\\n")
        assert "fissix" in sys.modules
        assert not list(pathlib.Path.home().iterdir())
    """)

    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_the_converter_logs_nothing(caplog):
    caplog.set_level(logging.DEBUG)

    assert converted("print 1") == "print(1)"
    assert converted("raise 'x', 3") is None

    assert caplog.records == []
