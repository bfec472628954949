"""Functions spread over several files of one submission."""

import pytest

from grader.errors import UnreadableNotebook
from grader.extract.source.importing import ModuleFinder

NOTEBOOK_THAT_IMPORTS = "from linear_classifier import *\nprint(target())"


@pytest.mark.parametrize(
    "line,use",
    [
        ("from tools import helper", "helper()"),
        ("from tools import helper as h", "h()"),
        ("from tools import *", "helper()"),
        ("import tools", "tools.helper()"),
        ("import tools as t", "t.helper()"),
        ("from .tools import helper", "helper()"),
        ("from .tools import *", "helper()"),
        ("from . import tools", "tools.helper()"),
        ("from course.tools import helper", "helper()"),
    ],
)
def test_a_helper_in_another_module_comes_along(extract_files, load, line, use):
    extracted = extract_files(
        {
            "tools.py": "N = 42\ndef helper():\n    return N\nUNUSED = 1",
            "hw.py": f"{line}\ndef target():\n    return {use}",
        },
        "target",
    )

    assert load(extracted, "target")() == 42
    assert [chunk.file for chunk in extracted.chunks] == ["tools.py", "tools.py", "hw.py", "hw.py"]
    assert "UNUSED = 1" not in [chunk.source for chunk in extracted.chunks]


def test_packages_and_relative_imports_are_followed(extract_files, load):
    extracted = extract_files(
        {
            "a1/cs231n/__init__.py": "",
            "a1/cs231n/classifiers/__init__.py": "from cs231n.classifiers.linear_classifier import *",
            "a1/cs231n/classifiers/linear_classifier.py": "from cs231n.classifiers.linear_svm import *\nfrom .softmax import *\n"
            "class LinearSVM:\n    def loss(self):\n        return svm_loss() + softmax_loss()",
            "a1/cs231n/classifiers/linear_svm.py": "from ..constants import N\ndef svm_loss():\n    return N",
            "a1/cs231n/classifiers/softmax.py": "def softmax_loss():\n    return 2",
            "a1/cs231n/constants.py": "N = 40",
        },
        "LinearSVM svm_loss",
    )

    assert load(extracted, "LinearSVM")().loss() == 42
    assert extracted.modules == {
        "cs231n.classifiers.linear_svm": "a1/cs231n/classifiers/linear_svm.py",
        "submission.a1.cs231n.classifiers.softmax": "a1/cs231n/classifiers/softmax.py",
        "submission.a1.cs231n.constants": "a1/cs231n/constants.py",
    }


def test_a_name_imported_by_a_notebook_is_graded_in_its_module(extract_files, notebook):
    extracted = extract_files(
        {"hw.ipynb": notebook(NOTEBOOK_THAT_IMPORTS), "linear_classifier.py": "def target():\n    return 42"},
        "target",
    )

    assert str(extracted.functions["target"].location) == "linear_classifier.py, line 1"
    assert extracted.notes == ()


def test_a_name_that_an_import_renames_is_graded_where_it_gets_the_name(extract_files, load):
    extracted = extract_files(
        {"a.py": "def loss_naive():\n    return 42", "hw.py": "from a import loss_naive as target"}, "target"
    )

    assert load(extracted, "target")() == 42


def test_of_two_files_the_one_with_more_graded_names_is_graded_and_said_so(extract_files):
    extracted = extract_files(
        {"a.py": "def target(): return 1", "b.py": "def target(): return 2\ndef other(): return 2"},
        "target other",
    )

    assert extracted.functions["target"].location.file == "b.py"
    assert extracted.notes == (
        "target is defined in a.py, b.py; the one in b.py is graded, because that file defines 2 of the 2 graded names",
    )


def test_modules_that_import_each_other_are_no_trap(extract_files, load):
    extracted = extract_files(
        {
            "a.py": "import b\ndef target():\n    return b.helper()",
            "b.py": "import a\ndef helper():\n    return 42",
        },
        "target",
    )

    assert load(extracted, "target")() == 42


def test_a_module_that_imports_itself_is_no_trap(extract_files):
    extracted = extract_files({"a.py": "from a import *\nimport a\ndef target(): return a.target"}, "target")

    assert list(extracted.functions) == ["target"]


def test_a_missing_part_of_the_submissions_own_package_is_named_in_full(extract_files):
    extracted = extract_files(
        {
            "cs231n/softmax.py": "from cs231n.data_utils import load\nfrom .more import f\ndef target(): return load(f)"
        },
        "target",
    )

    assert extracted.stubs == ("cs231n.data_utils", "submission.cs231n.more")


def test_an_unreadable_notebook_beside_a_module_is_a_note(extract_files):
    extracted = extract_files({"hw.ipynb": "<html>", "hw.py": "def target(): pass"}, "target")

    assert list(extracted.functions) == ["target"]
    assert extracted.notes == (
        (
            "hw.ipynb: expected a notebook, found a web page; download the notebook itself (on GitHub: Raw), "
            "not the page that shows it"
        ),
    )


def test_a_submission_of_nothing_but_an_unreadable_notebook_is_refused(extract_files):
    with pytest.raises(UnreadableNotebook):
        extract_files({"hw.ipynb": "<html>"}, "target")


def test_the_standard_library_torch_and_numpy_cannot_be_shadowed():
    finder = ModuleFinder(["math.py", "torch.py", "numpy/__init__.py", "scipy.py", "matplotlib.py"])

    assert [finder.file_of(name, "hw.py") for name in ("math", "torch", "numpy")] == [None] * 3
    assert finder.file_of("scipy", "hw.py") == "scipy.py"
    assert finder.file_of("matplotlib", "hw.py") == "matplotlib.py"


def test_a_module_is_looked_up_without_being_imported(tmp_path):
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "loud.py").write_text("raise SystemExit('imported')")

    finder = ModuleFinder([], [str(packages)])

    assert finder.is_real("loud")
    assert not finder.is_real("quiet")


def test_the_nearest_of_several_modules_of_a_name_is_meant():
    finder = ModuleFinder(["a/tools.py", "b/tools.py", "b/c/tools.py"])

    assert finder.file_of("tools", "b/hw.py") == "b/tools.py"
    assert finder.file_of("tools", "a/hw.py") == "a/tools.py"


def test_a_notebook_named_like_a_module_is_read_as_a_notebook(extract_files, notebook):
    extracted = extract_files({"hw.py": notebook("!ls", "def target():\n    return 1"), "e.py": ""}, "target")

    assert str(extracted.functions["target"].location) == "hw.py, cell 2, line 1"
