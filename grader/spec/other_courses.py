"""Assignments of other courses and years that use names of shipped specs, and that no shipped spec covers."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from grader.intake.submission import Submission
from grader.model.assignment import LossFunction
from grader.spec.load import Outline
from grader.spec.recognition import Recognition
from grader.spec.shapes import ClassShape


@dataclass(frozen=True, slots=True)
class _Namesake:
    """A function or class of another course that has the name of one of ours."""

    course: str
    name: str
    parameters: tuple[str, ...]
    """Some that it takes, in this order: a class in its constructor."""

    def is_seen(self, recognition: Recognition) -> bool:
        """Whether the submission's function of that name takes them."""
        shape = recognition.shape(self.name)
        seen = shape.constructor if isinstance(shape, ClassShape) else shape
        if seen is None:
            return False
        rest = iter(seen.names)
        return all(name in rest for name in self.parameters)


_NAMESAKES = (
    _Namesake("CS231n since 2020, fc_net.py", "TwoLayerNet", ("input_dim", "hidden_dim", "num_classes")),
    _Namesake("CS231n since 2020, layers.py", "softmax_loss", ("x", "y")),
    _Namesake("CS7643, two_layer_nn.py", "TwoLayerNet", ("input_size", "num_classes", "hidden_size")),
    _Namesake(
        "EECS 498, two_layer_net.py",
        "TwoLayerNet",
        ("input_size", "hidden_size", "output_size", "dtype", "device"),
    ),
    _Namesake("PyTorch's tutorial", "TwoLayerNet", ("D_in", "H", "D_out")),
    _Namesake("the book Deep Learning from Scratch", "TwoLayerNet", ("hidden_size", "weight_init_std")),
)


def course_of(name: str, recognition: Recognition) -> str | None:
    """The course that the submission's function of this name comes from, if it is known."""
    known = (each.course for each in _NAMESAKES if each.name == name and each.is_seen(recognition))
    return next(known, None)


WITHOUT_SVM = "cs231n_2025"
"""The spec of CS231n's assignment 1 since 2025."""

_ONLY_THERE = "FullyConnectedNet"
"""Of the functions of that assignment one that the first assignments of earlier years have not."""

_GIVEN = re.compile(
    rb"(?:class[ \t]+(?:LinearClassifier|LinearSVM|Softmax|FullyConnectedNet)|def[ \t]+affine_forward)\b"
)


def is_with_svm(recognition: Recognition, spec: Outline) -> bool:
    """Whether CS231n's assignment since 2025 is not what this is: it has SVM losses, as in 2021 to 2024.

    Their other parts are the same but for one, beside which an SVM loss is a leftover.
    """
    names = [f"svm_loss_{style}" for style in ("naive", "vectorized")]
    has_svm = any(recognition.has(name) for name in names)
    return spec.name == WITHOUT_SVM and has_svm and not recognition.has(_ONLY_THERE)


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
    contents = [file.content for file in submission.sources]
    paths = "\n".join(file.path for file in submission.sources).encode("utf-8", "replace")
    trace = re.compile(rb"linear_svm|\bsvm\.ipynb|def[ \t]+(?:%s)\b" % "|".join(svm).encode())
    has_trace = any(trace.search(text) for text in (paths, *contents))
    return not has_trace and any(_GIVEN.search(text) for text in contents)
