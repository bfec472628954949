"""Which year's first assignment of CS231n a hand-in is: the years share most of their functions.

Until 2020 it has SVM and softmax; from 2021 to 2024 layers and a network made of them beside both; since 2025 no SVM, but a
FullyConnectedNet and update rules. Packages carry leftovers of other years, mostly unwritten.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from grader.extract.unwritten import is_unwritten
from grader.intake.submission import Submission
from grader.model.assignment import LossFunction
from grader.spec.load import Outline
from grader.spec.recognition import Recognition

WITHOUT_SVM = "cs231n_2025"
WITH_LAYERS = "cs231n_2021"
WITHOUT_LAYERS = "cs231n"
"""It stands for 2015 and 2016 too, which differ from it by their regularizer."""

YEARS = (WITHOUT_LAYERS, WITH_LAYERS, WITHOUT_SVM)

_LAYERS = frozenset(
    (
        *("affine_forward", "affine_backward", "relu_forward", "relu_backward"),
        *("softmax_loss", "TwoLayerNet"),
    )
)
"""What 2021 to 2024 and the years since have in common, and the years before have not: their TwoLayerNet is another."""

_SVM_LOSSES = ("svm_loss_naive", "svm_loss_vectorized")
_DEEP = "FullyConnectedNet"
_RULES = ("sgd_momentum", "rmsprop", "adam")

_GIVEN = re.compile(
    rb"(?:class[ \t]+(?:LinearClassifier|LinearSVM|Softmax|FullyConnectedNet)|def[ \t]+affine_forward)\b"
)

NO_SVM = "it has the softmax part, and no trace of the SVM part"
_HAS_DEEP = f"it has a {_DEEP}, which only that assignment asks for"
_HAS_RULES = "it has update rules, and svm_loss_vectorized is not written"
_WITH_SVM = f"it has losses of an SVM, and no {_DEEP}"
_NO_LAYERS = "it has losses of an SVM, and none of the layers"


@dataclass(frozen=True, slots=True)
class Year:
    """The year of a hand-in, by the name of its spec."""

    spec: str
    reason: str
    """How it differs from the hand-ins of other years."""


def year_of(submission: Submission, recognition: Recognition, specs: Mapping[str, Outline]) -> Year | None:
    """The year whose assignment this is; None where nothing tells, or where it is another assignment.

    specs: those of YEARS, by name.
    """
    has_deep = _DEEP in recognition.fitting(specs[WITHOUT_SVM])
    layers = _LAYERS.intersection(recognition.fitting(specs[WITH_LAYERS]))
    has_svm = any(map(recognition.has, _SVM_LOSSES))
    is_svm_written = _any_written(
        recognition, ["svm_loss_vectorized"]
    )  # of the naive one the handout has the loss
    if has_deep and (not is_svm_written or _any_written(recognition, [_DEEP])):
        return Year(WITHOUT_SVM, _HAS_DEEP if has_svm else NO_SVM)
    if has_svm:
        if not layers:
            return Year(WITHOUT_LAYERS, _NO_LAYERS)
        is_leftover = not is_svm_written and _any_written(recognition, _RULES)
        return Year(WITHOUT_SVM, _HAS_RULES) if is_leftover else Year(WITH_LAYERS, _WITH_SVM)
    present = [name for name in specs[WITH_LAYERS].functions if recognition.has(name)]
    if is_without_svm(submission, specs[WITH_LAYERS], present):
        return Year(WITHOUT_SVM, NO_SVM)
    has_trace = _has_trace(submission, _SVM_LOSSES)
    if not layers - {"TwoLayerNet"} and not has_trace:
        return None  # a network alone may be that of another course
    is_for_svm = _any_written(recognition, ["svm_loss"]) and not _any_written(recognition, _RULES)
    if has_trace or is_for_svm:
        return Year(WITH_LAYERS, _WITH_SVM) if layers else Year(WITHOUT_LAYERS, _NO_LAYERS)
    return Year(WITHOUT_SVM, NO_SVM)


def is_without_svm(submission: Submission, spec: Outline, present: Collection[str]) -> bool:
    """Whether this is CS231n's assignment since 2025, which dropped the SVM part of a spec that has both.

    Its softmax losses are there, beside other code of the handout, and of the SVM losses there is no definition, not
    even one that is unwritten or broken, and no trace of their files: a module that was forgotten is still imported.
    present: the spec's functions that the submission has.
    """
    losses = {
        name: each.classifier for name, each in spec.functions.items() if isinstance(each, LossFunction)
    }
    svm = [name for name, classifier in losses.items() if classifier == "svm"]
    has_softmax = any(losses.get(name) == "softmax" for name in present)
    if spec.backend != "numpy" or not svm or not has_softmax or not set(svm).isdisjoint(present):
        return False
    is_handout = any(_GIVEN.search(file.content) for file in submission.sources)
    return is_handout and not _has_trace(submission, svm)


def _has_trace(submission: Submission, losses: Collection[str]) -> bool:
    """Whether the file of the SVM's losses, or one of them, is named anywhere."""
    contents = [file.content for file in submission.sources]
    paths = "\n".join(file.path for file in submission.sources).encode("utf-8", "replace")
    trace = re.compile(rb"linear_svm|\bsvm\.ipynb|def[ \t]+(?:%s)\b" % "|".join(losses).encode())
    return any(trace.search(text) for text in (paths, *contents))


def _any_written(recognition: Recognition, names: Collection[str]) -> bool:
    return any(recognition.has(name) and not is_unwritten(recognition.extracted, name) for name in names)
