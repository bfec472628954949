"""The kinds of checks: each draws its trials from a seed and judges the observations."""

from typing import Annotated, get_args

from pydantic import Field

from grader.checks.base.check import CheckFields, Evidence
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
"""A check of any kind."""

SLOW_KINDS = frozenset(
    name
    for kind in get_args(get_args(AnyCheck)[0])
    if kind.is_slow
    for name in get_args(kind.model_fields["kind"].annotation)
)
"""The kinds that time or train, by name: for code that has a report but no spec."""

__all__ = [
    "SLOW_KINDS",
    "AccuracyCheck",
    "AgreementCheck",
    "AnswersCheck",
    "AnyCheck",
    "BatchesCheck",
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
