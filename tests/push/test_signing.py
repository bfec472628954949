"""The private key of a push."""

import json
import sys

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from typer.testing import CliRunner

from grader.errors import PushError, UsageError
from grader.frontends.app import app
from grader.push.signing import Signer, read_signer
from tests.push.fake_platform import KEY, KEY_PEM


def pem(key, encryption=None):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "key.pem"
    path.write_bytes(KEY_PEM)
    path.chmod(0o600)
    return path


def test_an_assertion_says_who_for_whom_and_for_how_long(key_file):
    token = read_signer(key_file, "k1").assertion("client", "https://x/token", "once", 1000.9)

    claims = jwt.decode(
        token,
        KEY.public_key(),
        algorithms=["RS256"],
        audience="https://x/token",
        options={"verify_exp": False},
    )
    assert claims == {
        "iss": "client", "sub": "client", "aud": "https://x/token", "iat": 1000, "exp": 1300, "jti": "once",
    }  # fmt: skip
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT", "kid": "k1"}


def test_the_public_key_verifies_what_the_private_one_signed_and_tells_nothing_more():
    signer = Signer(KEY, "k1")
    shown = json.loads(signer.public_jwk())

    assert set(shown) == {"kty", "alg", "use", "kid", "e", "n"}
    jwt.decode(
        signer.assertion("c", "a", "j", 4e9),
        jwt.PyJWK(shown).key,
        ["RS256"],
        audience="a",
        options={"verify_iat": False},
    )
    assert signer.public_pem().startswith("-----BEGIN PUBLIC KEY-----\n")


def test_the_command_prints_the_public_key_before_anything_of_the_platform_is_known(key_file):
    result = CliRunner().invoke(app, ["push", "key", str(key_file), "--id", "k1"])

    assert result.exit_code == 0
    assert result.stdout == f"{Signer(KEY, 'k1').public_jwk()}\n\n{Signer(KEY, 'k1').public_pem()}"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(key_file, mode):
    key_file.chmod(mode)

    with pytest.raises(PushError) as caught:
        read_signer(key_file, None)

    assert str(caught.value) == f"{key_file}: others can read this private key; run: chmod 600 {key_file}"


@pytest.mark.parametrize(
    "content, fault",
    [
        (b"-----BEGIN SECRET WORDS-----", "not a private key in PEM; make one with: openssl genrsa -out key.pem 2048"),
        (pem(KEY, BestAvailableEncryption(b"x")), "the key has a passphrase; give one without"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "not an RSA key; make one with: openssl genrsa -out key.pem 2048"),
        (pem(rsa.generate_private_key(public_exponent=65537, key_size=1024)),
         "a key of 1024 bits is too weak; make one with: openssl genrsa -out key.pem 2048"),
    ],
)  # fmt: skip
def test_a_key_that_cannot_sign_is_refused_without_a_word_of_it(key_file, content, fault):
    key_file.write_bytes(content)

    with pytest.raises(PushError) as caught:
        read_signer(key_file, None)

    assert str(caught.value) == f"{key_file}: {fault}"
    assert caught.value.__cause__ is None


def test_a_key_that_is_not_there_is_said(tmp_path):
    with pytest.raises(PushError, match="there is no private key at this path"):
        read_signer(tmp_path / "key.pem", None)
    with pytest.raises(PushError, match="not a file; give the private key, a PEM file"):
        read_signer(tmp_path, None)


def test_without_the_extra_it_is_said_what_to_install(key_file, monkeypatch):
    monkeypatch.setitem(sys.modules, "jwt", None)

    with pytest.raises(UsageError) as caught:
        read_signer(key_file, None)

    assert str(caught.value) == (
        "a push signs with PyJWT: install the extra `lti`, as in pip install 'linear-classifier-grader[lti]'"
    )
