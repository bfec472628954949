"""The TOML file of a push: the platform, the key, the line item, and how students become the platform's users."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from grader import formatting
from grader.errors import PushError, SpecFault
from grader.model.assignment import Model
from grader.spec.errors import Misfits
from grader.spec.toml_file import checked, parse_toml, read_toml

PlatformName = Literal["canvas", "moodle", "other"]

GREATEST_COMMENT_END = 500


class UsersConfig(Model):
    """Where the platform's user ids stand: in a CSV, or among the ids of the roster. Exactly one of the two."""

    file: str | None = Field(
        default=None, description="A CSV, by its path from this file: a row for each student."
    )
    student: str | None = Field(
        default=None, description="Header of its column with the students' ids, emails or logins."
    )
    user: str | None = Field(default=None, description="Header of its column with the LTI user ids.")
    id: str | None = Field(
        default=None,
        description="A kind of id that the roster or the download has: id, login, email, canvas, sis, moodle, github.",
    )


class PushConfig(Model):
    """Where the scores of a class go."""

    platform: PlatformName = Field(description="Whose rules hold; other: those of the standard.")
    line_item: str = Field(
        max_length=2000, description="URL of the column in the platform's gradebook, with its query."
    )
    token_url: str = Field(description="URL of the platform's access tokens.")
    client_id: str = Field(min_length=1, max_length=255, description="Of this tool, by the platform.")
    audience: str | None = Field(
        default=None, min_length=1, description="Whom the signed assertion is for; the token URL if left out."
    )
    key_file: str = Field(
        min_length=1,
        description="The private RSA key (PEM), by its path from this file; nobody else may read it.",
    )
    key_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=255,
        description="The `kid` under which the platform knows the key.",
    )
    users: UsersConfig = Field(description="How a student becomes a user of the platform.")
    comment: Literal["summary", "none"] = Field(
        default="summary",
        description="summary: the score, what changed it, and the visible checks that lost points; none: no comment.",
    )
    comment_end: str = Field(
        default="",
        max_length=GREATEST_COMMENT_END,
        description="A last line of each comment, such as where the page is.",
    )
    timeout_seconds: float = Field(
        default=30.0, gt=0, le=600, description="How long to wait for the platform each time."
    )
    attempts: int = Field(
        default=6, ge=1, le=20, description="How often to try where the platform is busy, or does not answer."
    )
    pause_seconds: float = Field(
        default=1.0, gt=0, le=60, description="Before the second attempt; doubled before each further one."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        faults = [
            *_url_faults("line_item", self.line_item),
            *_url_faults("token_url", self.token_url),
            *self._users_faults(),
        ]
        if self.comment == "none" and self.comment_end:
            faults.append(SpecFault("comment_end", 'needs comment = "summary"'))
        if faults:
            raise Misfits(faults)
        return self

    def _users_faults(self) -> Iterator[SpecFault]:
        users = self.users
        if (users.file is None) == (users.id is None):
            yield SpecFault("users", "must have either file (with student and user) or id")
        elif users.file is not None and (not users.student or not users.user):
            yield SpecFault("users", "must name the columns student and user of its file")
        elif users.id is not None and (users.student or users.user):
            yield SpecFault("users", "has columns but no file")

    @property
    def scores_url(self) -> str:
        """Where a score is posted: the path is inserted before the query."""
        return below(self.line_item, "scores")

    def results_url(self, query: str) -> str:
        """Where the present value of a user is read; query: user_id=..., encoded."""
        url = below(self.line_item, "results")
        return f"{url}{'&' if '?' in url else '?'}{query}"


def below(line_item: str, name: str) -> str:
    """The URL of a service of the line item."""
    parts = urlsplit(line_item)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl()


def is_same_item(one: str, other: str) -> bool:
    """Whether two URLs are one line item: upper and lower case of the host, and a slash at the end of the path, make no difference."""
    return one == other or _plain(one) == _plain(other)


def _plain(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.lower(), path=parts.path.rstrip("/")).geturl()


def _url_faults(where: str, url: str) -> Iterator[SpecFault]:
    shown = formatting.toml(formatting.printable(url))
    if not url.isascii() or not url.isprintable() or " " in url:
        yield SpecFault(where, "must be a URL of printable ASCII characters without spaces", shown)
        return
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in {"https", "http"} or not host:
        yield SpecFault(where, "must be a URL that begins with https://", shown)
    elif parts.username is not None or parts.password is not None or parts.fragment:
        yield SpecFault(where, "must be a URL without a user name, a password or a #")
    elif parts.scheme == "http" and not _is_loopback(host):
        yield SpecFault(where, "must begin with https://: http is for tests on this machine only", shown)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_config(path: Path) -> PushConfig:
    """The settings in a file. PushError holds every fault."""
    shown = formatting.printable(str(path))
    if not os.path.lexists(path):
        raise PushError(f"{shown}: file not found; docs/push.md shows such a file")
    content = read_toml(path, shown, PushError)
    return checked(PushConfig, parse_toml(content, shown, PushError), shown, PushError)


def push_schema() -> dict[str, Any]:
    """The JSON Schema of the settings, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **PushConfig.model_json_schema()}
