"""`multiorder orders abandon`, `export` and `erase`: what is given up, given out and taken away."""

import base64
import json
import signal
import stat
import subprocess

import pytest
from cryptography.fernet import Fernet
from desk import (
    COMMAND,
    SHOPPER,
    held,
    in_doubt,
    order,
    partial,
    refused,
    wait_until,
)
from whole import CONFIG, ROOT


def test_an_order_is_given_up_and_taken_up_again(desk):
    body = order()
    key = refused(desk, body)
    asked = desk.run("orders", "abandon", key, "--reason", "entered by hand as 77", said="n\n")
    assert asked.returncode == 1
    assert desk.shown(key)["state"] == "refused"
    result = desk.run(
        "orders", "abandon", key, "--reason", "entered by hand as 77", "--by", "ann", "--yes"
    )
    assert result.returncode == 0, result.stderr
    shown = desk.shown(key)
    assert shown["state"] == "abandoned"
    assert shown["abandoned"] == {"by": "ann", "reason": "entered by hand as 77"}
    assert "by ann: entered by hand as 77" in desk.run("orders", "show", key).stdout
    status, answer = desk.send(body)
    details = json.loads(answer)["error"]
    assert (status, details["details"]["code"]) == (422, "order_abandoned")
    assert "entered by hand as 77" in details["error"]
    again = desk.run("orders", "abandon", key, "--reason", "once more", "--yes")
    assert again.returncode == 1
    assert "given up already" in again.stderr
    assert not held(desk, key)
    assert desk.run("orders", "replay", key, "--yes").returncode == 0
    assert desk.shown(key)["state"] == "accepted"
    assert len(held(desk, key)) == 1


def test_an_order_in_doubt_that_is_given_up_is_not_looked_for_any_more(desk):
    key = in_doubt(desk, "before")
    assert desk.shown(key)["next_attempt_at"] is not None
    assert desk.run("orders", "abandon", key, "--reason", "refunded", "--yes").returncode == 0
    shown = desk.shown(key)
    assert (shown["state"], shown["next_attempt_at"]) == ("abandoned", None)


def test_an_order_that_is_in_the_oms_is_not_given_up(desk):
    key = desk.sent(order(), 200)
    result = desk.run("orders", "abandon", key, "--reason", "no", "--yes")
    assert result.returncode == 1
    assert "is in the OMS; it can't be given up" in result.stderr
    assert desk.shown(key)["state"] == "accepted"
    for missing, code in (((), 2), (("--reason", " "), 1), (("--reason", "x", "--by", " "), 1)):
        assert desk.run("orders", "abandon", key, *missing, "--yes").returncode == code


@pytest.mark.parametrize("command", ["replay", "abandon"])
def test_what_a_dead_process_had_in_hand_is_in_nobodys(tmp_path, desk, commands, command):
    (tmp_path / "config.toml").write_text(
        CONFIG.format(journal="journal", base_url=desk.oms, space="", oms="", deadline=120).replace(
            "port = 0", 'port = 0\nlog_format = "json"'
        )
    )
    server = subprocess.Popen(
        [COMMAND, "serve", "--config", tmp_path / "config.toml"],
        stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    port = json.loads(server.stderr.readline())["port"]
    body = order()
    (tmp_path / "order.json").write_text(json.dumps(body))
    desk.fault(kind="hang", operation="createOrder")
    config = ("--config", tmp_path / "config.toml")
    sender = subprocess.Popen(
        [COMMAND, "send", tmp_path / "order.json", *config,
         "--url", f"http://127.0.0.1:{port}/sync/consume"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def state():
        result = commands.run("orders", "show", body["id"], "--json", *config)
        return json.loads(result.stdout) if result.returncode == 0 else {"submissions": []}

    wait_until(lambda: [each["state"] for each in state()["submissions"]] == ["sending"])
    server.send_signal(signal.SIGKILL)
    server.communicate(timeout=60)
    sender.wait(60)
    verified = commands.run("journal", "verify", *config)
    assert verified.returncode == 1
    assert "a process that died has it in hand" in verified.stdout
    arguments = ("--reason", "refunded") if command == "abandon" else ()
    result = commands.run("orders", command, body["id"], *arguments, "--yes", *config)
    assert result.returncode == 0, result.stdout + result.stderr
    assert state()["state"] == ("abandoned" if command == "abandon" else "accepted")
    assert commands.run("journal", "verify", *config).returncode == 0


def test_a_record_that_can_not_be_read_keeps_no_other_from_being_exported(alone):
    desk = alone()
    first, damaged, undecodable, last = (desk.sent(order(), 200) for _ in range(4))
    desk.sql("UPDATE orders SET received = :kept WHERE key = :key", kept=b"fjunk", key=damaged)
    desk.sql(
        "UPDATE submissions SET payload = :kept WHERE order_id = "
        "(SELECT id FROM orders WHERE key = :key)",
        kept=b"p{",
        key=undecodable,
    )
    result = desk.run("orders", "export", "--state", "accepted")
    assert result.returncode == 1
    exported = [json.loads(line)["order"] for line in result.stdout.splitlines()]
    assert exported == [first, last]
    assert "2 orders are not exported" in result.stderr
    assert f"{damaged} of acme (id:" in result.stderr
    assert f"{undecodable} of acme (id:" in result.stderr
    assert "Exported 2 orders" in result.stderr
    for arguments in (
        ("show", damaged), ("show", undecodable, "--payload", "--json"), ("replay", damaged),
        ("export", damaged),
    ):  # fmt: skip
        result = desk.run("orders", *arguments)
        assert (result.returncode, result.stdout) == (1, "")
        assert "can't be read: it is damaged, or [journal] encryption_keys lacks" in result.stderr
        assert f"{arguments[1]} of acme (id:" in result.stderr


def test_whole_orders_are_exported_for_their_owner_alone(desk, tmp_path):
    body = order()
    first, second = desk.sent(body, 200), partial(desk)
    status, _ = desk.send(b'{"orders": "caf\xe9"}')
    assert status == 400
    file = tmp_path / "orders.jsonl"
    result = desk.run("orders", "export", first, second, "--out", file)
    assert result.returncode == 0, result.stderr
    assert "shoppers' data" in result.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    exported = [json.loads(line) for line in file.read_text().splitlines()]
    assert [each["order"] for each in exported] == [first, second]
    assert json.loads(exported[0]["received"]) == body
    assert body["email"] in json.dumps(exported[0]["submissions"][0]["payload"])
    assert exported[1]["submissions"][1]["error"]["oms_errors"][0]["text"] == "No such product"
    assert exported[1]["answers"][0]["status"] == 422
    there = desk.run("orders", "export", first, "--out", file)
    assert there.returncode == 1
    assert "is there already" in there.stderr
    assert len(file.read_text().splitlines()) == 2
    invalid = desk.run("orders", "export", "--state", "invalid")
    assert invalid.returncode == 0
    bodies = [json.loads(line).get("received_base64", "") for line in invalid.stdout.splitlines()]
    assert b'{"orders": "caf\xe9"}' in [base64.b64decode(each) for each in bodies]
    for arguments, words in (
        ((), "Which orders?"),
        ((first, "--state", "partial"), "not both"),
        (("--state", "dead"), "No order matches"),
        ((first, "--out", tmp_path / "no" / "folder"), "can't be written"),
        ((first, "nothing", "--out", tmp_path / "new"), "no order nothing"),
    ):
        wrong = desk.run("orders", "export", *arguments)
        assert wrong.returncode == 1
        assert words in wrong.stderr
        assert wrong.stdout == ""
    assert not (tmp_path / "new").exists()


def test_one_shoppers_data_is_erased_and_the_bare_facts_stay(alone, database):
    desk = alone(edit=database)
    theirs, partly = refused(desk), order("guest")
    partly["orders"][0]["comment"] = f"For Marisol.Okafor@EXAMPLE.com ({partly['email']})"
    desk.sent(partly, 200)
    desk.send({"orders": [], "email": SHOPPER[0]})
    longer = desk.sent(order("kwd", comment=f"ann.{SHOPPER[0]}, {SHOPPER[0]}.au"), 200)
    others = desk.sent(order("digital"), 200)
    before = desk.shown(theirs)
    assert SHOPPER[1] in desk.run("orders", "show", theirs, "--received").stdout
    asked = desk.run("orders", "erase", "--email", SHOPPER[0].upper(), said="n\n")
    assert asked.returncode == 1
    assert "3 orders are to be erased" in asked.stdout
    assert desk.shown(theirs) == before
    result = desk.run("orders", "erase", "--email", SHOPPER[0].upper(), "--yes")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Erased the data of 3 orders" in result.stdout
    assert ("Backups" in result.stdout) == ("postgresql" in desk.config.read_text())
    after = desk.shown(theirs, payload=True, received=True)
    assert after["received"] is None
    (submission,) = after["submissions"]
    assert (submission["payload"], submission["notes"], submission["error"]) == (None, [], None)
    assert [each["answer"] for each in submission["attempts"]] == [None, None]
    for kept in ("id", "order", "state", "told", "received_at", "answers", "fingerprint"):
        assert after[kept] == before[kept], kept
    assert submission["ref"] == before["submissions"][0]["ref"]
    assert desk.shown(longer, received=True)["received"]
    assert desk.shown(others, received=True)["received"]
    assert desk.run("journal", "verify").returncode == 0
    none = desk.run("orders", "erase", "--email", SHOPPER[0], "--yes")
    assert none.returncode == 0
    assert "nothing was erased" in none.stdout
    # A repeat of what was accepted is answered as before.
    assert desk.send(partly)[0] == 200


def test_an_address_in_the_reason_of_an_order_is_found_when_the_rest_is_purged(alone, database):
    desk = alone(edit=database)
    name, other = refused(desk), refused(desk)
    for key, reason in ((name, f"refunded to {SHOPPER[0]}"), (other, "entered by hand")):
        given_up = desk.run("orders", "abandon", key, "--reason", reason, "--yes")
        assert given_up.returncode == 0, given_up.stderr
    desk.sql("UPDATE orders SET updated_at = 0")
    assert "2 orders" in desk.run("journal", "purge").stdout
    assert SHOPPER[0] in desk.shown(name)["abandoned"]["reason"]
    result = desk.run("orders", "erase", "--email", SHOPPER[0], "--yes")
    assert result.returncode == 0, result.stdout
    assert "Erased the data of 1 order." in result.stdout
    assert SHOPPER[0] not in json.dumps(desk.shown(name))
    assert desk.shown(other)["abandoned"]["reason"] == "entered by hand"


def test_an_order_that_can_not_be_decrypted_does_not_keep_the_others(alone):
    desk = alone()
    first, second, third = (desk.sent(order(), 200) for _ in range(3))
    desk.sql("UPDATE orders SET received = :junk WHERE key = :key", junk=b"fjunk", key=second)
    result = desk.run("orders", "erase", "--email", SHOPPER[0], "--yes")
    assert result.returncode == 1
    assert "Erased the data of 2 orders." in result.stdout
    assert "1 order is not readable" in result.stdout
    assert second in result.stdout
    assert first not in result.stdout
    left = desk.sql("SELECT key FROM orders WHERE received IS NOT NULL")
    assert [row.key for row in left] == [second]
    again = desk.run("orders", "erase", "--email", SHOPPER[0], "--yes")
    assert again.returncode == 1
    assert "No order that can be read holds that address" in again.stdout
    assert desk.run("orders", "erase", "--order", second, "--yes").returncode == 0
    assert desk.run("orders", "erase", "--email", SHOPPER[0], "--yes").returncode == 0
    assert third not in result.stdout


def test_an_order_that_can_not_be_read_is_given_up_and_erased(alone):
    key = Fernet.generate_key().decode()
    desk = alone(
        edit=lambda text: text.replace("[journal]", f'[journal]\nencryption_keys = ["{key}"]')
    )
    accepted, name = desk.sent(order(), 200), in_doubt(desk, "before")
    desk.edit(key, Fernet.generate_key().decode())
    erased = desk.run("orders", "erase", "--order", name, "--yes")
    assert erased.returncode == 1
    assert "multiorder orders abandon" in erased.stdout
    asked = desk.run("orders", "abandon", name, "--reason", "the key is lost", said="n\n")
    assert asked.returncode == 1
    assert "encryption_keys lacks the key" in asked.stdout
    assert f"The order {name} of acme is unknown." in asked.stdout
    assert ": unknown" in asked.stdout.partition("is unknown.")[2]
    given_up = desk.run("orders", "abandon", name, "--reason", "the key is lost", "--yes")
    assert given_up.returncode == 0, given_up.stderr
    assert "can't be read" in given_up.stdout
    (listed,) = desk.json("orders", "list", "--state", "abandoned")["orders"]
    assert (listed["order"], listed["next_attempt_at"]) == (name, None)
    assert desk.run("orders", "erase", "--order", name, "--yes").returncode == 0
    assert desk.shown(name)["state"] == "abandoned"
    # What is in the OMS is not given up, readable or not.
    result = desk.run("orders", "abandon", accepted, "--reason", "x", "--yes")
    assert result.returncode == 1
    assert "is in the OMS" in result.stderr


def test_nothing_of_what_was_erased_is_left_on_disk(alone):
    desk = alone()
    shopper = f"{'z' * 20}@example.com"
    keys = [desk.sent(order(email=shopper, comment="y" * 50_000), 200) for _ in range(3)]
    refused(desk, order(email=shopper))
    assert desk.bytes_on_disk().count(shopper.encode()) > 3
    assert b"y" * 1000 in desk.bytes_on_disk()
    result = desk.run("orders", "erase", "--email", shopper, "--yes")
    assert result.returncode == 0, result.stdout
    assert shopper.encode() not in desk.bytes_on_disk()
    assert b"y" * 1000 not in desk.bytes_on_disk()
    assert keys[0].encode() in desk.bytes_on_disk()


def test_an_order_that_is_not_settled_is_named_and_not_erased(desk):
    body = order(email="nina@example.com", customer=None)
    key = in_doubt(desk, "before", body)
    result = desk.run("orders", "erase", "--email", "nina@example.com", "--yes")
    assert result.returncode == 1
    assert key in result.stdout
    assert "multiorder orders abandon" in result.stdout
    assert desk.shown(key, received=True)["received"]
    assert desk.run("orders", "abandon", key, "--reason", "for nina", "--yes").returncode == 0
    result = desk.run("orders", "erase", "--order", key, "--yes")
    assert result.returncode == 0, result.stdout
    shown = desk.shown(key, received=True)
    assert shown["received"] is None
    assert "nina" not in json.dumps(shown)
    assert shown["abandoned"]["reason"]
    for options in ((), ("--email", "a@b.c", "--order", key), ("--email", " ")):
        assert desk.run("orders", "erase", *options, "--yes").returncode == 1
