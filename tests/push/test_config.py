"""The settings of a push."""

import textwrap
from pathlib import Path

import pytest

from grader.errors import PushError
from grader.push.config import PushConfig, push_schema, read_config

VALID = {
    "platform": '"canvas"',
    "line_item": '"https://lms.example.edu/api/lti/courses/1/line_items/2?x=1"',
    "token_url": '"https://lms.example.edu/token"',
    "client_id": '"1"',
    "key_file": '"key.pem"',
    "users": '{id = "canvas"}',
}


def read(tmp_path, **changes):
    fields = {**VALID, **changes}
    path = tmp_path / "push.toml"
    path.write_text("".join(f"{name} = {value}\n" for name, value in fields.items()))
    return read_config(path)


def test_the_paths_of_services_come_before_the_query(tmp_path):
    config = read(tmp_path)

    assert config.scores_url == "https://lms.example.edu/api/lti/courses/1/line_items/2/scores?x=1"
    assert config.results_url("user_id=a%20b") == (
        "https://lms.example.edu/api/lti/courses/1/line_items/2/results?x=1&user_id=a%20b"
    )


@pytest.mark.parametrize(
    "field, value, fault",
    [
        ("line_item", '"http://lms.example.edu/x"', "line_item must begin with https://: http is for tests on this machine only (got 'http://lms.example.edu/x')"),
        ("line_item", '"ftp://lms.example.edu/x"', "line_item must be a URL that begins with https:// (got 'ftp://lms.example.edu/x')"),
        ("token_url", '"https://me:secret@lms.example.edu/x"', "token_url must be a URL without a user name, a password or a #"),
        ("token_url", '"https://lms.example.edu/\\u202ex"', "token_url must be a URL of printable ASCII characters without spaces (got 'https://lms.example.edu/<U+202E>x')"),
        ("token_url", '"https://[::1/x"', "token_url must be a URL that begins with https:// (got 'https://[::1/x')"),
        ("users", "{}", "users must have either file (with student and user) or id"),
        ("users", '{file = "a.csv"}', "users must name the columns student and user of its file"),
        ("users", '{id = "canvas", user = "x"}', "users has columns but no file"),
        ("comment_end", '"x"\ncomment = "none"', 'comment_end needs comment = "summary"'),
    ],
)  # fmt: skip
def test_each_fault_of_the_settings_has_its_words(tmp_path, field, value, fault):
    with pytest.raises(PushError) as caught:
        read(tmp_path, **{field: value})

    assert str(caught.value) == f"{tmp_path}/push.toml: {fault}"


def test_an_unknown_field_is_said_with_the_one_that_was_meant(tmp_path):
    with pytest.raises(PushError, match=r"key_fil is an unknown field \(did you mean 'key_file'\?\)"):
        read(tmp_path, key_fil='"x"')


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:80"])
def test_http_is_allowed_on_this_machine(tmp_path, host):
    assert read(tmp_path, token_url=f'"http://{host}/token"').token_url == f"http://{host}/token"


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(PushError, match=r"push.toml: file not found; docs/push.md shows such a file"):
        read_config(tmp_path / "push.toml")


def test_the_schema_describes_every_field():
    schema = push_schema()

    fields = {**schema["properties"], **schema["$defs"]["UsersConfig"]["properties"]}
    assert [name for name, each in fields.items() if not each.get("description")] == []
    assert schema["required"] == list(VALID)


def test_the_settings_in_the_documentation_are_valid_and_its_table_is_complete(tmp_path):
    page = (Path(__file__).resolve().parents[2] / "docs" / "push.md").read_text()
    shown = page.split("## push.toml\n\n```toml\n", 1)[1].split("\n```", 1)[0]
    (tmp_path / "push.toml").write_text(textwrap.dedent(shown))

    config = read_config(tmp_path / "push.toml")

    assert config.users.file == "users.csv"
    assert [
        name for name in PushConfig.model_fields if f"`{name}`" not in page and f"{name} = " not in page
    ] == ["users"]
