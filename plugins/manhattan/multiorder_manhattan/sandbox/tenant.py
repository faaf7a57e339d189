"""The tenant that the sandbox plays, and how it hands out tokens."""

from typing import Final, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from multiorder_sync.sandbox import (
    Credentials,
    Faults,
    GrantRefused,
    Tokens,
    check_password_grant,
    client_from_basic,
    json_answer,
    read_body,
    read_form,
)

TOKEN: Final = "token"  # noqa: S105 - the name of an operation
"""The operation that gives a token, where faults are set."""

_LARGEST_FORM: Final = 64_000


class Tenant(msgspec.Struct, frozen=True, kw_only=True):
    """The tenant that the sandbox plays.

    Attributes:
        credentials: Of its integration user.
        organization: The one that the user belongs to; None: any that is sent is taken.
        token_path: Where tokens are had. The real authorization server has a host of its own.
        unknown_order_status: The HTTP status of `ord::10006`, which is not documented.
    """

    credentials: Credentials
    organization: str | None = None
    token_path: str = "/oauth/token"  # noqa: S105 - the path of a call
    unknown_order_status: Literal[400, 404] = 400


class TokenApi(msgspec.Struct, frozen=True, kw_only=True):
    """The call by which a token is had.

    Attributes:
        tenant: The tenant.
        tokens: The tokens issued.
        faults: The faults that calls may meet.
    """

    tenant: Tenant
    tokens: Tokens
    faults: Faults

    def routes(self) -> list[Route]:
        """Return the route."""
        return [Route(self.tenant.token_path, self._token, methods=["POST"])]

    async def _token(self, request: Request) -> Response:
        body = await read_body(request, _LARGEST_FORM)
        return await self.faults.around(
            request, (TOKEN,), lambda: self._grant(request, body), refuse=_refused
        )

    def _grant(self, request: Request, body: bytes | None) -> Response:
        try:
            self._check(request, body)
        except GrantRefused as refusal:
            return _refused(refusal.error, refusal.description)
        return json_answer(
            {
                "access_token": self.tokens.issue(),
                "token_type": "bearer",
                "expires_in": int(self.tokens.lifetime),
                "scope": "omni",
            },
            headers={"Cache-Control": "no-store"},
        )

    def _check(self, request: Request, body: bytes | None) -> None:
        if request.url.query:
            raise GrantRefused("invalid_request", "Credentials belong in the body, not in the URL.")
        if body is None:
            raise GrantRefused("invalid_request", "The body is too large.")
        form = read_form(request, body)
        if form.keys() & {"client_id", "client_secret"}:
            # The documented place is the header. Whether the form does as well is not known.
            raise GrantRefused("invalid_request", "The client belongs in a Basic header.")
        check_password_grant(
            form, client=client_from_basic(request), credentials=self.tenant.credentials
        )


def _refused(error: str, description: str) -> Response:
    """Word a refusal as OAuth does; that Manhattan keeps to its statuses too is inferred."""
    unknown_client = error == "invalid_client"
    return json_answer(
        {"error": error, "error_description": description},
        401 if unknown_client else 400,
        {"WWW-Authenticate": "Basic"} if unknown_client else None,
    )
