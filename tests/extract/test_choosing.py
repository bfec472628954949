"""Which file counts where several define a graded name, and the reason that is said."""

import pytest

from grader.extract import extract
from grader.extract.choosing import is_leftover
from tests.extract.conftest import submission_of

ONE = "def target(): return X @ W\n"
HANDOUT = ["cs231n/classifiers/linear_svm.py", "cs231n/classifiers/softmax.py"]


def chosen(files, names="target", paths=()):
    extracted = extract(submission_of(files), names.split(), paths)
    (note,) = extracted.notes or ("",)
    return extracted.functions["target"].location.file, note.partition("because ")[2]


@pytest.mark.parametrize(
    "leftover",
    [
        "old/hw.py",
        "a/backup/hw.py",
        "scratch/hw.py",
        "drafts/hw.py",
        "hw-Copy1.py",
        "hw (1).py",
        "hw_old.py",
        "hw_backup2.py",
        "Copy of hw.py",
        "draft_hw.py",
        "a/starter/hw.py",
        "Untitled.py",
        "hw - Copy.py",
        "hw-checkpoint.py",
    ],
)
def test_a_copy_or_an_old_version_comes_last_even_if_it_has_more(leftover):
    assert is_leftover(leftover)
    assert chosen({leftover: f"{ONE}def other(): return 2", "z/hw.py": ONE}, "target other") == (
        "z/hw.py",
        f"{leftover} looks like a copy or an old version",
    )


@pytest.mark.parametrize(
    "path",
    [
        "hw.py",
        "cs231n/classifiers/softmax.py",
        "threshold.py",
        "a/gold/hw.py",
        "copyright.py",
        "fold1/hw.py",
        "final.py",
    ],
)
def test_other_names_are_not_leftovers(path):
    assert not is_leftover(path)


def test_a_leftover_alone_is_graded():
    assert chosen({"old/hw-Copy1.py": ONE}) == ("old/hw-Copy1.py", "")


@pytest.mark.parametrize(
    "importing",
    [
        "from b import target",
        "from b import *",
        "import b",
        "from .b import helper",
        "def f():\n    from b import target",
    ],
)
def test_a_file_that_a_graded_class_imports_comes_before_one_with_more_names(importing):
    files = {
        "a.py": f"{ONE}def other(): return 2\ndef third(): return 3",
        "b.py": f"{ONE}def helper(): return 1",
        "net.py": f"{importing}\nclass Net: pass",
    }

    assert chosen(files, "target other third Net") == ("b.py", "another graded file imports it")


def test_the_import_of_a_leftover_does_not_count():
    files = {"b.py": ONE, "a.py": ONE, "old/net.py": "from b import target\nclass Net: pass"}

    assert chosen(files, "target Net") == ("a.py", "its name comes first")


def test_the_handouts_path_comes_before_one_with_more_names():
    files = {
        "prototype.py": f"{ONE}def other(): return 2",
        "hw/cs231n/classifiers/linear_svm.py": ONE,
        "linear_svm.py": ONE,
    }

    assert chosen(files, "target other", HANDOUT) == (
        "hw/cs231n/classifiers/linear_svm.py",
        "that is where the handout has it",
    )
    assert chosen(files, "target other") == ("prototype.py", "that file defines 2 of the 2 graded names")


def test_a_template_comes_after_what_is_written_wherever_that_is():
    template = "def target(W):\n    loss = 0.0\n    # Your code here\n    pass\n    return loss\n"

    assert chosen({"linear_svm.py": template, "old/hw.py": ONE}, paths=HANDOUT) == (
        "old/hw.py",
        "the one in linear_svm.py is not written yet",
    )


def test_the_folder_further_up_and_then_the_name_decide():
    assert chosen({"a/hw.py": ONE, "z.py": ONE}) == ("z.py", "it is in the folder further up")
    assert chosen({"b.py": ONE, "a.py": ONE}) == ("a.py", "its name comes first")


@pytest.mark.parametrize(
    "earlier,later",
    [
        ("hw_v1.py", "hw_v2.py"),
        ("hw v9.py", "hw v10.py"),
        ("hw.py", "hw_final.py"),
        ("hw-V3.py", "hw-final.py"),
    ],
)
def test_the_later_version_counts(earlier, later):
    assert chosen({earlier: ONE, later: ONE}) == (later, "its name says that it is the later version")


def test_names_of_one_choice_are_one_note():
    both = f"{ONE}def other(): return 2"

    extracted = extract(submission_of({"a.py": both, "hw (1).py": both}), ["target", "other"])

    (note,) = extracted.notes
    assert note == (
        "target and other are defined in a.py, hw (1).py; those in a.py are graded, because hw (1).py looks like a"
        " copy or an old version"
    )
