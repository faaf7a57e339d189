"""The endpoint and Acme, both over loopback, with spaces that a test adds as it needs them."""

import contextlib
import itertools

import httpx

from acme.calls import SECRET, body_of, request, signed
from acme.connector import AcmeSettings, Refusing
from acme.oms import KEY, AcmeOms
from multiorder_sync import Secret
from multiorder_sync.config import ServerSettings, Space
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.sandbox import serving as serving_sandbox
from multiorder_sync.server.app import create_app
from multiorder_sync.server.serve import serving


class World:
    """What runs, and how a test speaks to it.

    Attributes:
        url: Of the endpoint.
        oms: Acme.
        oms_url: Acme's base URL.
        http: An ordinary client of the endpoint.
        spaces: Those that are served; the endpoint sees at once what is added.
    """

    def __init__(self, url, oms, oms_url, http, spaces):
        self.url, self.oms, self.oms_url, self.http = url, oms, oms_url, http
        self.spaces = spaces
        self._numbers = itertools.count(1)

    def space(self, connector=Refusing, *, space_id=None, **settings):
        """Add a space and return its id."""
        space_id = space_id or f"s{next(self._numbers)}"
        oms = AcmeSettings(base_url=self.oms_url, api_key=Secret(KEY))
        defaults = {"secrets": (Secret(SECRET),), "oms": oms, "deadline_seconds": 1.5}
        space = Space(id=space_id, connector="acme", **{**defaults, **settings})
        self.spaces[space_id] = ServedSpace(space, connector)
        return space_id

    async def post(self, space, order, *, headers=None, path=None):
        """Send an order, signed, and return the answer."""
        body = body_of(order)
        return await self.http.post(
            path or f"/spaces/{space}/sync/consume",
            content=body,
            headers={**signed(body), **(headers or {})},
        )

    def request(self, space, order, **kwargs):
        """Return the bytes of such a call."""
        return request(body_of(order), path=f"/spaces/{space}/sync/consume", **kwargs)

    async def reset(self):
        for space in self.spaces.values():
            await space.aclose()
        self.spaces.clear()
        self.oms.reset()


@contextlib.asynccontextmanager
async def serving_world(**settings):
    """Serve Acme and an endpoint without spaces."""
    oms, spaces = AcmeOms(), {}
    server = ServerSettings(port=0, **settings)
    async with (
        serving_sandbox(oms.sandbox()) as oms_url,
        serving(create_app(spaces, server), server) as url,
        httpx.AsyncClient(base_url=url, timeout=10, verify=False) as http,
    ):
        yield World(url, oms, oms_url, http, spaces)


def error_of(answer, status=None, code=None):
    """Return an answer's error, once it is proved to be a whole and well-formed failure."""
    assert answer.headers["content-type"] == "application/json"
    data = answer.json()
    assert set(data) == {"order", "error"}
    assert data["order"] == {}
    error = data["error"]
    assert set(error) == {"error", "category", "details"}
    assert error["category"] == "sync_service"
    assert isinstance(error["error"], str)
    assert error["error"]
    details = error["details"]
    assert set(details) >= {"code", "retryable", "request_id"}
    assert set(details) <= {
        *("code", "retryable", "request_id", "oms", "oms_errors", "orders", "problems")
    }
    assert isinstance(details["retryable"], bool)
    assert answer.headers["x-request-id"] == details["request_id"]
    if status is not None:
        assert (answer.status_code, details["code"]) == (status, code), error
    return error
