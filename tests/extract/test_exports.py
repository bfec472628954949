"""Notebooks that were exported as modules."""

import pytest

from grader.extract.source.importing import ModuleFinder
from grader.extract.source.parsing import statements_of
from grader.extract.surroundings.running import mark_run

MAGIC = "# Commented out IPython magic to ensure Python compatibility.\n"
F = "def target():\n    return 42"
ESCAPED = repr(F + "\n")


def commented(text):
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n"))


@pytest.mark.parametrize(
    "text, place",
    [
        pytest.param(
            f"import math\nget_ipython().run_cell_magic('time', '', {ESCAPED})",
            "line 2 (line 1 of its string)",
            id="nbconvert",
        ),
        pytest.param(
            f"get_ipython().run_cell_magic(u'time', u'', u{ESCAPED})",
            "line 1 (line 1 of its string)",
            id="nbconvert of python 2",
        ),
        pytest.param(
            f"get_ipython().run_cell_magic('capture', 'out', {'# a comment' + chr(10) + F!r})",
            "line 1 (line 2 of its string)",
            id="comment first",
        ),
        pytest.param(
            f'import math\nget_ipython().run_cell_magic("time", "", """\n{F}\n""")',
            "line 3",
            id="a string of many lines",
        ),
        pytest.param(
            f"get_ipython().run_cell_magic('writefile', 'a.py', {ESCAPED})",
            "line 1 (line 1 of its string)",
            id="writefile",
        ),
        pytest.param(
            f"get_ipython().run_cell_magic('capture', '', {'get_ipython().run_cell_magic(' + repr('time') + ', ' + repr('') + ', ' + ESCAPED + ')'!r})",
            "line 1 (line 1 of its string)",
            id="two magics",
        ),
        pytest.param(f"import math\n{MAGIC}# %%time\n{commented(F)}\n", "line 4", id="Colab"),
        pytest.param(
            f"{MAGIC}# %%time\n{commented('N = 1' + chr(10) + chr(10) + '# mine' + chr(10) + F)}\n\n# next\nx = 1",
            "line 6",
            id="Colab with blank lines",
        ),
        pytest.param(f"{MAGIC}# %%writefile a.py\n{commented(F)}\n", "line 3", id="Colab writefile"),
        pytest.param(
            f"{MAGIC}try:\n  pass\n#   %tensorflow_version 2.x\nexcept Exception:\n  pass\n{F}",
            "line 7",
            id="Colab in a block",
        ),
        pytest.param(
            f"{MAGIC}try:\n#   %tensorflow_version 2.x\nexcept Exception:\n  pass\n{F}",
            "line 6",
            id="Colab, an empty block",
        ),
        pytest.param(
            f"# Databricks notebook source\n# MAGIC %md\n# MAGIC it's\n\n# COMMAND ----------\n\n{F}",
            "line 7",
            id="Databricks",
        ),
        pytest.param(
            "# Databricks notebook source\n"
            + "\n".join(f"# MAGIC {line}" for line in ("%python", *F.split("\n"))),
            "line 3",
            id="Databricks %python",
        ),
        pytest.param(
            "# Databricks notebook source\n"
            + "\n".join(f"# MAGIC {line}" for line in ("%%time", *F.split("\n"))),
            "line 3",
            id="Databricks %%time",
        ),
        pytest.param(f"# %% [markdown]\n# it's\n# %%\n%load_ext autoreload\n{F}", "line 5", id="percent"),
        pytest.param(f"#%% md\n\nIt's a title\n\n#%%\n{F}", "line 6", id="PyCharm"),
        pytest.param(
            f"# %% [markdown]\n'''\nit's\n'''\n# %% [code]\n%%time\n{F}", "line 7", id="percent with a magic"
        ),
        pytest.param(f"# %%\n%%writefile a.py\n{F}\n# %%\nx = 1", "line 3", id="percent with a file"),
        pytest.param(
            f"# ---\n# jupyter:\n#   jupytext:\n#     formats: ipynb,py:light\n# ---\n\n# %matplotlib inline\n\n# +\n# %%time\n{F}\n# -",
            "line 11",
            id="jupytext light",
        ),
        pytest.param(
            f"# ---\n# jupyter:\n#   jupytext:\n# ---\n\n# %%\n# %%writefile a.py\n{commented(F)}\n\n# %%\nx = 1",
            "line 8",
            id="jupytext writefile",
        ),
        pytest.param(
            f"import marimo\napp = marimo.App()\n\n@app.cell\ndef _():\n    {F.replace(chr(10), chr(10) + '    ')}\n    return (target,)",
            "line 6",
            id="marimo",
        ),
        pytest.param(
            f"import marimo as mm\nnotebook = mm.App(width='medium')\n\n@notebook.cell(hide_code=True)\ndef make(\n    np,\n):\n    # mine\n\n    {F.replace(chr(10), chr(10) + '    ')}\n    return",
            "line 10",
            id="marimo with options",
        ),
        pytest.param(
            f"import marimo\napp = marimo.App()\n\n@app.function\n{F}", "line 5", id="marimo function"
        ),
        pytest.param(
            f"import marimo\napp = marimo.App()\nwith app.setup:\n    import math\n\n@app.function(hide_code=True)\n{F}",
            "line 7",
            id="marimo setup",
        ),
        pytest.param(
            f'import marimo\napp = marimo.App()\n\napp._unparsable_cell(\n    r"""\n    {F.replace(chr(10), chr(10) + "    ")}\n    x = = 1\n    """,\n    name=\'_\'\n)',
            "line 6",
            id="marimo, a cell that does not parse",
        ),
    ],
)
def test_a_function_in_an_export_is_found_where_it_stands(extract_files, load, text, place):
    extracted = extract_files({"hw.py": text}, "target")

    assert load(extracted, "target")() == 42
    assert str(extracted.functions["target"].location) == f"hw.py, {place}"


def test_the_names_of_marimo_cells_are_the_notebooks(extract_files, load):
    text = """import marimo

__generated_with = "0.14.0"
app = marimo.App()

with app.setup:
    import math

@app.cell
def _(helper):
    @staticless
    def target():
        text = '''a
    b'''
        return helper() + len(text) - len(text)
    return (target,)

@app.cell
def _():
    def staticless(function):
        return function

    DELTA = math.floor(42.5)
    return DELTA, staticless

@app.cell
def _(DELTA):
    def helper():
        return DELTA
    return

@app.class_definition
class Model:
    pass

if __name__ == "__main__":
    app.run()
"""
    extracted = extract_files({"hw.py": text}, "target Model")

    assert load(extracted, "target")() == 42
    assert str(extracted.functions["Model"].location) == "hw.py, line 33"


def test_a_magic_that_an_export_commented_out_is_read_again(extract_files, load):
    colab = f"{MAGIC}# %run tools.py\n\ndef target():\n    return helper()"
    databricks = "# Databricks notebook source\n# MAGIC %run ./tools\n\n# COMMAND ----------\ndef target():\n    return helper()"
    tools = "def helper():\n    return 42"

    for text in (colab, databricks):
        assert load(extract_files({"hw.py": text, "tools.py": tools}, "target"), "target")() == 42


def test_a_comment_that_only_looks_like_a_magic_stays_a_comment(extract_files):
    text = "# %run old.py\nx = [\n# %run old.py\n1]\ndef target():\n    return x"

    extracted = extract_files({"hw.py": text, "old.py": "x = 0"}, "target")

    assert [chunk.location.line for chunk in extracted.chunks] == [2, 5]


def test_an_error_in_a_cell_in_a_string_names_its_line(extract_files):
    extracted = extract_files({"hw.py": f"get_ipython().run_cell_magic('time', '', {ESCAPED})"}, "target")

    (chunk,) = extracted.chunks
    assert str(chunk.location_of(2)) == "hw.py, line 1 (line 2 of its string)"
    assert str(chunk.location_of(9)) == "hw.py, line 1 (line 2 of its string)"


def test_a_private_name_of_a_marimo_cell_is_its_own(extract_files, load):
    text = """import marimo
app = marimo.App()

@app.cell
def _():
    _d = 1
    def _f(_d=_d, *, _e=40):
        return _d + _e + 1
    def target():
        return _f(_e=40)
    return

@app.cell
def _():
    _d = 2
    def _f():
        return _d
    return
"""
    extracted = extract_files({"hw.py": text}, "target")

    assert load(extracted, "target")() == 42


def test_a_module_that_a_notebook_runs_is_main_and_an_imported_one_is_not():
    finder = ModuleFinder(["a.py", "b.py", "hw.ipynb"])
    statements = statements_of("hw.ipynb", 1, "%run a.py\n%run -n b.py")

    mark_run({"hw.ipynb": statements, "a.py": [], "b.py": []}, finder)

    assert [finder.is_main(path) for path in ("a.py", "b.py", "hw.ipynb")] == [True, False, True]


def test_a_fault_in_a_cell_in_a_string_is_counted_by_the_strings_lines(extract_files):
    extracted = extract_files(
        {"hw.py": f"get_ipython().run_cell_magic('time', '', {F + chr(10) + '    x = = 1'!r})"}, "target"
    )

    assert extracted.missing["target"].startswith("target (hw.py) does not parse: line 3 (`x = = 1`)")
