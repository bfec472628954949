"""What a spec says of printed numbers, and of bars that need CIFAR-10."""

import io

import pytest
from rich.console import Console

from grader.errors import SpecError
from grader.frontends.terminal import show_spec
from grader.spec import load_spec
from tests.samples import MINI_NUMPY_SPEC, mini_spec

SAVED = """
[[checks]]
id = "saved"
kind = "saved"
title = "Saved weights"
points = 1

[[checks.files]]
file = "best.npy"
arrays = { W1 = [3072, "H"], b1 = ["H"], W2 = ["H", 10], b2 = [10] }
images = "channels_first"
val_bar = 0.48

[[checks.files]]
file = "features.npy"
arrays = { W = ["D", 10] }
"""

CLAIM = """
[[claims]]
title = "Best validation accuracy"
tag = "tuning"
before = "accuracy:"
check = "saved"
number = "best_val_accuracy"
"""


def loaded(tmp_path, *more):
    return mini_spec(tmp_path, MINI_NUMPY_SPEC + "".join(more)).spec


def test_the_files_that_a_check_asks_for_are_those_of_the_assignment(tmp_path):
    assert loaded(tmp_path, SAVED).file_names == {"best.npy", "features.npy"}


def test_a_claim_is_read(tmp_path):
    (claim,) = loaded(tmp_path, SAVED, CLAIM).claims

    assert (claim.tag, claim.check, claim.number) == ("tuning", "saved", "best_val_accuracy")


@pytest.mark.parametrize(
    "old,new,fault",
    [
        ('check = "saved"', 'check = "save"', "claims[0].check must be one of"),
        ('number = "best_val_accuracy"', 'number = "val_accuracy"', "claims[0].number must be one of"),
        ('number = "best_val_accuracy"', "", "check and number must both be stated, or neither"),
        ('images = "channels_first"\n', "", "checks[4].files[0].images must be stated where there are bars"),
        (
            "W1 = [3072",
            "W0 = [3072",
            "checks[4].files[0].arrays must be W, or W1, b1, W2, b2 and so on, with images",
        ),
        ('"best.npy"', '"best.txt"', "checks[4].files[0].file"),
    ],
    ids=[
        "no such check",
        "no such number",
        "half of it",
        "bars without images",
        "other names",
        "another format",
    ],
)
def test_what_is_wrong_is_told(tmp_path, old, new, fault):
    text = SAVED + CLAIM
    assert old in text

    with pytest.raises(SpecError) as error:
        loaded(tmp_path, text.replace(old, new, 1))

    assert fault in str(error.value)


def shown(spec):
    stream = io.StringIO()
    show_spec(Console(file=stream, width=400, highlight=False, emoji=False), spec)
    return [line.strip() for line in stream.getvalue().splitlines()]


def test_spec_show_says_what_is_asked_on_which_images(tmp_path):
    lines = shown(loaded(tmp_path, SAVED, CLAIM))

    assert (
        "saved (1 point): on the stand-in, form, shapes and finite numbers give all points; with --data, the accuracy does:"
        " best.npy 0.48 on the validation images; of the other files only the form."
    ) in lines
    assert "Best validation accuracy (tag tuning), beside what saved measures with --data." in lines


@pytest.mark.parametrize("name", ["cs231n_2025", "eecs498_2020", "cs231n"])
def test_every_check_with_bars_on_images_says_which(name):
    spec = load_spec(name).spec
    lines = shown(spec)

    silent = [
        check.id
        for check in spec.checks
        if check.scores_images and not any(line.startswith(f"{check.id} (") for line in lines)
    ]

    assert silent == []
    assert "Accuracy bars" in lines


def test_a_spec_without_images_says_nothing_of_them(tmp_path):
    assert "Accuracy bars" not in shown(loaded(tmp_path))
