"""The endpoint and Acme, both over loopback, with spaces that a test adds as it needs them."""

import contextlib
import itertools
import tempfile

import httpx
import msgspec

from acme.calls import SECRET, body_of, request, signed
from acme.connector import AcmeSettings, Refusing
from acme.oms import KEY, AcmeOms
from multiorder_sync import Secret
from multiorder_sync.config import Config, JournalSettings, ServerSettings, Space
from multiorder_sync.delivery.carrying import no_step
from multiorder_sync.delivery.service import Service
from multiorder_sync.delivery.spaces import ServedSpace
from multiorder_sync.oms.plugins import InstalledConnector, Registry
from multiorder_sync.sandbox import serving as serving_sandbox
from multiorder_sync.server.app import create_app
from multiorder_sync.server.serve import serving

AMPLE_SECONDS = 20.0
"""A deadline that is not met by accident: on a busy machine, a process can stand still for seconds."""

BRIEF_SECONDS = 4.0
"""A deadline whose end a test waits for. What comes before that has its time even so: a call to the
OMS gets half of it."""


class World:
    """What runs, and how a test speaks to it.

    Attributes:
        url: Of the endpoint.
        oms: Acme.
        oms_url: Acme's base URL.
        oms_key: The key that Acme takes.
        http: An ordinary client of the endpoint.
        service: What delivers.
        spaces: Those that are served; the endpoint sees at once what is added.
    """

    def __init__(self, url, oms, oms_url, http, service):
        self.url, self.oms, self.oms_url, self.http = url, oms, oms_url, http
        self.service, self.spaces = service, service.spaces
        self.oms_key = KEY
        self._numbers = itertools.count(1)

    def space(self, connector=Refusing, *, space_id=None, connector_name="acme", **settings):
        """Add a space and return its id."""
        space_id = space_id or f"s{next(self._numbers)}"
        space = acme_space(space_id, self.oms_url, connector=connector_name, **settings)
        self.spaces[space_id] = ServedSpace(space, connector)
        return space_id

    def give_time(self, space, *, seconds=AMPLE_SECONDS):
        """Let no call for a space meet its deadline by accident any more, or let it end sooner."""
        served = self.spaces[space]
        served.settings = msgspec.structs.replace(served.settings, deadline_seconds=seconds)

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


def acme_space(space_id, oms_url, *, connector="acme", **settings):
    """Return the settings of a space whose orders go to Acme."""
    oms = AcmeSettings(base_url=oms_url, api_key=Secret(KEY))
    defaults = {"secrets": (Secret(SECRET),), "oms": oms, "deadline_seconds": AMPLE_SECONDS}
    return Space(id=space_id, connector=connector, **{**defaults, **settings})


def acme_registry(connector=Refusing, name="acme"):
    """Return what is installed: a connector for Acme."""
    installed = InstalledConnector(
        connector=connector, distribution="acme", version="1.0", entry_point="acme"
    )
    return Registry(connectors={name: installed})


class ByHand(Service):
    """A service that takes no order up again by itself."""

    async def start(self, *, redelivering=False):
        await super().start(redelivering=redelivering)


def started_service(
    server,
    folder,
    *,
    journal_url=None,
    kind=Service,
    step=no_step,
    registry=None,
    spaces=None,
    encryption_keys=(),
    **settings,
):
    """Return a service, by default without spaces, that keeps its journal in a folder."""
    url = journal_url or f"sqlite:///{folder}/journal.db"
    journal = JournalSettings(url=Secret(url), encryption_keys=encryption_keys)
    config = Config(source="test", server=server, spaces=spaces or {}, journal=journal, **settings)
    service = kind(config, registry or Registry(), step=step)
    service.prepare()
    return service


@contextlib.asynccontextmanager
async def serving_service(service, server, oms, oms_url):
    """Serve an endpoint for a service, whose orders go to Acme."""
    async with (
        serving(create_app(service, server), server) as url,
        httpx.AsyncClient(base_url=url, timeout=90, verify=False) as http,
    ):
        yield World(url, oms, oms_url, http, service)


@contextlib.asynccontextmanager
async def serving_world(**settings):
    """Serve Acme and an endpoint without spaces."""
    oms = AcmeOms()
    server = ServerSettings(port=0, **settings)
    with tempfile.TemporaryDirectory() as folder:
        service = started_service(server, folder)
        async with (
            serving_sandbox(oms.sandbox()) as oms_url,
            serving_service(service, server, oms, oms_url) as world,
        ):
            yield world


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
