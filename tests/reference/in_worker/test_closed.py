"""Sources that a wheel holds with shifted letters."""

from pathlib import Path

import pytest

from reference.in_worker.closed import CLOSED_FOLDERS, CLOSED_SUFFIX, closed, read_source

ROOT = Path(__file__).resolve().parents[3]
MODULES = [path for folder in CLOSED_FOLDERS for path in sorted((ROOT / folder).glob("[!_]*.py"))]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_is_read_from_a_wheel_as_it_is_in_a_checkout(path, tmp_path):
    shipped = closed(path.read_text(encoding="utf-8"))
    (tmp_path / f"{path.stem}{CLOSED_SUFFIX}").write_text(shipped, encoding="utf-8")

    assert read_source(tmp_path, path.stem) == read_source(path.parent, path.stem)
    assert "def " not in shipped


def test_an_unknown_module_is_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.py"):
        read_source(tmp_path, "none")
