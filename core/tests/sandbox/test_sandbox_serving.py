"""Running a sandbox: in an event loop, and as a process."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap

import httpx
import pytest

from multiorder_sync.sandbox import run_sandbox, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_serving_ends_while_calls_hang_wait_or_are_half_sent(toy, capfd, caplog):
    async with contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(verify=False, timeout=60))
        calls = []
        async with serving(toy) as url:
            for kind in ({"kind": "hang"}, {"kind": "latency", "seconds": 3600}):
                await http.post(f"{url}/_sandbox/faults", json=kind)
                calls.append(asyncio.create_task(http.post(f"{url}/orders", content=b"{}")))
                while (await http.get(f"{url}/_sandbox/faults")).json()["faults"]:
                    await asyncio.sleep(0.01)
            _, half_sent = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
            half_sent.write(b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
            await half_sent.drain()
            stack.callback(half_sent.close)

        results = await asyncio.gather(*calls, return_exceptions=True)

    assert all(isinstance(result, httpx.TransportError) for result in results)
    assert capfd.readouterr() == ("", "")
    assert [record.getMessage() for record in caplog.records if record.levelno >= 30] == []


async def test_a_client_that_leaves_in_its_request_makes_no_noise(client, base_url, capfd, caplog):
    _, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(base_url).port)
    writer.write(b"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    await writer.drain()
    writer.close()
    await writer.wait_closed()

    assert (await client.post("/orders", json={"ref": "A"})).json() == {"saved": 1}
    assert capfd.readouterr() == ("", "")
    assert [record.getMessage() for record in caplog.records if record.levelno >= 30] == []


async def test_serving_leaves_the_signals_to_its_caller(toy):
    before = signal.getsignal(signal.SIGINT)
    async with serving(toy):
        assert signal.getsignal(signal.SIGINT) is before


async def test_an_error_inside_serving_comes_out_as_it_is(toy):
    with pytest.raises(LookupError, match="mine"):
        async with serving(toy):
            raise LookupError("mine")


async def test_a_sandbox_can_be_served_again(toy):
    for _ in range(2):
        async with serving(toy) as url, httpx.AsyncClient(verify=False, timeout=60) as http:
            assert (await http.get(f"{url}/_sandbox/orders")).json() == {"orders": []}


async def test_serving_listens_at_ipv6_addresses(toy):
    async with serving(toy, host="::1") as url, httpx.AsyncClient(verify=False, timeout=60) as http:
        assert re.fullmatch(r"http://\[::1\]:\d+", url)
        assert (await http.get(f"{url}/_sandbox/orders")).status_code == 200


async def test_a_taken_port_is_an_os_error(toy, capfd):
    said = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            run_sandbox(toy, "127.0.0.1", port, on_ready=said.append)
        with pytest.raises(OSError, match="in use"):
            async with serving(toy, port=port):
                pass
    assert said == []
    assert capfd.readouterr() == ("", "")


async def test_a_sandbox_runs_until_it_is_interrupted():
    script = textwrap.dedent("""
        from multiorder_sync.sandbox import Faults, Sandbox, Tokens, run_sandbox

        class Nothing:
            def orders(self):
                return []

            def forget(self):
                pass

        tokens = Tokens(1)
        faults = Faults([], revoke_tokens=tokens.revoke_all)
        sandbox = Sandbox("toy", [], faults=faults, tokens=tokens, holdings=Nothing())
        run_sandbox(sandbox, "127.0.0.1", 0, on_ready=lambda url: print(url, flush=True))
        print("ended", flush=True)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    ) as process:
        url = process.stdout.readline().strip()
        assert httpx.get(f"{url}/_sandbox/orders", timeout=60).json() == {"orders": []}

        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)

    assert (out, err, process.returncode) == ("ended\n", "", 0)
