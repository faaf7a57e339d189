"""Who calls: the space that a call is for, and the proof that it comes from Nacelle.

A stranger learns nothing here: an unknown space, a missing signature and a wrong one are answered
alike, and the same work is done for each.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.errors import Forbidden, Unauthenticated
from multiorder_sync.nacelle.signature import equals, verify
from multiorder_sync.secret import Secret

SPACE_HEADER: Final = "x-nacelle-space-id"

_UNPROVEN: Final = "The call carries no valid signature of a space that is served here."


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A call as it came in.

    Attributes:
        body: The raw bytes of the body.
        headers: Lower-case name to every value with which it came.
        space: The space that the path names, if it names one.
        request_id: Of the call, for the answer and the log.
        received_at: When it came, aware, UTC.
        is_gone: Tells whether the caller has hung up.
    """

    body: bytes
    headers: Mapping[str, tuple[str, ...]]
    space: str | None
    request_id: str
    received_at: datetime
    is_gone: Callable[[], Awaitable[bool]]


def admit(request: SignedRequest, spaces: Mapping[str, ServedSpace]) -> ServedSpace:
    """Return the space that the call is for, once it is proved to come from Nacelle.

    Raises:
        Unauthenticated: The space is unknown, the signature missing or wrong, or a configured
            authentication header missing.
        Forbidden: A configured authentication header is wrong, or the space is disabled.
    """
    space = _resolve(request, spaces)
    secrets = space.settings.secrets if space else ()
    # As many digests for every call, so that time does not tell whether a space is known.
    most = max((len(each.settings.secrets) for each in spaces.values()), default=1)
    verify(request.body, (), [Secret("-")] * (most - len(secrets)))
    if space is None:
        raise Unauthenticated(_UNPROVEN)
    settings = space.settings
    values = request.headers.get(settings.signature.header.lower(), ())
    if not verify(request.body, values, settings.secrets, settings.signature):
        raise Unauthenticated(_UNPROVEN)
    for name, secret in settings.headers.items():
        given = request.headers.get(name.lower(), ())
        if not given:
            raise Unauthenticated(f"The header {name}, which this space asks for, is missing.")
        if len(given) != 1 or not equals(given[0], secret):
            raise Forbidden(f"The header {name} is not what this space asks for.")
    if not settings.enabled:
        raise Forbidden("The space is disabled and takes no orders.")
    return space


def _resolve(request: SignedRequest, spaces: Mapping[str, ServedSpace]) -> ServedSpace | None:
    """Take the space from the path, else from the header, else the only one that there is."""
    if request.space is not None:
        return spaces.get(request.space)
    named = request.headers.get(SPACE_HEADER, ())
    if named:
        return _named(named[0], spaces) if len(named) == 1 else None
    return next(iter(spaces.values())) if len(spaces) == 1 else None


def _named(name: str, spaces: Mapping[str, ServedSpace]) -> ServedSpace | None:
    """Look a header's value up; HTTP reads its bytes as Latin-1, most callers mean UTF-8."""
    try:
        meant = name.encode("latin-1").decode()
    except UnicodeError:
        meant = name
    return spaces.get(name) or spaces.get(meant)
