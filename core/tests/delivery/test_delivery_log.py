"""What the log says about each call, and what it must never say."""

import io
import json

import pytest
import structlog
from acme import Refusing, multi_order
from acme.calls import SECRET
from acme.oms import KEY
from acme.world import BRIEF_SECONDS

from multiorder_sync import Refused, Secret
from multiorder_sync.observe import configure_logging

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOPPER = {
    "email": "erika.mustermann@example.com",
    "customer": {
        "email": "E.Mustermann@Example.org",
        "first_name": "Erika",
        "last_name": "Mustermann",
        "phone": "+49 30 1234567",
    },
    "billing_address": {
        "first_name": "Jürgen",
        "last_name": "O'Neill",
        "address1": "Heidestraße 17",
        "city": "Köln",
    },
}
PERSONAL = ["mustermann", "erika", "1234567", "jürgen", "o'neill", "heidestraße"]


def line_of(logged):
    """Return the one line that each call gets."""
    lines = [line for line in logged if line["event"] == "order"]
    assert len(lines) == 1
    return lines[0]


async def test_an_accepted_order(world, logged):
    space, order = world.space(), multi_order(orders=2)
    answer = await world.post(space, order)
    line = line_of(logged)
    milliseconds = line.pop("milliseconds")
    assert isinstance(milliseconds, float)
    assert milliseconds > 0
    assert line == {
        "event": "order",
        "log_level": "info",
        "request_id": answer.headers["x-request-id"],
        "space": space,
        "connector": "acme",
        "order": order["id"],
        "orders": 2,
        "outcome": "accepted",
        "oms_ids": ("A1", "A2"),
        "attempts": 2,
        "status": 200,
    }


@pytest.mark.parametrize(
    ("fault", "outcome", "status", "code"),
    [
        ({"kind": "refuse", "code": "E", "message": "No."}, "refused", 422, "oms_refused"),
        ({"kind": "rate_limit", "retry_after": 60}, "unavailable", 500, "oms_unavailable"),
        ({"kind": "drop", "times": None}, "unknown", 500, "outcome_unknown"),
    ],
)
async def test_an_order_that_is_not_in_the_oms(world, logged, fault, outcome, status, code):
    world.oms.fail(**fault)
    order = multi_order()
    answer = await world.post(space := world.space(deadline_seconds=BRIEF_SECONDS), order)
    line = line_of(logged)
    assert (line["outcome"], line["status"], line["code"]) == (outcome, status, code)
    assert (line["space"], line["order"]) == (space, order["id"])
    assert line["log_level"] == "warning"
    assert line["reason"]
    # Every line about a call can be found by its id.
    assert {each["request_id"] for each in logged if each["event"] != "outbound call"} == {
        answer.headers["x-request-id"]
    }


async def test_a_call_that_is_not_let_in(world, logged):
    space = world.space()
    answer = await world.post(space, b"{}", headers={"x-nacelle-signature-sha256": "wrong"})
    line = line_of(logged)
    assert (line["status"], line["code"]) == (401, "unauthenticated")
    assert line["request_id"] == answer.headers["x-request-id"]
    assert "order" not in line


async def test_a_signed_body_that_is_no_order(world, logged):
    space = world.space()
    await world.post(space, b'{"orders": []}')
    line = line_of(logged)
    assert (line["space"], line["status"], line["code"]) == (space, 400, "invalid_order")


def everything(logged):
    return json.dumps(logged, default=str, ensure_ascii=False).lower()


async def test_no_secret_is_logged(world, logged):
    space = world.space(headers={"x-shop-token": Secret("shop-token-55")})
    order = multi_order()
    await world.post(space, order, headers={"x-shop-token": "shop-token-55"})
    await world.post(space, order, headers={"x-shop-token": "shop-token-56"})
    await world.post(space, order, headers={"x-nacelle-signature-sha256": SECRET})
    world.oms.fail("refuse", code="E", message=f"The key {KEY} may not do that.")
    answer = await world.post(space, multi_order(), headers={"x-shop-token": "shop-token-55"})
    assert answer.status_code == 422
    assert KEY not in answer.text
    assert len(logged) >= 4
    for secret in (SECRET, KEY, "shop-token-55", "shop-token-56"):
        assert secret not in everything(logged)


async def test_nothing_of_the_shopper_is_logged_even_if_the_oms_quotes_it(world, logged):
    quoted = "Erika Mustermann, ERIKA.MUSTERMANN@EXAMPLE.COM, e.mustermann@example.org,"
    quoted += " Jürgen O'Neill, Heidestraße 17, +49 30 1234567, refused by rule 9."
    order = multi_order(orders=2, **SHOPPER)
    world.oms.fail("refuse", code="E", message=quoted, times=2)
    assert (await world.post(world.space(), order)).status_code == 422
    assert "rule 9" in line_of(logged)["reason"]
    assert not [text for text in PERSONAL if text in everything(logged)]


async def test_nothing_of_the_shopper_is_logged_for_a_success(world, logged):
    assert (await world.post(world.space(), multi_order(**SHOPPER))).status_code == 200
    assert not [text for text in PERSONAL if text in everything(logged)]


async def test_nothing_of_the_shopper_is_logged_while_it_is_tried_again(world, logged):
    class Talkative(Refusing):
        async def find(self, submission):
            raise Refused(f"{submission.payload.email} is blocked.")

    world.oms.fail("drop", when="after")
    space = world.space(Talkative, deadline_seconds=BRIEF_SECONDS)
    await world.post(space, multi_order(**SHOPPER))
    assert any("is blocked" in str(line.get("reason")) for line in logged)
    assert not [text for text in PERSONAL if text in everything(logged)]


class Quoting(Refusing):
    """Breaks, and tells with what in hand."""

    def quote(self, email):
        try:
            raise ValueError(f"no such shopper: {email.upper()}")
        except ValueError as error:
            raise RuntimeError(f"Heidestraße 17, O'Neill: {KEY} was not taken") from error


class QuotingBefore(Quoting):
    def transform(self, order, context):
        self.quote(order.email)


class QuotingLater(Quoting):
    async def submit(self, submission):
        self.quote(submission.payload.email)


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize("connector", [QuotingBefore, QuotingLater])
async def test_a_traceback_says_where_and_nothing_of_the_shopper_or_a_secret(
    world, connector, log_format
):
    written = io.StringIO()
    before = structlog.get_config()
    configure_logging(log_format, "info", written)
    try:
        answer = await world.post(world.space(connector), multi_order(**SHOPPER))
    finally:
        structlog.configure(**before)
    assert answer.status_code == 500
    text = written.getvalue()
    for words in (
        "ValueError: no such shopper: ***",
        "RuntimeError: ***, ***: *** was",
        "in quote",
    ):
        assert words in text
    if log_format == "json":
        text = everything([json.loads(line) for line in text.splitlines()])
    assert KEY not in text
    assert not [each for each in PERSONAL if each in text.lower()]
