"""Files that a notebook runs, writes or imports: its helpers."""

import pytest

HELPER = "import math\nDELTA = 42\ndef helper():\n    return DELTA"


@pytest.mark.parametrize(
    "command",
    [
        "%run tools.py",
        "%run tools",
        "%run ./tools.py",
        "%run -i tools.py",
        "%run -n tools.py",
        "%run -t -N2 tools.py --epochs 3",
        "%run 'tools.py'",
        '%run "./tools.py"',
        "%run /content/drive/MyDrive/hw/tools.py",
        "%run ../hw/tools.py",
        r"%run .\tools.py",
        "%run $ROOT/tools.py",
        "%run -m tools",
        "%run tools.py;",
        "run tools.py",
        "%time %run tools.py",
        "import numpy as np\n%run tools.py\nx = 1",
        "if True:\n    %run tools.py",
        "%%time\n%run tools.py",
        "%%capture out\n%run tools.py",
        "get_ipython().run_line_magic('run', 'tools.py')",
        "get_ipython().magic('run tools.py')",
        "get_ipython().magic(u'run -i tools.py')",
        "exec(open('tools.py').read())",
        "exec(compile(open('tools.py').read(), 'tools.py', 'exec'))",
        "with open('tools.py') as file:\n    exec(file.read())",
        "from pathlib import Path\nexec(Path('tools.py').read_text())",
        "execfile('tools.py')",
        "import runpy\nglobals().update(runpy.run_path('tools.py'))",
        "%run tools.ipynb",
        "%load tools.py\n%run tools.py",
    ],
)
def test_the_names_of_a_file_that_is_run_are_the_notebooks(extract_files, notebook, load, command):
    extracted = extract_files(
        {"tools.py": HELPER, "hw.ipynb": notebook(command, "def target():\n    return helper()")}, "target"
    )

    assert load(extracted, "target")() == 42


@pytest.mark.parametrize(
    "command",
    [
        "%run helpers.ipynb",
        "%run ./helpers.ipynb",
        "%run -i helpers.ipynb",
        "%run helpers",
        "get_ipython().run_line_magic('run', 'helpers.ipynb')",
        "from helpers import helper",
        "from helpers import *",
        "import nbimporter\nfrom helpers import helper",
        "import import_ipynb, helpers\nfrom helpers import helper as helper",
        "from ipynb.fs.full.helpers import helper",
        "from ipynb.fs.full.helpers import *",
        "from ipynb.fs.defs.helpers import helper",
        "from importnb import Notebook\nwith Notebook():\n    from helpers import helper",
        "from importnb import Notebook\nwith Notebook():\n    import helpers as h\nhelper = h.helper",
        "import importlib\nh = importlib.import_module('helpers')\nhelper = h.helper",
        "import nbimporter\nh = nbimporter.NotebookLoader().load_module('helpers')\nhelper = h.helper",
        "import ipynb.fs.full.helpers as h\nhelper = h.helper",
    ],
)
def test_a_sibling_notebook_is_run_or_imported(extract_files, notebook, load, command):
    extracted = extract_files(
        {
            "helpers.ipynb": notebook("import math", "DELTA = 42", HELPER, "%matplotlib inline"),
            "hw.ipynb": notebook(command, "def target():\n    return helper()"),
        },
        "target",
    )

    assert load(extracted, "target")() == 42
    assert str(extracted.functions["target"].location) == "hw.ipynb, cell 2, line 1"


@pytest.mark.parametrize(
    "command, use",
    [
        ("import importlib\nimport tools\nimportlib.reload(tools)", "tools.helper()"),
        ("import importlib, tools as t\nt = importlib.reload(t)", "t.helper()"),
        ("import importlib\nt = importlib.import_module('tools')", "t.helper()"),
        (
            "import importlib.util as u; s = u.spec_from_file_location('tools', './tools.py'); t = u.module_from_spec(s)",
            "t.helper()",
        ),
        ("t = __import__('tools')", "t.helper()"),
        ("%aimport tools", "tools.helper()"),
        (
            "from importlib.machinery import SourceFileLoader\nt = SourceFileLoader('t', './tools.py').load_module()",
            "t.helper()",
        ),
        ("import imp\nt = imp.load_source('t', 'tools.py')", "t.helper()"),
        ("import sys\nsys.path.append('/content/drive/x')\nfrom tools import helper", "helper()"),
        ("import sys, os\nsys.path.insert(0, os.path.abspath('..'))\nfrom tools import *", "helper()"),
        ("try:\n    from tools import helper\nexcept ImportError:\n    raise", "helper()"),
    ],
)
def test_a_sibling_module_is_imported_in_any_way(extract_files, notebook, load, command, use):
    extracted = extract_files(
        {"tools.py": HELPER, "hw.ipynb": notebook(command, f"def target():\n    return {use}")}, "target"
    )

    assert load(extracted, "target")() == 42


@pytest.mark.parametrize(
    "cell, command",
    [
        ("%%writefile tools.py", "from tools import helper"),
        ("%%file tools.py", "from tools import helper"),
        ("%%writefile ./tools.py", "%run tools.py"),
        ("%%writefile 'tools.py'", "import tools\nhelper = tools.helper"),
        ("\n%%writefile  utils/tools.py  ", "from utils.tools import *"),
        ("%%writefile /content/tools.py", "%run tools.py"),
        ("%%writefile $ROOT/course/tools.py", "from course.tools import helper"),
        ("%%capture\n%%writefile tools.py", "from tools import helper"),
        ("%%writefile -a tools.py", "from tools import helper"),
        ("%%writefile --append tools.py", "from tools import helper"),
    ],
)
def test_a_module_that_a_cell_writes_is_a_file_of_the_submission(extract_cells, load, cell, command):
    extracted = extract_cells("target", f"{cell}\n{HELPER}", command, "def target():\n    return helper()")

    assert load(extracted, "target")() == 42


@pytest.mark.parametrize(
    "command",
    ["cat > tools.py << 'EOF'", "cat <<EOF > tools.py", "cat <<-EOF >>tools.py", 'tee tools.py <<"EOF"'],
)
def test_a_here_document_of_a_shell_cell_is_a_file_too(extract_cells, load, command):
    cell = f"%%bash\nmkdir -p x\n{command}\n{HELPER}\nEOF\nls"

    extracted = extract_cells("target", cell, "import tools", "def target():\n    return tools.helper()")

    assert load(extracted, "target")() == 42
    assert str(extracted.chunks[0].location) == "hw.ipynb, cell 1, line 5"


def test_a_graded_function_in_a_written_module_is_located_in_the_notebook(extract_cells, load):
    extracted = extract_cells(
        "target", "import math", f"%%writefile tools.py\n{HELPER}\ndef target():\n    return helper()"
    )

    assert str(extracted.functions["target"].location) == "hw.ipynb, cell 2, line 6"
    assert load(extracted, "target")() == 42


def test_what_is_appended_to_a_written_module_follows_it(extract_cells, load):
    extracted = extract_cells(
        "target",
        "%%writefile tools.py\nN = 40\ndef helper():\n    return 1",
        "%%writefile -a tools.py\ndef helper():\n    return N + 2\ndef target():\n    return helper()",
    )

    assert load(extracted, "target")() == 42


def test_the_last_text_that_is_written_counts(extract_cells, load):
    extracted = extract_cells(
        "target",
        "%%writefile a.py\ndef target():\n    return 1",
        "%%writefile a.py\ndef target():\n    return 42",
    )

    assert load(extracted, "target")() == 42
    assert extracted.duplicates == ()


def test_a_cell_that_writes_a_file_which_was_handed_in_too_is_read_in_its_place(
    extract_files, notebook, load
):
    cell = notebook("%%writefile a.py\ndef target():\n    return 42")

    extracted = extract_files({"a.py": "def target():\n    return 1", "hw.ipynb": cell}, "target")

    assert load(extracted, "target")() == 42
    assert extracted.notes == (
        "a.py: cell 1 of hw.ipynb writes this file when it is run, so its text is read instead of the file handed in",
    )


def test_a_cell_that_writes_the_file_handed_in_is_no_news(extract_files, notebook):
    cell = notebook("%%writefile a.py\ndef target():\n    return 42")

    extracted = extract_files({"a.py": "def target():\n    return 42\n", "hw.ipynb": cell}, "target")

    assert str(extracted.functions["target"].location) == "a.py, line 1"
    assert extracted.notes == ()


@pytest.mark.parametrize(
    "command", ["!python tools.py", "%load tools.py", "%pycat tools.py", "%%python\nimport tools"]
)
def test_a_command_that_defines_nothing_defines_nothing(extract_files, notebook, command):
    extracted = extract_files(
        {"tools.py": HELPER, "hw.ipynb": notebook(command, "def target():\n    return helper()")}, "target"
    )

    assert len(extracted.functions["target"].chunks) == 1


@pytest.mark.parametrize("name", ["tools.py", "tools.ipynb"])
def test_the_last_of_a_definition_and_a_run_wins(extract_files, notebook, load, name):
    text = "def helper():\n    return 42\ndef target():\n    return helper()"
    tools = notebook(text) if name.endswith("ipynb") else text
    before = extract_files(
        {
            name: tools,
            "hw.ipynb": notebook(
                "def helper():\n    return 1", f"%run {name}", "def use():\n    return helper()"
            ),
        },
        "use",
    )
    after = extract_files(
        {
            name: tools,
            "hw.ipynb": notebook(
                f"%run {name}", "def helper():\n    return 1", "def use():\n    return helper()"
            ),
        },
        "use",
    )

    assert load(before, "use")() == 42
    assert load(after, "use")() == 1


def test_a_module_that_is_run_keeps_its_own_constants_and_a_notebook_shares_them(
    extract_files, notebook, load
):
    tools = "DELTA = 42\ndef helper():\n    return DELTA"
    cells = ["DELTA = 7", "def target():\n    return helper()"]

    own = extract_files({"tools.py": tools, "hw.ipynb": notebook("%run tools.py", *cells)}, "target")
    shared = extract_files(
        {"tools.ipynb": notebook(tools), "hw.ipynb": notebook("%run tools.ipynb", *cells)}, "target"
    )

    assert load(own, "target")() == 42
    assert load(shared, "target")() == 7


def test_a_graded_function_of_a_notebook_that_is_run_sees_the_names_of_the_other(
    extract_files, notebook, load
):
    extracted = extract_files(
        {
            "svm.ipynb": notebook("def target():\n    return math.floor(42.5)"),
            "hw.ipynb": notebook("import math", "%run svm.ipynb"),
        },
        "target",
    )

    assert load(extracted, "target")() == 42
    assert str(extracted.functions["target"].location) == "svm.ipynb, cell 1, line 1"
    assert extracted.notes == ()


def test_files_that_run_one_another_are_no_trap(extract_files, notebook, load):
    extracted = extract_files(
        {
            "a.ipynb": notebook("%run b.ipynb", "%run a.ipynb", "def target():\n    return helper()"),
            "b.ipynb": notebook("%run a.ipynb", "def helper():\n    return 42"),
        },
        "target",
    )

    assert load(extracted, "target")() == 42


def test_a_file_with_an_odd_name_can_be_run(extract_files, notebook, load):
    extracted = extract_files(
        {
            "sub/my-tools 1.py": "_N = 42\ndef helper():\n    return _N",
            "hw.ipynb": notebook('%run "sub/my-tools 1.py"', "def target():\n    return helper() + 0 * _N"),
        },
        "target",
    )

    assert load(extracted, "target")() == 42


@pytest.mark.parametrize(
    "command, answer", [("%run tools.py", 42), ("%run -n tools.py", 1), ("from tools import *", 1)]
)
def test_the_main_guard_of_a_module_that_is_run_holds(extract_files, notebook, load, command, answer):
    tools = "def helper():\n    return 1\nif __name__ == '__main__':\n    def helper():\n        return 42"
    extracted = extract_files(
        {"tools.py": tools, "hw.ipynb": notebook(command, "def target():\n    return helper()")}, "target"
    )

    assert load(extracted, "target")() == answer


@pytest.mark.parametrize(
    "cell",
    [
        "if 'google.colab' in sys.modules:\n    %run b.py\nelse:\n    %run tools.py",
        "if 'google.colab' not in sys.modules:\n    %run tools.py\nelse:\n    %run b.py",
        "if 'google.colab' not in sys.modules:\n    exec(open('tools.py').read())\nelse:\n    exec(open('b.py').read())",
        "if len(sys.argv) < 99:\n    %run tools.py",
        "try:\n    %run tools.py\nexcept FileNotFoundError:\n    print('upload tools.py')",
        "import os\nif os.path.exists('b.py'):\n    print(1)\n    %run -i tools.py\n%run -i 'tools.py'",
    ],
)
def test_a_run_in_a_block_counts_unless_its_branch_does_not_run(extract_files, notebook, load, cell):
    files = {
        "tools.py": HELPER,
        "b.py": "def helper():\n    return 1",
        "hw.ipynb": notebook("import sys", cell, "def target():\n    return helper()"),
    }

    assert load(extract_files(files, "target"), "target")() == 42


def test_a_run_in_the_branch_for_this_machine_counts(extract_files, notebook, load):
    cell = "import sys\nif 'google.colab' in sys.modules:\n    %cd /content\n    %run /content/tools.py\nelse:\n    %run tools.py"
    extracted = extract_files(
        {"tools.py": HELPER, "hw.ipynb": notebook(cell, "def target():\n    return helper()")}, "target"
    )

    assert load(extracted, "target")() == 42
