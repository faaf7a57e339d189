"""`multiorder orders replay`: an order once more, and never twice."""

import os
import time

import pytest
from desk import (
    REFUSE,
    UNGUARDED,
    VETO,
    held,
    in_doubt,
    installed,
    kept_in,
    order,
    partial,
    refused,
)
from whole import ROOT

from multiorder_sync.delivery.journal.records import OrderState


def test_a_refused_order_is_sent_once_more_by_an_operator(desk):
    key = refused(desk)
    before = desk.shown(key)
    asked = desk.run("orders", "replay", key, said="n\n")
    assert asked.returncode == 1
    assert not held(desk, key)
    for words in (key, "fluentcommerce at 127.0.0.1:", "refused", before["submissions"][0]["ref"]):
        assert words in asked.stdout
    assert desk.shown(key) == before
    result = desk.run("orders", "replay", key, "--by", "ann", said="y\n")
    assert result.returncode == 0, result.stderr
    (there,) = held(desk, key)
    assert f"in the OMS as {there['id']}" in result.stdout
    after = desk.shown(key)
    assert after["state"] == "accepted"
    assert after["answers"] == before["answers"]
    assert after["told"] == {"status": 422, "code": "oms_refused"}
    assert after["in_hand"] is after["next_attempt_at"] is None
    (submission,) = after["submissions"]
    assert submission["receipt"]["oms_id"] == there["id"]
    callers = [each["caller"] for each in submission["attempts"]]
    assert callers == ["nacelle", "nacelle", "ann"]
    again = desk.run("orders", "replay", key, "--yes")
    assert again.returncode == 1
    assert f"in the OMS already, as {there['id']}" in again.stderr
    assert len(held(desk, key)) == 1


def test_only_the_rest_of_a_partial_order_is_sent(desk):
    key = partial(desk)
    before = {each["id"] for each in held(desk, key)}
    assert len(before) == 2
    result = desk.run("orders", "replay", key, "--yes")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("is left as it is") == 2
    after = {each["id"] for each in held(desk, key)}
    assert before < after
    assert len(after) == 3


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_may_be_in_the_oms_is_looked_for_first(desk, when):
    key = in_doubt(desk, when)
    assert desk.shown(key)["state"] == "unknown"
    result = desk.run("orders", "replay", key, "--yes")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "is looked for, and sent if it is not there" in result.stdout
    assert len(held(desk, key)) == 1
    attempts = desk.shown(key)["submissions"][0]["attempts"]
    actions = [
        each["action"] for each in attempts if each["caller"] not in ("nacelle", "redelivery")
    ]
    assert actions == (["find"] if when == "after" else ["find", "submit"])


def test_a_replay_that_fails_says_how_the_order_stands_then(desk):
    key = refused(desk)
    desk.fault(**REFUSE, operation="createOrder")
    result = desk.run("orders", "replay", key, "--yes")
    assert result.returncode == 1
    assert "The order is refused." in result.stdout
    assert "No such product" in result.stdout
    desk.fault(kind="status", status=401, operation="token", times=None)
    result = desk.run("orders", "replay", key, "--yes")
    desk.mend()
    assert result.returncode == 1
    assert "The order is unavailable." in result.stdout
    assert desk.shown(key)["state"] == "unavailable"
    assert not held(desk, key)
    assert "No problem" in desk.run("journal", "verify").stdout


def test_a_queued_order_goes_on_being_delivered_after_a_replay_that_fails(alone):
    desk = alone(space='on_outage = "queue"')
    desk.fault(kind="status", status=401, operation="token", times=None)
    key = order()
    assert desk.send(key)[0] == 200
    result = desk.run("orders", "replay", key["id"], "--yes")
    assert result.returncode == 1
    assert "The order is queued." in result.stdout
    assert "takes it up again in 600 seconds" in result.stdout
    desk.mend()
    assert desk.run("orders", "replay", key["id"], "--yes").returncode == 0
    assert len(held(desk, key["id"])) == 1


def test_frozen_is_what_is_sent_unless_it_is_to_be_made_anew(alone):
    desk = alone()
    frozen, anew = refused(desk), refused(desk)
    desk.edit("[spaces.acme.oms]", '[spaces.acme.mapping]\n"type" = "\'B2B\'"\n\n[spaces.acme.oms]')
    assert desk.run("orders", "replay", frozen, "--yes").returncode == 0
    result = desk.run("orders", "replay", anew, "--anew", "--yes")
    assert result.returncode == 0, result.stderr
    assert "made anew" in result.stdout
    assert held(desk, frozen)[0]["type"] != "B2B"
    assert held(desk, anew)[0]["type"] == "B2B"


def test_an_order_of_which_something_may_be_in_is_not_made_anew(desk):
    for key, state in ((partial(desk), "accepted"), (in_doubt(desk, "before"), "unknown")):
        before = desk.shown(key)
        result = desk.run("orders", "replay", key, "--anew", "--yes")
        assert result.returncode == 1
        assert f"is {state}" in result.stderr
        assert desk.shown(key) == before


def test_an_order_that_can_not_be_made_anew_stays_as_it_was(alone):
    desk = alone()
    key = refused(desk)
    before = desk.shown(key)
    desk.edit(
        'retailer_id = "1"',
        'retailer_id = "1"\norder_ref = "\'same\'"\ndelivery_types = { express = "X" }',
    )
    result = desk.run("orders", "replay", key, "--anew", "--yes")
    assert result.returncode == 1
    assert "delivery_types" in result.stderr
    assert desk.shown(key) == before


def test_an_order_that_is_vetoed_stays_as_it_was(alone, tmp_path):
    desk = alone(plugins=installed(tmp_path, "veto", VETO))
    key = refused(desk)
    before = desk.shown(key)
    result = desk.run("orders", "replay", key, "--anew", "--yes")
    assert result.returncode == 1
    assert "Not on a Tuesday." in result.stderr
    after = desk.shown(key)
    assert (after["state"], after["in_hand"], after["next_attempt_at"]) == ("refused", None, None)
    assert after["submissions"] == before["submissions"]
    assert (after["error"]["code"], after["redeliveries"]) == ("vetoed", 0)
    # What is frozen was let through when it was frozen.
    assert desk.run("orders", "replay", key, "--yes").returncode == 0


def test_nothing_is_created_twice_where_the_oms_would_not_notice(alone, tmp_path, monkeypatch):
    search = installed(tmp_path, "unguarded", UNGUARDED)
    monkeypatch.syspath_prepend(str(tmp_path))
    desk = alone(
        edit=lambda text: text.replace('"fluentcommerce"', '"unguarded"'),
        deadline=8.0,
        plugins=search,
    )
    there, absent = (in_doubt(desk, when, look_ups=1) for when in ("after", "before"))
    assert desk.run("orders", "replay", there, "--yes").returncode == 0
    assert len(held(desk, there)) == 1
    result = desk.run("orders", "replay", absent, "--yes")
    assert result.returncode == 1
    assert "is not created again" in result.stdout
    assert "--create-again" in result.stdout
    assert not held(desk, absent)
    early = desk.run("orders", "replay", absent, "--create-again", "--yes")
    assert early.returncode == 1
    assert "may still come through" in early.stderr
    assert not held(desk, absent)
    desk.edit("[redelivery]", "[redelivery]\nlate_commit_seconds = 0")
    found = in_doubt(desk, "after", look_ups=1)
    for key in (absent, found):
        result = desk.run("orders", "replay", key, "--create-again", "--by", "ann", "--yes")
        assert result.returncode == 0, result.stdout + result.stderr
        assert len(held(desk, key)) == 1
    attempts = desk.shown(absent)["submissions"][0]["attempts"]
    actions = [each["action"] for each in attempts if each["caller"] == "ann"]
    assert actions == ["find", "find", "submit"]
    assert len(desk.orders()) == 3


def test_an_order_that_could_not_be_read_is_read_again(alone):
    desk = alone(space='required_fields = "strict"')
    first, second, broken = order(), order(), order(orders=[])
    for body in (first, second):
        del body["billing_address"]
        desk.send(body)
    assert desk.send(broken)[0] == 400
    broken_id, second_id, first_id = (
        each["id"] for each in desk.listed(states=(OrderState.INVALID,))["orders"]
    )
    still = desk.run("orders", "replay", first_id, "--yes")
    assert still.returncode == 1
    assert "billing_address: is missing" in still.stderr
    desk.edit('required_fields = "strict"', "")
    assert desk.run("orders", "replay", broken_id, "--yes").returncode == 1
    assert desk.shown(broken_id)["state"] == "invalid"
    result = desk.run("orders", "replay", first_id, "--yes")
    assert result.returncode == 0, result.stdout + result.stderr
    shown = desk.shown(first["id"])
    assert (shown["id"], shown["state"]) == (first_id, "accepted")
    assert shown["fingerprint"]
    assert len(held(desk, first["id"])) == 1
    # The second one came once more meanwhile, whole.
    second["billing_address"] = first["customer"]["addresses"][0]
    desk.sent(second, 200)
    twin = desk.run("orders", "replay", second_id, "--yes")
    assert twin.returncode == 1
    assert "on record already" in twin.stderr
    assert desk.shown(second_id)["state"] == "invalid"
    assert len(held(desk, second["id"])) == 1


def test_an_order_that_another_process_has_in_hand_is_left_to_it(alone):
    desk = alone()
    key = refused(desk)
    desk.sql(
        "UPDATE orders SET claim = 'a call', claimed_by = (SELECT id FROM owners), "
        "claim_until = :until",
        until=time.time() + 600,
    )
    assert desk.shown(key)["in_hand"]["pid"] == os.getpid()
    assert "in hand" in desk.run("orders", "list").stdout
    assert f"of process {os.getpid()}" in desk.run("orders", "show", key).stdout
    for command, words in (
        (("replay", key), "Another process has the order in hand"),
        (("abandon", key, "--reason", "no"), "try again in a moment"),
    ):
        result = desk.run("orders", *command, "--yes")
        assert result.returncode == 1
        assert words in result.stderr
    erased = desk.run("orders", "erase", "--order", key, "--yes")
    assert erased.returncode == 1
    assert "not settled" in erased.stdout
    assert not held(desk, key)
    assert desk.shown(key, received=True)["received"]
    desk.sql("UPDATE orders SET claim_until = :until", until=time.time() - 1)
    assert desk.run("orders", "replay", key, "--yes").returncode == 0
    assert desk.shown(key)["state"] == "accepted"


def test_what_can_not_be_replayed_is_said_and_left_as_it_is(alone):
    desk = alone()
    key, partly = refused(desk), partial(desk)
    before = desk.shown(key), desk.shown(partly)
    text = desk.config.read_text()
    desk.edit("[spaces.acme", "[spaces.other")
    result = desk.run("orders", "replay", key, "--yes")
    assert result.returncode == 1
    assert "The space acme of the order is not configured" in result.stderr
    globex = (ROOT / "config.toml").read_text().split("[spaces.globex.oms]")[1]
    oms = "[spaces.acme.oms]" + globex.split("[spaces.globex.mapping]")[0]
    manhattan = text.split("[spaces.acme.oms]")[0].replace("fluentcommerce", "manhattan") + oms
    desk.config.write_text(manhattan.replace("[spaces.globex", "[spaces.acme"))
    result = desk.run("orders", "replay", partly, "--yes")
    assert result.returncode == 1
    assert "may be in the OMS of the connector fluentcommerce" in result.stderr
    desk.config.write_text(text)
    assert desk.run("orders", "erase", "--order", key, "--yes").returncode == 0
    result = desk.run("orders", "replay", key, "--yes")
    assert result.returncode == 1
    assert "is not kept any more" in result.stderr
    assert desk.shown(key)["state"] == "refused"
    assert desk.shown(partly) == before[1]


def test_everything_is_the_same_on_postgresql(alone, postgres):
    desk = alone(edit=kept_in(postgres.url(postgres.create())))
    accepted, first, second = desk.sent(order(), 200), refused(desk), partial(desk)
    doubtful = in_doubt(desk, "after")
    listed = desk.json("orders", "list", "--limit", "2", "--since", "2026-01-01")
    assert [each["order"] for each in listed["orders"]] == [doubtful, second]
    assert listed["states"] == {"accepted": 1, "partial": 1, "refused": 1, "unknown": 1}
    assert desk.json("orders", "list", "--alarms")["matched"] == 1
    assert desk.json("orders", "show", second)["submissions"][2]["state"] == "accepted"
    for key in (first, second, doubtful):
        result = desk.run("orders", "replay", key, "--yes")
        assert result.returncode == 0, result.stdout + result.stderr
    assert len(desk.orders()) == 6
    assert desk.run("orders", "replay", accepted, "--yes").returncode == 1
    dead = refused(desk)
    assert desk.run("orders", "abandon", dead, "--reason", "refunded", "--yes").returncode == 0
    assert desk.shown(dead)["state"] == "abandoned"
    assert len(desk.run("orders", "export", "--space", "acme").stdout.splitlines()) == 5
    assert desk.run("journal", "verify").returncode == 0
