"""The student's own files: those the cells import, run and write, as they are on disk."""

import pytest

from grader.frontends.notebook.own_modules import own_files, saved_files, without_writes
from grader.frontends.notebook.snapshot import Snapshot


@pytest.fixture
def found(tmp_path):
    """(files on disk, cells) to the paths that are read."""

    def read(files, *cells, modules=(), folders=(".",)):
        for name, text in files.items():
            place = tmp_path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        snapshot = Snapshot(
            cells,
            folder=str(tmp_path),
            folders=tuple(str((tmp_path / folder).resolve()) for folder in folders),
            modules=tuple(str(tmp_path / each) for each in modules),
        )
        return own_files(snapshot, cells)

    return read


def paths(answer):
    return [file.path for file in answer[0]]


def test_only_what_is_imported_is_read(found):
    files = {"linear.py": "from tools import x\n", "tools.py": "import numpy\n", "old_solution.py": "x = 1\n"}

    assert paths(found(files, "import numpy as np\nfrom linear import *")) == ["linear.py", "tools.py"]


@pytest.mark.parametrize(
    "cell",
    [
        "import os, kit.layers as layers",
        "from kit import layers",
        "from kit import (\n    layers,\n)",
        "from kit.layers import f  # all",
        "    import kit.layers",
        "%aimport kit.layers",
    ],
)
def test_a_module_of_a_package_comes_with_the_package(found, cell):
    files = {
        "kit/__init__.py": "",
        "kit/layers.py": "from .deep import g\n",
        "kit/deep.py": "",
        "kit/else.py": "",
    }

    assert paths(found(files, cell)) == ["kit/__init__.py", "kit/deep.py", "kit/layers.py"]


@pytest.mark.parametrize(
    "cell", ["%run tools.py", "%run tools", "%run -i tools.py 3", 'exec(open("tools.py").read())']
)
def test_a_file_that_is_run_is_read(found, cell):
    assert paths(found({"tools.py": "x = 1\n"}, cell)) == ["tools.py"]


def test_modules_are_found_in_the_folders_of_the_path_and_in_the_kernel(found):
    files = {"drive/A2/linear.py": "", "drive/A2/sly.py": ""}

    answer = found(files, "import linear", modules=["drive/A2/sly.py"], folders=(".", "drive/A2"))

    assert paths(answer) == ["linear.py", "sly.py"]


def test_the_file_on_disk_counts_and_not_the_cell_that_once_wrote_it(found):
    cells = ("%%writefile linear.py\nx = 1", "%%writefile gone.py\ny = 1")

    files, _ = found({"linear.py": "x = 2\n"}, *cells)

    assert [file.content for file in files] == [b"x = 2\n"]
    assert without_writes(cells, files) == ("", cells[1])


def test_the_graders_own_packages_are_not_the_students(found):
    assert (
        paths(found({"grader/__init__.py": "", "reference/__init__.py": ""}, "import grader, reference"))
        == []
    )


def test_a_file_that_cannot_be_read_is_noted(found, tmp_path):
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")

    files, notes = found({}, "import loop", modules=["loop.py"])

    assert files == ()
    assert all("loop.py could not be read" in note for note in notes)


def test_a_name_that_no_file_can_have_is_passed_over(found):
    answer = found({"m.py": ""}, f"import {'x' * 5000}\nfrom m import {'y' * 300}", folders=(".", "z" * 300))

    assert (paths(answer), answer[1]) == (["m.py"], ())


def test_saved_weights_that_the_assignment_asks_for_are_read_from_the_students_folders(tmp_path):
    drive = tmp_path / "drive" / "A2"
    drive.mkdir(parents=True)
    (tmp_path / "best.pt").write_bytes(b"here")
    (tmp_path / "other.pt").write_bytes(b"weights")
    (drive / "best.pt").write_bytes(b"there")
    (drive / "svm.pt").write_bytes(b"there")
    snapshot = Snapshot((), folder=str(tmp_path), folders=(str(drive), str(tmp_path)))

    saved = saved_files(snapshot, {"best.pt", "gone.pt", "svm.pt", "linear.py"})

    assert [(file.path, file.content) for file in saved] == [("best.pt", b"here"), ("svm.pt", b"there")]
