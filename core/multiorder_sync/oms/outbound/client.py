"""The client: calls within deadlines, repeated only where that is harmless."""

import asyncio
import contextvars
import random
import sys
from collections.abc import Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import structlog

from multiorder_sync.errors import CredentialsRefused, OmsError, Unavailable
from multiorder_sync.oms.outbound.answer import Answer, Headers, excerpt
from multiorder_sync.oms.outbound.attempt import Sending, current_attempt
from multiorder_sync.oms.outbound.call import Call, check_headers, revealed
from multiorder_sync.oms.outbound.circuit import Circuit, Circuits
from multiorder_sync.oms.outbound.exchange import ExchangeFailed, Reply
from multiorder_sync.oms.outbound.limiter import Limiter
from multiorder_sync.oms.outbound.redaction import Redactor
from multiorder_sync.oms.outbound.retry_after import RETRY_AFTER, parse_retry_after
from multiorder_sync.secret import Secret

T = TypeVar("T")

_MARGIN: Final = 0.02
"""A call ends this much before its attempt, so that its own words about it are still heard."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much a client takes upon itself.

    Attributes:
        max_connections: The most connections at once, unless a `Limiter` gives more turns than
            that: no call that has its turn waits for a connection.
        keepalive_seconds: How long an idle connection is kept.
        connect_seconds: How long a new connection may take, if the deadline leaves that much.
        default_seconds: How long a call outside of any attempt may last.
        max_answer_bytes: The longest body that is read.
        tries: How often a call that creates nothing is sent at most.
        first_wait_seconds: The longest wait before the second try; it doubles with each.
        longest_wait_seconds: Where the doubling ends.
    """

    max_connections: int = 64
    keepalive_seconds: float = 15.0
    connect_seconds: float = 5.0
    default_seconds: float = 30.0
    max_answer_bytes: int = 8_000_000
    tries: int = 3
    first_wait_seconds: float = 0.25
    longest_wait_seconds: float = 2.0


class OutboundClient:
    """Speaks HTTP with one space's OMS, for as many calls at once as there are.

    Building one does no I/O and needs no event loop.

    Args:
        secrets: Every secret of the space, so that none gets into a message or a log.
        headers: Sent with every call, those for tokens included, unless the call has its own of
            the same name: what a gateway in front of the OMS may ask for.
        limits: How much it takes upon itself.
        ca_file: Certificate authorities to trust beside the public ones, as PEM.
        verify_tls: False to check no certificate.
        limiter: Gives every call its turn; without one, there is a turn for each connection.
        circuits: Says which hosts are not to be called now, and learns from every call; without
            them, all may be.

    Attributes:
        redactor: Takes the space's secrets out of text.

    Raises:
        OSError: If `ca_file` can't be read, or holds no certificate.
        ValueError: If a header can't be sent as it is.
    """

    def __init__(  # noqa: PLR0913 - each can be left out
        self,
        *,
        secrets: Iterable[Secret] = (),
        headers: Mapping[str, str | Secret] | None = None,
        limits: Limits | None = None,
        ca_file: Path | None = None,
        verify_tls: bool = True,
        limiter: Limiter | None = None,
        circuits: Circuits | None = None,
    ) -> None:
        # Plugins come with this module, and few commands that load plugins call an OMS: httpx and
        # aiohttp are loaded with the first client, which a server builds before it is ready.
        from multiorder_sync.oms.outbound.transport import (  # noqa: PLC0415 - see above
            Transport,
            tls_context,
        )

        self._headers = dict(headers or {})
        check_headers("the client's headers", self._headers)
        self._limits = limits or Limits()
        self.redactor = Redactor((*secrets, *_secrets(self._headers)))
        self._limiter = limiter or Limiter(self._limits.max_connections)
        self._circuits = circuits or Circuits(failures=sys.maxsize, probe_seconds=0.0)
        self._called: dict[str, Circuit] = {}
        self._transport = Transport(
            # A wait for a connection would look as if the host did not answer.
            max_connections=max(self._limits.max_connections, self._limiter.max_concurrent),
            connect_seconds=self._limits.connect_seconds,
            keepalive_seconds=self._limits.keepalive_seconds,
            max_answer_bytes=self._limits.max_answer_bytes,
            tls=tls_context(ca_file=ca_file, verify=verify_tls),
        )
        self._log = structlog.get_logger()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def send(self, call: Call) -> Answer:
        """Send a call, and return what the OMS answered, whatever its status.

        A call that can create an order is sent once; once more if the OMS says with 401 that it
        did not accept the token, for then it did not take the call. Any other call is repeated
        after a transport fault, a 429 or a 5xx, as far as the deadline allows, and the last
        answer is returned. Redirects are not followed.

        Each exchange waits for its turn, and is not made while the host's circuit is open, unless
        the attempt is a probe. A repeat that is not made for either reason leaves it at the last
        answer.

        Args:
            call: What to send.

        Raises:
            multiorder_sync.errors.OmsBusy: It was not sent: no turn came in time.
            multiorder_sync.errors.CircuitOpen: It was not sent: the host has not answered lately.
            multiorder_sync.errors.Unavailable: The OMS did certainly not carry it out, or it
                can't create an order and went wrong.
            multiorder_sync.errors.CredentialsRefused: The OMS does not accept our credentials.
            multiorder_sync.errors.OutcomeUnknown: It can create an order, may have left us, and
                no answer tells what became of it.
        """
        attempt = current_attempt()
        self.redactor.add(*_secrets(call.headers))
        if self._transport.closed:
            raise Unavailable(f"{call.operation} was not sent: the client is closed.")
        seconds = self._limits.default_seconds
        if attempt is not None:
            seconds = attempt.remaining() - _MARGIN
        if seconds <= 0:
            raise Unavailable(f"{call.operation} was not sent: there was no time left for it.")
        circuit = self._called.setdefault(call.host, self._circuits.of(call.host))
        sending = Sending(call, attempt, circuit, until=monotonic() + seconds)
        result: Answer | OmsError
        try:
            async with asyncio.timeout(seconds) as sending.limit:
                result = await self._authorised(sending)
        except TimeoutError:
            result = sending.late()
        if isinstance(result, Answer):
            result = self._checked(result)
        # Raised here, out of every handler: a chained exception could show what ours must not.
        if isinstance(result, OmsError):
            raise result
        return result

    def run_in_background(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run something that belongs to no attempt, until it is done or the client is closed."""
        # In a copy of the context it would have the deadline of the attempt that happened to start it.
        task = asyncio.get_running_loop().create_task(work, context=contextvars.Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def open_circuits(self) -> tuple[str, ...]:
        """The hosts whose circuits are open, of those that this client has called or was to."""
        return tuple(host for host, circuit in self._called.items() if circuit.is_open)

    def close_circuits(self) -> None:
        """Let calls pass again to the hosts in `open_circuits`, until one more is not answered.

        It is for the time after a successful probe, which has itself closed the circuits of the
        hosts that it called.
        """
        for circuit in self._called.values():
            circuit.half_close()

    async def aclose(self) -> None:
        """Close every connection; calls under way fail, and later ones are not sent."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._transport.aclose()

    async def _authorised(self, sending: Sending) -> Answer | OmsError:
        call = sending.call
        if sending.barred:  # seen here already, so that no token is asked for in vain
            return sending.not_called()
        if call.tokens is None:
            return await self._repeated(sending, None)
        token = await call.tokens.token()
        result = await self._repeated(sending, token)
        if isinstance(result, OmsError) or result.status != 401:
            return result
        sending.forget()
        call.tokens.drop(token)
        token = await call.tokens.token()
        result = await self._repeated(sending, token)
        if isinstance(result, OmsError) or result.status != 401:
            return result
        words = result.excerpt()
        return CredentialsRefused(
            f"{call.host} does not accept a token that was just issued "
            f"(HTTP 401 to {call.operation})" + (f": {words}" if words else ".")
        )

    async def _repeated(self, sending: Sending, token: Secret | None) -> Answer | OmsError:
        tries = 1 if sending.call.creates else self._limits.tries
        longest = self._limits.first_wait_seconds
        number = 1
        while True:
            result = await self._once(sending, token, number)
            if number >= tries or not _is_passing(result) or sending.barred:
                return result
            sending.last = result
            wait = random.uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret
            if isinstance(result, Answer) and result.retry_after is not None:
                wait = max(wait, result.retry_after)
            if wait >= sending.until - monotonic():
                return result
            await asyncio.sleep(wait)
            longest = min(longest * 2, self._limits.longest_wait_seconds)
            number += 1

    async def _once(self, sending: Sending, token: Secret | None, number: int) -> Answer | OmsError:
        since = monotonic()
        async with AsyncExitStack() as turn:
            with sending.waiting():
                await turn.enter_async_context(self._limiter.turn())
            if sending.barred:  # it may have opened meanwhile
                return sending.not_called()
            too_late = sending.too_late(since=since)
            if too_late is not None:
                return too_late
            return await self._exchange(sending, token, number)

    async def _exchange(
        self, sending: Sending, token: Secret | None, number: int
    ) -> Answer | OmsError:
        call = sending.call
        started = sending.begin()
        status: int | None = None
        fault: str | None = "aborted"  # what is left if nothing below is reached
        try:
            reply = await self._transport.exchange(
                call,
                headers=self._headers_of(call, token),
                seconds=max(sending.until - started, 0.001),
                on_leaving=sending.leave,
            )
        except ExchangeFailed as failed:
            fault, reason = failed.kind, failed.reason
            # What closing the client breaks off tells nothing about the host.
            sending.unanswered(fault, counts=not self._transport.closed)
        else:
            status, fault = reply.status, None
            sending.leave()  # also where a recording answers in place of the network
            sending.answered(status)
            return self._answer(call, reply)
        finally:
            self._log.debug(
                "outbound call",
                operation=call.operation,
                host=call.host,
                status=status,
                fault=fault,
                milliseconds=round((monotonic() - started) * 1000, 1),
                try_number=number,
            )
        return sending.failure(excerpt(reason.encode(), self.redactor))

    def _headers_of(self, call: Call, token: Secret | None) -> dict[str, str]:
        headers = {name.lower(): revealed(value) for name, value in self._headers.items()}
        headers |= {name.lower(): revealed(value) for name, value in call.headers.items()}
        if token is not None:
            headers["authorization"] = f"Bearer {token.reveal()}"
        return headers

    def _answer(self, call: Call, reply: Reply) -> Answer:
        headers = Headers(reply.headers)
        # A gateway in front of the OMS may use HTTP's own header all the same.
        waits = (call.retry_after_header, RETRY_AFTER)
        retry_after = next((headers[name] for name in waits if name in headers), None)
        return Answer(
            call=call,
            status=reply.status,
            headers=headers,
            body=reply.body,
            retry_after=parse_retry_after(retry_after, headers.get("date")),
            redactor=self.redactor,
        )

    def _checked(self, answer: Answer) -> Answer | OmsError:
        if len(answer.body) > self._limits.max_answer_bytes:
            most = self._limits.max_answer_bytes
            return answer.unexpected(f"sent a body of more than {most} bytes")
        if answer.status < 200:
            return answer.unexpected("wants to speak another protocol than HTTP")
        if 300 <= answer.status < 400:
            return answer.unexpected(f"redirects to {_target(answer)}; check base_url")
        return answer


def _is_passing(result: Answer | OmsError) -> bool:
    """Tell whether another try may end better."""
    return isinstance(result, OmsError) or result.status == 429 or result.status >= 500


def _target(answer: Answer) -> str:
    try:
        host = urlsplit(answer.headers.get("location", "")).hostname
    except ValueError:
        host = None
    return host or "another place"


def _secrets(headers: Mapping[str, str | Secret]) -> tuple[Secret, ...]:
    return tuple(value for value in headers.values() if isinstance(value, Secret))
