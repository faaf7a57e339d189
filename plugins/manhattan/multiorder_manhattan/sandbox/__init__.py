"""X."""

import time
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final

from multiorder_manhattan.sandbox.api import GET, SAVE, SEARCH, ManhattanApi
from multiorder_manhattan.sandbox.codes import tenant_codes
from multiorder_manhattan.sandbox.controls import Controls
from multiorder_manhattan.sandbox.messages import Messages
from multiorder_manhattan.sandbox.schema import load_schema
from multiorder_manhattan.sandbox.store import Store
from multiorder_manhattan.sandbox.tenant import TOKEN, Tenant, TokenApi
from multiorder_sync.sandbox import Client, Credentials, Faults, Sandbox, Tokens

__all__ = ["DEMO_TENANT", "Tenant", "create_sandbox"]

DEMO_TENANT: Final = Tenant(
    credentials=Credentials(
        client=Client("sandbox-client", "sandbox-client-secret"),
        username="integration@sandbox",
        password="sandbox-password",  # noqa: S106 - guards nothing but the stand-in
    )
)
"""The tenant that the local demo's configuration names."""

_DEFAULT_CODES: Final[Mapping[str, Collection[str] | None]] = MappingProxyType({})


def create_sandbox(
    *,
    tenant: Tenant = DEMO_TENANT,
    codes: Mapping[str, Collection[str] | None] = _DEFAULT_CODES,
    merge_children: bool = True,
    token_lifetime: float = 3600,
    clock: Callable[[], float] = time.monotonic,
) -> Sandbox:
    """Return a new, empty sandbox.

    Args:
        tenant: The tenant that it plays.
        codes: Its code sets that differ from the default, by name, for instance
            `{"OrderTypeId": ["web"]}`; None in place of a set lets any value through.
        merge_children: Whether a save updates the children whose keys it names. If not, it adds
            them again, as it does those that it sends without a key.
        token_lifetime: How many seconds a token lives.
        clock: Gives the time in seconds that tokens live by.

    Raises:
        ValueError: If there is no code set of a name.
    """
    store = Store(
        load_schema(),
        tenant_codes(codes),
        organization=tenant.organization,
        merge_children=merge_children,
    )
    tokens = Tokens(token_lifetime, clock=clock)
    faults = Faults([TOKEN, SAVE, SEARCH, GET], revoke_tokens=tokens.revoke_all)
    messages = Messages()
    token_api = TokenApi(tenant=tenant, tokens=tokens, faults=faults)
    api = ManhattanApi(
        tenant=tenant,
        store=store,
        tokens=tokens,
        faults=faults,
        messages=messages,
    )
    controls = Controls(store=store, messages=messages)
    return Sandbox(
        "manhattan",
        [*token_api.routes(), *api.routes(), *controls.routes()],
        faults=faults,
        tokens=tokens,
        holdings=store,
    )
