"""Faults on demand: what an OMS, or the way to it, does on a bad day.

`POST /_sandbox/faults` takes a JSON object. Every kind has these fields:

| field | means | default |
|---|---|---|
| `kind` | which fault | |
| `operation` | the OMS operation that it meets, or `"*"` for any | `"*"` |
| `times` | how many calls it meets; null: every call, until it is deleted | 1 |
| `skip` | how many calls pass unharmed before that | 0 |

The kinds and their own fields; `when` says whether the operation takes effect (`"after"`) or not
(`"before"`, the default):

| kind | does | fields |
|---|---|---|
| `latency` | handles the call late, even if its client has gone meanwhile | `seconds` |
| `revoke_tokens` | revokes all tokens first, so that this call meets the OMS's 401 | |
| `status` | answers an HTTP status with a plain text | `status`, `when`, `retry_after` |
| `rate_limit` | answers 429 with a time to wait, by the OMS's own header | `retry_after` (1) |
| `hang` | never answers; after `seconds` the connection is cut | `when`, `seconds` (600) |
| `drop` | cuts the connection without an answer | `when` |
| `html` | answers 200 with a page of HTML | `when` |
| `garbage` | answers 200 with a JSON that breaks off | `when` |
| `refuse` | refuses in the OMS's own words; nothing takes effect | `code`, `message` |

One call meets every latency and revocation that applies to it, and of the others the one that was
set first; the next call meets the next.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from multiorder_sync.sandbox.answers import CutConnection, NoAnswer, pause

ANY: Final = "*"

_When = Literal["before", "after"]
_Seconds = Annotated[float, msgspec.Meta(ge=0, le=3600)]
_WholeSeconds = Annotated[int, msgspec.Meta(ge=0, le=86_400)]


class _Fault(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    operation: str = ANY
    times: Annotated[int, msgspec.Meta(ge=1)] | None = 1
    skip: Annotated[int, msgspec.Meta(ge=0)] = 0


class Latency(_Fault, frozen=True, tag="latency"):
    """The call is handled late."""

    seconds: _Seconds


class RevokeTokens(_Fault, frozen=True, tag="revoke_tokens"):
    """All tokens are revoked before the call is handled."""


class Status(_Fault, frozen=True, tag="status"):
    """The answer is another HTTP status."""

    status: Annotated[int, msgspec.Meta(ge=200, le=599)]
    when: _When = "before"
    retry_after: _WholeSeconds | None = None


class RateLimit(_Fault, frozen=True, tag="rate_limit"):
    """The answer is 429."""

    retry_after: _WholeSeconds = 1


class Hang(_Fault, frozen=True, tag="hang"):
    """There is no answer, and the connection stays open."""

    when: _When = "before"
    seconds: _Seconds = 600


class Drop(_Fault, frozen=True, tag="drop"):
    """There is no answer, and the connection is cut."""

    when: _When = "before"


class Html(_Fault, frozen=True, tag="html"):
    """The answer is 200 with HTML, as a proxy or a portal gives it."""

    when: _When = "before"


class Garbage(_Fault, frozen=True, tag="garbage"):
    """The answer is 200 with a JSON that breaks off."""

    when: _When = "before"


class Refuse(_Fault, frozen=True, tag="refuse"):
    """The OMS refuses."""

    code: str
    message: str


Ending = Status | RateLimit | Hang | Drop | Html | Garbage | Refuse
Fault = Latency | RevokeTokens | Ending

_KINDS: Final[Mapping[str, type[Any]]] = {
    kind.__struct_config__.tag: kind for kind in get_args(Fault)
}


class _Set:
    """A fault that is set, and what is left of it."""

    __slots__ = ("fault", "skip", "times")

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.times = fault.times
        self.skip = fault.skip

    def skips(self) -> bool:
        """Tell whether the fault lets this call pass, and count it."""
        if self.skip:
            self.skip -= 1
            return True
        return False

    def use(self) -> None:
        """Count a call that meets the fault."""
        if self.times is not None:
            self.times -= 1


class Faults:
    """The faults that are set on one sandbox, and their effect on its operations.

    Args:
        operations: The names of the sandbox's operations, so that a misspelt one is refused.
        revoke_tokens: Revokes all tokens of the sandbox; None if it issues none.
        retry_after_header: Where a `rate_limit` says how long to wait, in seconds.
    """

    def __init__(
        self,
        operations: Collection[str],
        *,
        revoke_tokens: Callable[[], None] | None = None,
        retry_after_header: str = "Retry-After",
    ) -> None:
        self._operations = (ANY, *operations)
        self._revoke_tokens = revoke_tokens
        self._retry_after_header = retry_after_header
        self._kinds = [
            kind for kind in _KINDS if revoke_tokens is not None or _KINDS[kind] is not RevokeTokens
        ]
        self._set: list[_Set] = []

    def add(self, data: Any) -> Fault:
        """Set a fault.

        Args:
            data: The fault as plain data.

        Raises:
            ValueError: If it is no fault; the text is one sentence.
        """
        if not isinstance(data, dict):
            raise ValueError("A fault must be a JSON object.")
        kind = data.get("kind")
        if not isinstance(kind, str) or kind not in self._kinds:
            raise ValueError(f"The fault's kind must be one of {', '.join(self._kinds)}.")
        try:
            fault: Fault = msgspec.convert(data, _KINDS[kind])
        except msgspec.ValidationError as error:
            raise ValueError(f"The fault {kind} can't be set: {error}.") from None
        if fault.operation not in self._operations:
            raise ValueError(f"The fault's operation must be one of {', '.join(self._operations)}.")
        self._set.append(_Set(fault))
        return fault

    def clear(self) -> None:
        """Take all faults away."""
        self._set.clear()

    def listed(self) -> list[dict[str, Any]]:
        """Return the faults as plain data; `times` and `skip` are what is left."""
        return [
            {**msgspec.to_builtins(entry.fault), "times": entry.times, "skip": entry.skip}
            for entry in self._set
        ]

    async def around(
        self,
        request: Request,
        operations: Collection[str],
        act: Callable[[], Response],
        *,
        refuse: Callable[[str, str], Response],
    ) -> Response:
        """Handle one call of the OMS with the faults that it meets.

        Args:
            request: The call; its body has been read.
            operations: The operations that it asks for.
            act: Does what the call asks, authentication included. It runs at one go, so that no
                other call sees half of it.
            refuse: Gives the OMS's refusal with a code and a message.

        Returns:
            The answer, or a response that stands for the lack of one.
        """
        delays, ending = self._meet(operations)
        for fault in delays:
            if isinstance(fault, RevokeTokens):
                if self._revoke_tokens is not None:
                    self._revoke_tokens()
            elif not await pause(request, fault.seconds):
                return CutConnection()
        match ending:
            case None:
                return act()
            case Refuse(code=code, message=message):
                return refuse(code, message)
            case RateLimit(retry_after=retry_after):
                return _status(429, {self._retry_after_header: retry_after})
            case _:
                return _spoiled(ending, act() if ending.when == "after" else None)

    def _meet(
        self, operations: Collection[str]
    ) -> tuple[Sequence[Latency | RevokeTokens], Ending | None]:
        """Count a call against every fault that applies to it, and return those it meets."""
        delays: list[Latency | RevokeTokens] = []
        ending: Ending | None = None
        for entry in self._set:
            fault = entry.fault
            if fault.operation != ANY and fault.operation not in operations:
                continue
            if entry.skips():
                continue
            if isinstance(fault, Latency | RevokeTokens):
                entry.use()
                delays.append(fault)
            elif ending is None:
                entry.use()
                ending = fault
        self._set = [entry for entry in self._set if entry.times != 0]
        return delays, ending


def _spoiled(ending: Status | Hang | Drop | Html | Garbage, answer: Response | None) -> Response:
    """Return what comes instead of an answer; the answer is None if nothing took effect."""
    match ending:
        case Status():
            return _status(ending.status, {"Retry-After": ending.retry_after})
        case Hang():
            return NoAnswer(ending.seconds)
        case Drop():
            return CutConnection()
        case Html():
            return HTMLResponse("<!doctype html><title>Sandbox</title><p>This is no API answer.")
        case Garbage():
            whole = b'{"a": "b"}' if answer is None else bytes(answer.body)
            return Response(whole[: max(1, len(whole) // 2)], media_type="application/json")


def _status(status: int, waits: Mapping[str, int | None]) -> Response:
    headers = {name: str(seconds) for name, seconds in waits.items() if seconds is not None}
    return PlainTextResponse(f"The sandbox was told to answer {status}.", status, headers)
