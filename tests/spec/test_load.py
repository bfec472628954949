"""Specs: the shipped ones, their schema, and a sentence for each way in which an instructor's own may be wrong."""

import hashlib
import json
import os
from pathlib import Path
from typing import get_args

import pytest

from grader.checks import KINDS as CHECK_KINDS
from grader.checks import class_of
from grader.errors import SpecError, SpecFault
from grader.model.assignment import FunctionSpec
from grader.spec import SPEC_FOLDER, Outline, find_spec, load_spec, outlines, shipped_specs, spec_schema
from reference.questions import QUESTIONS
from tests.samples import MINI_SPEC

BIG = 1 << 63


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def refusal_of(content, name="a2.toml"):
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SpecError) as caught:
        load_spec(name)
    return caught.value


def changed(old, new):
    assert MINI_SPEC.count(old) >= 1, old
    return MINI_SPEC.replace(old, new, 1)


def without_functions(words):
    start, end = MINI_SPEC.index("[functions]"), MINI_SPEC.index("[[checks]]")
    return words + MINI_SPEC[:start] + MINI_SPEC[end:]


HEAD = MINI_SPEC[: MINI_SPEC.index("[[checks]]")]


def test_the_shipped_spec_is_worth_100_points():
    loaded = load_spec("eecs498_2019")

    assert loaded.spec.max_score == 100
    assert loaded.path == SPEC_FOLDER / "eecs498_2019.toml"
    assert loaded.sha256 == hashlib.sha256(loaded.path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", shipped_specs())
def test_every_function_of_a_shipped_spec_has_a_check_with_points(name):
    spec = load_spec(name).spec

    checked = {function for check in spec.checks if check.points > 0 for function in check.functions}
    optional = {function for function in spec.functions if spec.assignment.is_optional(function)}
    assert checked == set(spec.functions) - optional
    assert spec.name == name


def test_the_schema_on_disk_is_that_of_the_models():
    on_disk = (SPEC_FOLDER / "schema.json").read_text("utf-8")

    assert on_disk == json.dumps(spec_schema(), indent=2) + "\n", (
        "the models have changed; write the schema anew with `grader spec schema > test_specs/schema.json`"
    )


def test_the_shipped_specs_fit_the_schema():
    jsonschema = pytest.importorskip("jsonschema")
    import tomllib

    for name in shipped_specs():
        data = tomllib.loads(find_spec(name).read_text("utf-8"))
        jsonschema.Draft202012Validator(spec_schema()).validate(data)


def test_the_outlines_are_those_of_the_shipped_specs():
    specs = [load_spec(name).spec for name in shipped_specs()]

    assert all(type(each) is Outline for each in outlines())  # read without the checks
    assert [each.model_dump() for each in outlines()] == [
        spec.model_dump(include=set(Outline.model_fields)) for spec in specs
    ]


def test_the_shipped_spec_forbids_losses_libraries_the_partner_and_what_hides_them():
    policy = load_spec("eecs498_2019").spec.assignment.restrictions

    forbidden = {kind for kind, effect in policy.model_dump().items() if effect == "fail"}
    assert forbidden == {"losses", "libraries", "partner", "dynamic"}
    assert {kind for kind, effect in policy.model_dump().items() if effect == "ignore"} == {"devices"}


def test_every_kind_of_check_says_the_roles_of_all_the_functions_that_it_names():
    for kind in map(class_of, CHECK_KINDS):
        names = {"function", "class_name", "naive", "vectorized", "loss", "trainer", "predictor", "rule"}
        assert set(kind.roles) == names & set(kind.model_fields), kind
        assert all(repr(role) in ROLES for roles in kind.roles.values() for role in roles)


def test_a_spec_of_the_instructors_own_is_read_by_its_path():
    Path("own.toml").write_text(MINI_SPEC)

    loaded = load_spec("own.toml")

    assert [check.id for check in loaded.spec.checks] == ["f_values", "f_inputs", "g_values", "same"]
    assert loaded.spec.max_score == 20


def test_an_open_layout_is_for_loss_functions_alone():
    Path("own.toml").write_text(
        MINI_SPEC.replace("[functions]", '[convention]\nlayout = "either"\n\n[functions]')
    )
    spec = load_spec("own.toml").spec

    assert spec.has_open_layout
    assert spec.assignment.convention.layout == "DC"
    assert spec.assignment.in_layout("CD").convention.layout == "CD"

    text = (
        Path("own.toml").read_text().replace("\n[[checks]]", '\np = { role = "predictor" }\n\n[[checks]]', 1)
    )
    Path("other.toml").write_text(text)
    with pytest.raises(SpecError) as caught:
        load_spec("other.toml")
    assert str(caught.value) == (
        "other.toml: convention.layout may be 'either' only where all functions have the role 'loss'"
        " (got 'p', whose role is 'predictor')"
    )


def test_a_byte_order_mark_is_passed_over():
    Path("own.toml").write_bytes(b"\xef\xbb\xbf" + MINI_SPEC.encode())

    assert load_spec("own.toml").spec.name == "mini"


def tags(members, field):
    """The values of the field that tells these models apart, as a message lists them."""
    *most, last = [repr(tag) for each in members for tag in get_args(each.model_fields[field].annotation)]
    return f"{', '.join(most)} or {last}"


KINDS = tags(map(class_of, CHECK_KINDS), "kind")
ROLES = tags(get_args(get_args(FunctionSpec)[0]), "role")


@pytest.mark.parametrize(
    "content, line",
    [
        (
            changed("points = 10", "points = -1"),
            "checks[0].points must be greater than or equal to 0 (got -1)",
        ),
        (
            changed("[functions]", '[restrictions]\nlosses = "forbid"\n[functions]'),
            "restrictions.losses must be 'fail', 'note' or 'ignore' (got 'forbid')",
        ),
        (changed("points = 10", 'points = "ten"'), "checks[0].points must be a valid number (got 'ten')"),
        (changed("points = 10", 'points = "10"'), "checks[0].points must be a valid number (got '10')"),
        (changed("points = 10", "points = true"), "checks[0].points must be a valid number (got true)"),
        (changed("points = 10", "points = [1]"), "checks[0].points must be a valid number (got a list)"),
        (changed("points = 10", "points = {}"), "checks[0].points must be a valid number (got a table)"),
        (
            changed("points = 10", "points = 2024-01-01"),
            "checks[0].points must be a valid number (got 2024-01-01)",
        ),
        (changed("points = 10", "points = nan"), "checks[0].points must be a finite number (got nan)"),
        (
            changed("points = 10", "points = 1e9"),
            "checks[0].points must be less than or equal to 1000 (got 1000000000.0)",
        ),
        (
            changed("points = 10", "points = 10\npoint = 1"),
            "checks[0].point is an unknown field (did you mean 'points'?)",
        ),
        (
            changed('style = "naive"', 'style = "naive", dtype = "float32"'),
            "functions.f.dtype is an unknown field (did you mean 'dtypes'?)",
        ),
        (
            "weight = 3\n" + MINI_SPEC,
            (
                "weight is an unknown field (known: name, title, source, backend, convention, functions, include, seed, limits, restrictions, handout_device, float_labels, files,"
                " checks and claims)"
            ),
        ),
        (
            MINI_SPEC + "[convention]\nmargin = 1\n",
            "convention.margin is an unknown field (known: layout, regularizer_coefficient, delta and bias)",
        ),
        (
            MINI_SPEC + "[limits]\ncall_second = 1\n",
            "limits.call_second is an unknown field (did you mean 'call_seconds'?)",
        ),
        (
            changed('"values"', '"value"'),
            f"checks[0].kind must be one of {KINDS} (got 'value'; did you mean 'values'?)",
        ),
        (changed('kind = "values"', "kind = 3"), f"checks[0].kind must be one of {KINDS} (got 3)"),
        (changed('kind = "values"\n', ""), "checks[0].kind is missing"),
        (changed('title = "f: values"\n', ""), "checks[0].title is missing"),
        (changed('function = "f"\n', ""), "checks[0].function is missing"),
        (changed('title = "Mini"\n', ""), "title is missing"),
        (changed('title = "Mini"', 'title = ""'), "title must not be empty"),
        (changed('title = "Mini"', "title = 3"), "title must be a valid string (got 3)"),
        (
            changed('"f: values"', f'"{"x" * 81}"'),
            f"checks[0].title must have at most 80 characters (got '{'x' * 60}...')",
        ),
        (
            changed('id = "f_values"', 'id = "F values"'),
            "checks[0].id must be lower-case letters, digits and _, with a letter first (got 'F values')",
        ),
        (
            changed('id = "f_inputs"', 'id = "f_values"'),
            "checks[1].id must be unique (got 'f_values', the id of checks[0])",
        ),
        (
            changed('role = "loss"', 'role = "los"'),
            (f"functions.f.role must be one of {ROLES} (got 'los'; did you mean 'loss'?)"),
        ),
        (
            changed("g = {", 'p = { role = "predictor" }\ng = {').replace(
                'function = "f"', 'function = "p"', 1
            ),
            ("checks[0].function must name a function of role 'loss' (got 'p', whose role is 'predictor')"),
        ),
        (
            changed('function = "f"', 'function = "ff"'),
            "checks[0].function must be one of 'f' or 'g' (got 'ff'; did you mean 'f'?)",
        ),
        (
            changed('vectorized = "g"', 'vectorized = "h"'),
            "checks[3].vectorized must be one of 'f' or 'g' (got 'h')",
        ),
        (
            changed('vectorized = "g"', 'vectorized = "f"'),
            "checks[3].vectorized must name another function than naive (got 'f' for both)",
        ),
        (
            changed('classifier = "svm", style = "vec', 'classifier = "softmax", style = "vec'),
            (
                "checks[3].vectorized must name a function of classifier 'svm', as naive does"
                " (got 'g', whose classifier is 'softmax')"
            ),
        ),
        (
            changed("f = {", '"my f" = {').replace('"f"', '"my f"'),
            "functions.my f must be the name of a Python function or class",
        ),
        (
            changed('f = { role = "loss", ', 'f = { role = "loss", dtypes = [], '),
            "functions.f.dtypes must not be empty",
        ),
        (
            changed('f = { role = "loss", ', 'f = { role = "loss", dtypes = ["float16"], '),
            "functions.f.dtypes[0] must be 'float32' or 'float64' (got 'float16')",
        ),
        (
            changed('f = { role = "loss", ', 'f = { role = "loss", dtypes = "float32", '),
            "functions.f.dtypes must be a list (got 'float32')",
        ),
        (
            changed('{ role = "loss", classifier = "svm", style = "naive" }', '"loss"'),
            "functions.f must be a table (got 'loss')",
        ),
        (without_functions(""), "functions is missing"),
        (without_functions("functions = {}\n"), "functions must not be empty"),
        (without_functions('functions = ["f"]\n'), "functions must be a table (got a list)"),
        (HEAD, "checks is missing"),
        ("checks = []\n" + HEAD, "checks must not be empty"),
        ('checks = ["f_values"]\n' + HEAD, "checks[0] must be a table (got 'f_values')"),
        (
            HEAD + '[checks]\nid = "f_values"\n',
            "checks must be a list of tables, each headed [[checks]] (got a table)",
        ),
        (MINI_SPEC + "[convention]\ndelta = 0\n", "convention.delta must be greater than 0 (got 0)"),
        (MINI_SPEC + "[convention]\ndelta = inf\n", "convention.delta must be a finite number (got inf)"),
        (
            MINI_SPEC + '[convention]\nlayout = "NC"\n',
            "convention.layout must be 'DC', 'CD' or 'either' (got 'NC')",
        ),
        ("convention = 1\n" + MINI_SPEC, "convention must be a table (got 1)"),
        ("seed = -1\n" + MINI_SPEC, "seed must be greater than or equal to 0 (got -1)"),
        ("seed = 1.5\n" + MINI_SPEC, "seed must be a valid integer (got 1.5)"),
        ('seed = "7"\n' + MINI_SPEC, "seed must be a valid integer (got '7')"),
        (f"seed = {BIG}\n" + MINI_SPEC, f"seed must be less than {BIG} (got {BIG})"),
        (
            MINI_SPEC + "[limits]\ncall_seconds = inf\n",
            "limits.call_seconds must be a finite number (got inf)",
        ),
        (
            MINI_SPEC + '[limits]\nmemory_bytes = "4 GiB"\n',
            "limits.memory_bytes must be a valid integer (got '4 GiB')",
        ),
        (
            MINI_SPEC + "[limits]\nmemory_bytes = 9\n",
            "limits.memory_bytes must be greater than or equal to 536870912 (got 9)",
        ),
        (
            changed("points = 10", 'points = 10\nvisibility = "secret"'),
            "checks[0].visibility must be 'visible' or 'hidden' (got 'secret')",
        ),
        (
            changed("points = 10", "points = 10\nloss_share = 1.5"),
            "checks[0].loss_share must be less than or equal to 1 (got 1.5)",
        ),
    ],
)
def test_a_fault_is_one_line_of_file_field_expected_and_seen(content, line):
    error = refusal_of(content)

    assert [str(fault) for fault in error.faults] == [line]
    assert str(error) == f"a2.toml: {line}"


def test_the_parts_of_a_fault_are_attributes():
    (misspelt,) = refusal_of(changed("function =", "funktion =")).faults[1:]
    (too_few,) = refusal_of(changed("points = 10", "points = -1")).faults

    assert too_few == SpecFault("checks[0].points", "must be greater than or equal to 0", "-1")
    assert misspelt == SpecFault(
        "checks[0].funktion", "is an unknown field", advice="did you mean 'function'?"
    )


def test_a_spec_that_still_says_help_is_given_the_new_name():
    error = refusal_of(changed("[functions]", '[help]\nlosses = "fail"\n[functions]'))

    assert str(error) == "a2.toml: help is now called restrictions"


def test_a_field_of_a_table_within_a_check_is_looked_up_in_that_table():
    spec = changed(
        'kind = "agreement"', 'kind = "speedup"\nladder = [{ bound = 3.0, credit = 1.0, credits = 1.0 }]'
    )

    assert str(refusal_of(spec)) == (
        "a2.toml: checks[3].ladder[0].credits is an unknown field (did you mean 'credit'?)"
    )


@pytest.mark.parametrize(
    "check, fault",
    [
        (
            'kind = "accuracy"\nloss = "f"\nlearning_rate = 1.0\nreg = 0.0\nval_bar = 0.3\ntest_bar = 0.3',
            "checks[4] must name either loss, trainer and predictor, or class_name alone",
        ),
        (
            'kind = "answers"\nfunction = "q"\nquestion = "ridge_los"',
            "checks[4].question must be one of QUESTIONS (got 'ridge_los'; did you mean 'ridge_loss'?)",
        ),
        (
            'kind = "answers"\nfunction = "q"\nquestion = "ridge_loss"\nshares = { los = 1.0 }',
            "checks[4].shares must be one of 'loss' or 'dw' (got 'los'; did you mean 'loss'?)",
        ),
        (
            'kind = "answers"\nfunction = "q"\nquestion = "ridge_loss"\nhanded = ["f"]',
            "checks[4].handed must be left out: the question 'ridge_loss' has no driver",
        ),
        (
            'kind = "search"\nfunction = "s"\nloss = "f"\nbar = 0.3',
            "checks[4] must name loss, trainer and predictor, or class_name alone, or none of them",
        ),
        (
            'kind = "speedup"\nnaive = "f"\nvectorized = "f"',
            "checks[4].vectorized must name another function than naive (got 'f' for both)",
        ),
    ],
)
def test_a_check_says_itself_why_it_does_not_fit_the_functions(check, fault):
    functions = 'q = { role = "function" }\ns = { role = "search_params", classifier = "svm" }\n'
    spec = changed("\n[[checks]]", f"{functions}\n[[checks]]")

    error = refusal_of(f'{spec}\n[[checks]]\nid = "x"\ntitle = "x"\npoints = 1\n{check}\n')

    questions = f"{', '.join(map(repr, list(QUESTIONS)[:-1]))} or {list(QUESTIONS)[-1]!r}"
    assert str(error) == f"a2.toml: {fault.replace('QUESTIONS', questions)}"


def test_several_faults_are_all_named():
    error = refusal_of(changed("points = 10", "points = -1") + "[convention]\ndelta = 0\n")

    assert str(error).splitlines() == [
        "a2.toml: 2 faults",
        "a2.toml: convention.delta must be greater than 0 (got 0)",
        "a2.toml: checks[0].points must be greater than or equal to 0 (got -1)",
    ]


def test_an_empty_file_lacks_all_that_a_spec_must_have():
    assert str(refusal_of("")).splitlines() == [
        "a2.toml: 4 faults",
        "a2.toml: name is missing",
        "a2.toml: title is missing",
        "a2.toml: functions is missing",
        "a2.toml: checks is missing",
    ]


def test_a_long_or_unprintable_value_is_shown_short_and_escaped():
    error = refusal_of(changed('kind = "values"', f'kind = "\\u001b[31m{"v" * 3000}"'))

    assert str(error) == f"a2.toml: checks[0].kind must be one of {KINDS} (got '\\x1b[31m{'v' * 55}...')"


@pytest.mark.parametrize(
    "content, message",
    [
        (
            changed("points = 10", "points = ten"),
            "line 13, column 10 is invalid TOML: invalid value (got 'points = ten')",
        ),
        (
            changed("points = 10", "points = 10\npoints = 3"),
            "line 14, column 11 is invalid TOML: cannot overwrite a value (got 'points = 3')",
        ),
        ('{"name": 1}', "line 1, column 1 is invalid TOML: invalid statement (got '{\"name\": 1}')"),
        (
            MINI_SPEC + "x",
            "the file is invalid TOML: expected '=' after a key in a key/value pair (at end of document)",
        ),
        (
            MINI_SPEC.encode() + b"# caf\xe9",
            f"line {MINI_SPEC.count(chr(10)) + 1} is not UTF-8; save the file as UTF-8",
        ),
        (MINI_SPEC.encode("utf-16"), "line 1 is not UTF-8; save the file as UTF-8"),
        (
            changed("points = 10", f"points = 1{'0' * 5000}"),
            "invalid TOML: a number is too long, or tables are nested too deep",
        ),
        (f"x = {'[' * 3000}", "invalid TOML: a number is too long, or tables are nested too deep"),
        ("#" * ((1 << 20) + 1), "expected at most 1 MiB, found more; is it the right file?"),
    ],
)
def test_invalid_toml_is_reported_with_its_line(content, message):
    assert str(refusal_of(content)) == f"a2.toml: {message}"


def test_a_folder_is_not_a_spec():
    Path("specs.toml").mkdir()

    with pytest.raises(
        SpecError,
        match=r"^specs\.toml: expected a \.toml file, or a folder with spec\.toml, found a folder without spec\.toml$",
    ):
        load_spec("specs.toml")


@pytest.mark.parametrize(
    "name, expected, seen",
    [
        (
            "cs999",
            "the name of a shipped spec, or the path of a .toml file or of a folder with one",
            "no spec of the name 'cs999'",
        ),
        (
            "mine.toml",
            "the name of a shipped spec, or the path of a .toml file or of a folder with one",
            "nothing at this path",
        ),
        ("/dev/null", "a .toml file, or a folder with spec.toml", "something else"),
        ("large.toml", "at most 1 MiB", "more"),
    ],
)
def test_a_file_that_is_not_a_spec_is_an_error_with_its_parts(name, expected, seen):
    Path("large.toml").write_text("#" * ((1 << 20) + 1))

    with pytest.raises(SpecError) as caught:
        load_spec(name)

    assert (caught.value.expected, caught.value.seen, caught.value.faults) == (expected, seen, ())


@pytest.mark.parametrize(
    "fields, where",
    [
        ('signature = "X, y"', "functions.f.signature"),
        ('signature = "(X, y"', "functions.f.signature"),
        ('methods = { loss = "(X) -> (" }', "functions.f.methods.loss"),
    ],
)
def test_a_text_that_is_not_a_signature_is_a_fault(fields, where):
    error = refusal_of(
        changed(
            'f = { role = "loss", classifier = "svm", style = "naive" }',
            f'f = {{ role = "function", {fields} }}',
        )
    )

    assert f"a2.toml: {where}: must be a signature such as (X, y=None, reg=0.0)" in str(error).splitlines()


def test_a_device_is_not_a_spec():
    with pytest.raises(
        SpecError,
        match=r"^/dev/null: expected a \.toml file, or a folder with spec\.toml, found something else$",
    ):
        load_spec("/dev/null")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_spec_without_permission_cannot_be_read():
    Path("a2.toml").write_text(MINI_SPEC)
    Path("a2.toml").chmod(0)

    with pytest.raises(SpecError, match=r"^a2\.toml: cannot be read: Permission denied$"):
        load_spec("a2.toml")


def test_a_name_that_no_file_can_have_cannot_be_read():
    with pytest.raises(SpecError, match=r"^a{5000}: cannot be read: File name too long$"):
        load_spec("a" * 5000)


LIST = "`grader spec list` names the shipped specs, or give the path of a .toml file or of a folder with spec.toml"


@pytest.mark.parametrize(
    "name, message",
    [
        ("eecs498", f"no spec is named 'eecs498' (did you mean 'eecs498_a2'?); {LIST}"),
        ("cs999", f"no spec is named 'cs999'; {LIST}"),
        ("", f"no spec is named ''; {LIST}"),
        (
            "eecs498_2019.toml",
            f"eecs498_2019.toml: file not found (did you mean 'eecs498_2019'?); {LIST}",
        ),
        ("mine.toml", f"mine.toml: file not found; {LIST}"),
        ("specs/a2", f"specs/a2: file not found; {LIST}"),
        ("x/\x1b[31m", f"x/<U+001B>[31m: file not found; {LIST}"),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_what_to_do(name, message):
    with pytest.raises(SpecError) as caught:
        load_spec(name)

    assert str(caught.value) == message
