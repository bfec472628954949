"""Near copies: which variations of a function are found, and which code does not count."""

import ast
import json
import re
import sys
from dataclasses import replace

import pytest

from grader.batch.similar import similarity
from grader.batch.similar.function_code import code_of
from grader.batch.similar.similarity import find_similar
from grader.errors import UsageError
from grader.intake.entry import ClassEntry
from grader.intake.folder import find_class
from grader.intake.platforms.parsed import Student
from grader.intake.submission import SourceFile, Submission
from grader.selftest import load_catalogue
from grader.spec import load_spec
from tests.samples import mini_spec

pytest.importorskip("copydetect")

TEMPLATE = '''\
def f(W, X, y, reg):
    """What the handout says."""
    total = 0.0
    slope = np.zeros_like(W)
    for row in range(X.shape[0]):
        scores = X[row].dot(W)
        for column in range(W.shape[1]):
            if column == y[row]:
                continue
            margin = scores[column] - scores[y[row]] + 1
            if margin > 0:
                total += margin
    total = total / X.shape[0] + reg * np.sum(W * W)
    return total, slope
'''

ANN = """\
def f(W, X, y, reg):
    rows = np.arange(len(X))
    scores = X.dot(W)
    right = scores[rows, y].reshape(-1, 1)
    margins = np.maximum(0, scores - right + 1)
    margins[rows, y] = 0
    total = margins.sum() / len(X) + reg * np.sum(W * W)
    active = (margins > 0).astype(W.dtype)
    active[rows, y] = -active.sum(axis=1)
    slope = X.T.dot(active) / len(X) + 2 * reg * W
    return total, slope
"""

BOB = """\
def f(W, X, y, reg):
    hot = np.eye(W.shape[1])[y]
    s = np.einsum("nd,dc->nc", X, W)
    over = s + (1 - hot) - (s * hot).sum(1, keepdims=True)
    over = np.where(hot == 1, 0.0, over).clip(min=0)
    count = np.sign(over)
    count -= hot * count.sum(1, keepdims=True)
    N = X.shape[0]
    W_part = reg * W
    return over.mean(0).sum() + (W_part * W).sum(), np.einsum("nd,nc->dc", X, count) / N + W_part + W_part
"""


def renamed(text):
    for old, new in (
        ("rows", "i"),
        ("scores", "S"),
        ("margins", "hinge"),
        ("active", "mask"),
        ("total", "L"),
        ("slope", "g"),
    ):
        text = re.sub(rf"\b{old}\b", new, text)
    return text


def notebook(*cells):
    made = [
        {"cell_type": "code", "metadata": {}, "source": each, "outputs": [], "execution_count": None}
        for each in cells
    ]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def mini(tmp_path_factory):
    return mini_spec(tmp_path_factory.mktemp("spec")).spec


@pytest.fixture
def compared(tmp_path, mini):
    """(files by name, with a hand-in in each) to what is found."""

    def run(files, template=None, spec=mini):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        given = (
            None
            if template is None
            else Submission("handout", (SourceFile("handout.py", template.encode()),))
        )
        return find_similar(find_class(tmp_path).entries, spec, given)

    return run


def ids(found):
    return [(pair.left, pair.right) for pair in found.pairs]


COPIES = {
    "a line that does nothing after each": ANN.replace("\n    ", "\n    pass\n    "),
    "renamed": renamed(ANN),
    "comments": "".join(f"{line}  # {number}\n\n" for number, line in enumerate(ANN.splitlines())),
    "whitespace": ANN.replace(" + ", "+").replace(" = ", "=").replace(", ", " ,"),
    "docstring": ANN.replace("reg):\n", 'reg):\n    """A loss."""\n'),
    "inserted": ANN.replace("    active[rows", "    print(active.shape)\n    active[rows"),
    "swapped": ANN.replace(
        "    rows = np.arange(len(X))\n    scores = X.dot(W)\n",
        "    scores = X.dot(W)\n    rows = np.arange(len(X))\n",
    ),
    "temporary": ANN.replace("slope = X.T.dot(active)", "product = X.T.dot(active)\n    slope = product"),
    "helper": ANN[: ANN.index("    active =")]
    + "    return total, slope_of(W, X, y, reg, rows, margins)\n\n\n"
    + "def slope_of(W, X, y, reg, rows, margins):\n"
    + ANN[ANN.index("    active =") :].replace("return total, slope", "return slope"),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_found_among_independent_solutions(compared, how):
    found = compared({"ann.py": ANN, "bob.py": BOB, "cat.py": COPIES[how]}, template=TEMPLATE)

    assert ids(found) == [("ann", "cat")]


def test_a_function_whose_statements_were_all_reordered_or_rewritten_is_not_found(compared):
    lines = ANN.splitlines()
    reordered = "\n".join(
        [
            lines[0],
            lines[2],
            lines[1],
            lines[3],
            lines[4],
            lines[7],
            lines[5],
            *lines[8:10],
            lines[6],
            lines[10],
        ]
    )
    rewritten = (
        ANN.replace(".dot(", " @ (")
        .replace("np.maximum(0, ", "np.clip(")
        .replace("sum(axis=1)", "sum(1)")
        .replace("len(X)", "X.shape[0]")
    )

    assert not compared({"ann.py": ANN, "cat.py": rewritten, "dan.py": reordered}, template=TEMPLATE).pairs


def test_the_places_are_those_of_both_files(compared):
    found = compared(
        {
            "ann.py": "import numpy as np\n\n\n" + ANN,
            "cat.ipynb": notebook("import numpy as np", renamed(ANN)),
        },
        template=TEMPLATE,
    )

    (pair,) = found.pairs
    (alike,) = pair.functions
    assert (alike.function, alike.share) == ("f", 1.0)
    assert alike.left == ("ann.py, lines 4-14",)
    assert alike.right == ("cat.ipynb, cell 2, lines 1-11",)


def test_a_helper_has_a_place_of_its_own(compared):
    found = compared({"ann.py": ANN, "cat.py": COPIES["helper"]}, template=TEMPLATE)

    assert found.pairs[0].functions[0].right == ("cat.py, lines 1-7, 12-15",)


def own_source(implementation):
    nodes = {getattr(node, "name", ""): node for node in ast.parse(implementation.source).body}
    return ast.get_source_segment(implementation.source, nodes[implementation.function])


def test_right_implementations_of_the_catalogue_are_not_alike(compared):
    """Those that are written anew, each without the rest of its module, which they have in common."""
    spec = load_spec("eecs498_2019").spec
    names = (
        "vmap",
        "one_hot_and_einsum",
        "by_numpy",
        "index_add",
        "chunked",
        "sparse_labels",
        "logsumexp",
        "one_hot_matrix",
        "one_pass_sum",
        "counts_then_product",
        "recursion",
    )
    known = [each for each in load_catalogue() if each.kind == "right" and each.name in names]
    files = {f"s{number:02}.py": own_source(each) for number, each in enumerate(known)}

    found = compared(files, spec=spec)

    assert found.compared == len(known) >= 9
    assert found.pairs == ()


def test_the_template_does_not_count(compared):
    filled = TEMPLATE.replace(
        "total += margin\n", "total += margin\n                slope[:, column] += X[row]\n"
    )
    files = {"ann.py": TEMPLATE, "bob.py": filled, "cat.py": renamed(filled)}

    assert not compared(files, template=TEMPLATE).pairs
    assert ids(compared(files)) == [("bob", "cat")]


def test_in_a_class_of_nine_the_code_of_more_than_half_does_not_count(compared):
    files = {f"s{number}.py": f"{TEMPLATE}    # {number}\n" for number in range(7)} | {
        "y.py": ANN,
        "z.py": renamed(ANN),
    }

    found = compared(files)

    assert ids(found) == [("y", "z")]
    assert found.taken_out == "code that more than half of the 9 submissions have"


def test_equal_files_and_the_hand_ins_of_one_student_are_no_pair(tmp_path, mini):
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "hw.py").write_text(renamed(ANN) if name == "c" else ANN)
    ann, cat = Student(("id:1",)), Student(("id:2",))
    entries = [
        ClassEntry("a", tmp_path / "a", students=(ann,)),
        ClassEntry("b", tmp_path / "b", students=(cat,)),
        ClassEntry("c", tmp_path / "c", students=(cat, ann)),
    ]

    assert (found := find_similar(entries, mini)).pairs == ()
    assert found.equal == (("a", "b"),)
    assert find_similar([entries[0], replace(entries[1], students=(ann,))], mini).equal == ()
    assert ids(find_similar([entries[0], ClassEntry("c", tmp_path / "c", students=(cat,))], mini)) == [
        ("a", "c")
    ]


def test_what_is_not_compared_is_named(compared):
    long = "def f(W, X, y, reg):\n" + "    W = W + X[1:3] * reg\n" * 1_000 + "    return W\n"
    found = compared(
        {
            "ann.py": ANN,
            "cat.py": renamed(ANN),
            "long.py": long,
            "none.py": "x = 1\n",
            "open.py": "def f(W, X, y, reg):\n    return (\n",
            "torn.ipynb": "{",
        }
    )

    assert ids(found) == [("ann", "cat")]
    assert found.compared == 2
    assert found.left_out[:3] == (
        "long: f with its helpers has 25,033 characters; at most 20,000 are compared",
        "none: has no function of mini",
        "open: f (open.py) does not parse: line 2 (`return (`): '(' was never closed",
    )
    assert found.left_out[3].startswith("torn: ")


@pytest.mark.parametrize(
    "body",
    [
        "    return " + "(" * 500 + "1" + ")" * 500,
        "    return '" + "%(" * 9_000,
        "\n\t" * 9_000 + "    return 1",
        "    return " + "f'{" * 6_000,
    ],
    ids=["brackets", "percents", "blank lines", "f-strings"],
)
def test_hostile_code_costs_nobody_else_anything(compared, body):
    found = compared({"ann.py": ANN, "cat.py": renamed(ANN), "eve.py": f"def f(W, X, y, reg):\n{body}\n"})

    assert ids(found) == [("ann", "cat")]


def test_blanks_at_the_ends_of_lines_are_not_lexed(compared, monkeypatch):
    """pygments takes quadratic time for lines of blanks."""
    seen = []

    def noted(text):
        seen.append(text)
        return code_of(text)

    monkeypatch.setattr("grader.batch.similar.similarity.code_of", noted)

    compared({"ann.py": ANN.replace("\n", " \t \n").replace("    return", "\n\t \n    return")})

    assert seen
    assert not any(re.search(r"[ \t]\n", text) for text in seen)


def test_a_class_that_shares_everything_is_cut(compared, monkeypatch):
    monkeypatch.setattr(similarity, "MOST_PAIRS", 3)
    found = compared({f"s{number}.py": f"{ANN}# {number}\n" for number in range(5)})

    assert len(found.pairs) == 3
    assert found.is_cut


def test_a_small_class_without_a_template_is_told_so(compared):
    assert compared({"ann.py": ANN, "bob.py": BOB}).taken_out == (
        "nothing. With 2 submissions the handout's code cannot be told from theirs, so only functions that"
        " are alike nearly"
        " throughout are shown; pass the handout with --template to see more"
    )


def test_a_template_without_code_is_refused(compared):
    with pytest.raises(UsageError) as caught:
        compared({"ann.py": ANN}, template="# nothing\n")

    assert (
        str(caught.value) == "the template handout has no code; give the handout's notebook, module or folder"
    )


def test_without_copydetect_the_command_to_install_it_is_said(compared, monkeypatch):
    monkeypatch.setitem(sys.modules, "copydetect", None)

    with pytest.raises(UsageError) as caught:
        compared({"ann.py": ANN})

    assert str(caught.value) == (
        'near copies are found with copydetect, which is not installed: pip install "copydetect>=0.5,<0.6"'
    )
