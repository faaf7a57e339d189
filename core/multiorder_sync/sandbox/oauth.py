"""Tokens by OAuth's password grant, as the OMSs hand them out.

The client proves itself in the form or by a Basic header, as the OMS has it; the rest is shared.
What a refusal looks like on the wire is the OMS's own and stays with its sandbox.
"""

import base64
import binascii
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

_FORM: Final = "application/x-www-form-urlencoded"


class Client(msgspec.Struct, frozen=True):
    """The application that asks for a token."""

    client_id: str
    client_secret: str


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller must know to be given a token."""

    client: Client
    username: str
    password: str


class GrantRefused(Exception):
    """No token is granted.

    Attributes:
        error: OAuth's code, for instance `invalid_grant`.
        description: One sentence for a person.
    """

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


class Tokens:
    """The access tokens that one sandbox has issued.

    Args:
        lifetime: How many seconds a token lives.
        clock: Gives the time in seconds.
    """

    def __init__(self, lifetime: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.lifetime = lifetime
        self._clock = clock
        self._expiries: dict[str, float] = {}
        self._issued = 0

    @property
    def issued(self) -> int:
        """How many tokens were issued, those expired and revoked included."""
        return self._issued

    @property
    def live(self) -> int:
        """How many tokens would be accepted now."""
        now = self._clock()
        return sum(now < expiry for expiry in self._expiries.values())

    def issue(self) -> str:
        """Return a new token."""
        token = secrets.token_urlsafe(24)
        self._expiries[token] = self._clock() + self.lifetime
        self._issued += 1
        return token

    def accepts(self, token: str) -> bool:
        """Tell whether a token was issued here and is neither expired nor revoked."""
        expiry = self._expiries.get(token)
        return expiry is not None and self._clock() < expiry

    def accepts_bearer(self, request: Request) -> bool:
        """Tell whether a request carries an accepted token in its Authorization header."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.accepts(token.strip())

    def revoke_all(self) -> None:
        """Revoke every token issued so far."""
        self._expiries.clear()


def read_form(request: Request, body: bytes) -> dict[str, str]:
    """Read a form body.

    Raises:
        GrantRefused: If the body is no form, or names a field twice.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise GrantRefused("invalid_request", f"The Content-Type must be {_FORM}.")
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=True, errors="strict"
        )
    except ValueError:
        raise GrantRefused("invalid_request", "The body is no valid form.") from None
    form = dict(fields)
    if len(form) != len(fields):
        raise GrantRefused("invalid_request", "The form names a field more than once.")
    return form


def client_from_form(form: Mapping[str, str]) -> Client | None:
    """Return the client that a form names, or None."""
    if "client_id" in form and "client_secret" in form:
        return Client(form["client_id"], form["client_secret"])
    return None


def client_from_basic(request: Request) -> Client | None:
    """Return the client that a request's Basic header names, or None."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    client_id, colon, client_secret = text.partition(":")
    return Client(client_id, client_secret) if colon else None


def check_password_grant(
    form: Mapping[str, str], *, client: Client | None, credentials: Credentials
) -> None:
    """Check a request for a token by the password grant.

    Args:
        form: The form that was sent.
        client: The client that the request names, wherever the OMS has it named.
        credentials: The right ones.

    Raises:
        GrantRefused: With OAuth's own codes (RFC 6749, section 5.2).
    """
    if "grant_type" not in form:
        raise GrantRefused("invalid_request", "The form has no grant_type.")
    if form["grant_type"] != "password":
        raise GrantRefused("unsupported_grant_type", "The only grant_type here is password.")
    if client is None:
        raise GrantRefused("invalid_client", "The request names no client with its secret.")
    if client != credentials.client:
        raise GrantRefused("invalid_client", "The client or its secret is wrong.")
    for name in ("username", "password"):
        if name not in form:
            raise GrantRefused("invalid_request", f"The form has no {name}.")
    if (form["username"], form["password"]) != (credentials.username, credentials.password):
        raise GrantRefused("invalid_grant", "The user or the password is wrong.")
