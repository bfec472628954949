"""An assignment with three loss functions and a class, and submissions of them given as text."""

from __future__ import annotations

from typing import Any

from grader.extract import Extracted, extract
from grader.intake.submission import SourceFile, Submission
from grader.model.assignment import (
    Assignment,
    ClassifierClass,
    Limits,
    LossFunction,
    Restrictions,
    TrainerFunction,
)
from reference import Convention
from tests.sandbox.calls import notebook_of

FUNCTIONS: dict[str, Any] = {
    "naive": LossFunction(role="loss", classifier="svm", style="naive"),
    "vectorized": LossFunction(role="loss", classifier="svm", style="vectorized"),
    "other": LossFunction(role="loss", classifier="softmax", style="naive"),
    "train": TrainerFunction(role="trainer"),
    "Classifier": ClassifierClass(role="classifier", classifier="svm"),
}


def assignment_with(**policy: Any) -> Assignment:
    """The assignment with these restrictions; the default is a note."""
    return Assignment(
        convention=Convention(),
        backend="torch",
        functions=FUNCTIONS,
        limits=Limits(),
        restrictions=Restrictions(**policy),
    )


def extracted_of(*texts: str, **files: str) -> Extracted:
    """What is graded of a module's text, of a notebook's cells where there are more, or of modules and notebooks by name."""
    if files:
        sources = {name if "." in name else f"{name}.py": text for name, text in files.items()}
    elif len(texts) == 1:
        sources = {"hw.py": texts[0]}
    else:
        sources = {"hw.ipynb": notebook_of(*texts)}
    files_of = tuple(SourceFile(path, text.encode()) for path, text in sources.items())
    return extract(Submission("s", files_of), list(FUNCTIONS))
