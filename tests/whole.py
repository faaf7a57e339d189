"""The whole, as a merchant has it: a configuration, the endpoint and a sandbox, over real HTTP."""

import asyncio
import json
import threading
import urllib.error
import urllib.request
import uuid
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from multiorder_fluentcommerce.sandbox import create_sandbox
from multiorder_sync.cli.posting import headers_for
from multiorder_sync.config import load
from multiorder_sync.delivery.service import Service
from multiorder_sync.oms.plugins import discover
from multiorder_sync.sandbox import serving as serving_sandbox
from multiorder_sync.server.app import create_app
from multiorder_sync.server.serve import serving as serving_app

ROOT = Path(__file__).parents[1]
SAMPLES = sorted((ROOT / "examples" / "orders").glob("*.json"))

CONFIG = """
[server]
port = 0

[journal]
url = "sqlite:///{journal}.db"

[spaces.acme]
connector = "fluentcommerce"
secrets = ["signing-secret-1", "signing-secret-2"]
deadline_seconds = {deadline}
{space}

[spaces.acme.oms]
base_url = "{base_url}"
account = "SANDBOX"
client_id = "SANDBOX"
client_secret = "sandbox-client-secret"
username = "integration"
password = "sandbox-password"
retailer_id = "1"
{oms}
"""


def call(url, body=None, headers=None, method=None):
    """Make one HTTP call; return status and body."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


class Whole:
    """A running endpoint with its OMS."""

    def __init__(self, endpoint, oms, config):
        self.endpoint = endpoint
        self.oms = oms
        self.space = config.spaces["acme"]

    def send(self, body, headers=None):
        """Send a body as Nacelle would; return status and answer."""
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        given = headers_for(body, self.space) if headers is None else headers
        status, answer = call(f"{self.endpoint}/spaces/acme/sync/consume", body, given)
        return status, answer

    def orders(self):
        """Return the orders that the OMS holds."""
        return json.loads(call(f"{self.oms}/_sandbox/orders")[1])["orders"]

    def fault(self, **fault):
        """Make the OMS misbehave."""
        status, answer = call(
            f"{self.oms}/_sandbox/faults",
            json.dumps(fault).encode(),
            {"content-type": "application/json"},
        )
        assert status == 201, answer


@contextmanager
def running_whole(tmp_path, space, oms, deadline, sandbox, edit=str):
    """Run everything in an event loop of its own, so that tests can be callers from outside."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    stack = AsyncExitStack()

    async def start():
        base_url = await stack.enter_async_context(serving_sandbox(create_sandbox(**sandbox)))
        file = tmp_path / "config.toml"
        text = CONFIG.format(
            journal=uuid.uuid4().hex, base_url=base_url, space=space, oms=oms, deadline=deadline
        )
        file.write_text(edit(text))
        registry = discover()
        config = load(file, registry)
        service = Service(config, registry)
        service.prepare()
        app = create_app(service, config.server)
        endpoint = await stack.enter_async_context(serving_app(app, config.server))
        return Whole(endpoint, base_url, config)

    try:
        yield asyncio.run_coroutine_threadsafe(start(), loop).result(120)
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(120)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
