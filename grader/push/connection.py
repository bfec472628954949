"""The conversation with the platform: HTTPS requests, the access token, scores and results. The only module of a push that uses the network."""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

from grader import __version__, formatting
from grader.errors import PlatformError, PushError
from grader.push.config import PushConfig
from grader.push.journal import instant
from grader.push.score import Shown
from grader.push.signing import Signer

SCOPES = (
    "https://purl.imsglobal.org/spec/lti-ags/scope/score"
    " https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly"
)
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
RESULTS_TYPE = "application/vnd.ims.lis.v2.resultcontainer+json"

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_GREATEST_ANSWER = 1 << 20
_GREATEST_TOKEN = 16_384
_EARLIER_SECONDS = 30.0
"""A token is renewed so long before its end."""
_DEFAULT_TOKEN_SECONDS = 600.0
_SHOWN_TEXT = 200
_LEAST_SECRET = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the platform's."""

    status: int
    text: str

    retry_after: float | None = None
    """Seconds that the platform asks to wait."""

    is_cut: bool = False
    """Whether the connection ended before the text did."""

    @property
    def is_busy(self) -> bool:
        """Whether the platform asks to come later, and did nothing. Canvas has also said so by a 403."""
        return self.status == http.client.TOO_MANY_REQUESTS or (
            self.status == http.client.FORBIDDEN and "rate limit exceeded" in self.text.casefold()
        )

    @property
    def is_lost(self) -> bool:
        """Whether the platform, or something before it, failed: it may have done what was asked."""
        return self.status == http.client.REQUEST_TIMEOUT or self.status >= http.client.INTERNAL_SERVER_ERROR

    @property
    def is_page(self) -> bool:
        """Whether it is a success with a web page, as of a login or a proxy: it says nothing of what was asked."""
        return 200 <= self.status < 300 and self.text.lstrip("\ufeff \t\r\n").startswith("<")

    @property
    def words(self) -> str:
        """The status, and the platform's own words as far as they can be shown."""
        told = " ".join(formatting.printable_lines(_message(self.text)).split())
        told = formatting.shortened(formatting.printable(told), _SHOWN_TEXT)
        if self.is_page:
            told = "a web page, not an answer"
        return f"{self.status}: {told}" if told else str(self.status)


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A request without an answer."""

    why: str

    is_sent: bool
    """Whether the request may have reached the platform."""

    retry_after: float | None = None
    """Seconds that the platform asks to wait."""


Reply = Answer | NoAnswer


class Platform(Protocol):
    """What the push asks of the platform. PlatformError or PushError if nothing was sent, and nothing more can be."""

    def post_score(self, body: Mapping[str, Any]) -> Reply:
        """Send a score once."""

    def result(self, user_id: str) -> Shown | Reply | None:
        """The present value of a user, None if there is none; the reply if it tells nothing."""

    def forget_token(self) -> None:
        """The next request asks for a new access token."""


class LtiPlatform:
    """A platform over HTTPS. Each request has its own connection, and goes to the configured host and nowhere else."""

    def __init__(
        self, config: PushConfig, signer: Signer, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._config, self._signer, self._clock = config, signer, clock
        self._token: str | None = None
        self._token_ends = 0.0

    def post_score(self, body: Mapping[str, Any]) -> Reply:
        """Send a score once."""
        content = json.dumps(body, ensure_ascii=True, allow_nan=False).encode()
        return self._authorized("POST", self._config.scores_url, content, {"Content-Type": SCORE_TYPE})

    def result(self, user_id: str) -> Shown | Reply | None:
        """The present value of a user, None if there is none; the reply if it tells nothing."""
        url = self._config.results_url(urlencode({"user_id": user_id}))
        reply = self._authorized("GET", url, None, {"Accept": RESULTS_TYPE})
        if isinstance(reply, NoAnswer) or reply.status != http.client.OK:
            return reply
        try:
            found = json.loads(reply.text)
        except (ValueError, RecursionError):
            return NoAnswer("its results are not JSON", is_sent=True)
        if not isinstance(found, list):
            return NoAnswer("its results are not a list", is_sent=True)
        own = [each for each in found if isinstance(each, dict) and str(each.get("userId")) == user_id]
        if found and not own:
            return NoAnswer("its results are of other users", is_sent=True)
        return _shown(own[0]) if own else None

    def forget_token(self) -> None:
        """The next request asks for a new access token."""
        self._token = None

    def _authorized(self, method: str, url: str, content: bytes | None, headers: Mapping[str, str]) -> Reply:
        token = self._current_token()
        if not isinstance(token, str):
            return token
        return self._request(method, url, content, {**headers, "Authorization": f"Bearer {token}"}, token)

    def _current_token(self) -> str | Reply:
        """The token, fetched if there is none that holds; else why there is none for now. Nothing was sent then."""
        if self._token is not None and self._clock() < self._token_ends:
            return self._token
        config = self._config
        assertion = self._signer.assertion(
            config.client_id, config.audience or config.token_url, secrets.token_urlsafe(24), time.time()
        )
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": assertion,
            "scope": SCOPES,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        reply = self._request("POST", config.token_url, urlencode(form).encode(), headers, assertion)
        if isinstance(reply, NoAnswer):
            return NoAnswer(f"no access token: {reply.why}", is_sent=False)
        if reply.is_busy or reply.is_lost:
            return NoAnswer(f"no access token: {reply.words}", is_sent=False, retry_after=reply.retry_after)
        if reply.is_cut:
            return NoAnswer("no access token: the answer was cut off", is_sent=False)
        self._token, seconds = _token_of(reply, config.token_url)
        self._token_ends = self._clock() + max(seconds - _EARLIER_SECONDS, seconds / 2)
        return self._token

    def _request(
        self, method: str, url: str, content: bytes | None, headers: Mapping[str, str], secret: str
    ) -> Reply:
        """One request. Redirects are answers like others: the token and the score go nowhere else.

        secret: in the request; an answer that repeats it must not bring it to the terminal or the journal.
        """
        parts, timeout = urlsplit(url), self._config.timeout_seconds
        connection = _connection(url, timeout)
        shown = formatting.printable(parts.hostname or url)
        try:
            try:
                connection.connect()
            except ssl.SSLCertVerificationError as error:
                raise PlatformError(
                    f"{shown}: its certificate is not valid: {error.verify_message.rstrip('.')}; nothing was sent to it"
                ) from error
            except (OSError, ValueError) as error:  # a name that cannot be one is a ValueError
                return NoAnswer(_why_not(error, f"{shown} cannot be reached", timeout), is_sent=False)
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            agent = {"User-Agent": f"linear-classifier-grader/{__version__}", "Connection": "close"}
            deadline = _Deadline(connection, timeout)
            with deadline:
                try:
                    connection.request(method, target, content, {**agent, **headers})
                    response = connection.getresponse()
                    read = response.read(_GREATEST_ANSWER)
                except (OSError, http.client.HTTPException) as error:
                    cause = TimeoutError() if deadline.is_over else error
                    return NoAnswer(_why_not(cause, f"{shown} did not answer", timeout), is_sent=True)
            if deadline.is_over:  # what was read by then looks whole, and need not be
                return NoAnswer(_why_not(TimeoutError(), f"{shown} did not answer", timeout), is_sent=True)
            return Answer(
                response.status,
                _without(read.decode("utf-8", "replace"), secret),
                _retry_after(response.getheader("Retry-After")),
                is_cut=bool(response.length) and len(read) < _GREATEST_ANSWER,
            )
        finally:
            connection.close()


def _connection(url: str, timeout: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "http":  # loopback only, as the configuration sees to
        return http.client.HTTPConnection(host, parts.port, timeout=timeout)
    context = ssl.create_default_context()  # verifies the certificate and the host
    return http.client.HTTPSConnection(host, parts.port, timeout=timeout, context=context)


class _Deadline:
    """Cuts a connection when its time is over, however steadily an answer drips."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self._socket = connection.sock
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self.is_over = False

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _cut(self) -> None:
        self.is_over = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)


def _without(text: str, secret: str) -> str:
    """The text without the secret, also as JSON or a URL may write it. A very short one is none, and would be in any text."""
    if len(secret) < _LEAST_SECRET:
        return text
    for each in (secret, secret.replace("/", "\\/"), quote(secret, safe="")):
        text = text.replace(each, "[secret]")
    return text


def _why_not(error: Exception, words: str, timeout: float) -> str:
    if isinstance(error, TimeoutError):
        return f"{words} within {formatting.seconds(timeout)}"
    if isinstance(error, socket.gaierror):
        return f"{words}: its host name cannot be resolved"
    reason = getattr(error, "strerror", None) or "the connection was closed"
    return f"{words}: {formatting.printable(formatting.shortened(str(reason), _SHOWN_TEXT))}"


def _retry_after(header: str | None) -> float | None:
    """The seconds in a Retry-After, which is a number or a date."""
    if header is None:
        return None
    header = header.strip()
    if header.isascii() and header.isdigit() and len(header) < 10:
        return float(header)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        moment = email.utils.parsedate_to_datetime(header)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    return None


def _token_of(reply: Answer, url: str) -> tuple[str, float]:
    """The token and its seconds. PushError if the platform gives none: the key, the client id or the URL is wrong."""
    shown = formatting.printable(url)
    if not 200 <= reply.status < 300:
        moved = "; it redirects: give the final address" if 300 <= reply.status < 400 else ""
        raise PushError(
            f"{shown}: no access token ({reply.words}){moved}; check client_id, token_url and key_id, and, on"
            " the platform, the public key (`grader push key`) and the scopes score and result.readonly"
        )
    try:
        found = json.loads(reply.text)
        token, seconds = found["access_token"], float(found.get("expires_in", _DEFAULT_TOKEN_SECONDS))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise PushError(f"{shown}: its answer has no access token; is it the token URL?") from error
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token:
        raise PushError(f"{shown}: its access token is invalid")
    if not 0 < len(token) <= _GREATEST_TOKEN:
        raise PushError(f"{shown}: its access token is empty or far too long")
    return token, seconds if 0 < seconds < 1e9 else _DEFAULT_TOKEN_SECONDS


def _shown(result: Mapping[str, Any]) -> Shown:
    comment = result.get("comment")
    return Shown(
        _number(result.get("resultScore")),
        _number(result.get("resultMaximum")),
        comment if isinstance(comment, str) else None,
        instant(result.get("timestamp")),
    )


def _number(value: object) -> float | None:
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e12 else None  # also not a number


def _message(text: str) -> str:
    """The words in a platform's answer: of JSON the first text that tells an error, of HTML nothing."""
    if text.lstrip().startswith("<"):
        return ""
    with contextlib.suppress(ValueError, RecursionError):
        return _first_text(json.loads(text))
    return text[: 4 * _SHOWN_TEXT]


def _first_text(found: object, depth: int = 0) -> str:
    if isinstance(found, str):
        return found
    if depth > 4:
        return ""
    if isinstance(found, dict):
        order = sorted(found, key=lambda key: key not in {"message", "error_description", "errors", "error"})
        return next((words for key in order if (words := _first_text(found[key], depth + 1))), "")
    if isinstance(found, list):
        return next((words for each in found if (words := _first_text(each, depth + 1))), "")
    return ""
