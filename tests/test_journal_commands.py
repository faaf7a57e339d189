"""`multiorder journal`: the record itself, migrated, verified, emptied and encrypted anew."""

import json
import os
import time
from datetime import UTC, datetime, timedelta

from cryptography.fernet import Fernet
from desk import REFUSE, SHOPPER, at_desk, in_doubt, kept_in, order, refused
from whole import CONFIG


def long_ago(desk, *keys):
    """Have orders been settled a hundred days ago."""
    at = (datetime.now(UTC) - timedelta(days=100)).timestamp()
    for key in keys:
        desk.sql("UPDATE orders SET updated_at = :at WHERE key = :key", at=at, key=key)


def emptied(shown):
    (submission,) = shown["submissions"]
    texts = (shown["received"], submission["payload"], submission["error"], submission["notes"])
    answers = [each["answer"] for each in submission["attempts"]]
    return not any((*texts, *answers))


def test_the_schema_is_made_once(tmp_path, commands, database):
    file = tmp_path / "config.toml"
    text = CONFIG.format(
        journal="journal", base_url="http://127.0.0.1:1", space="", oms="", deadline=1
    )
    file.write_text(database(text))
    first = commands.run("journal", "migrate", "--config", file)
    assert first.returncode == 0, first.stderr
    assert "was at step 0 and is at step 1 now" in first.stdout
    second = commands.run("journal", "migrate", "--config", file)
    assert second.returncode == 0
    assert second.stdout == "Nothing to do: the schema is at step 1.\n"
    listed = commands.run("orders", "list", "--config", file)
    assert (listed.returncode, listed.stdout) == (0, "No order matches.\n")
    assert commands.run("journal", "verify", "--config", file).returncode == 0


def test_a_database_that_can_not_be_migrated_is_said(tmp_path, commands):
    file = tmp_path / "config.toml"
    file.write_text(
        CONFIG.format(
            journal="journal", base_url="http://127.0.0.1:1", space="", oms="", deadline=1
        )
    )
    (tmp_path / "journal.db").write_bytes(b"this is no database" * 100)
    result = commands.run("journal", "migrate", "--config", file)
    assert result.returncode == 1
    assert "not a database" in result.stderr
    assert commands.run("journal", "migrate", "--config", tmp_path / "none").returncode == 2
    file.write_text(kept_in("postgresql://u:hidden@127.0.0.1:1/none")(file.read_text()))
    for command in (("migrate",), ("verify",), ("purge",)):
        result = commands.run("journal", *command, "--config", file)
        assert result.returncode == 1
        assert "refused" in result.stderr
        assert "hidden" not in result.stderr


def test_what_was_settled_long_ago_is_emptied_and_the_bare_facts_stay(alone, database):
    desk = alone(edit=database)
    old, other, new = desk.sent(order(), 200), refused(desk), refused(desk)
    unsettled = in_doubt(desk, "before")
    assert desk.run("orders", "abandon", other, "--reason", "by hand, 77", "--yes").returncode == 0
    long_ago(desk, old, other, unsettled)
    before = desk.shown(old)
    dry = desk.run("journal", "purge", "--dry-run")
    assert dry.returncode == 0
    assert "data of 2 orders, settled more than 90 days ago, would be removed" in dry.stdout
    assert desk.shown(old) == before
    result = desk.run("journal", "purge")
    assert result.returncode == 0, result.stderr
    assert "data of 2 orders, settled more than 90 days ago, was removed" in result.stdout
    for key in (old, other):
        assert emptied(desk.shown(key, payload=True, received=True)), key
    for key in (new, unsettled):
        assert desk.shown(key, received=True)["received"], key
    after = desk.shown(old)
    for kept in ("id", "order", "state", "told", "received_at", "answers", "fingerprint"):
        assert after[kept] == before[kept], kept
    assert after["submissions"][0]["receipt"]["oms_id"]
    assert desk.shown(other)["abandoned"]["reason"] == "by hand, 77"
    assert "data of 0 orders" in desk.run("journal", "purge").stdout
    assert desk.run("journal", "verify").returncode == 0
    if database is str:
        desk.edit("[journal]", "[journal]\nretention_days = 120")
        long_ago(desk, new)
        assert "data of 0 orders" in desk.run("journal", "purge").stdout


def test_many_orders_are_emptied_in_pieces(alone):
    desk = alone()
    first = desk.shown(desk.sent(order(), 200))["id"]
    columns = "space, connector, on_outage, state, received, received_at, redeliveries"
    desk.sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 450) "
        f"INSERT INTO orders (key, updated_at, {columns}) "
        f"SELECT 'order-' || n, 0, {columns} FROM n, orders WHERE orders.id = {first}"
    )
    assert "data of 450 orders" in desk.run("journal", "purge", "--dry-run").stdout
    assert "data of 450 orders" in desk.run("journal", "purge").stdout
    ((left,),) = desk.sql("SELECT count(*) FROM orders WHERE received IS NOT NULL")
    assert left == 1


def test_a_journal_that_is_whole_is_said_to_be(alone, database):
    desk = alone(edit=database)
    desk.sent(order("multi-two-addresses"), 422, **REFUSE, operation="createOrder", skip=1)
    desk.sent(order(), 200)
    assert desk.send({"orders": []})[0] == 400
    result = desk.run("journal", "verify")
    assert result.returncode == 0, result.stdout
    assert "schema at step 1, 3 orders, 4 submissions" in result.stdout
    assert "No problem was found." in result.stdout
    report = desk.json("journal", "verify")
    assert report["ok"] is True
    assert (report["orders"], report["submissions"]) == (3, 4)
    assert report["problems"] == report["not_sealed_with_the_newest_key"] == 0
    assert report["sealed_values"] > 10


def kept(text, kind="p"):
    """Return how SQLite writes what is kept of a sealed text."""
    return f"X'{(kind + text).encode().hex()}'"


PROBLEMS = {
    "can't be decrypted": f"UPDATE orders SET received = {kept('garbage', 'f')}",
    "orders.error is damaged": f"UPDATE orders SET error = {kept('{')}",
    "submissions.notes is damaged": f"UPDATE submissions SET notes = {kept('1')}",
    "attempts.answer is damaged": f"UPDATE attempts SET answer = {kept('[]')}",
    "lost is no state that this version knows": "UPDATE orders SET state = 'lost'",
    "can't read the payload of": f"UPDATE submissions SET payload = {kept('[]')}",
    "it is accepted, and its submissions are: ready": "UPDATE submissions SET state = 'ready'",
    "it is accepted, and its submissions are: none": "DELETE FROM submissions",
    "it is refused, and its submissions are: accepted": "UPDATE orders SET state = 'refused'",
    "it is unavailable, and": "UPDATE orders SET state = 'unavailable'",
    "it is partial, and": "UPDATE orders SET state = 'partial'",
    "it is dead, and": "UPDATE orders SET state = 'dead'",
    "it is invalid, and": "UPDATE orders SET state = 'invalid'",
    "it is queued, and nothing is going to take it up": "UPDATE orders SET state = 'queued'",
    "is accepted without the OMS's receipt": "UPDATE submissions SET oms_id = NULL",
    "a process that died has it in hand": "UPDATE orders SET claim = 'c', claimed_by = 'nobody'",
    "connector acme is not installed": (
        "UPDATE orders SET connector = 'acme', state = 'unknown', next_attempt_at = 1e10"
    ),
}


def test_everything_that_is_wrong_is_found(tmp_path, commands):
    with at_desk(tmp_path, commands.run) as desk:
        body = order()
        key = desk.sent(body, 200)
        desk.sql("UPDATE attempts SET answer = :answer", answer=b'p"x"')
    database = tmp_path / desk.config.read_text().split("sqlite:///")[1].split('"')[0]
    whole = database.read_bytes()
    assert not database.with_name(f"{database.name}-wal").exists()
    for words, damage in PROBLEMS.items():
        database.write_bytes(whole)
        desk.sql(damage)
        result = desk.run("journal", "verify")
        assert result.returncode == 1, words
        assert words in result.stdout, words
        report = json.loads(desk.run("journal", "verify", "--json").stdout)
        assert report["ok"] is False
        (found, *_) = [each for each in report["findings"] if words in each["problem"]]
        assert found["order"] == key
        assert SHOPPER[0] not in result.stdout
    database.write_bytes(whole)
    assert desk.run("journal", "verify").returncode == 0


def test_a_damaged_file_is_found(tmp_path, commands):
    with at_desk(tmp_path, commands.run) as desk:
        for _ in range(5):
            desk.sent(order(), 200)
    database = tmp_path / desk.config.read_text().split("sqlite:///")[1].split('"')[0]
    content = bytearray(database.read_bytes())
    at = len(content) // 2
    content[at : at + 6000] = b"\xff" * 6000
    database.write_bytes(content)
    result = desk.run("journal", "verify")
    assert result.returncode == 1
    assert "damaged" in result.stdout or "can't be read" in result.stdout


def test_payloads_of_a_connector_that_is_gone_are_counted_and_no_problem(alone):
    desk = alone()
    desk.sent(order(), 200)
    desk.sql("UPDATE orders SET connector = 'gone'")
    result = desk.run("journal", "verify")
    assert result.returncode == 0
    assert "1 payloads of settled orders were not read" in result.stdout
    assert desk.json("journal", "verify")["payloads_not_checked"] == {"gone": 1}


def keyed(*keys):
    shown = ", ".join(f'"{key}"' for key in keys)
    return f"[journal]\nencryption_keys = [{shown}]"


def test_everything_is_encrypted_anew_with_the_newest_key(alone, database):
    desk = alone(edit=database)
    plain = refused(desk)
    refused(desk, order("multi-two-addresses"))
    desk.send({"orders": [], "email": SHOPPER[0]})
    first, second = (Fernet.generate_key().decode() for _ in range(2))
    without = desk.run("journal", "rekey")
    assert without.returncode == 1
    assert "encryption_keys is empty" in without.stderr
    desk.edit("[journal]", keyed(first))
    values = desk.json("journal", "verify")
    assert values["not_sealed_with_the_newest_key"] == values["sealed_values"] > 10
    assert "multiorder journal rekey" in desk.run("journal", "verify").stdout
    result = desk.run("journal", "rekey")
    assert result.returncode == 0, result.stderr
    assert f"{values['sealed_values']} values encrypted anew" in result.stdout
    if database is str:
        assert SHOPPER[0].encode() not in desk.bytes_on_disk()
    assert desk.json("journal", "verify")["not_sealed_with_the_newest_key"] == 0
    desk.edit(keyed(first), keyed(second, first))
    assert desk.run("journal", "rekey").returncode == 0
    desk.edit(keyed(second, first), keyed(second))
    assert desk.json("journal", "verify")["ok"] is True
    assert SHOPPER[0] in desk.run("orders", "show", plain, "--received").stdout
    assert "0 values encrypted anew" in desk.run("journal", "rekey").stdout


def test_servers_that_may_not_know_the_newest_key_are_named(alone):
    desk = alone()
    refused(desk)
    desk.edit("[journal]", keyed(Fernet.generate_key().decode()))
    result = desk.run("journal", "rekey")
    assert result.returncode == 0
    assert f"process {os.getpid()} has not taken its configuration since" in result.stderr
    desk.sql("UPDATE owners SET loaded_at = :at", at=time.time() + 1)
    assert "Warning: process" not in desk.run("journal", "rekey").stderr
    desk.sql("UPDATE owners SET host = 'elsewhere'")
    result = desk.run("journal", "rekey")
    assert result.returncode == 0
    assert "servers on elsewhere share the journal" in result.stderr


def test_what_can_not_be_decrypted_is_left_and_said(alone):
    desk = alone()
    refused(desk)
    key, other = (Fernet.generate_key() for _ in range(2))
    desk.edit("[journal]", keyed(key.decode()))
    assert desk.run("journal", "rekey").returncode == 0
    lost = b"f" + Fernet(other).encrypt(b"{}")
    desk.sql("UPDATE orders SET received = :lost", lost=lost)
    result = desk.run("journal", "rekey")
    assert result.returncode == 1
    assert "1 values could not be decrypted" in result.stderr
    assert [tuple(row) for row in desk.sql("SELECT received FROM orders")] == [(lost,)]
    verified = desk.run("journal", "verify")
    assert verified.returncode == 1
    assert "no key of encryption_keys fits" in verified.stdout


def test_many_values_are_encrypted_anew_beside_a_server(alone):
    desk = alone()
    first = desk.shown(desk.sent(order(), 200))["id"]
    columns = "space, connector, on_outage, state, received, received_at, updated_at, redeliveries"
    desk.sql(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 300) "
        f"INSERT INTO orders (key, {columns}) "
        f"SELECT 'order-' || n, {columns} FROM n, orders WHERE orders.id = {first}"
    )
    desk.sql("UPDATE orders SET state = 'abandoned' WHERE key LIKE 'order-%'")
    desk.edit("[journal]", keyed(Fernet.generate_key().decode()))
    started = time.monotonic()
    assert desk.run("journal", "rekey").returncode == 0
    assert time.monotonic() - started < 30
    report = desk.json("journal", "verify")
    assert report["not_sealed_with_the_newest_key"] == 0
    assert report["orders"] == 301
    assert json.loads(desk.shown("order-300", received=True)["received"])
