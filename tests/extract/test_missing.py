"""Every reason a graded name can be missing, in full."""

import pytest

GOOD = "def good():\n    return 1\n"


@pytest.mark.parametrize(
    "cell,reason",
    [
        ("x = 1", "target is not defined in the submission"),
        (
            "def targett(): pass",
            "target is not defined in the submission; did you mean targett (hw.ipynb, cell 1, line 1)? Rename it to target",
        ),
        (
            "def Target(): pass\nTarget(target)",
            "target is used (hw.ipynb, cell 1, line 2) but never defined; did you mean Target (hw.ipynb, cell 1, line 1)? Rename it to target",
        ),
        ("print(target(1))", "target is used (hw.ipynb, cell 1, line 1) but never defined"),
        (
            "x = 1\nclass C:\n    def target(self): pass",
            "target (hw.ipynb, cell 1, line 3) is defined inside class C: it must be at top level",
        ),
        (
            "def f():\n    def target(): pass",
            "target (hw.ipynb, cell 1, line 2) is defined inside f: it must be at top level",
        ),
        (
            "x = 1\ndef target()\n    return 1",
            "target (hw.ipynb, cell 1) does not parse: line 2 (`def target()`): expected ':'",
        ),
        (
            "def target():\n    print 'x'\n    return [1, 2",
            "target (hw.ipynb, cell 1) does not parse: line 2 (`print 'x'`): it is Python 2 (print without parentheses) and could not be converted to Python 3",
        ),
        (
            "def target():\n\tif 1:\n        x = 1\n\treturn x",
            "target (hw.ipynb, cell 1) does not parse: line 3 (`x = 1`): inconsistent use of tabs and spaces in indentation: use spaces only",
        ),
        (
            "def target(x):\n    x.f(\n        except ValueError, error)",
            "target (hw.ipynb, cell 1) does not parse: line 3 (`except ValueError, error)`): invalid syntax",
        ),
        (
            "x = 1\n\ndef target():\nreturn 1",
            "target (hw.ipynb, cell 1) does not parse: line 4 (`return 1`) is not indented, so it is outside the function: indent it",
        ),
        ("target = !ls", "target (hw.ipynb, cell 1, line 1) is not run: it is the output of a shell command"),
        (
            "from solutions import target",
            "target (hw.ipynb, cell 1, line 1) is imported from solutions.py, but solutions.py was not handed in: hand that file in too",
        ),
        (
            "target = make(open('x'))",
            "target (hw.ipynb, cell 1, line 1) cannot be loaded: it calls open",
        ),
        (
            "def target():\n    break",
            "target (hw.ipynb, cell 1, line 1) cannot be loaded: does not compile: 'break' outside loop",
        ),
        (
            "@decorate\ndef target(): pass",
            "target (hw.ipynb, cell 1, line 1) cannot be loaded: it uses `decorate`, which is not defined at top level",
        ),
        (
            "if __name__ != '__main__':\n    def target(): pass",
            "target (hw.ipynb, cell 1, line 1) is not run: it runs only when the file is run as a script",
        ),
    ],
)
def test_a_missing_name_has_a_reason(extract_cells, cell, reason):
    extracted = extract_cells("target", cell)

    assert extracted.missing == {"target": reason}
    assert extracted.functions == {}


BROKEN = {
    "an indentation error": "def bad():\n    x = 1\n      y = 2\n",
    "mixed tabs": "def bad():\n\tif 1:\n        x = 1\n\treturn x\n",
    "an open bracket": "def bad():\n    return [1, (2\n",
    "an open triple quote": 'def bad():\n    """no end\n    return 1\n',
    "a Python 2 print": "def bad():\n    print 'x', 1\n",
    "no colon": "def bad()\n    return 1\n",
    "no body": "def bad():\n",
    "a NUL": "def bad():\n    return '\0'\n",
    "deep nesting": "def bad():\n    return " + "(" * 300 + ")" * 300 + "\n",
    "deep unary": "def bad():\n    return " + "-" * 100_000 + "1\n",
    "a merge conflict": "<<<<<<< HEAD\ndef bad():\n    return 1\n=======\ndef bad(x:\n    return 2\n>>>>>>> other\n",
    "a decorator on it": "@staticmethod\ndef bad(:\n    pass\n",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_costs_only_the_function_it_stands_in(extract_files, load, fault):
    documented = 'def documented():\n    """A text\ndef fake():\nin it."""\n    return 2\n'
    extracted = extract_files(
        {"hw.py": GOOD + BROKEN[fault] + documented + "def last():\n    return 3\n"},
        "good documented last fake",
    )

    assert load(extracted, "good")() == 1
    assert load(extracted, "last")() == 3
    assert "fake" not in extracted.functions


def test_a_definition_that_parses_serves_where_a_later_one_does_not(extract_cells):
    extracted = extract_cells("target", "def target(): return 1", "def target(:\n    pass")

    assert extracted.functions["target"].location.cell == 1
    assert extracted.notes == (
        (
            "target: the definition at hw.ipynb, cell 1, line 1 is graded; the later one (hw.ipynb, cell 2) "
            "does not parse: line 1 (`def target(:`): invalid syntax"
        ),
    )


def test_two_definitions_are_reported_and_the_last_is_graded(extract_cells):
    extracted = extract_cells("target", "def target(): return 1", "\ndef target(): return 2")

    (duplicate,) = extracted.duplicates
    assert (duplicate.name, [str(place) for place in duplicate.locations]) == (
        "target",
        ["hw.ipynb, cell 1, line 1", "hw.ipynb, cell 2, line 2"],
    )
    assert extracted.functions["target"].location == duplicate.locations[-1]


def test_text_beyond_the_cap_is_not_parsed(extract_cells):
    extracted = extract_cells("target", "#" * 500_001 + "\ndef target(): pass", "x = 1")

    assert extracted.missing == {"target": "target is not defined in the submission"}
    assert [item.reason for item in extracted.left_out] == [
        "it is longer than 500,000 characters, too long to read"
    ]
