"""A recording that answers in place of the OMS."""

import contextlib
from time import monotonic

import vcr

from multiorder_sync.oms.outbound import Attempt, OutboundClient


async def test_calls_are_recorded_once_and_replayed(server, create, kit, tmp_path):
    server.behave = kit.always(200, b'{"id": "1"}', [("X-Request-ID", "r1")])
    cassette = tmp_path / "cassette.yaml"
    for played in (0, 1):
        attempt = Attempt(monotonic() + 3)
        client = OutboundClient(limits=kit.limits)
        async with contextlib.aclosing(client):
            with attempt.active(), vcr.use_cassette(str(cassette)) as recording:
                answer = await client.send(create())
        assert answer.json() == {"id": "1"}
        assert answer.headers["x-request-id"] == "r1"
        assert attempt.may_have_created
        assert (len(recording), recording.play_count) == (1, played)
    assert len(server.requests) == 1
