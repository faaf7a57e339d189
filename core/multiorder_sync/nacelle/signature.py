"""Signing and verifying the bytes of a call with HMAC-SHA256.

Nacelle documents the scheme for its webhooks (`sha256=` and hex, over the raw body) and names
only the header for this call, so header, prefix and encoding are settings.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from multiorder_sync.secret import Secret

SIGNATURE_HEADER: Final = "x-nacelle-signature-sha256"

_LONGEST: Final = 4096
"""Characters of a header value that are looked at; no signature or static secret is longer."""


class SignatureScheme(msgspec.Struct, frozen=True, kw_only=True):
    """How a space's calls prove that they come from Nacelle.

    Attributes:
        header: The header that carries the signature.
        prefix: What may stand before it; a value without it is taken as it is.
        encoding: How the digest is written.
        scheme: "static" takes a secret in the header instead of a signature. It proves nothing
            about the body, so it is to be chosen only where Nacelle is configured that way.
    """

    header: str = SIGNATURE_HEADER
    prefix: str = "sha256="
    encoding: Literal["hex", "base64"] = "hex"
    scheme: Literal["hmac-sha256", "static"] = "hmac-sha256"


def sign(body: bytes, secret: Secret, scheme: SignatureScheme | None = None) -> str:
    """Return the header value with which Nacelle would send this body."""
    scheme = scheme or SignatureScheme()
    if scheme.scheme == "static":
        return secret.reveal()
    digest = _digest(body, secret)
    text = digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()
    return scheme.prefix + text


def verify(
    body: bytes,
    values: Sequence[str],
    secrets: Iterable[Secret],
    scheme: SignatureScheme | None = None,
) -> bool:
    """Return whether one of the secrets signed exactly these bytes.

    Every secret is tried and compared in constant time, whether an earlier one matched or not.

    Args:
        body: The raw bytes as received.
        values: Every value of the signature header; anything but exactly one is refused.
        secrets: Any of them may have signed.
        scheme: The space's scheme; by default as Nacelle documents it.
    """
    scheme = scheme or SignatureScheme()
    given = values[0] if len(values) == 1 else ""
    matched = False
    if scheme.scheme == "static":
        for secret in secrets:
            matched |= equals(given, secret)
        return matched
    claimed = _decoded(given[:_LONGEST], scheme)
    for secret in secrets:
        matched |= hmac.compare_digest(_digest(body, secret), claimed) and bool(secret)
    return matched


def equals(value: str, secret: Secret) -> bool:
    """Return, in constant time, whether a header's value is a secret, which is never empty.

    HTTP reads a header's bytes as Latin-1; a caller may have meant UTF-8.
    """
    expected = secret.reveal().encode()
    forms = [
        value[:_LONGEST].encode(charset, "backslashreplace") for charset in ("utf-8", "latin-1")
    ]
    found = [hmac.compare_digest(form, expected) for form in forms]
    return any(found) and bool(secret)


def _digest(body: bytes, secret: Secret) -> bytes:
    return hmac.digest(secret.reveal().encode(), body, hashlib.sha256)


def _decoded(value: str, scheme: SignatureScheme) -> bytes:
    """Return the digest that a header value claims; no bytes at all if it is not one."""
    text = value.strip(" \t")
    prefix = scheme.prefix
    if prefix and text[: len(prefix)].lower() == prefix.lower():
        text = text[len(prefix) :]
    try:
        encoded = text.encode("ascii")
        if scheme.encoding == "base64":
            return base64.b64decode(encoded, validate=True)
        # bytes.fromhex skips white space inside; a digest written so is not one.
        return bytes.fromhex(text) if len(encoded) == 2 * hashlib.sha256().digest_size else b""
    except ValueError:
        return b""
