"""Runs the measurements and prints them.

The endpoint, the sandbox and the load each run in a process of their own. The sandbox is the
slowest of the three (it validates every order against a GraphQL schema), so the end-to-end
figures are a floor; what the endpoint itself costs stands in its CPU time for each order.
"""

import asyncio
import json
import multiprocessing
import os
import resource
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import httpx

from bench.naive import create_naive_app
from multiorder_fluentcommerce.connector import FluentConnector
from multiorder_fluentcommerce.sandbox import create_sandbox
from multiorder_sync import Context, OutboundClient, PricePolicy, figures_of
from multiorder_sync.cli.posting import headers_for
from multiorder_sync.config import load
from multiorder_sync.delivery.service import Service
from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.nacelle.signature import sign, verify
from multiorder_sync.observe import configure_logging
from multiorder_sync.oms.plugins import discover
from multiorder_sync.sandbox import serving as serving_sandbox
from multiorder_sync.secret import Secret
from multiorder_sync.server.app import create_app
from multiorder_sync.server.serve import serving as serving_app

ROOT = Path(__file__).parents[1]
SECRET = Secret("sandbox-signing-secret")
ORDERS = int(os.environ.get("ORDERS", "600"))
CALLERS = int(os.environ.get("CALLERS", "16"))
PATH = "/spaces/acme/sync/consume"


def in_process(main, *arguments):
    """Run an async server in a process; return the process, its URL and its way to be stopped."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_serve, args=(main, theirs, arguments), daemon=True)
    process.start()
    return process, ours.recv(), ours


def _serve(main, pipe, arguments):
    import uvloop

    async def run():
        async with main(*arguments) as url:
            pipe.send(url)
            while not pipe.poll():
                await asyncio.sleep(0.05)

    configure_logging("json", "critical")
    uvloop.run(run())
    usage = resource.getrusage(resource.RUSAGE_SELF)
    pipe.recv()
    pipe.send((usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))


def stop(process, pipe):
    pipe.send("stop")
    cpu, mebibytes = pipe.recv()
    process.join()
    return cpu, mebibytes


def sandbox():
    return serving_sandbox(create_sandbox())


def configured(base_url):
    import tempfile

    text = (ROOT / "config.toml").read_text().replace("http://127.0.0.1:8401", base_url)
    # Not in memory: what the journal costs is the disk.
    folder = tempfile.mkdtemp(prefix="multiorder-bench-", dir="/var/tmp")
    file = Path(folder) / "config.toml"
    file.write_text(text.replace("port = 8080", "port = 0"))
    registry = discover()
    return load(file, registry), registry


def product(base_url):
    config, registry = configured(base_url)
    service = Service(config, registry)
    service.prepare()
    return serving_app(create_app(service, config.server), config.server)


def naive(base_url, customer_id, token):
    config, _ = configured(base_url)
    app = create_naive_app(base_url, SECRET.reveal().encode(), customer_id, token)
    return serving_app(app, config.server)


def bodies(count):
    order = json.loads((ROOT / "examples/orders/guest.json").read_bytes())
    for _ in range(count):
        order["id"] = order["orders"][0]["id"] = str(uuid.uuid4())
        yield json.dumps(order).encode()


async def load_test(url, space):
    pending = iter(list(bodies(ORDERS)))
    milliseconds = []

    async def caller(client):
        for body in pending:
            started = time.perf_counter()
            answer = await client.post(
                f"{url}{PATH}", content=body, headers=headers_for(body, space)
            )
            milliseconds.append((time.perf_counter() - started) * 1000)
            assert answer.status_code == 200, answer.text

    started = time.perf_counter()
    async with httpx.AsyncClient(timeout=60) as client:
        await asyncio.gather(*(caller(client) for _ in range(CALLERS)))
    return time.perf_counter() - started, milliseconds


def account(base_url):
    """Return a token and the id of a customer, which the naive mapper does not look up."""
    form = {"grant_type": "password", "scope": "api", "username": "integration",
            "password": "sandbox-password", "client_id": "SANDBOX",
            "client_secret": "sandbox-client-secret"}  # fmt: skip
    token = httpx.post(
        f"{base_url}/oauth/token", data=form, headers={"fluent.account": "SANDBOX"}
    ).json()["access_token"]
    query = "mutation c($i: CreateCustomerInput) { createCustomer(input: $i) { id } }"
    variables = {"i": {"username": "bench", "primaryEmail": "bench@example.com", "timezone": "UTC",
                       "promotionOptIn": False, "retailer": {"id": "1"}}}  # fmt: skip
    answer = httpx.post(f"{base_url}/graphql", json={"query": query, "variables": variables},
                        headers={"authorization": f"Bearer {token}"})  # fmt: skip
    return answer.json()["data"]["createCustomer"]["id"], token


def end_to_end(name, start):
    oms, base_url, oms_pipe = in_process(sandbox)
    server, url, pipe = in_process(*start(base_url))
    config, _ = configured(base_url)
    seconds, milliseconds = asyncio.run(load_test(url, config.spaces["acme"]))
    cpu, mebibytes = stop(server, pipe)
    stop(oms, oms_pipe)
    percentile = quantiles(milliseconds, n=100)
    print(
        f"  {name:<24}{ORDERS / seconds:8.0f}/s{percentile[49]:9.1f}{percentile[94]:9.1f}"
        f"{percentile[98]:9.1f}{cpu / ORDERS * 1000:14.2f}{mebibytes:10.0f}"
    )


def timed(work, times=300):
    samples = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        samples.append((time.perf_counter() - started) * 1e6)
    return median(samples)


def steps():
    print("The steps of the way, microseconds (median), without I/O\n")
    print(f"  {'order':<24}{'bytes':>8}{'verify':>9}{'decode':>9}{'figures':>9}{'transform':>11}")
    config, _ = configured("http://127.0.0.1:8401")
    space = config.spaces["acme"]
    connector = FluentConnector(space.oms, OutboundClient())
    decoder = OrderDecoder()
    for name in ("guest", "single", "multi-two-addresses", "hundred-lines"):
        body = (ROOT / f"examples/orders/{name}.json").read_bytes()
        order = decoder.decode(body)
        context = Context(space="acme", received_at=datetime.now(UTC))
        signature = sign(body, SECRET)
        print(
            f"  {name:<24}{len(body):8}"
            f"{timed(lambda: verify(body, [signature], [SECRET])):9.0f}"
            f"{timed(lambda: decoder.decode(body)):9.0f}"
            f"{timed(lambda: figures_of(order, PricePolicy())):9.0f}"
            f"{timed(lambda: connector.transform(order, context)):11.0f}"
        )


def main():
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores\n")
    steps()
    print(f"\n{ORDERS} orders, {CALLERS} callers at once, endpoint and sandbox on this machine\n")
    print(
        f"  {'':<24}{'orders':>10}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}"
        f"{'CPU ms/order':>14}{'peak MiB':>10}"
    )
    end_to_end("multiorder-sync", lambda base_url: (product, base_url))
    end_to_end("a naive mapper", lambda base_url: (naive, base_url, *account(base_url)))


if __name__ == "__main__":
    main()
