"""The words of `%grader`, its completion, and what is said where there is nothing to check."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

import grader
from grader.errors import NotebookError
from grader.frontends.notebook import magic
from grader.frontends.notebook.checking import Refused
from grader.frontends.notebook.kernel import Kernel
from grader.frontends.notebook.magic import Asked, complete, parse


def test_names_may_have_commas_and_parentheses():
    asked = parse("svm_loss_naive, f() --full g --seed 3  # again")

    assert asked.functions == ("svm_loss_naive", "f", "g")
    assert (asked.is_full, asked.seed, asked.spec, asked.data) == (True, 3, None, None)
    assert parse("") == Asked()


def test_a_path_with_spaces_is_quoted():
    assert parse('--spec "my specs/a2.toml" f').spec == "my specs/a2.toml"


@pytest.mark.parametrize(
    "line, words",
    [
        ("--sed 3", "there is no option --sed (did you mean '--seed'?); `%grader --help` shows the options"),
        ("f --spec", "--spec needs a value; `%grader --help` shows the options"),
        ('"f', "a quotation mark is not closed"),
        ("--full --quick", "--quick and --full cannot be combined; without either, a check is quick"),
        ("--seed -1", "--seed: expected a whole number from 0 to 2**63 - 1, found '-1'"),
        (f"--seed={1 << 63}", f"--seed: expected a whole number from 0 to 2**63 - 1, found '{1 << 63}'"),
    ],
)
def test_a_line_that_is_not_understood_is_refused_in_a_sentence(line, words):
    with pytest.raises(Refused) as caught:
        parse(line)

    assert str(caught.value) == words
    assert caught.value._render_traceback_() == [f"grader: {words}"]


def test_functions_and_options_and_specs_are_completed():
    def f():
        pass

    shell = SimpleNamespace(user_ns={"f": f, "Net": type("Net", (), {}), "_g": f, "x": 1, "np": sys})

    assert complete(shell, SimpleNamespace(line="%grader ", symbol="")) == ["Net", "f"]
    assert "--full" in complete(shell, SimpleNamespace(line="%grader f --fu", symbol="--fu"))
    assert "cs231n" in complete(shell, SimpleNamespace(line="%grader --spec cs", symbol="cs"))


def test_the_help_is_what_ipython_shows():
    assert magic.grader.__doc__ == magic.HELP
    assert "--full" in magic.HELP


def test_where_there_is_no_notebook_check_says_what_to_do(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)

    with pytest.raises(NotebookError) as caught:
        grader.check("f")

    assert str(caught.value) == (
        "grader.check grades the cells of a notebook, but this is not a notebook; to grade a file, call"
        " grader.api.grade_path(FILE), or run `grader check FILE` in a terminal"
    )


def test_arguments_of_another_type_are_refused():
    with pytest.raises(Refused, match="give the names of functions as strings, not function"):
        grader.check(parse)
    with pytest.raises(Refused, match=r"seed must be an integer of at least 0 and below 2\*\*63, not 'x'"):
        grader.check("f", seed="x")
    with pytest.raises(Refused, match="spec must be a string or a path, not int"):
        grader.check("f", spec=3)


def test_the_package_offers_no_other_name():
    with pytest.raises(AttributeError, match="module 'grader' has no attribute 'chek'"):
        _ = grader.chek


def test_importing_the_grader_and_its_notebook_side_is_cheap():
    program = (
        "import sys, grader; one = set(sys.modules); grader.load_ipython_extension;"
        " heavy = {'torch', 'numpy', 'pydantic', 'IPython', 'rich', 'typer', 'jinja2'};"
        " print(sorted(one & (heavy | {'grader.frontends'})), sorted(heavy & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "[] []\n"


def shell_with(*cells, namespace=None, numbers=None):
    return SimpleNamespace(
        history_manager=SimpleNamespace(input_hist_raw=["", *cells]),
        user_ns=namespace or {},
        compile=SimpleNamespace(_filename_map=numbers or {}),
    )


def executed_as(text, name):
    namespace: dict[str, object] = {}
    exec(compile(text, name, "exec"), namespace)
    return namespace


def test_the_namespace_tells_which_execution_a_function_is_of():
    namespace = executed_as(
        "\ndef f(): pass\nclass A:\n    def m(self): pass\ng = f\nh = lambda: 0", "cell-7"
    )
    namespace |= executed_as("def old(): pass", "<ipython-input-3-abc>") | executed_as(
        "def other(): pass", "m.py"
    )

    snapshot = Kernel(shell_with(namespace=namespace, numbers={"cell-7": 7})).snapshot(None)

    assert snapshot.live == {"f": (7, 2), "A": (7, 4), "old": (3, 1)}
    assert {"g", "h", "other"} <= snapshot.names


def result_of(number, raw="", before=None, within=None, *, is_stored=True):
    info = SimpleNamespace(raw_cell=raw, store_history=is_stored)
    return SimpleNamespace(info=info, execution_count=number, error_before_exec=before, error_in_exec=within)


def test_the_end_of_each_cell_is_noted_with_the_line_that_raised():
    kernel = Kernel(shell_with(numbers={"cell-4": 4}))
    try:
        executed_as("def f():\n    1 / 0\nf()", "cell-4")
    except ZeroDivisionError as error:
        kernel.note(result_of(4, raw="\n\ndef f():", within=error))
    kernel.note(result_of(5, before=SyntaxError()))
    kernel.note(result_of(6, within=KeyboardInterrupt()))
    kernel.note(result_of(7))
    kernel.note(result_of(8, is_stored=False))
    kernel.note(result_of(None))

    assert (kernel.stopped, kernel.ended) == ({4: 5, 5: 0, 6: 1}, {7})


def test_the_cell_that_asks_is_known_by_its_line():
    shell = shell_with("x = 1", "\ny = 2\nask()", numbers={"cell-2": 2})
    asked = []
    code = compile("y = 2\nask()", "cell-2", "exec")
    exec(code, {"ask": lambda: asked.append(Kernel(shell).snapshot(sys._getframe()))})

    assert asked[0].current == (2, 3)
    assert asked[0].cells == ("x = 1", "\ny = 2\nask()")
