"""`multiorder orders`: what it shows of a journal, and what it says of one that it can't read."""

import json
import sqlite3
import time
from datetime import UTC, datetime, timedelta

from cryptography.fernet import Fernet
from desk import SHOPPER, held, order, partial, refused

from multiorder_sync.delivery.journal.schema import orders


def test_orders_are_listed_the_newest_first_with_what_nacelle_was_told(desk):
    accepted, second, third = desk.sent(order(), 200), refused(desk), partial(desk)
    result = desk.run("orders", "list", "--limit", 3)
    assert result.returncode == 0, result.stderr
    rows = result.stdout.splitlines()
    assert [word in rows[0] for word in ("id", "space", "order", "state", "OMS ids")] == [True] * 5
    assert [key in row for key, row in zip((third, second, accepted), rows[1:4], strict=True)] == [
        True
    ] * 3
    assert "partial" in rows[1]
    assert "422 oms_refused" in rows[2]
    (held_there,) = held(desk, accepted)
    assert held_there["id"] in rows[3]
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    assert today in rows[1]


def test_a_list_says_how_many_more_there_are_and_counts_the_states(alone):
    desk = alone()
    for _ in range(3):
        desk.sent(order(), 200)
    refused(desk)
    said = desk.run("orders", "list", "--limit", "3").stdout
    assert "4 orders: 3 accepted, 1 refused" in said
    assert "1 order more" in said
    assert "more" not in desk.run("orders", "list").stdout
    assert desk.run("orders", "list", "--state", "dead").stdout == "No order matches.\n"


def test_a_list_is_narrowed_by_state_space_time_and_alarms(desk):
    key = partial(desk)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    an_hour_ago = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for options, there in (
        (("--state", "partial", "--state", "dead"), True),
        (("--state", "dead"), False),
        (("--space", "acme"), True),
        (("--space", "acne"), False),
        (("--since", an_hour_ago), True),
        (("--since", tomorrow), False),
        (("--alarms",), True),
    ):
        listed = desk.json("orders", "list", *options)
        assert (key in [each["order"] for each in listed["orders"]]) == there, options
        assert sum(listed["states"].values()) == listed["matched"]
    accepted = desk.sent(order(), 200)
    alarmed = desk.json("orders", "list", "--alarms")["orders"]
    assert accepted not in [each["order"] for each in alarmed]
    assert {"partial"} == {kind for each in alarmed for kind in each["alarms"]}
    for wrong in (("--state", "lost"), ("--since", "yesterday"), ("--limit", "0")):
        assert desk.run("orders", "list", *wrong).returncode == 2


def test_more_than_a_list_may_have_are_not_asked_for(desk):
    result = desk.run("orders", "list", "--limit", "99999999999999999999")
    assert result.returncode == 2
    assert "--limit" in result.stderr


def test_a_list_for_scripts_is_one_document(desk):
    key = partial(desk)
    listed = desk.json("orders", "list", "--limit", "1")
    (line,) = listed["orders"]
    assert line["order"] == key
    assert line["told"] == {"status": 422, "code": "oms_refused"}
    assert len(line["oms_ids"]) == 2
    assert line["next_attempt_at"] is None
    assert datetime.fromisoformat(line["received_at"]).tzinfo is not None


def test_thousands_of_orders_are_listed_at_once(alone):
    desk = alone()
    key = refused(desk)
    first = desk.shown(key)["id"]
    columns = (
        "space, fingerprint, connector, on_outage, state, received, received_at, updated_at, "
        "redeliveries"
    )
    desk.sql(
        f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 8000) "
        f"INSERT INTO orders (key, {columns}) "
        f"SELECT 'order-' || n, {columns} FROM n, orders WHERE orders.id = {first}"
    )
    desk.sql(
        "INSERT INTO submissions (order_id, position, ref, orders, fingerprint, state, oms_id, "
        "oms_ref, updated_at) SELECT id, 0, key, '[]', '', 'accepted', 'OMS-' || id, key, 0 "
        "FROM orders WHERE key LIKE 'order-%'"
    )
    started = time.monotonic()
    listed = desk.json("orders", "list", "--limit", "5000")
    assert time.monotonic() - started < 20
    assert listed["matched"] == 8001
    assert len(listed["orders"]) == 5000
    assert all(each["oms_ids"] for each in listed["orders"] if each["order"] != key)


def test_all_there_is_about_an_order_is_shown_without_the_shopper(desk):
    body = order("multi-two-addresses")
    said = f"No such person as {body['email']}"
    key = desk.sent(
        body, 422, kind="refuse", code="C0160E", message=said, operation="createOrder", skip=2
    )
    result = desk.run("orders", "show", key)
    assert result.returncode == 0, result.stderr
    for words in (
        key, "partial", "fluentcommerce", "422 oms_refused", "in the OMS", "created", "C0160E",
        "No such person as ***", "submit", "nacelle", "accepted", "absent", "Answers to Nacelle",
        "Some orders of the multi-order are in the OMS",
    ):  # fmt: skip
        assert words in result.stdout, words
    for each in body["orders"]:
        assert each["id"] in result.stdout
    data = desk.json("orders", "show", key)
    assert [each["state"] for each in data["submissions"]] == ["accepted", "accepted", "refused"]
    assert [each["action"] for each in data["submissions"][2]["attempts"]] == ["submit", "find"]
    assert data["answers"][0]["status"] == 422
    assert data["alarms"][0]["kind"] == "partial"
    for shown in (result.stdout, json.dumps(data)):
        assert body["email"] not in shown
        for each in body["orders"]:
            assert each["shipping_address"]["address1"] not in shown


def test_payload_and_received_bytes_are_shown_when_they_are_asked_for(desk):
    body = order()
    key = desk.sent(body, 200)
    plain = desk.run("orders", "show", key).stdout
    sent = desk.run("orders", "show", key, "--payload").stdout
    received = desk.run("orders", "show", key, "--received").stdout
    for personal in SHOPPER[:3]:
        assert personal not in plain
        assert personal in sent
        assert personal in received
    data = desk.json("orders", "show", key, "--payload", "--received")
    assert json.loads(data["received"]) == body
    price = body["orders"][0]["order_items"][0]["price"]
    assert price in json.dumps(data["submissions"][0]["payload"])
    assert "$decimal" not in json.dumps(data)
    assert {"received", "payload"}.isdisjoint(desk.shown(key))


def test_control_characters_of_strangers_do_not_reach_the_terminal(desk):
    body = order(id="\x1b]0;gotcha\x07\u202e\x9b31m[red]id[/red]")
    body["orders"][0]["id"] = "\x1b[2Jref"
    refused(desk, body)
    number = desk.listed()["orders"][0]["id"]
    for command in (
        ("list",), ("list", "--json"), ("show", number, "--received", "--payload"),
        ("show", number, "--json", "--received"), ("replay", number), ("export", number),
        ("abandon", number, "--reason", "\x1b[2J"),
    ):  # fmt: skip
        said = desk.run("orders", *command, said="n\n")
        for character in "\x1b\x07\u202e\x9b":
            assert character not in said.stdout + said.stderr, command
    assert "\\x1b]0;gotcha\\x07\\u202e\\x9b31m[red]id[/red]" in desk.run("orders", "list").stdout
    exported = json.loads(desk.run("orders", "export", number).stdout)
    assert exported["order"] == body["id"]


def test_an_order_that_is_not_there_is_said(desk):
    for command in (
        ("show", "nothing"), ("show", "999999"), ("show", "9" * 30), ("show", "id:x"),
        ("replay", "nothing", "--yes"), ("abandon", "nothing", "--reason", "x", "--yes"),
        ("export", "nothing"), ("erase", "--order", "nothing", "--yes"),
    ):  # fmt: skip
        result = desk.run("orders", *command)
        assert result.returncode == 1
        assert "The journal has no order" in result.stderr


def test_who_looks_for_what_was_no_multi_order_is_told_where_that_is(alone):
    desk = alone()
    desk.sent(order(), 200)
    hint = "`multiorder orders list --state invalid`"
    assert hint not in desk.run("orders", "show", "mo-1").stderr
    assert desk.send({"id": "mo-1", "orders": []})[0] == 400
    result = desk.run("orders", "show", "mo-1")
    assert result.returncode == 1
    assert "The journal has no order mo-1. What came and was no multi-order" in result.stderr
    assert hint in result.stderr
    (kept,) = desk.json("orders", "list", "--state", "invalid")["orders"]
    assert "mo-1" in desk.run("orders", "show", kept["order"], "--received").stdout


def test_an_order_that_can_be_two_is_asked_back(alone):
    desk = alone()
    key = desk.sent(order(id="1001"), 200)
    rest = [column.name for column in orders.columns if column.name not in ("id", "space")]
    names = ", ".join(rest)
    desk.sql(f"INSERT INTO orders (id, space, {names}) SELECT 1001, 'globex', {names} FROM orders")
    result = desk.run("orders", "show", key)
    assert result.returncode == 1
    assert "2 orders" in result.stderr
    assert "--space" in result.stderr
    assert desk.json("orders", "show", key, "--space", "acme")["id"] == 1
    assert desk.shown("id:1001")["space"] == "globex"
    assert desk.json("orders", "show", "key:1001", "--space", "globex")["id"] == 1001
    assert desk.shown("1")["space"] == "acme"


def test_reading_does_not_wait_for_a_writer(desk):
    key = desk.sent(order(), 200)
    with sqlite3.connect(desk.journal.engine.url.database, isolation_level=None) as writer:
        writer.execute("BEGIN IMMEDIATE")
        assert desk.json("orders", "show", key)["state"] == "accepted"
        assert desk.json("orders", "list")["orders"][0]["order"] == key
        writer.execute("ROLLBACK")
    writer.close()


def test_a_journal_that_can_not_be_read_is_said(tmp_path, desk, commands):
    file = tmp_path / "config.toml"
    file.write_text(desk.config.read_text())
    missing = commands.run("orders", "list", "--config", file)
    assert missing.returncode == 1
    assert "There is no journal yet" in missing.stderr
    assert list(tmp_path.iterdir()) == [file]
    file.write_text(desk.config.read_text().replace("[journal]", "[jornal]"))
    wrong = commands.run("orders", "list", "--config", file)
    assert wrong.returncode == 2
    assert "jornal" in wrong.stderr
    file.write_text(desk.config.read_text())
    path = tmp_path / desk.config.read_text().split("sqlite:///")[1].split('"')[0]
    path.write_bytes(b"this is no database" * 100)
    broken = commands.run("orders", "show", "1", "--config", file)
    assert broken.returncode == 1
    assert "not a database" in broken.stderr
    path.unlink()
    path.touch()
    empty = commands.run("orders", "export", "--space", "acme", "--config", file)
    assert empty.returncode == 1
    assert "multiorder journal migrate" in empty.stderr


def test_an_encrypted_journal_is_read_with_its_key_alone(alone):
    key = Fernet.generate_key().decode()
    desk = alone(
        edit=lambda text: text.replace("[journal]", f'[journal]\nencryption_keys = ["{key}"]')
    )
    order_key = refused(desk)
    assert SHOPPER[0].encode() not in desk.bytes_on_disk()
    assert SHOPPER[0] in desk.run("orders", "show", order_key, "--received").stdout
    assert desk.run("orders", "erase", "--email", SHOPPER[0], said="n\n").returncode == 1
    desk.edit(key, Fernet.generate_key().decode())
    for command in (
        ("show", order_key), ("replay", order_key, "--yes"), ("export", order_key),
        ("erase", "--email", SHOPPER[0], "--yes"),
    ):  # fmt: skip
        result = desk.run("orders", *command)
        assert result.returncode == 1, command
        assert "encryption_keys" in result.stderr
    assert desk.listed()["orders"][0]["order"] == order_key
