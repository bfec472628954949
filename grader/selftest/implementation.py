"""One implementation whose worth is known: what it is, which function it is of, and what a spec should make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from grader.intake.submission import SourceFile, Submission
from grader.model.assignment import ClassifierClass, LossFunction, RestrictionKind
from grader.model.trial import DTypeName
from grader.spec import Spec
from reference import Convention

Kind = Literal["right", "wrong", "mutant"]

CONVENTION = Convention()
"""The convention of the solution that all implementations belong to: eecs498_2019's."""

_ROLES = {
    "svm_loss_naive": ("loss", "svm"),
    "svm_loss_vectorized": ("loss", "svm"),
    "softmax_loss_naive": ("loss", "softmax"),
    "softmax_loss_vectorized": ("loss", "softmax"),
    "train_linear_classifier": ("trainer", None),
    "predict_linear_classifier": ("predictor", None),
    "LinearClassifier": ("classifier", None),
    "LinearSVM": ("classifier", "svm"),
    "Softmax": ("classifier", "softmax"),
}
"""By function of the solution its role, and whose loss it has."""


@dataclass(frozen=True, slots=True)
class Family:
    """Of which catalogue a solution is, in which specs' terms, and in which convention."""

    name: str
    specs: frozenset[str]
    convention: Convention


@dataclass(frozen=True, slots=True)
class Implementation:
    """A right solution in which one function was replaced.

    about: a sentence on what is wrong, or what is unusual.
    source: the whole module.
    diagnosis: names of misconceptions, of which each that is named is right.
    help: kind of help that it uses; it is wrong where the spec's policy on that is "fail", and right elsewhere.
    dtypes: those in which a right one works; others raise.
    awaits: the check that is not there yet and that alone can catch it.
    family: the catalogue that it is of; None for the linear classifier's, which any spec may share.
    """

    name: str
    function: str
    kind: Kind
    about: str
    source: str
    diagnosis: frozenset[str] = frozenset()
    help: RestrictionKind | None = None
    dtypes: tuple[DTypeName, ...] = ("float32", "float64")
    awaits: str | None = None
    family: Family | None = None

    @property
    def full_name(self) -> str:
        """The function and the name, by which it is told from all others."""
        return f"{self.function}: {self.name}"

    @property
    def submission(self) -> Submission:
        """It as a student would hand it in, in memory."""
        return Submission(self.full_name, (SourceFile("linear_classifier.py", self.source.encode()),))

    def fits(self, spec: Spec) -> bool:
        """Whether the spec has this function, in the same convention and role."""
        function = spec.functions.get(self.function)
        if self.family is not None:
            own = spec.assignment.convention
            if spec.has_open_layout:
                own = replace(own, layout=self.family.convention.layout)
            is_same = own == self.family.convention
            return function is not None and spec.name in self.family.specs and is_same
        if function is None or spec.backend != "torch":
            return False
        role, classifier = _ROLES[self.function]
        convention = spec.assignment.convention
        if function.role != role or convention.layout != CONVENTION.layout:
            return False
        if isinstance(function, LossFunction | ClassifierClass) and (
            function.classifier != classifier or convention != CONVENTION
        ):
            return False
        if self.kind == "right" and isinstance(function, LossFunction):
            return set(function.dtypes) <= set(self.dtypes)
        return True

    def is_right_for(self, spec: Spec) -> bool:
        """Whether the spec must give it all its points; where not, it must take some."""
        if self.help is not None:
            return spec.restrictions.policy(self.help) != "fail"
        return self.kind == "right"
