"""A learning platform on loopback that acts by Canvas's or by Moodle's rules, with faults on request."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KEY_PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
CLIENT_ID = "10000000000001"
SCOPES = {
    "https://purl.imsglobal.org/spec/lti-ags/scope/score",
    "https://purl.imsglobal.org/spec/lti-ags/scope/result.readonly",
}
MAXIMUM = 10.0
"""Of the line item: scores are rescaled to it."""


@dataclass
class Grade:
    """What the platform has of one user."""

    score: float | None = None
    comments: list[str] = field(default_factory=list)
    changed_at: datetime | None = None
    attempts: int = 1
    submitted_at: str | None = None


class FakePlatform(AbstractContextManager["FakePlatform"]):
    """The platform, served until the end of the `with` block.

    face: canvas or moodle. fault: (user id, number of the request for it, from 1) to what goes wrong: a status before the score
    is taken (429, 500), "lost" (taken, then the connection is closed), "late" (taken, and the answer comes after
    late_seconds), "closed" (not taken).
    """

    def __init__(
        self, face: str, users: set[str], fault: Callable[[str, int], object] = lambda *_: None
    ) -> None:
        self.face, self.users, self.fault = face, users, fault
        self.grades: dict[str, Grade] = defaultdict(Grade)
        self.requests: list[tuple[str, str, int]] = []
        self.taken: Counter[str] = Counter()
        self.tries: Counter[str] = Counter()
        self.bodies: list[dict] = []
        self.tokens = 0
        self.token_uses = 10**9
        self.late_seconds = 1.0
        self.headers: dict[str, str] = {}
        self.results_status = 200
        self.scopes = SCOPES
        self.fault_text = "fault"
        self._uses = 0
        self._lock = threading.Lock()

    def __enter__(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                outer._post(self)

            def do_GET(self):
                outer._get(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def line_item(self) -> str:
        return f"{self.url}/lti/lineitem" + ("?type_id=3" if self.face == "moodle" else "")

    def graded_by_the_teacher(self, user: str, score: float, at: datetime) -> None:
        self.grades[user].score, self.grades[user].changed_at = score, at

    def _post(self, handler):
        content = handler.rfile.read(int(handler.headers["Content-Length"]))
        parts = urlsplit(handler.path)
        if parts.path == "/token":
            status, answer = self._token(parse_qs(content.decode()))
            self._answer(handler, status, answer)
            return
        with self._lock:
            body = json.loads(content)
            status, answer, after = self._score(handler, parts, body)
            self.requests.append(("POST", body.get("userId", ""), status))
        if after == "late":
            time.sleep(self.late_seconds)
        if after in {"lost", "closed"}:
            handler.close_connection = True
            return
        self._answer(handler, status, answer)

    def _get(self, handler):
        parts = urlsplit(handler.path)
        query = parse_qs(parts.query)
        with self._lock:
            user = query.get("user_id", [""])[0]
            refused = self._refused(handler, parts, "results")
            status, answer = refused or (self.results_status, self._results(user))
            self.requests.append(("GET", user, status))
        self._answer(handler, status, answer)

    def _answer(self, handler, status, answer):
        content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
        try:
            handler.send_response(status)
            for name, value in self.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)
        except OSError:
            pass

    def _token(self, form):
        claims = jwt.decode(
            form["client_assertion"][0], KEY.public_key(), algorithms=["RS256"], audience=f"{self.url}/token"
        )
        assert claims["iss"] == claims["sub"] == CLIENT_ID
        assert claims["jti"]
        assert form["grant_type"] == ["client_credentials"]
        assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
        if not set(form["scope"][0].split()) <= self.scopes:
            return 400, {"error": "invalid_scope"}
        self.tokens += 1
        self._uses = 0
        return 200, {"access_token": f"token-{self.tokens}", "token_type": "Bearer", "expires_in": 3600}

    def _refused(self, handler, parts, name):
        if handler.headers["Authorization"] != f"Bearer token-{self.tokens}" or self._uses >= self.token_uses:
            return 401, {"errors": "token expired"}
        self._uses += 1
        if parts.path != f"/lti/lineitem/{name}":
            return 404, {}
        if self.face == "moodle" and parse_qs(parts.query).get("type_id") != ["3"]:
            return 404, {}
        return None

    def _score(self, handler, parts, body):
        refused = self._refused(handler, parts, "scores")
        if refused is not None:
            return *refused, None
        assert handler.headers["Content-Type"] == "application/vnd.ims.lis.v1.score+json"
        user = body["userId"]
        self.tries[user] += 1
        fault = self.fault(user, self.tries[user])
        if isinstance(fault, int):
            return fault, {"message": self.fault_text}, None
        if fault == "closed":
            return 0, {}, fault
        take = self._canvas if self.face == "canvas" else self._moodle
        status, answer = take(body)
        if status < 300:
            self.taken[user] += 1
            self.bodies.append(body)
        return status, answer, fault

    def _canvas(self, body):
        user, moment = body["userId"], datetime.fromisoformat(body["timestamp"])
        if user not in self.users:
            return 422, {"errors": {"type": "unprocessable_entity", "message": "User not found in course"}}
        grade = self.grades[user]
        if grade.changed_at is not None and moment < grade.changed_at:
            return 400, {"errors": {"message": "timestamp before last updated timestamp"}}
        own = body.get("https://canvas.instructure.com/lti/submission", {})
        submitted = own.get("submitted_at")
        if submitted and datetime.fromisoformat(submitted) > datetime.now(UTC) + timedelta(minutes=1):
            return 400, {"errors": {"message": "submitted_at in the future"}}
        if own.get("new_submission", True):
            grade.attempts += 1
            grade.submitted_at = submitted
        is_score = "scoreGiven" in body and body["gradingProgress"] in {"FullyGraded", "PendingManual"}
        grade.score = body["scoreGiven"] * MAXIMUM / body["scoreMaximum"] if is_score else None
        if body.get("comment"):
            grade.comments.append(body["comment"])
        grade.changed_at = moment
        return 200, {"resultUrl": "x"}

    def _moodle(self, body):
        user, moment = body["userId"], datetime.fromisoformat(body["timestamp"])
        if user not in self.users:
            return 400, "not gradable in this course"
        grade = self.grades[user]
        if grade.changed_at is not None and int(grade.changed_at.timestamp()) >= int(moment.timestamp()):
            return 409, "Refusing score with an earlier timestamp"
        is_score = "scoreGiven" in body and body["gradingProgress"] == "FullyGraded"
        grade.score = body["scoreGiven"] * MAXIMUM / body.get("scoreMaximum", 1) if is_score else None
        grade.comments = [body["comment"]] if body.get("comment") else []
        grade.changed_at = moment
        return 200, ""

    def _results(self, user):
        grade = self.grades.get(user)
        if grade is None or grade.changed_at is None:
            return []
        result = {"id": "x", "userId": user, "scoreOf": self.line_item}
        if self.face == "moodle":
            if grade.score:
                result |= {"resultScore": grade.score, "resultMaximum": MAXIMUM}
                result |= {"timestamp": grade.changed_at.replace(microsecond=0).isoformat()}
        elif grade.score is not None:
            result |= {"resultScore": grade.score, "resultMaximum": MAXIMUM}
        if grade.comments and (grade.score or self.face == "canvas"):
            result["comment"] = grade.comments[-1]
        return [result]
