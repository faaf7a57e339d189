"""OAuth tokens: fetched once for many calls, renewed in time, dropped when they are refused."""

import asyncio
import base64
import math
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeGuard
from urllib.parse import urlencode

import msgspec

from multiorder_sync.errors import CredentialsRefused, OmsMessage, Unavailable
from multiorder_sync.oms.outbound.answer import Answer, excerpt, json_object
from multiorder_sync.oms.outbound.attempt import Attempt, is_probe
from multiorder_sync.oms.outbound.call import Call, revealed
from multiorder_sync.secret import Secret

if TYPE_CHECKING:
    from multiorder_sync.oms.outbound.client import OutboundClient

DEFAULT_LIFETIME: Final = 300.0
LONGEST_LIFETIME: Final = 86_400.0
_LONGEST_MARGIN: Final = 300.0
_LONGEST_TOKEN: Final = 16_384
# Errors of RFC 6749 that say nothing about the credentials.
_PASSING: Final = frozenset({"server_error", "temporarily_unavailable", "slow_down"})


class PasswordGrant(msgspec.Struct, frozen=True, kw_only=True):
    """How a token is asked for.

    Attributes:
        url: The token URL.
        form: The form's fields. `grant_type=password` is added unless it has a `grant_type`.
        headers: Further headers of the call.
        basic: User and password of HTTP basic authentication, for an OMS that wants the client's
            id and secret there.
    """

    url: str
    form: Mapping[str, str | Secret]
    headers: Mapping[str, str | Secret] = {}
    basic: tuple[str, Secret] | None = None


class _Held(msgspec.Struct, frozen=True):
    token: Secret
    renew_at: float
    expires_at: float


class _Fetch(msgspec.Struct, frozen=True):
    task: "asyncio.Task[_Held | Unavailable]"
    anew_at: float


class TokenSource:
    """The token of one grant, for all the calls that need it.

    Calls that come while there is no token wait for one fetch together; it belongs to none of
    them, so a call that is given up takes nothing from the others. Shortly before the token
    expires it is renewed in the background, while calls go on with the old one.

    Calls of a probe share a fetch among themselves: theirs is made although the host's circuit is
    open, where that of an order fails at once.

    Building one does no I/O and needs no event loop.

    Args:
        grant: How the token is asked for.
        http: The client that asks; it learns the grant's secrets and every token, to redact them.
        fetch_seconds: How long one fetch may take. A call that comes when a fetch has lasted for a
            fifth of that asks anew, so that one connection that hangs does not hold up the rest.
        pause_seconds: How long no new token is asked for after a refusal (which is answered from
            memory meanwhile, so that a storm of orders does not lock the account), or after a
            renewal that failed.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        grant: PasswordGrant,
        http: "OutboundClient",
        *,
        fetch_seconds: float = 5.0,
        pause_seconds: float = 15.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._call = _token_call(grant)
        self._http = http
        self._fetch_seconds = fetch_seconds
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._held: _Held | None = None
        self._fetches: dict[bool, _Fetch] = {}  # the latest one of a probe, and of no probe
        self._refusal: Unavailable | None = None
        self._paused_until = -math.inf
        http.redactor.keep(*_secrets(grant))

    def __repr__(self) -> str:
        return f"TokenSource({self._call.host})"

    async def token(self) -> Secret:
        """Return a token that is believed to be valid.

        Raises:
            multiorder_sync.errors.CredentialsRefused: The OMS does not accept the credentials.
            multiorder_sync.errors.Unavailable: There is none, for another reason.
        """
        now = self._clock()
        held = self._held
        if held is not None and now < held.expires_at:
            if now >= held.renew_at and now >= self._paused_until:
                self._fetch()
            return held.token
        if self._refusal is not None and now < self._paused_until:
            raise _same(self._refusal)
        fetching = self._fetch()
        # Unlike awaiting it, waiting for it does not cancel it with us, nor us with it.
        await asyncio.wait({fetching})
        if fetching.cancelled():
            raise Unavailable(f"No token from {self._call.host}: the client is closed.")
        found = fetching.result()
        if isinstance(found, Unavailable):
            raise _same(found)
        return found.token

    def drop(self, token: Secret) -> None:
        """Forget a token that the OMS did not accept, if it is still the one that calls get.

        Args:
            token: As `token` returned it: the very object, since an OMS may issue the same text
                again, and the new one deserves its try.
        """
        if self._held is not None and self._held.token is token:
            self._held = None

    def _fetch(self) -> "asyncio.Task[_Held | Unavailable]":
        now, probe = monotonic(), is_probe()
        fetch = self._fetches.get(probe)
        if fetch is None or fetch.task.done() or now >= fetch.anew_at:
            task = self._http.run_in_background(self._fetched(probe=probe))
            fetch = self._fetches[probe] = _Fetch(task, now + self._fetch_seconds / 5)
        return fetch.task

    async def _fetched(self, *, probe: bool) -> _Held | Unavailable:
        asked_at = self._clock()
        found: _Held | Unavailable
        try:
            # An attempt of its own: it belongs to no order, and none is to wait for it for long.
            with Attempt(deadline=monotonic() + self._fetch_seconds, probe=probe).active():
                found = self._read(await self._http.send(self._call), asked_at)
        except Unavailable as error:
            found = _same(error)
        if isinstance(found, _Held):
            self._held = found
            self._refusal = None
        else:
            self._refusal = found if isinstance(found, CredentialsRefused) else None
            self._paused_until = self._clock() + self._pause_seconds
        return found

    def _read(self, answer: Answer, asked_at: float) -> _Held | Unavailable:
        # Nothing of the answer is quoted beside OAuth's error: the rest may hold a token.
        content = json_object(answer.body) or {}
        if not 200 <= answer.status < 300:
            return self._refused(answer, content)
        text = content.get("access_token")
        if not _is_token(text):
            return self._unusable(answer, "gave no usable access_token; check the token URL")
        token = Secret(text)
        self._http.redactor.add(token)
        kind = content.get("token_type") or "bearer"
        if not isinstance(kind, str) or kind.lower() != "bearer":
            return self._unusable(answer, "gave a token that is not a bearer token")
        lifetime = parse_lifetime(content.get("expires_in"))
        return _Held(
            token=token,
            renew_at=asked_at + lifetime - min(_LONGEST_MARGIN, lifetime / 10),
            expires_at=asked_at + lifetime,
        )

    def _refused(self, answer: Answer, content: Mapping[str, Any]) -> Unavailable:
        message = self._oauth_error(content)
        code = message.code if message else None
        if code in _PASSING or not (
            answer.status == 401 or (answer.status in {400, 403} and message)
        ):
            reason = f"gave no token: {_words(message)}" if message else "gave no token"
            return self._unusable(answer, reason, message)
        words = f": {_words(message)}" if message else ""
        return CredentialsRefused(
            f"{self._call.host} does not accept our credentials (HTTP {answer.status}){words}.",
            oms_errors=(message,) if message else (),
        )

    def _unusable(
        self, answer: Answer, reason: str, message: OmsMessage | None = None
    ) -> Unavailable:
        return Unavailable(
            f"{self._call.host} {reason} (HTTP {answer.status}).",
            oms_errors=(message,) if message else (),
            retry_after=answer.retry_after,
        )

    def _oauth_error(self, content: Mapping[str, Any]) -> OmsMessage | None:
        code, description = content.get("error"), content.get("error_description")
        if not isinstance(code, str) or not code:
            return None
        code = self._line(code)
        text = self._line(description) if isinstance(description, str) else ""
        return OmsMessage(text=text or code, code=code)

    def _line(self, text: str) -> str:
        return excerpt(text.encode("utf-8", "replace"), self._http.redactor)


def parse_lifetime(expires_in: Any) -> float:
    """Read `expires_in`, which servers send as a number or as text, or leave out.

    Returns:
        Seconds, at most a day. What makes no sense counts as left out: too short a life only
        costs a fetch, and too long a one ends with the first 401.
    """
    try:
        seconds = math.nan if isinstance(expires_in, bool) else float(expires_in)
    except (TypeError, ValueError, OverflowError):
        seconds = math.nan
    return min(seconds, LONGEST_LIFETIME) if seconds > 0 else DEFAULT_LIFETIME


def _is_token(text: Any) -> TypeGuard[str]:
    """Tell whether it can be sent in a header."""
    return (
        isinstance(text, str)
        and 0 < len(text) <= _LONGEST_TOKEN
        and text.isascii()
        and text.isprintable()
        and " " not in text
    )


def _words(message: OmsMessage) -> str:
    return message.text if message.text == message.code else f"{message.code}: {message.text}"


def _token_call(grant: PasswordGrant) -> Call:
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        **{name.lower(): value for name, value in grant.headers.items()},
    }
    if grant.basic is not None:
        headers["authorization"] = Secret(f"Basic {_basic(*grant.basic).reveal()}")
    form = {"grant_type": "password", **grant.form}
    return Call(
        operation="token",
        method="POST",
        url=grant.url,
        creates=False,
        headers=headers,
        content=urlencode({name: revealed(value) for name, value in form.items()}).encode(),
    )


def _basic(user: str, password: Secret) -> Secret:
    return Secret(base64.b64encode(f"{user}:{password.reveal()}".encode()).decode())


def _secrets(grant: PasswordGrant) -> tuple[Secret, ...]:
    values = (*grant.form.values(), *grant.headers.values())
    basic = (grant.basic[1], _basic(*grant.basic)) if grant.basic else ()
    return (*(value for value in values if isinstance(value, Secret)), *basic)


def _same(error: Unavailable) -> Unavailable:
    """Return an error of the same words: many calls raise it, and each adds its own traceback."""
    return type(error)(str(error), oms_errors=error.oms_errors, retry_after=error.retry_after)
