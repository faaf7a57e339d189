"""Certificates are checked."""

import asyncio
import contextlib
import ssl
from pathlib import Path
from time import monotonic

import pytest

from multiorder_sync.errors import Unavailable
from multiorder_sync.oms.outbound import Attempt, OutboundClient

# Self-signed, for localhost, valid for a century, trusted by no one else.
CERTIFICATE = Path(__file__).with_name("loopback.pem")


@pytest.fixture
async def https(server, kit):
    server.behave = kit.always(200, b'{"id": "1"}')
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    yield listening.sockets[0].getsockname()[1]
    listening.close()


async def test_an_untrusted_certificate_gets_nothing(server, https, client, create):
    attempt = Attempt(monotonic() + 30)
    with attempt.active(), pytest.raises(Unavailable, match=r"not trusted.*was not sent"):
        await client.send(create(url=f"https://127.0.0.1:{https}/orders"))
    assert not attempt.may_have_created
    assert server.requests == []


async def test_a_ca_file_is_trusted_for_the_names_it_vouches_for(server, https, create, kit):
    client = OutboundClient(ca_file=CERTIFICATE, limits=kit.limits)
    async with contextlib.aclosing(client):
        answer = await client.send(create(url=f"https://localhost:{https}/orders"))
        assert answer.json() == {"id": "1"}
        with pytest.raises(Unavailable, match="not trusted"):
            await client.send(create(url=f"https://127.0.0.1:{https}/orders"))
    assert len(server.requests) == 1


async def test_checking_can_be_turned_off(https, create, kit):
    client = OutboundClient(verify_tls=False, limits=kit.limits)
    async with contextlib.aclosing(client):
        assert (await client.send(create(url=f"https://127.0.0.1:{https}/orders"))).status == 200
