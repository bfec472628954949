"""Saved weights that no training gave, handed in beside right code: nothing for them, and nothing taken for the rest."""

import shutil
import sys

import pytest
import torch

from grader.grading.grade import grade
from grader.grading.settings import Settings
from grader.intake.submission import load_submission
from grader.spec import load_spec
from tests.attacks.attack import SEED, words_of
from tests.attacks.pair import SAMPLES, points_of
from tests.attacks.reports import assert_sound_but_for_the_score

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are confined on Linux only")

RIGHT = SAMPLES / "eecs498_2020" / "module_beside_notebook"
CHECKS = frozenset({"svm_saved", "softmax_saved", "prediction"})
GENERATOR = torch.Generator().manual_seed(0)

SAVED = {
    "zeros": torch.zeros(3073, 10),
    "zeros in memory of one number": torch.zeros(1, 1).expand(3073, 10),
    "a constant": torch.full((3073, 10), 0.01),
    "the greatest numbers": torch.full((3073, 10), 1.7e308, dtype=torch.float64),
    "one column for every class": torch.randn(3073, 1, generator=GENERATOR).expand(3073, 10),
    "random": torch.randn(3073, 10, generator=GENERATOR),
    "random and small": 1e-4 * torch.rand(3073, 10, generator=GENERATOR, dtype=torch.float64),
    "random beside one number for each class": torch.randn(3073, 10, generator=GENERATOR)
    + torch.arange(10) * 100,
    "all numbers in turn": torch.arange(30730.0).view(3073, 10),
    "one pattern for all classes": torch.linspace(0, 9, 3073).sin()[:, None]
    * torch.randn(10, generator=GENERATOR),
    "one pattern for one class": torch.linspace(0, 9, 3073).sin()[:, None] * torch.eye(10)[3],
    "random in 16 bits": torch.randn(3073, 10, generator=GENERATOR).bfloat16(),
}


def report_on(folder, sandbox):
    settings = Settings(SEED, only=CHECKS)
    return grade(load_submission(folder), load_spec("eecs498_2020"), sandbox, settings)


def test_the_honest_twin_has_all_points(sandbox):
    report = report_on(RIGHT, sandbox)

    assert_sound_but_for_the_score(report)
    assert points_of(report) == 4, words_of(report)


@pytest.mark.parametrize("W", SAVED.values(), ids=SAVED)
def test_weights_that_no_training_gave_earn_nothing(W, sandbox, tmp_path):
    folder = tmp_path / "hand_in"
    shutil.copytree(RIGHT, folder)
    for name in ("svm_best_model.pt", "softmax_best_model.pt"):
        torch.save({"W": W}, folder / name)

    report = report_on(folder, sandbox)

    assert_sound_but_for_the_score(report)
    assert points_of(report) == 2, words_of(report)
    assert words_of(report).count("was not trained: ") == 2
