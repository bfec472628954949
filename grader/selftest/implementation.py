"""An implementation known to be right or wrong, and which specs should pass it."""

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
"""The convention of the linear classifier's solution: that of eecs498_2019."""

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
"""The role and classifier of each function of the linear classifier's solution."""


@dataclass(frozen=True, slots=True)
class Family:
    """A folder of the catalogue: its name, its specs and their convention."""

    name: str
    specs: frozenset[str]
    convention: Convention


@dataclass(frozen=True, slots=True)
class Implementation:
    """The right solution with one function replaced."""

    name: str
    function: str
    kind: Kind
    about: str
    """A sentence on what is wrong or unusual."""

    source: str
    """The whole module."""

    diagnosis: frozenset[str] = frozenset()
    """The misconceptions that may be named for it."""

    restriction: RestrictionKind | None = None
    """The kind of restriction it violates: wrong where the spec's policy is "fail", right elsewhere."""

    dtypes: tuple[DTypeName, ...] = ("float32", "float64")
    """The dtypes in which a right one works; in others it raises."""

    awaits: str | None = None
    """The only check that could catch it, if that check does not exist yet."""

    family: Family | None = None
    """None for the linear classifier's catalogue, which any spec may share."""

    @property
    def functions(self) -> tuple[str, ...]:
        return (self.function,)

    @property
    def may_be_right(self) -> bool:
        """Equivalent mutants are known."""
        return False

    @property
    def has_named_mistake(self) -> bool:
        """Whether a diagnosis should name its mistake: that of one of the four losses, or, in a folder, of one with a name."""
        if self.kind != "wrong" or self.restriction is not None or self.awaits is not None:
            return False
        return bool(self.diagnosis) if self.family is not None else "_loss_" in self.function

    def is_misnamed(self, named: frozenset[str]) -> bool:
        """Whether a diagnosis with these mistakes names one that it does not have."""
        return not named <= self.diagnosis

    @property
    def full_name(self) -> str:
        """The function and the name, unique within the catalogue."""
        return f"{self.function}: {self.name}"

    @property
    def submission(self) -> Submission:
        """The module as a submission, in memory."""
        return Submission(self.full_name, (SourceFile("linear_classifier.py", self.source.encode()),))

    def fits(self, spec: Spec) -> bool:
        """Whether the spec has this function, in the same convention and role."""
        function = spec.functions.get(self.function)
        convention = spec.assignment.convention
        if function is None:
            return False
        if self.family is not None:
            if spec.has_open_layout:
                convention = replace(convention, layout=self.family.convention.layout)
            names = {spec.name, *(each.spec for each in spec.include)}
            return bool(names & self.family.specs) and convention == self.family.convention
        if spec.backend != "torch":
            return False
        role, classifier = _ROLES[self.function]
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
        """Whether the spec must give it all points rather than take some."""
        if self.restriction is not None:
            return spec.restrictions.policy(self.restriction) != "fail"
        return self.kind == "right"
