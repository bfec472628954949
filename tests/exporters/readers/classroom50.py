"""Reads result.json by Classroom 50's structure and the rules between its fields."""

import json

import jsonschema

_TEXT = {"type": "string", "minLength": 1}
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$"}
_PUSHER = {
    "type": "object",
    "additionalProperties": False,
    "required": ["username"],
    "properties": {"username": _TEXT, "id": {"type": ["integer", "null"]}},
}
_TESTS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["test-name", "passed", "score", "max-score"],
        "properties": {
            "test-name": _TEXT,
            "passed": {"type": "boolean"},
            "score": _COUNT,
            "max-score": _COUNT,
        },
    },
}
_OPTIONAL = {"graded_at": _TIME, "submitted_by": _PUSHER}
_REQUIRED = {
    "schema": {"const": "classroom50/result/v1"},
    **dict.fromkeys(("classroom", "assignment", "owner", "commit", "release", "review"), _TEXT),
    "assignment_type": {"enum": ["individual", "group"]},
    "submission": {"type": "string", "pattern": "^submit/"},
    "datetime": _TIME,
    "score": _COUNT,
    "max-score": _COUNT,
    "tests": _TESTS,
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": [*_REQUIRED],
    "properties": {**_REQUIRED, **_OPTIONAL},
}


def read(content, classroom, assignment, owner):
    """(score, maximum). ValueError, or jsonschema's error, if the runner or the gradebook would refuse it."""
    data = json.loads(content)
    jsonschema.Draft202012Validator(SCHEMA).validate(data)
    if (data["classroom"], data["assignment"]) != (classroom, assignment):
        raise ValueError("of another assignment")
    if data["owner"].lower() != owner.lower():
        raise ValueError("of another student")
    for each in (data, *data["tests"]):
        if isinstance(each["score"], bool) or each["score"] > each["max-score"]:
            raise ValueError(f"{each['score']} of {each['max-score']}")
    return data["score"], data["max-score"]
