"""A line that is indented less than a function ends it: what goes on below it costs the function, and nothing else."""

import pytest

BROKEN_BY = {
    "a print": (
        "print(W)",
        "line 3 (`print(W)`) is not indented, so the function ends there, but line 4 goes on",
    ),
    "an assignment": ("n = 3", "line 3 (`n = 3`) is not indented"),
    "an if": (
        "if W:\n        n = 3",
        "line 3 (`if W:`) is not indented, so the function ends there, but line 5 goes on",
    ),
    "a for": ("for i in W:\n            n = 3", "line 3 (`for i in W:`) is not indented"),
    "a return": ("return W", "line 3 (`return W`) is not indented"),
    "an import": ("import os", "line 3 (`import os`) is not indented"),
    "a call over lines": (
        "print(\nW\n)",
        "line 3 (`print(`) is not indented, so the function ends there, but line 6",
    ),
    "a conflict": (
        "<<<<<<< HEAD\n    a = 1\n=======\n    a = 2\n>>>>>>> b",
        "line 3 (`<<<<<<< HEAD`) is a Git conflict",
    ),
    "a fence": ("```", "line 3 (```) is a Markdown fence, not Python: delete it"),
    "a fence with a language": ("```python", "line 3 (```python) is a Markdown fence"),
    "prose": ("Now the loss", "line 3 (`Now the loss`) is not indented"),
    "prose like a loop": ("for each class:", "line 3 (`for each class:`) is not indented"),
    "a cell magic": ("%%time", "line 3 (`%%time`) is a cell magic, which must be the first line of its cell"),
    "a line magic": ("%matplotlib inline", "line 3 (`%matplotlib inline`) is not indented"),
    "a shell command": ("!ls", "line 3 (`!ls`) is not indented"),
    "a traceback": (
        "Traceback (most recent call last):",
        "line 3 (`Traceback (most recent call last):`) is from an error",
    ),
    "a no-break space": (
        "\u00a0",
        "line 3, column 1 has U+00A0 (no-break space) instead of a space: retype it",
    ),
    "an indented no-break space": ("    \u00a0", "line 3, column 5 has U+00A0 (no-break space)"),
    "an ideographic space": (
        "\u3000",
        "line 3, column 1 has U+3000 (ideographic space) instead of a space: retype it",
    ),
    "a zero width space": (
        "\u200b",
        "line 3, column 1 has U+200B (zero width space), which is invisible: delete it",
    ),
}
FUNCTION = (
    "def target(W):\n    loss = 0\n{}\n    loss += 1\n    return loss\n\n\ndef other():\n    return 2\n"
)


@pytest.mark.parametrize("what", BROKEN_BY)
def test_a_function_that_goes_on_below_a_stray_line_does_not_parse(extract_cells, load, what):
    stray, told = BROKEN_BY[what]

    extracted = extract_cells("target other", "import numpy as np", FUNCTION.format(stray))

    assert list(extracted.functions) == ["other"]
    assert extracted.missing["target"].startswith(f"target (hw.ipynb, cell 2) does not parse: {told}")
    assert str(extracted.unparsed["target"]) == "hw.ipynb, cell 2, line 3"
    assert load(extracted, "other")() == 2


@pytest.mark.parametrize(
    "line",
    [
        "# a comment",
        "",
        "   ",
        "\f",
        "    x = '''\nprint(W)\n'''",
        "    x = [\n1,\n2]",
        "    x = 1 + \\\n2",
        "    %time",
        "    !ls",
    ],
)
def test_a_line_that_python_accepts_in_column_0_costs_nothing(extract_cells, load, line):
    extracted = extract_cells("target", FUNCTION.format(line), "x = = 1\ndef target2(): pass")

    assert load(extracted, "target")(None) == 1


@pytest.mark.parametrize(
    "rest",
    [
        "return loss",
        "for i in range(3):\n    loss += i\nreturn loss",
        "for i in range(3):\n    loss += i\n    return loss",
        "n = 3\nif n:\n    n = 4\nyield n",
        "return loss\nprint(loss)",
    ],
)
def test_a_return_in_column_0_is_part_of_the_function_above(extract_cells, rest):
    extracted = extract_cells(
        "target other", f"def target(W):\n    loss = 0\n{rest}\ndef other():\n    return 2"
    )

    assert list(extracted.functions) == ["other"]
    assert "does not parse: line 3 (`" in extracted.missing["target"]


@pytest.mark.parametrize(
    "after",
    [
        "print(target(1))\n  print(2)",
        "for i in range(3):\n    print(i)\nx = = 3",
        "for i in range(3)\n    print(i)",
        "return 3",
        "\u00a0",
        "  \u00a0\n",
        "```",
        "Traceback (most recent call last):\n  File 'a', line 1\nNameError: name 'x' is not defined",
        "%%time\nx = = 2",
    ],
)
@pytest.mark.parametrize(
    "end",
    ["return W", "if W:\n        return 1\n    else:\n        raise ValueError", "with W:\n        return 1"],
)
def test_a_fault_below_a_complete_function_is_not_the_functions(extract_cells, end, after):
    extracted = extract_cells("target", f"def target(W):\n    {end}\n\n{after}\n")

    assert list(extracted.functions) == ["target"]


def test_a_conflict_over_two_functions_costs_both(extract_cells):
    cell = (
        "def f(x):\n    y = 1\n<<<<<<< HEAD\n    return y\n\ndef g(x):\n    b = 1\n=======\n    return 2\n\n"
        "def g(x):\n    c = 2\n>>>>>>> other\n    return c\n\ndef h():\n    return 1\n"
    )

    extracted = extract_cells("f g h", cell)

    assert list(extracted.functions) == ["h"]


def test_an_earlier_definition_is_graded_with_a_note(extract_cells, load):
    extracted = extract_cells("target", "def target(W):\n    return 7", FUNCTION.format("print(W)"))

    assert load(extracted, "target")(None) == 7
    assert extracted.notes == (
        (
            "target: the definition at hw.ipynb, cell 1, line 1 is graded; the later one (hw.ipynb, cell 2) does not parse: "
            "line 3 (`print(W)`) is not indented, so the function ends there, but line 4 goes on: indent line 3 or delete it"
        ),
    )


def test_a_definition_in_another_file_is_graded_with_a_note(extract_files):
    files = {"a.py": FUNCTION.format("print(W)"), "old.py": "def target(W):\n    return 7\n"}

    extracted = extract_files(files, "target")

    assert [str(extracted.functions["target"].location)] == ["old.py, line 1"]
    assert extracted.notes[0].startswith(
        "target: the definition at old.py, line 1 is graded; the other one (a.py) does not parse: line 3"
    )


def test_a_helper_that_does_not_parse_is_named_in_what_lacks_it(extract_cells):
    extracted = extract_cells("graded", FUNCTION.format("print(W)"), "def graded():\n    return target(1)")

    (lack,) = extracted.functions["graded"].lacks
    assert lack.words.startswith("target (hw.ipynb, cell 1) does not parse: line 3 (`print(W)`)")


def test_a_definition_indented_by_a_space_too_many_costs_only_itself(extract_cells):
    cell = "def f():\n    return 1\n\n def g():\n    return 2\n\ndef h():\n    return 3\n"

    extracted = extract_cells("f g h", cell)

    assert list(extracted.functions) == ["f", "h"]
    assert "does not parse: line 4 (`def g():`): unexpected indent" in extracted.missing["g"]


# Classes

BASE = "class Base:\n    def loss(self):\n        return 'inherited'\n\n    def train(self):\n        return 'inherited'\n"
CLASS = (
    "class Net(Base):\n    def predict(self):\n        return 3\n\n    def loss(self):\n        a = 1\n{}\n        return a\n\n"
    "    def train(self):\n        return 4\n\nx = 1\n"
)


@pytest.mark.parametrize(
    "stray",
    [
        *(stray for stray, _ in BROKEN_BY.values()),
        "    print(1)",
        "    return 2",
        "    for i in range(3):\n            a += i",
        "        b = (",
        "        '''no end",
        "        b = = 1",
        "     b = 1",
    ],
)
def test_a_class_loses_the_method_that_is_broken_and_inherits_none_for_it(extract_cells, load, stray):
    extracted = extract_cells("Net", BASE, CLASS.format(stray))

    net = load(extracted, "Net")()
    assert (net.predict(), net.train()) == (3, 4)
    with pytest.raises(SyntaxError, match=r"^loss \(hw.ipynb, cell 2\) does not parse: line 7"):
        net.loss()
    (lost,) = extracted.functions["Net"].lacks
    assert lost.words.startswith("Net.loss (hw.ipynb, cell 2) does not parse: line 7")
    assert (lost.location.line, lost in extracted.left_out) == (7, True)


def test_a_method_below_a_line_that_ends_the_class_is_lost(extract_cells, load):
    cell = "class Net(Base):\n    def predict(self):\n        return 3\nprint(1)\n    def loss(self):\n        return 5\n"

    net = load(extract_cells("Net", BASE, cell), "Net")()

    assert net.predict() == 3
    with pytest.raises(
        SyntaxError, match=r"line 4 \(`print\(1\)`\) is not indented, so the class ends there, but line 5"
    ):
        net.loss()


def test_the_method_below_a_conflict_is_kept(extract_cells, load):
    cell = (
        "class Net(Base):\n<<<<<<< HEAD\n    def loss(self):\n        return 5\n=======\n    def loss(self):\n"
        "        return 6\n>>>>>>> b\n    def train(self):\n        return 4\n"
    )

    net = load(extract_cells("Net", BASE, cell), "Net")()

    assert net.train() == 4
    with pytest.raises(
        SyntaxError, match="is a Git conflict marker: keep one version and delete the markers"
    ):
        net.loss()


def test_a_fault_below_a_class_is_not_the_classs(extract_cells, load):
    extracted = extract_cells("Net", BASE + CLASS.format("") + "net = Net()\n  net.train()\nreturn 3\n")

    assert load(extracted, "Net")().loss() == 1
    assert extracted.functions["Net"].lacks == ()


def test_a_property_that_does_not_parse_raises_when_it_is_read(extract_cells, load):
    cell = "class Net:\n    @property\n    def size(self):\n        return 3 3\n\n    def train(self):\n        return 4\n"

    net = load(extract_cells("Net", cell), "Net")()

    assert net.train() == 4
    with pytest.raises(SyntaxError):
        _ = net.size


def test_a_class_whose_first_line_is_broken_is_missing(extract_cells):
    extracted = extract_cells("Net", "class Net(:\n    def loss(self):\n        return 1\n")

    assert extracted.missing["Net"].startswith(
        "Net (hw.ipynb, cell 1) does not parse: line 1 (`class Net(:`)"
    )


def test_a_broken_line_of_a_class_leaves_its_methods(extract_cells, load):
    extracted = extract_cells("Net", "class Net:\n    size = = 3\n    def train(self):\n        return 4\n")

    assert load(extracted, "Net")().train() == 4
    assert (
        extracted.functions["Net"]
        .lacks[0]
        .words.startswith("a line of Net (hw.ipynb, cell 1) does not parse: line 2")
    )


def test_a_decorator_in_the_middle_of_a_function_takes_no_other_function_with_it(extract_files):
    module = (
        "def target(W):\n    a = 1\n@foo\n    return a\n\n@staticmethod(\n    len\n)\ndef right(W):\n    return W\n"
        "class C:\n    def m(self):\n        a = 1\n@foo\n        return a\nclass D(C):\n    pass\n"
    )
    extracted = extract_files({"a.py": module}, "target right C D")

    assert [*extracted.functions] == ["right", "C", "D"]
    assert extracted.functions["right"].source == "@staticmethod(\n    len\n)\ndef right(W):\n    return W"


def test_a_loop_in_the_middle_of_a_function_below_which_it_goes_on_deeper(extract_files):
    module = "def target(W):\n    for w in W:\n        a = 1\nfor k in range(3):\n    pass\n        a = w\n    return a\n"
    extracted = extract_files({"a.py": module}, "target")

    assert (
        "line 4 (`for k in range(3):`) is not indented, so the function ends there, but line 6 goes on"
        in (extracted.missing["target"])
    )
