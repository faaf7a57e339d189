"""Who is let in: the space, the signature over the raw bytes, further headers."""

import base64
import hashlib
import hmac
import json

import pytest
from acme import Raw, body_of, error_of, multi_order, signed
from acme.calls import SECRET, request

from multiorder_sync import Secret
from multiorder_sync.nacelle.signature import SignatureScheme

pytestmark = pytest.mark.asyncio(loop_scope="module")

SIGNATURE = "x-nacelle-signature-sha256"


async def raw(world, data):
    async with await Raw.connect(world.url) as connection:
        await connection.send(data)
        return await connection.answer()


def hexed(body, secret=SECRET):
    return hmac.digest(secret.encode(), body, hashlib.sha256).hex()


async def test_the_only_space_needs_no_name(world):
    world.space()
    assert (await world.post(None, multi_order(), path="/sync/consume")).status_code == 200


async def test_one_of_several_spaces_must_be_named(world):
    first, second = world.space(), world.space()
    error_of(await world.post(None, multi_order(), path="/sync/consume"), 401, "unauthenticated")
    for space in (first, second):
        named = {"x-nacelle-space-id": space}
        answer = await world.post(None, multi_order(), path="/sync/consume", headers=named)
        assert answer.status_code == 200
    assert [ref.partition("-")[0] for ref in world.oms.refs] == [first, second]


async def test_the_path_goes_before_the_header(world):
    first, second = world.space(), world.space()
    answer = await world.post(first, multi_order(), headers={"x-nacelle-space-id": second})
    assert answer.status_code == 200
    assert world.oms.refs[0].startswith(f"{first}-")


async def test_a_space_that_is_named_twice_is_none(world):
    space, body = world.space(), body_of(multi_order())
    world.space()
    more = f"x-nacelle-space-id: {space}\r\n" * 2
    answer = await raw(world, request(body, more=more))
    assert (answer.status, answer.details["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("space_id", ["café", "日本", "a b", "a+b%", "x" * 300, "..", "😀"])
async def test_any_name_of_a_space_can_stand_in_the_path(world, space_id):
    from urllib.parse import quote

    world.space(space_id=space_id)
    world.space()
    path = f"/spaces/{quote(space_id, safe='')}/sync/consume"
    body = body_of(multi_order())
    answer = await raw(world, request(body, path=path))
    assert answer.status == 200


async def test_a_space_is_named_exactly(world):
    world.space(space_id="Acme")
    for other in ("acme", "ACME", "Acme%20", "%20Acme", "Acme%00", "Acm%C3%A9", "%FF"):
        answer = await world.post(other, multi_order())
        error_of(answer, 401, "unauthenticated")


async def test_a_stranger_can_not_tell_an_unknown_space_from_a_wrong_signature(world):
    space = world.space()
    disabled = world.space(enabled=False)
    guarded = world.space(headers={"x-shop": Secret("s")})
    empty = world.space(enabled=False, secrets=())
    order, answers = multi_order(), []
    for name in (space, disabled, guarded, empty, "unknown", "%FF", "x" * 500):
        for signature in (None, "", "wrong", "0" * 64, f"sha256={'0' * 64}"):
            headers = {} if signature is None else {SIGNATURE: signature}
            answers.append(
                await world.http.post(
                    f"/spaces/{name}/sync/consume", content=body_of(order), headers=headers
                )
            )
    told = set()
    for answer in answers:
        call_id = error_of(answer, 401, "unauthenticated")["details"]["request_id"]
        kept = [pair for pair in answer.headers.multi_items() if pair[0] != "date"]
        told.add((answer.text.replace(call_id, "ID"), str(kept).replace(call_id, "ID")))
    assert len(told) == 1
    assert world.oms.calls == []


async def test_a_disabled_space_says_so_to_nacelle_alone(world):
    space = world.space(enabled=False)
    error_of(await world.post(space, multi_order()), 403, "forbidden")
    wrong = {SIGNATURE: "0" * 64}
    error_of(await world.post(space, multi_order(), headers=wrong), 401, "unauthenticated")
    assert world.oms.calls == []


@pytest.mark.parametrize(
    "form", ["{}", "sha256={}", "SHA256={}", "sHa256={}", " \tsha256={}\t ", "  {}"]
)
@pytest.mark.parametrize("case", [str.lower, str.upper])
async def test_the_forms_of_a_signature(world, form, case):
    space, body = world.space(), body_of(multi_order())
    headers = {"content-length": len(body), SIGNATURE: form.format(case(hexed(body)))}
    path = f"/spaces/{space}/sync/consume"
    assert (await raw(world, request(body, path=path, headers=headers))).status == 200


@pytest.mark.parametrize(
    "form",
    [
        "sha256:{}",
        "sha256= {}",
        "sha1={}",
        "sha256=sha256={}",
        "{}{}",
        "{}0",
        "{},{}",
        '"{}"',
        "sha256={}, sha256={}",
        "0x{}",
        "sha256=",
        "\xe9{}",
        "sha256\xad={}",
        "{}\xff",
        "\xa0{}",
    ],
)
async def test_what_is_no_signature(world, form):
    space, body = world.space(), body_of(multi_order())
    signature = hexed(body)
    headers = {"content-length": len(body), SIGNATURE: form.format(signature, signature)}
    path = f"/spaces/{space}/sync/consume"
    answer = await raw(world, request(body, path=path, headers=headers))
    assert (answer.status, answer.details["code"]) == (401, "unauthenticated")


async def test_a_part_of_a_signature_is_none(world):
    space, body = world.space(), body_of(multi_order())
    for signature in (hexed(body)[:-1], hexed(body)[:-2], hexed(body)[:32], hexed(body)[1:]):
        answer = await world.post(space, body, headers={SIGNATURE: signature})
        error_of(answer, 401, "unauthenticated")


@pytest.mark.parametrize("second", ["right", "wrong", "empty"])
async def test_a_repeated_signature_is_none(world, second):
    space, body = world.space(), body_of(multi_order())
    other = {"right": hexed(body), "wrong": "0" * 64, "empty": ""}[second]
    more = f"X-Nacelle-Signature-SHA256: {other}\r\n"
    path = f"/spaces/{space}/sync/consume"
    answer = await raw(world, request(body, path=path, more=more))
    assert (answer.status, answer.details["code"]) == (401, "unauthenticated")


async def test_a_signature_in_the_trailer_is_none(world):
    space, body = world.space(), body_of(multi_order())
    head = f"POST /spaces/{space}/sync/consume HTTP/1.1\r\nhost: h\r\n"
    head += "transfer-encoding: chunked\r\n\r\n"
    chunk = f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n"
    trailer = f"{SIGNATURE}: {hexed(body)}\r\n\r\n".encode()
    async with await Raw.connect(world.url) as connection:
        await connection.send(head.encode(), chunk, trailer)
        assert (await connection.answer()).status == 401


async def test_every_byte_is_signed(world):
    space, body = world.space(), body_of(multi_order())
    headers = signed(body)
    changed = [body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :] for at in range(0, len(body), 11)]
    for other in (*changed, body + b" ", b" " + body, body[:-1], b"", body + b"\n"):
        answer = await world.http.post(
            f"/spaces/{space}/sync/consume", content=other, headers=headers
        )
        error_of(answer, 401, "unauthenticated")
    assert world.oms.calls == []
    assert (await world.post(space, body)).status_code == 200


async def test_a_body_is_not_parsed_before_it_is_proved(world):
    answer = await world.post(world.space(), b"[" * 100_000, headers={SIGNATURE: "0" * 64})
    error_of(answer, 401, "unauthenticated")


async def test_any_secret_of_the_space_may_have_signed(world):
    space = world.space(secrets=(Secret("new"), Secret("old"), Secret("ünïcode")))
    for secret in ("old", "new", "ünïcode"):
        body = body_of(multi_order())
        answer = await world.post(space, body, headers=signed(body, secret))
        assert answer.status_code == 200
    body = body_of(multi_order())
    error_of(await world.post(space, body, headers=signed(body, "older")), 401, "unauthenticated")


async def test_a_secret_of_another_space_proves_nothing(world):
    first, second = world.space(), world.space(secrets=(Secret("second"),))
    body = body_of(multi_order())
    assert (await world.post(first, body)).status_code == 200
    error_of(await world.post(second, body), 401, "unauthenticated")


async def test_a_signature_by_another_header_and_in_base64(world):
    scheme = SignatureScheme(header="X-Proof", prefix="v1=", encoding="base64")
    space, body = world.space(signature=scheme), body_of(multi_order())
    proof = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
    for value, status in ((f"v1={proof}", 200), (proof, 200), (f"v1={hexed(body)}", 401)):
        answer = await world.http.post(
            f"/spaces/{space}/sync/consume", content=body, headers={"x-proof": value}
        )
        assert answer.status_code == status
    error_of(await world.post(space, body), 401, "unauthenticated")


async def test_a_static_secret_in_place_of_a_signature(world):
    space = world.space(signature=SignatureScheme(header="x-static", scheme="static"))
    order = multi_order()
    for value, status in ((SECRET, 200), (SECRET + "x", 401), (SECRET[:-1], 401), ("", 401)):
        answer = await world.post(space, order, headers={"x-static": value})
        assert answer.status_code == status
    error_of(await world.post(space, order), 401, "unauthenticated")
    body = body_of(order)
    more = f"x-static: {SECRET}\r\n" * 2
    path = f"/spaces/{space}/sync/consume"
    assert (await raw(world, request(body, path=path, more=more))).status == 401


async def test_further_headers_are_asked_for_after_the_signature(world):
    space = world.space(headers={"X-Shop": Secret("shop-1"), "x-key": Secret("key-1")})
    right = {"x-shop": "shop-1", "x-key": "key-1"}
    order = multi_order()
    for headers, status, code in (
        ({}, 401, "unauthenticated"),
        ({"x-shop": "shop-1"}, 401, "unauthenticated"),
        ({**right, "x-key": "key-2"}, 403, "forbidden"),
        ({**right, "x-key": ""}, 403, "forbidden"),
        ({**right, "x-key": "key-1,key-1"}, 403, "forbidden"),
        ({**right, SIGNATURE: "0" * 64}, 401, "unauthenticated"),
    ):
        answer = await world.post(space, order, headers=headers)
        error = error_of(answer, status, code)
        assert "shop-1" not in json.dumps(error)
        assert "key-1" not in json.dumps(error)
    assert world.oms.calls == []
    assert (await world.post(space, order, headers=right)).status_code == 200


async def test_a_further_header_that_is_repeated_is_wrong(world):
    space, body = world.space(headers={"x-shop": Secret("shop-1")}), body_of(multi_order())
    path = f"/spaces/{space}/sync/consume"
    for values in (["shop-1", "shop-1"], ["shop-1", "x"], ["\xe9\xff"]):
        more = "".join(f"x-shop: {value}\r\n" for value in values)
        answer = await raw(world, request(body, path=path, more=more))
        assert (answer.status, answer.details["code"]) == (403, "forbidden")
    assert (await raw(world, request(body, path=path, more="x-shop: shop-1\r\n"))).status == 200


async def test_a_header_of_the_space_that_is_not_ascii(world):
    world.space(space_id="café")
    world.space()
    body = body_of(multi_order())
    for name in ("café".encode("latin-1"), "café".encode()):
        data = request(body, more=f"x-nacelle-space-id: {name.decode('latin-1')}\r\n")
        assert (await raw(world, data)).status == 200


@pytest.mark.parametrize("charset", ["latin-1", "utf-8"])
async def test_secrets_in_headers_that_are_not_ascii(world, charset):
    scheme = SignatureScheme(header="x-static", scheme="static")
    space = world.space(
        signature=scheme, secrets=(Secret("geheimnis-ü"),), headers={"x-shop": Secret("größe")}
    )
    body, path = body_of(multi_order()), f"/spaces/{space}/sync/consume"
    for token, shop, status in (
        ("geheimnis-ü", "größe", 200),
        ("geheimnis-?", "größe", 401),
        ("geheimnis-ü", "gr??e", 403),
    ):
        fields = {"x-static": token, "x-shop": shop}
        lines = [f"{name}: {value}\r\n".encode(charset) for name, value in fields.items()]
        answer = await raw(world, request(body, path=path, more=b"".join(lines).decode("latin-1")))
        assert answer.status == status
