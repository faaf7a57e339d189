"""Fluent's API over HTTP, as far as an order needs it: `/oauth/token` and `/graphql`."""

from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from multiorder_fluentcommerce.sandbox.execution import (
    Call,
    GraphQLRequest,
    InvalidRequest,
    refused,
)
from multiorder_fluentcommerce.sandbox.refusal import ErrorStyle
from multiorder_fluentcommerce.sandbox.schema import Root
from multiorder_sync.sandbox import (
    CreateCall,
    CreateCalls,
    Credentials,
    Faults,
    GrantRefused,
    Tokens,
    check_password_grant,
    client_from_form,
    json_answer,
    read_body,
    read_form,
)

TOKEN: Final = "token"  # noqa: S105 - the name of an operation
"""The operation of `/oauth/token`, where faults are set."""

_CREATE: Final = "createOrder"

_LARGEST_BODY: Final = 2_000_000
"""Fluent says 2 MB; the smaller reading of it."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The account that the sandbox plays.

    Attributes:
        name: What the header `fluent.account` must say.
        credentials: Of its integration user.
        retailer_id: The primary retailer of that user.
    """

    name: str
    credentials: Credentials
    retailer_id: str


class FluentApi(msgspec.Struct, frozen=True, kw_only=True):
    """The API of one account.

    Attributes:
        account: The account.
        root: What GraphQL executes upon.
        tokens: The tokens issued.
        faults: The faults that calls may meet.
        creates: The record of the calls that were to create an order.
        error_style: Where an error carries its code.
    """

    account: Account
    root: Root
    tokens: Tokens
    faults: Faults
    creates: CreateCalls
    error_style: ErrorStyle

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/graphql", self._graphql, methods=["POST"]),
            Route("/_sandbox/customers", self._list_customers, methods=["GET"]),
        ]

    async def _token(self, request: Request) -> Response:
        body = await read_body(request, _LARGEST_BODY)
        return await self.faults.around(
            request, (TOKEN,), lambda: self._grant(request, body), refuse=_no_token
        )

    def _grant(self, request: Request, body: bytes | None) -> Response:
        try:
            self._check_grant(request, body)
        except GrantRefused as refusal:
            return _no_token(refusal.error, refusal.description)
        retailer_id = self.account.retailer_id
        return json_answer(
            {
                "access_token": self.tokens.issue(),
                "token_type": "bearer",
                "expires_in": int(self.tokens.lifetime),
                "scope": "api",
                "Retailer_id": int(retailer_id),
            },
            headers={"Cache-Control": "no-store"},
        )

    def _check_grant(self, request: Request, body: bytes | None) -> None:
        if request.url.query:
            # Fluent still takes them there, and advises against it.
            raise GrantRefused("invalid_request", "Credentials belong in the body, not in the URL.")
        if body is None:
            raise GrantRefused("invalid_request", "The body is too large.")
        if "fluent.account" not in request.headers:
            raise GrantRefused("invalid_request", "The header fluent.account is missing.")
        form = read_form(request, body)
        if form.get("scope") != "api":
            raise GrantRefused("invalid_scope", "The scope must be api.")
        try:
            check_password_grant(
                form, client=client_from_form(form), credentials=self.account.credentials
            )
            if request.headers["fluent.account"] != self.account.name:
                raise GrantRefused("invalid_grant", "The account is another.")
        except GrantRefused as refusal:
            if refusal.error in {"invalid_client", "invalid_grant"}:
                # Fluent words both alike.
                raise GrantRefused("invalid_grant", "Bad credentials") from None
            raise

    async def _graphql(self, request: Request) -> Response:
        body = await read_body(request, _LARGEST_BODY)
        call = _read(request, body)
        operations = call.operations if isinstance(call, Call) else frozenset[str]()
        create: CreateCall | None = None
        if isinstance(call, Call) and _CREATE in operations:
            create = self.creates.arrived(call.order_ref)

        def act() -> Response:
            if not self.tokens.accepts_bearer(request):
                return _error("401", "The Authorization header names no valid user.", 401)
            if isinstance(call, Response):
                return call
            before = self.root.store.order_count
            answer = call.execute(self.root, self.error_style)
            if create is not None and self.root.store.order_count > before:
                create.take_effect()
            return json_answer(answer)

        def refuse(code: str, message: str) -> Response:
            operation = next(iter(sorted(operations)), None)
            return json_answer(refused(code, message, operation, self.error_style))

        return await self.faults.around(request, operations, act, refuse=refuse)

    async def _list_customers(self, _: Request) -> Response:
        return json_answer({"customers": self.root.store.customers()})


def _read(request: Request, body: bytes | None) -> Call | Response:
    """Read a request as far as it goes; what stops it is an answer already."""
    if body is None:
        return _error("413", "The request has more than 2 MB.", 413)
    if not _is_json(request):
        return _error("415", "The Content-Type must be application/json.", 415)
    try:
        return Call.parse(GraphQLRequest.read(body))
    except InvalidRequest as error:
        return _error("400", str(error), 400)


def _is_json(request: Request) -> bool:
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    return kind.strip().lower() == "application/json"


def _error(code: str, message: str, status: int) -> Response:
    errors: list[dict[str, Any]] = [{"code": code, "message": message}]
    return json_answer({"errors": errors}, status)


def _no_token(error: str, description: str) -> Response:
    return json_answer({"error": error, "error_description": description}, 400)
