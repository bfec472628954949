"""The golden files: what each exporter makes of one class, byte by byte. `make golden` makes them anew."""

from pathlib import Path

import pytest

from tests.exporters.golden.cases import CASES, files

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", CASES)
def test_an_export_is_as_it_was(name):
    folder = GOLDEN / name
    kept = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert files(name) == kept, "the exporter makes other files: run `make golden` and review the difference"


def test_every_folder_of_golden_files_has_its_case():
    folders = {path.name for path in GOLDEN.iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert folders == set(CASES)
