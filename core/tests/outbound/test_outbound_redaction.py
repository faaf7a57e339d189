"""No secret and no token leaves through a message, a repr or the log."""

import asyncio
import contextlib
import html
import json
import re
import traceback
from urllib.parse import quote, quote_plus

import msgspec
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from multiorder_sync.errors import OmsError, OmsMessage
from multiorder_sync.oms.outbound import (
    Answer,
    Call,
    Headers,
    OutboundClient,
    PasswordGrant,
    Redactor,
    TokenSource,
)
from multiorder_sync.oms.outbound.answer import excerpt
from multiorder_sync.secret import Secret

WAYS = [
    lambda text: text,
    quote,
    lambda text: quote(text, safe=""),
    quote_plus,
    lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    html.escape,
    lambda text: "".join(f"&#{ord(c)};" if not c.isalnum() else c for c in text),
    lambda text: "".join(f"&#x{ord(c):X};" if not c.isalnum() else c for c in text),
]
some_text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
separate = st.text("~", max_size=3)


@given(secret=some_text, before=separate, after=separate)
@pytest.mark.parametrize("way", WAYS)
def test_every_form_of_a_secret_is_replaced(way, secret, before, after):
    shown = Redactor([Secret(secret)]).redact(before + way(secret) + after)
    if "~" not in secret:
        assert shown == f"{before}***{after}"
    assert len(way(secret)) <= Redactor([Secret(secret)]).longest


def test_all_of_a_secret_goes_that_begins_with_another():
    redactor = Redactor([Secret("open"), Secret("open sesame")])
    assert redactor.redact("open sesame, open") == "***, ***"


def test_nothing_is_replaced_where_nothing_is_secret():
    assert Redactor([Secret("")]).redact("as it is") == "as it is"
    assert Redactor().redact("as it is") == "as it is"


def test_the_latest_tokens_are_known_and_the_space_s_own_secrets_for_ever():
    redactor = Redactor([Secret("lasting")], most=3)
    for number in range(5):
        redactor.add(Secret(f"token{number}"))
    redactor.add(Secret("token2"), Secret("lasting"), Secret(""))
    redactor.add(Secret("token5"))
    redactor.keep(Secret("kept"))
    assert (
        redactor.redact("lasting kept token2 token3 token4 token5") == "*** *** *** token3 *** ***"
    )


@given(st.binary(max_size=400), st.integers(8_000, 8_400), some_text)
def test_an_excerpt_is_one_short_line_without_the_secret(noise, blanks, secret):
    body = noise + b" " * blanks + b"{" + secret.encode() + b"}" + b" " * 5
    shown = excerpt(body, Redactor([Secret(secret)]))
    assert len(shown) <= 200
    assert len(shown.splitlines()) <= 1
    if len(secret) > 3:
        assert secret not in shown


def test_a_secret_that_the_cut_goes_through_is_not_shown_in_part():
    secret = "s3same" * 100
    for at in range(7_000, 9_500, 77):
        body = (" " * at + secret + " " * 2_000).encode()
        assert excerpt(body, Redactor([Secret(secret)])) in {"", "***"}


def test_a_body_that_is_no_text_is_not_shown():
    body = "s3same".encode("utf-16")
    assert excerpt(body, Redactor([Secret("s3same")])) == "14 bytes that are not text"


PASSWORD, CLIENT_SECRET, GATE, TOKEN = 'pa/ss"wörd', "cl13nt&s3cret", "gat3-k3y", "t0k3n.a-b_c"
SPACE, KEY = "sp4ce+s3cret", "c4ll-k3y"
HIDDEN = (PASSWORD, CLIENT_SECRET, GATE, TOKEN, SPACE, KEY)


async def test_nothing_is_shown_by_whatever_goes_wrong(server, kit, create, lookup):
    """An OMS that echoes all it was sent, in every kind of answer and in none."""
    echo = " ".join(way(text) for text in HIDDEN for way in (str, *WAYS))
    answers = iter(
        [
            kit.http(200, kit.token(TOKEN)),
            kit.http(200, f"<html>{echo}".encode()),
            kit.http(500, echo.encode()),
            kit.http(302, headers=[("Location", f"http://{TOKEN}/?{quote(CLIENT_SECRET)}")]),
            f"HTTP/1.1 2OO {TOKEN} {GATE}\r\n\r\n".encode(),
            b"",
            kit.http(401, echo.encode()),
            kit.http(200, kit.token(TOKEN)),
            kit.http(401, echo.encode()),
            kit.http(401, echo.encode()),
            kit.http(400, json.dumps({"error": echo, "error_description": echo}).encode()),
        ]
    )

    async def behave(_request, writer):
        writer.write(answer := next(answers))
        if not answer:
            writer.close()

    server.behave = behave
    errors, shown = [], []
    with structlog.testing.capture_logs() as logs:
        client = OutboundClient(
            secrets=[Secret(SPACE)],
            headers={"x-gate": Secret(GATE)},
            limits=msgspec.structs.replace(kit.limits, tries=1),
        )
        grant = PasswordGrant(
            url=server.base_url + "/token",
            form={"username": "me", "password": Secret(PASSWORD)},
            basic=("id", Secret(CLIENT_SECRET)),
        )
        tokens = TokenSource(grant, client)
        call = create(f"/orders?key={quote(GATE)}", tokens=tokens, headers={"x-key": Secret(KEY)})
        async with contextlib.aclosing(client):
            for _ in range(8):
                try:
                    answer = await client.send(call)
                    shown += [
                        answer.excerpt(),
                        repr(answer),
                        pretty_repr(answer),
                        repr(answer.headers),
                    ]
                    errors.append(answer.unexpected(echo, oms_errors=[OmsMessage(echo, echo)]))
                    shown.append(answer.redact(echo))
                    answer.json()
                except OmsError as error:
                    errors.append(error)
        shown += [repr(x) for x in (call, client, grant, tokens, client.redactor)]
        shown += [str(call), pretty_repr(call), pretty_repr(grant), pretty_repr(tokens)]
    assert next(answers, None) is None
    assert len(errors) >= 8
    for error in errors:
        shown += [str(error), repr(error), repr(error.oms_errors), str(vars(error))]
        shown += traceback.format_exception(error)
        assert error.__cause__ is None
        assert error.__context__ is None
    assert {entry["log_level"] for entry in logs} == {"debug"}
    shown += [repr(entry) for entry in logs]
    whole = "\n".join(shown)
    for text in HIDDEN:
        for way in WAYS:
            assert way(text) not in whole
    assert "aWQ6" not in whole  # "id:" in base64


async def test_a_call_is_one_line_in_the_log(server, client, create, lookup, kit):
    server.behave = kit.in_turn(kit.http(500), kit.http(200))
    with structlog.testing.capture_logs() as logs:
        logging_client = OutboundClient(limits=kit.limits)
        async with contextlib.aclosing(logging_client):
            await logging_client.send(lookup())
            server.behave = lambda _request, writer: asyncio.sleep(0, writer.close())
            with pytest.raises(OmsError):
                await logging_client.send(create())
    times = [entry.pop("milliseconds") for entry in logs]
    assert all(isinstance(each, float) for each in times)
    common = {"event": "outbound call", "log_level": "debug"}
    common |= {"host": server.base_url.removeprefix("http://")}
    assert logs == [
        common | {"operation": "getOrder", "status": 500, "fault": None, "try_number": 1},
        common | {"operation": "getOrder", "status": 200, "fault": None, "try_number": 2},
        common
        | {
            "operation": "createOrder",
            "status": None,
            "fault": "ServerDisconnectedError",
            "try_number": 1,
        },
    ]


def test_reprs_show_neither_headers_nor_bodies():
    call = Call(
        operation="op",
        method="POST",
        url="https://oms.example/a?key=s3same",
        creates=True,
        headers={"authorization": "s3same"},
        content=b"s3same",
    )
    answer = Answer(
        call=call,
        status=200,
        headers=Headers([("set-cookie", "s3same")]),
        body=b"s3same",
        redactor=Redactor(),
    )
    for thing in (call, answer):
        assert "s3same" not in repr(thing) + str(thing) + pretty_repr(thing) + f"{[thing]}"
        assert "op" in repr(thing)
