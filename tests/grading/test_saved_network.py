"""A network that torch.save wrote, on pixels from 0 to 1, with images in CIFAR-10's format: as EECS 498 hands it in."""

import io
from pathlib import Path

import numpy as np
import pytest
import torch

from grader.checks.training.saved import SavedCheck
from grader.data import DataSet, ImageSplits, LabelledImages, cifar10, open_data
from grader.spec import load_spec
from tests.data.cifar_files import PYTHON_NAMES, python2_pickle, write_folder
from tests.grading.test_saved_arrays import verdict_on

((FILE,),) = (
    each.files for each in load_spec("eecs498_2020_net").spec.checks if isinstance(each, SavedCheck)
)
PER_FILE = 50
RNG = np.random.Generator(np.random.PCG64(1))
PATTERNS = RNG.choice([-1.0, 1.0], size=(10, 3072))
"""One for each class, beside each other nearly at right angles."""
ADVICE = "; save a dict of tensors with torch.save(params, path)."


def photos(count):
    """(images uint8 (count, 3072), labels): each the pattern of its class on grey, with noise."""
    labels = np.arange(count) % 10
    pixels = 128 + 20 * PATTERNS[labels] + 30 * RNG.normal(size=(count, 3072))
    return np.clip(pixels, 0, 255).astype(np.uint8), labels


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    files = {}
    for name in PYTHON_NAMES:
        images, labels = photos(PER_FILE)
        files[name] = python2_pickle(images, labels.tolist())
    return write_folder(tmp_path_factory.mktemp("data") / "cifar-10-batches-py", files)


@pytest.fixture
def images(folder, monkeypatch):
    monkeypatch.setattr(cifar10, "IMAGES_PER_FILE", PER_FILE)
    return open_data(folder)


def network(levels=1.0):
    """One hidden unit for each class: how far the image goes beyond half of what the class's own images give.

    levels: the greatest pixel. On another scale every unit is off, or hardly any.
    """
    return {
        "W1": torch.from_numpy(PATTERNS.T.copy()).float(),
        "b1": torch.full((10,), -levels * 3072 * 10 / 255),
        "W2": torch.eye(10),
        "b2": torch.linspace(0, 1e-3, 10),
    }


def saved(value):
    stream = io.BytesIO()
    torch.save(value, stream)
    return {"A2/nn_best_model.pt": stream.getvalue()}


def test_the_network_is_scored_on_pixels_from_0_to_1(sandbox, images):
    verdict = verdict_on(sandbox, saved(network()), FILE, data=images)

    assert (verdict.status, verdict.credit) == ("passed", 1.0), verdict.message
    assert verdict.measured == {"nn_best_model_val_accuracy": 1.0, "nn_best_model_test_accuracy": 1.0}
    assert verdict.message == (
        "nn_best_model.pt labels 1 of the validation images correctly (0.5 needed) and 1 of the test images correctly (0.5"
        " needed)."
    )


def test_one_for_pixels_from_0_to_255_is_told_so(sandbox, images):
    verdict = verdict_on(sandbox, saved(network(levels=255.0)), FILE, data=images)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert verdict.message.startswith("Not accurate enough: nn_best_model.pt labels 0.")
    assert "It fits images of (3, 32, 32) from 0 to 255: was it trained on those?" in verdict.message


def test_one_whose_classes_are_mixed_up_misses_both_bars(sandbox, images):
    params = network()
    params["W2"] = params["W2"].roll(3, dims=1)

    verdict = verdict_on(sandbox, saved(params), FILE, data=images)

    assert (verdict.status, verdict.credit) == ("failed", 0.0)
    assert "It fits" not in verdict.message


def test_all_test_images_count_and_not_the_first_thousand(sandbox):
    X, y = photos(1_250)
    X = X.reshape(-1, 3, 32, 32)
    wrong = np.where(np.arange(1_250) < 1_000, y, (y + 1) % 10)
    splits = ImageSplits(*(LabelledImages(X[:100], y[:100]),) * 2, LabelledImages(X, wrong))

    verdict = verdict_on(
        sandbox, saved(network()), FILE, data=DataSet("images", lambda: (splits, ()), path=Path("cifar-10"))
    )

    assert verdict.measured["nn_best_model_test_accuracy"] == 0.8


def test_without_the_images_a_network_that_may_have_been_trained_has_the_points(sandbox):
    verdict = verdict_on(sandbox, saved(network() | {"b1": torch.full((1, 10), 0.1)}), FILE)

    assert (verdict.status, verdict.credit, verdict.measured) == ("passed", 1.0, {})
    assert (
        "With CIFAR-10 (--data) it counts: nn_best_model.pt 0.5 on the validation images" in verdict.message
    )


FAULTS = {
    "a file that is not there": (
        {},
        (
            "nn_best_model.pt is not in the submission, or larger than 64 MiB: run the cells of the notebooks that save the"
            " weights, and hand in the files they write."
        ),
    ),
    "a network": (
        saved(torch.nn.Linear(2, 2)),
        f"nn_best_model.pt holds more than tensors or is damaged, so it was not loaded{ADVICE}",
    ),
    "the weights of a linear classifier": (
        saved({"W": torch.zeros(3073, 10)}),
        f"nn_best_model.pt holds a dict without the key 'W1' (it has 'W'){ADVICE}",
    ),
    "with the bias trick": (
        saved(network() | {"W1": torch.ones(3073, 10)}),
        "W1 in nn_best_model.pt has the shape (3073, 10); expected (3072, H).",
    ),
    "as before the first step": (
        saved(network() | {name: torch.zeros(10) for name in ("b1", "b2")} | {"W1": torch.randn(3072, 10)}),
        "nn_best_model.pt was not trained: its biases are zero and W1 is noise, as before the first step.",
    ),
}


def test_what_is_no_trained_network_has_no_points_and_is_told_why(sandbox):
    for contents, words in FAULTS.values():
        verdict = verdict_on(sandbox, contents, FILE)

        assert (verdict.status, verdict.credit, verdict.message) == ("failed", 0.0, words)
