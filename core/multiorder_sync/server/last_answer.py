"""The answer to a call whose body is not read."""

import asyncio
import contextlib
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

LINGER_SECONDS: Final = 1.0
"""How long a caller that is still sending may take to hear an answer that ends the connection."""


class LastAnswer(Response):
    """An answer that ends the connection, since what is left of the body stands in the way.

    What still comes is thrown away for a moment before the connection is closed: closed at once,
    it would be reset, and many callers would never see the answer.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send the answer whole, then wait until the caller has sent all, or is late."""
        self.headers["connection"] = "close"
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while (await receive()).get("more_body", False):
                    pass
        await send({"type": "http.response.body", "body": b"", "more_body": False})
