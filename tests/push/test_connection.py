"""The conversation with a platform: certificates, deadlines, what an answer says."""

import contextlib
import datetime as dt
import json
import re
import socket
import ssl
import threading
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from grader.errors import PlatformError, PushError
from grader.push.connection import Answer, LtiPlatform, NoAnswer
from grader.push.score import Shown
from grader.push.signing import Signer
from tests.push.fake_platform import KEY, KEY_PEM
from tests.push.test_pushing import CONFIG


def platform_at(url, **changes):
    fields = {"line_item": f"{url}/l", "token_url": f"{url}/t", "timeout_seconds": 0.3, **changes}
    return LtiPlatform(CONFIG.model_copy(update=fields), Signer(KEY, None))


@pytest.fixture
def served():
    """(what to do with a connection) to the port where it is done, until the test ends."""
    listeners = []

    def serve(act):
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    act(connection)

        threading.Thread(target=accept, daemon=True).start()
        return listener.getsockname()[1]

    yield serve
    for each in listeners:
        each.shutdown(socket.SHUT_RDWR)
        each.close()


def request_of(connection):
    """The whole request, which may come in parts: a connection that is closed before all is read is reset."""
    head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
    (length,) = map(int, re.findall(rb"(?i)content-length: *(\d+)", head))
    while len(body) < length and (more := connection.recv(65536)):
        body += more
    return (head + b"\r\n\r\n" + body).decode()


def test_a_certificate_that_nobody_vouches_for_ends_the_push(served, tmp_path):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key()).serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(KEY, hashes.SHA256())
    )  # fmt: skip
    (tmp_path / "both.pem").write_bytes(certificate.public_bytes(Encoding.PEM) + KEY_PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    port = served(lambda connection: context.wrap_socket(connection, server_side=True).close())

    with pytest.raises(PlatformError) as caught:
        platform_at(f"https://127.0.0.1:{port}").post_score({})

    assert str(caught.value) == (
        "127.0.0.1: its certificate is not valid: self-signed certificate; nothing was sent to it"
    )


def test_an_answer_that_drips_is_cut_off(served):
    over = threading.Event()

    def drip(connection):
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.wait(0.05):
            connection.sendall(b"X: y\r\n")

    reply = platform_at(f"http://127.0.0.1:{served(drip)}").post_score({})
    over.set()

    assert reply == NoAnswer("no access token: 127.0.0.1 did not answer within 0.3 s", is_sent=False)


def test_a_port_that_nobody_listens_at_is_not_a_lost_score():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    reply = platform_at(f"http://127.0.0.1:{port}").post_score({})

    assert reply == NoAnswer(
        "no access token: 127.0.0.1 cannot be reached: Connection refused", is_sent=False
    )


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "422"),
        ("<html><script>alert(1)</script>", "422"),
        ('{"errors": {"type": "x", "message": "User not found"}}', "422: User not found"),
        ('{"error": ["first", "second"]}', "422: first"),
        ("two\n lines\x1b[31m", "422: two lines<U+001B>[31m"),
        ("[" * 5000, "422: " + "[" * 197 + "..."),
    ],
)
def test_the_words_of_an_answer_fit_on_a_line(text, words):
    assert Answer(422, text).words == words


@pytest.mark.parametrize(
    "found, why",
    [
        ({"errors": "no"}, "its results are not a list"),
        (None, "its results are not a list"),
        ([{"userId": "u2", "resultScore": 1}], "its results are of other users"),
    ],
)
def test_results_that_tell_nothing_are_no_results(monkeypatch, found, why):
    platform = platform_at("https://x")
    monkeypatch.setattr(platform, "_authorized", lambda *_: Answer(200, json.dumps(found)))

    assert platform.result("u1") == NoAnswer(why, is_sent=True)


@pytest.mark.parametrize("number", [8.5, "8.5"])
def test_a_number_in_quotes_is_one(monkeypatch, number):
    platform = platform_at("https://x")
    answer = Answer(200, json.dumps([{"userId": 1, "resultScore": number, "resultMaximum": number}]))
    monkeypatch.setattr(platform, "_authorized", lambda *_: answer)

    assert platform.result("1") == Shown(8.5, 8.5, None, None)


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_outside_the_calendar_is_no_time(monkeypatch, timestamp):
    platform = platform_at("https://x")
    found = [{"userId": "u1", "resultScore": 8, "resultMaximum": 10, "timestamp": timestamp}]
    monkeypatch.setattr(platform, "_authorized", lambda *_: Answer(200, json.dumps(found)))

    assert platform.result("u1") == Shown(8.0, 10.0, None, None)


def answering(body, length=None):
    """(connection) to an answer with this body, which may say that it is longer."""

    def act(connection):
        request_of(connection)
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {length or len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    return act


def test_a_token_that_lasts_beyond_all_numbers_is_said(served):
    body = b'{"access_token": "t", "expires_in": 1' + b"0" * 400 + b"}"

    with pytest.raises(PushError, match="its answer has no access token"):
        platform_at(f"http://127.0.0.1:{served(answering(body))}").post_score({})


def test_a_token_that_is_cut_off_is_asked_for_again(served):
    port = served(answering(b'{"access_token": "t', length=100))

    reply = platform_at(f"http://127.0.0.1:{port}").post_score({})

    assert reply == NoAnswer("no access token: the answer was cut off", is_sent=False)


def test_an_answer_that_repeats_the_token_or_the_assertion_does_not_bring_it_back(served):
    def echo(connection):
        request = request_of(connection)
        secret = (
            request.partition("Bearer ")[2].split("\r\n")[0]
            or request.partition("client_assertion=")[2].split("&")[0]
        )
        is_first = "Bearer " not in request
        body = (
            '{"access_token": "secret/token+1"}'
            if is_first and secret not in seen
            else json.dumps({"message": secret})
        )
        seen.append(secret)
        status = "200 OK" if body.startswith('{"access') else "422 No"
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())

    seen: list[str] = []
    platform = platform_at(f"http://127.0.0.1:{served(echo)}")

    reply = platform.post_score({})

    assert seen[-1] == "secret/token+1"
    assert reply.words == "422: [secret]"
