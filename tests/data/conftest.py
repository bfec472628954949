"""Small files instead of CIFAR-10's."""

import pytest

from grader.data import cifar10
from tests.data.cifar_files import PER_FILE


@pytest.fixture
def small_files(monkeypatch):
    """Files of 20 images are as long as they must be."""
    monkeypatch.setattr(cifar10, "IMAGES_PER_FILE", PER_FILE)
