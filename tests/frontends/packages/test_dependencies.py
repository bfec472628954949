"""Requirements on a platform, and the wheels that an instructor brings."""

import zipfile

import pytest

from grader.errors import UsageError
from grader.frontends.packages.dependencies import name_of, needed, pins, read_wheels

CONSTRAINTS = "numpy==2.4.6\nrich==15.0.0\nmarkdown-it-py==4.3.0\ntorch==2.13.0\n"


def wheel(folder, name, *requires):
    metadata = "".join(f"Requires-Dist: {each}\n" for each in requires)
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr(f"{name.partition('-')[0]}.dist-info/METADATA", f"Name: x\n{metadata}\nwords\n")


def test_torch_is_needed_only_for_functions_on_tensors():
    required = ("torch>=2.4", "numpy>=2")

    assert needed(required, with_torch=True) == ("numpy>=2", "torch>=2.4")
    assert needed(required, with_torch=False) == ("numpy>=2",)


def test_names_are_compared_in_one_spelling():
    assert {name_of(each) for each in ("Markdown_It.Py>=3", "markdown-it-py", "markdown_it_py")} == {
        "markdown-it-py"
    }
    assert pins(CONSTRAINTS)["markdown-it-py"] == "4.3.0"


def test_the_wheels_that_are_needed_are_taken_with_what_they_need_and_no_others(tmp_path):
    wheel(tmp_path, "rich-15.0.0-py3-none-any.whl", "markdown-it-py>=2.2.0", 'ipywidgets; extra == "jupyter"')
    wheel(tmp_path, "markdown_it_py-4.3.0-py3-none-any.whl")
    wheel(tmp_path, "numpy-2.4.6-cp312-cp312-manylinux_2_27_x86_64.whl")
    wheel(tmp_path, "numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl")
    wheel(tmp_path, "flask-3.0.0-py3-none-any.whl")

    assert [*read_wheels(tmp_path, ["rich>=13.9", "numpy>=2"], CONSTRAINTS)] == [
        "markdown_it_py-4.3.0-py3-none-any.whl",
        "numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl",
        "numpy-2.4.6-cp312-cp312-manylinux_2_27_x86_64.whl",
        "rich-15.0.0-py3-none-any.whl",
    ]


def test_a_build_for_the_cpu_is_the_tested_version(tmp_path):
    wheel(tmp_path, "torch-2.13.0+cpu-cp312-cp312-linux_x86_64.whl")

    assert len(read_wheels(tmp_path, ["torch>=2.4"], CONSTRAINTS)) == 1


def test_all_that_is_missing_is_told_at_once(tmp_path):
    wheel(tmp_path, "rich-14.0.0-py3-none-any.whl")
    wheel(tmp_path, "numpy-2.4.6-cp312-cp312-linux_x86_64.whl", "markdown-it-py")

    with pytest.raises(UsageError) as raised:
        read_wheels(tmp_path, ["rich>=13.9", "numpy>=2", "tzdata>=1"], CONSTRAINTS)
    assert str(raised.value) == (
        f"--wheels {tmp_path}: missing markdown-it-py==4.3.0 (found: none),"
        " rich==15.0.0 (found: rich-14.0.0-py3-none-any.whl) and tzdata; see docs/packages.md for the command that"
        " downloads them for the platform's Python"
    )


def test_a_file_that_is_not_a_wheel_is_named(tmp_path):
    (tmp_path / "rich-15.0.0-py3-none-any.whl").write_bytes(b"half a download")

    with pytest.raises(UsageError, match=r"rich-15\.0\.0-py3-none-any\.whl: not a wheel; download it again$"):
        read_wheels(tmp_path, ["rich>=13.9"], CONSTRAINTS)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"expected a folder of \.whl files"):
        read_wheels(tmp_path / "none", ["rich"], CONSTRAINTS)
