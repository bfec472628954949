"""The kinds of checks: each draws its trials from a seed and judges what was observed."""

from typing import Annotated

from pydantic import Field

from grader.checks.accuracy import AccuracyCheck
from grader.checks.agreement import AgreementCheck
from grader.checks.answers import AnswersCheck
from grader.checks.batches import BatchesCheck
from grader.checks.check import Check, CheckFields, Evidence
from grader.checks.classifier import ClassifierCheck
from grader.checks.gradient import GradientCheck
from grader.checks.initial_loss import InitialLossCheck
from grader.checks.loops import LoopsCheck
from grader.checks.param_set import ParamSetCheck
from grader.checks.prediction import PredictionCheck
from grader.checks.purity import PurityCheck
from grader.checks.sampling import SamplingCheck
from grader.checks.search import SearchCheck
from grader.checks.speedup import SpeedupCheck
from grader.checks.stability import StabilityCheck
from grader.checks.training import TrainingCheck
from grader.checks.values import ValuesCheck
from grader.checks.weights import WeightsCheck

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
