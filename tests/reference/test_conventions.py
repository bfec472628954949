"""Conventions refuse what no assignment means, in words that name the field."""

import dataclasses
import math

import pytest

from reference import Convention


def test_defaults_are_those_of_eecs498_and_cs231n():
    assert Convention() == Convention(layout="DC", regularizer_coefficient=1.0, delta=1.0)


def test_conventions_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Convention().delta = 2.0  # type: ignore[misc]


@pytest.mark.parametrize(
    "fields,message",
    [
        ({"layout": "NC"}, "layout must be 'DC' or 'CD' (got 'NC')"),
        ({"regularizer_coefficient": 0}, "regularizer_coefficient must be a finite number > 0 (got 0)"),
        ({"regularizer_coefficient": "1"}, "regularizer_coefficient must be a finite number > 0 (got '1')"),
        ({"delta": -1.0}, "delta must be a finite number > 0 (got -1.0)"),
        ({"delta": math.inf}, "delta must be a finite number > 0 (got inf)"),
        ({"delta": math.nan}, "delta must be a finite number > 0 (got nan)"),
    ],
)
def test_a_field_outside_its_values_is_refused_by_name(fields, message):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole message is compared
        Convention(**fields)

    assert str(caught.value) == message
