"""The tool's private key: read with care, and used to sign assertions. It is never shown."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grader import formatting
from grader.errors import PushError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ALGORITHM = "RS256"

_ASSERTION_SECONDS = 300
_LEAST_BITS = 2048
_GREATEST_BYTES = 65_536


class Signer:
    """Signs assertions with a private key."""

    def __init__(self, key: RSAPrivateKey, key_id: str | None) -> None:
        self._key, self._key_id = key, key_id

    def assertion(self, client_id: str, audience: str, unique_id: str, now: float) -> str:
        """A signed token by which the tool says who it is. now: seconds since 1970."""
        import jwt

        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "iat": int(now),
            "exp": int(now) + _ASSERTION_SECONDS,
            "jti": unique_id,
        }
        headers = {} if self._key_id is None else {"kid": self._key_id}
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers=headers)

    def public_pem(self) -> str:
        """The public key as PEM, as Moodle takes it."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self._key.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")

    def public_jwk(self) -> str:
        """The public key as a JWK, as Canvas takes it."""
        from jwt.algorithms import RSAAlgorithm

        numbers: dict[str, Any] = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        own = {} if self._key_id is None else {"kid": self._key_id}
        return json.dumps({
            "kty": "RSA", "alg": ALGORITHM, "use": "sig", **own, "e": numbers["e"], "n": numbers["n"],
        })  # fmt: skip


def read_signer(path: Path, key_id: str | None) -> Signer:
    """The key in a PEM file that nobody else may read. PushError says why not, without a word of the file's; UsageError without the extra."""
    try:
        import jwt  # noqa: F401
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError as error:
        raise UsageError(
            "a push signs with PyJWT: install the extra `lti`, as in pip install 'linear-classifier-grader[lti]'"
        ) from error
    shown = formatting.printable(str(path))
    content = _content_of(path, shown)
    advice = "make one with: openssl genrsa -out key.pem 2048"
    try:
        key = load_pem_private_key(content, password=None)
    except TypeError:  # the chain would hold the file
        raise PushError(f"{shown}: the key has a passphrase; give one without") from None
    except (ValueError, UnsupportedAlgorithm):
        raise PushError(f"{shown}: not a private key in PEM; {advice}") from None
    if not isinstance(key, RSAPrivateKey):
        raise PushError(f"{shown}: not an RSA key; {advice}")
    if key.key_size < _LEAST_BITS:
        raise PushError(f"{shown}: a key of {key.key_size} bits is too weak; {advice}")
    return Signer(key, key_id)


def _content_of(path: Path, shown: str) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise PushError(f"{shown}: not a file; give the private key, a PEM file")
            if os.name == "posix" and mode & 0o077:
                raise PushError(f"{shown}: others can read this private key; run: chmod 600 {shown}")
            return os.read(descriptor, _GREATEST_BYTES)
        finally:
            os.close(descriptor)
    except FileNotFoundError as error:
        raise PushError(f"{shown}: there is no private key at this path") from error
    except OSError as error:
        raise PushError(f"{shown}: cannot be read: {error.strerror or error}") from error
