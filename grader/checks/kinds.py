"""The kinds of checks by name; the class of a kind is imported where a spec or a report names it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pkgutil import resolve_name
from typing import Annotated, Any, Union

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from grader.checks.base.check import CheckFields

KINDS: Mapping[str, str] = {
    "accuracy": "training.accuracy:AccuracyCheck",
    "agreement": "losses.agreement:AgreementCheck",
    "answers": "questions.answers:AnswersCheck",
    "batches": "training.batches:BatchesCheck",
    "classifier": "training.classifier:ClassifierCheck",
    "gradient": "losses.gradient:GradientCheck",
    "initial_loss": "losses.initial_loss:InitialLossCheck",
    "large": "questions.large:LargeCheck",
    "loops": "losses.loops:LoopsCheck",
    "net_accuracy": "training.net_accuracy:NetAccuracyCheck",
    "method_loops": "questions.method_loops:MethodLoopsCheck",
    "param_set": "training.param_set:ParamSetCheck",
    "prediction": "training.prediction:PredictionCheck",
    "purity": "losses.purity:PurityCheck",
    "sampling": "training.sampling:SamplingCheck",
    "saved": "training.saved:SavedCheck",
    "search": "training.search:SearchCheck",
    "speedup": "speed.speedup:SpeedupCheck",
    "stability": "losses.stability:StabilityCheck",
    "training": "training.training:TrainingCheck",
    "values": "losses.values:ValuesCheck",
    "weights": "training.weights:WeightsCheck",
}
"""Each kind's class, with its module in grader.checks."""


@cache
def class_of(kind: str) -> type[CheckFields]:
    """The class of a kind. Raises KeyError for an unknown one."""
    found: type[CheckFields] = resolve_name(f"grader.checks.{KINDS[kind]}")
    return found


def is_slow(kind: str) -> bool:
    """Whether checks of a kind time or train: for code that has a report but no spec."""
    return kind in KINDS and class_of(kind).is_slow


def tells_numbers(kind: str) -> bool:
    """Whether a check of a kind has something to tell if it passed: a time or an accuracy, or why there is none."""
    return is_slow(kind) or (kind in KINDS and class_of(kind).scores_images)


class _ByKind:
    """How pydantic reads a check: as the kind that it names, without the classes of the others."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(_read)

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(_any_kind().core_schema)


AnyCheck = Annotated[CheckFields, _ByKind]
"""A check of any kind."""


def _read(fields: Any, info: ValidationInfo) -> CheckFields:
    """info: its context reaches each check, which may take its questions from there."""
    try:
        return class_of(fields["kind"]).model_validate(fields, strict=True, context=info.context)
    except (ValidationError, KeyError, TypeError):  # the union's error says which kinds there are
        return _any_kind().validate_python(fields, strict=True, context=info.context)


@cache
def _any_kind() -> TypeAdapter[CheckFields]:
    union: Any = Union[tuple(map(class_of, KINDS))]  # noqa: UP007  its members are known at run time only
    tagged: Any = Annotated[union, Field(discriminator="kind")]
    return TypeAdapter(tagged)
