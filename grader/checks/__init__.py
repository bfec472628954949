"""The kinds of checks: each draws its trials from a seed and judges what was observed."""

from typing import Annotated

from pydantic import Field

from grader.checks.base.check import Check, CheckFields, Evidence
from grader.checks.losses.agreement import AgreementCheck
from grader.checks.losses.gradient import GradientCheck
from grader.checks.losses.initial_loss import InitialLossCheck
from grader.checks.losses.loops import LoopsCheck
from grader.checks.losses.purity import PurityCheck
from grader.checks.losses.stability import StabilityCheck
from grader.checks.losses.values import ValuesCheck
from grader.checks.questions.answers import AnswersCheck
from grader.checks.speed.speedup import SpeedupCheck
from grader.checks.training.accuracy import AccuracyCheck
from grader.checks.training.batches import BatchesCheck
from grader.checks.training.classifier import ClassifierCheck
from grader.checks.training.param_set import ParamSetCheck
from grader.checks.training.prediction import PredictionCheck
from grader.checks.training.sampling import SamplingCheck
from grader.checks.training.search import SearchCheck
from grader.checks.training.training import TrainingCheck
from grader.checks.training.weights import WeightsCheck

AnyCheck = Annotated[
    AccuracyCheck
    | AgreementCheck
    | AnswersCheck
    | BatchesCheck
    | ClassifierCheck
    | GradientCheck
    | InitialLossCheck
    | LoopsCheck
    | ParamSetCheck
    | PredictionCheck
    | PurityCheck
    | SamplingCheck
    | SearchCheck
    | SpeedupCheck
    | StabilityCheck
    | TrainingCheck
    | ValuesCheck
    | WeightsCheck,
    Field(discriminator="kind"),
]
"""One of the kinds, told apart by `kind`."""

MEASURED_KINDS = frozenset({"speedup", "accuracy", "search"})
"""Kinds that time or train: seconds each, and what they say depends on more than whether a function is right."""

__all__ = [
    "MEASURED_KINDS",
    "AccuracyCheck",
    "AgreementCheck",
    "AnswersCheck",
    "AnyCheck",
    "BatchesCheck",
    "Check",
    "CheckFields",
    "ClassifierCheck",
    "Evidence",
    "GradientCheck",
    "InitialLossCheck",
    "LoopsCheck",
    "ParamSetCheck",
    "PredictionCheck",
    "PurityCheck",
    "SamplingCheck",
    "SearchCheck",
    "SpeedupCheck",
    "StabilityCheck",
    "TrainingCheck",
    "ValuesCheck",
    "WeightsCheck",
]
