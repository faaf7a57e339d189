"""A run that met too little, or in which too little went well, proves nothing and says so."""

import itertools
import random
from collections import Counter

import msgspec
import pytest

from chaos.books import Books, Call, Create, Record, Sent, Standstill, Submission
from chaos.dealing import Fates, dealt
from chaos.disk import NOT_PERMITTED
from chaos.faults import cards
from chaos.plan import STEPS, long_plans, short_plan
from chaos.proof import undone, unproven

SQLITE, POSTGRESQL, DUPLICATES = long_plans(orders=40, seconds=60.0, seed=1)
SHORT = short_plan("sqlite")
TIMED = ("drop", "garbage", "hang", "html", "status")

MET = [
    *(("servers", f"killed at the step {step}") for step in STEPS),
    ("servers", "killed at random"),
    ("servers", "stopped in order"),
    ("servers", "configuration taken anew as it ran"),
    ("servers", "stood still"),
    ("OMS", "out of reach"),
    ("OMS", "slow for a while"),
    *(("faults", f"{kind}, after it took effect") for kind in TIMED),
    *(("faults", f"{kind}, before it took effect") for kind in TIMED),
    *(
        ("faults", kind)
        for kind in (
            "latency",
            "latency, beyond the deadline",
            "rate_limit",
            "refuse",
            "revoke_tokens",
        )
    ),
    ("databases", "disk full"),
    ("databases", "PostgreSQL restarted"),
]
ATTEMPTS = (
    (1.0, "r", "submit", "nacelle", "outcome_unknown"),
    (2.0, "r", "find", "redelivery", "accepted"),
)


def good(plan):
    """Return books of forty orders of which all went well, late and after doubt."""
    orders = tuple(
        Sent(space=space, key=f"{space.id}-{number}", refs=("r",))
        for space in plan.spaces
        for number in range(10)
    )
    return Books(
        orders=orders,
        calls=tuple(
            Call(
                order=each.key,
                request_id=each.key,
                server="s",
                variant=1,
                deadline=3.0,
                start=0.0,
                end=1.0,
                status=200,
            )
            for each in orders
        ),
        journal={
            each.key: Record(
                space=each.space.id,
                state="accepted",
                submissions=(Submission(ref="r", state="accepted"),),
                answers=((each.key, 200),),
                attempts=ATTEMPTS,
            )
            for each in orders
        },
        creates=(Create(ref="r", arrived=0.0, took_effect=3.0),),
    )


def lacking(plan=SQLITE, **changed):
    """Return what the good books prove nothing about if they are changed."""
    return unproven(plan, Counter(MET), msgspec.structs.replace(good(plan), **changed))


@pytest.mark.parametrize("plan", [SQLITE, POSTGRESQL, DUPLICATES, SHORT])
def test_a_run_in_which_all_was_met_and_all_went_well_proves_something(plan):
    assert lacking(plan) == []


@pytest.mark.parametrize("row", [row for row in MET if row[1] != "PostgreSQL restarted"])
def test_a_long_run_must_have_met_all_that_can_go_wrong(row):
    met = Counter(MET)
    del met[row]
    assert undone(SQLITE, met) == [": ".join(row)]


def test_a_long_run_on_postgresql_must_have_lost_it():
    met = Counter(MET)
    del met["databases", "PostgreSQL restarted"]
    assert undone(POSTGRESQL, met) == ["databases: PostgreSQL restarted"]


def test_a_run_on_postgresql_must_have_filled_its_disk_unless_there_can_be_none():
    met = Counter(MET)
    del met["databases", "disk full"]
    assert undone(POSTGRESQL, met) == ["databases: disk full"]
    assert undone(POSTGRESQL, met + Counter({("databases", NOT_PERMITTED): 1})) == []


def test_a_short_run_must_have_met_what_leaves_most_doubt():
    short = undone(SHORT, {})
    assert set(short) < set(undone(SQLITE, {}))
    assert "servers: killed at the step sending" in short
    assert "faults: drop, after it took effect" in short


def test_a_run_without_orders_proves_nothing():
    assert len(unproven(SQLITE, Counter(MET), Books(orders=()))) > len(SQLITE.spaces)


def test_a_run_of_which_few_orders_are_accepted_proves_nothing():
    records = good(SQLITE).journal
    refused = Record(space="s", state="unavailable", attempts=ATTEMPTS)
    few = {**dict.fromkeys(records, refused), **dict(itertools.islice(records.items(), 12))}
    told = lacking(journal=few)
    assert "orders that are accepted: 12 of 40, which is less than 50%" in told
    space = SQLITE.spaces[-1].id
    assert f"orders for {space} that are accepted: 0 of 10, which is less than 25%" in told


@pytest.mark.parametrize(
    ("changed", "about"),
    [
        ({"how": "broken", "status": None}, "calls that are answered"),
        ({"status": 500, "code": "oms_unavailable"}, "orders of which a 200 was heard"),
        ({"request_id": "another"}, "answers that are noted"),
    ],
)
def test_a_run_in_which_few_calls_show_anything_proves_nothing(changed, about):
    calls = [msgspec.structs.replace(each, **changed) for each in good(SQLITE).calls]
    assert any(each.startswith(about) for each in lacking(calls=tuple(calls)))


def test_a_run_in_which_servers_stood_still_most_of_the_time_does_not_prove_that_calls_are_in_time():
    still = (Standstill(server="s", start=0.0, end=1.0),)
    assert lacking(standstills=still) == [
        "calls that are answered in time: 0 of 40, which is less than 50%"
    ]


def test_a_run_without_doubt_redelivery_or_late_creates_proves_nothing_about_them():
    clear = {
        key: msgspec.structs.replace(each, attempts=((1.0, "r", "submit", "nacelle", "accepted"),))
        for key, each in good(SQLITE).journal.items()
    }
    assert lacking(journal=clear, creates=()) == [
        "creates of which nobody knew what came of them",
        "orders that are settled by redelivery",
        "creates that take effect late",
    ]


def test_every_card_is_dealt_before_any_comes_again():
    deck = cards(SQLITE)
    shown = {card.shown for card in deck}
    for seed in range(20):
        order = dealt(deck, random.Random(seed), by=lambda card: card.shown)
        first = list(itertools.islice(order, len(deck)))
        assert {card.shown for card in first[: len(shown)]} == shown
        assert set(map(id, first)) == set(map(id, deck))
        again = list(itertools.islice(order, len(deck)))
        assert set(map(id, again)) == set(map(id, deck))


def test_servers_die_at_every_step_before_one_dies_at_the_same_step_again():
    for seed in range(20):
        fates = Fates(STEPS, ("sending", "sent"), random.Random(seed))
        first = [fates.draw() for _ in STEPS]
        assert set(first[:2]) == {"sending", "sent"}
        assert set(first) == set(STEPS)
        assert {fates.draw() for _ in STEPS} == set(STEPS)


def test_a_step_at_which_no_server_has_died_yet_comes_again_at_once():
    fates = Fates(STEPS, STEPS, random.Random(1))
    step = fates.draw()
    fates.missed(step)
    assert fates.draw() == step
    fates.met(step)
    fates.missed(step)
    assert fates.draw() != step
