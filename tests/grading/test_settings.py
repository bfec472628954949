"""What grading is told: when the data set is named, and when it is left unread."""

from pathlib import Path

import pytest

from grader.api import _Options
from grader.checks.losses.values import ValuesCheck
from grader.data import cifar10
from grader.errors import DataError
from grader.grading.settings import Settings
from grader.sandbox.fake import FakeSandbox
from tests.data.cifar_files import PER_FILE, binary_files, write_folder
from tests.samples import mini_spec

UNUSED = "none: no check of this spec trains on a data set"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar10, "IMAGES_PER_FILE", PER_FILE)
    return write_folder(tmp_path / "cifar-10-batches-bin", binary_files())


def settings(loaded, data: Path | None):
    return _Options(seed=1, device="cpu", data=data).settings(loaded, FakeSandbox())


def spoil(folder):
    """A wrong label, which only reading finds."""
    file = folder / "test_batch.bin"
    file.write_bytes(b"\x0a" + file.read_bytes()[1:])


def test_a_spec_that_trains_on_nothing_names_no_data_and_reads_none(tmp_path, folder):
    loaded = mini_spec(tmp_path)
    spoil(folder)

    assert settings(loaded, folder).data_name(loaded.spec.checks) == UNUSED


def test_a_spec_that_trains_names_what_it_trains_on(tmp_path, folder, monkeypatch):
    loaded = mini_spec(tmp_path)
    monkeypatch.setattr(ValuesCheck, "needs_data", True)

    assert (
        Settings(seed=1).data_name(loaded.spec.checks).startswith("synthetic stand-in v3 for CIFAR-10, seed ")
    )
    assert (
        settings(loaded, folder)
        .data_name(loaded.spec.checks)
        .startswith("CIFAR-10 (binary version), sha256 ")
    )


def test_data_that_is_wrong_inside_is_refused_before_grading(tmp_path, folder, monkeypatch):
    loaded = mini_spec(tmp_path)
    spoil(folder)
    monkeypatch.setattr(ValuesCheck, "needs_data", True)

    with pytest.raises(DataError, match="expected labels 0 to 9, found another at image 0"):
        settings(loaded, folder)


def test_a_path_with_nothing_there_is_refused_whatever_the_spec(tmp_path):
    with pytest.raises(DataError, match="found nothing at this path"):
        settings(mini_spec(tmp_path), tmp_path / "nowhere")
