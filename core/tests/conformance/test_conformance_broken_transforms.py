"""Connectors whose settings or transforms are broken in one way each are caught, in words."""

import _thread
import os
import random
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated

import msgspec
import pytest
from acme.conforming import CONFIG, KEY, Conforming, ConformingPayload, ConformingSettings

from multiorder_sync import Secret, Untransformable
from multiorder_sync.conformance.growth import growing


@pytest.fixture
def checked(checked):
    """Make the checks of a few cases: what is wrong here is wrong in nearly all of them."""
    return partial(checked, cases="few")


def payload_changed(change):
    """Return a connector that changes its payloads."""

    class Changing(Conforming):
        def transform(self, order, context):
            return [
                msgspec.structs.replace(each, payload=change(each.payload, order))
                for each in super().transform(order, context)
            ]

    return Changing


def with_line(**fields):
    return lambda payload, _: msgspec.structs.replace(payload, order={**payload.order, **fields})


def test_a_transform_that_hangs(checked):
    class Hanging(Conforming):
        def transform(self, order, context):
            while order.currency: pass  # noqa: E701 - seen at one line  # fmt: skip

    checks = ("transform_comes_to_an_end", "transform_is_total")
    said = checked(Hanging, *checks, transform_seconds=0.5)
    assert "transform hangs at the case one line: it did not end within 0.5 seconds" in said
    assert "in transform (" in said
    assert "while order.currency:" in said


def test_a_transform_that_sleeps(checked):
    class Sleeping(Conforming):
        def transform(self, order, context):
            time.sleep(1.0)
            return super().transform(order, context)

    said = checked(Sleeping, "transform_comes_to_an_end", transform_seconds=0.5)
    assert "time.sleep(1.0)" in said


def test_a_transform_that_changes_the_order(checked):
    class Mutating(Conforming):
        def transform(self, order, context):
            order.orders[0].source["seen"] = True
            return super().transform(order, context)

    said = checked(Mutating, "transform_is_pure")
    assert "transform changes the order that it is given (case one line)" in said
    assert "work on copies" in said


def test_a_transform_that_calls_somebody(checked):
    class Calling(Conforming):
        def transform(self, order, context):
            with socket.socket() as caller:
                caller.connect_ex(("127.0.0.1", 9))
            return super().transform(order, context)

    assert "transform connects to the network" in checked(Calling, "transform_is_pure")


def test_a_transform_that_reads_a_file(checked, tmp_path):
    (tmp_path / "rates.csv").write_text("1")

    class Reading(Conforming):
        def transform(self, order, context):
            (tmp_path / "rates.csv").read_text()
            return super().transform(order, context)

    assert "transform opens a file" in checked(Reading, "transform_is_pure")


def test_a_transform_that_throws_dice(checked):
    def throwing(payload, order):
        return with_line(nonce=random.random())(payload, order)

    said = checked(payload_changed(throwing), "transform_is_deterministic")
    assert "transformed twice, submissions[0].order.nonce differs (case one line)" in said


def test_a_transform_that_looks_at_the_clock(checked, monkeypatch):
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    kind = payload_changed(with_line(printed=day))
    said = checked(kind, "transform_is_deterministic")
    assert "order.printed holds the time of the transform" in said


def test_a_transform_whose_sets_have_an_order(checked, packages):
    packages.install_connector(
        "scattering",
        """
        class Scattering(Conforming):
            def transform(self, order, context):
                tags = list({"red", "green", "blue", "yellow", "violet", "brown"})
                return [
                    msgspec.structs.replace(
                        each,
                        payload=msgspec.structs.replace(
                            each.payload, order={**each.payload.order, "tags": tags}
                        ),
                    )
                    for each in super().transform(order, context)
                ]
        """,
    )
    said = checked("acme", "transform_is_deterministic")
    assert "in another process, submissions[0].order.tags[] differs" in said


SPELLINGS = {
    "compact": lambda now: now.strftime("%Y%m%d"),
    "european": lambda now: now.strftime("%d/%m/%Y"),
    "within": lambda now: f"made on {now:%d.%m.%Y}",
    "days": lambda now: now.toordinal() - 719163,  # since 1970
    "seconds": lambda now: int(now.timestamp()),
    "milliseconds": lambda now: str(int(now.timestamp() * 1000)),
    "number": lambda now: int(now.strftime("%Y%m%d")),
}


def test_a_date_however_it_is_spelled(checked):
    def dated(payload, _):
        now = datetime.now(UTC)
        spelled = {name: spelling(now) for name, spelling in SPELLINGS.items()}
        return with_line(**spelled)(payload, None)

    said = checked(payload_changed(dated), "transform_is_deterministic")
    for name in SPELLINGS:
        assert f"order.{name} holds the time of the transform" in said
    assert "use no clock but context.received_at" in said


def test_a_transform_that_reads_the_environment(checked):
    def reading(payload, _):
        return with_line(by=os.environ.get("HOME"))(payload, None)

    said = checked(payload_changed(reading), "transform_is_deterministic")
    assert "in a process of another environment, submissions[0].order.by differs" in said
    assert "no environment" in said.rpartition("How to mend it: ")[2]


def test_a_transform_that_reads_the_environment_of_a_process_of_its_own(checked, packages):
    packages.install_connector(
        "environed",
        """
        import os

        class Environed(Conforming):
            def transform(self, order, context):
                notes = (f"for {os.environ.get('USER')}",)
                return [
                    msgspec.structs.replace(each, notes=notes)
                    for each in super().transform(order, context)
                ]
        """,
    )
    assert "in another process, submissions[0].notes differs" in checked(
        "acme", "transform_is_deterministic"
    )


class CarryingOver(Conforming):
    """Takes what an order lacks from the one before."""

    currency = "AUD"

    def transform(self, order, context):
        self.currency = order.currency or self.currency
        return [
            msgspec.structs.replace(each, notes=(self.currency,))
            for each in super().transform(order, context)
        ]


class Recalling(Conforming):
    """Knows an order again."""

    def __init__(self, settings, http):
        super().__init__(settings, http)
        self._seen = set()

    def transform(self, order, context):
        notes = ("again",) if order.id in self._seen else ()
        self._seen.add(order.id)
        return [
            msgspec.structs.replace(each, notes=notes) for each in super().transform(order, context)
        ]


@pytest.mark.parametrize("kind", [CarryingOver, Recalling])
def test_a_transform_that_keeps_something_of_one_order_for_the_next(checked, kind):
    said = checked(kind, "transform_is_deterministic", cases="all")
    assert "transformed after other orders, submissions[0].notes differs" in said
    assert "keep nothing of one order for the next" in said


def connecting():
    with socket.socket() as caller:
        caller.connect_ex(("127.0.0.1", 9))


def by_a_thread():
    thread = threading.Thread(target=connecting)
    thread.start()
    thread.join()


def by_a_raw_thread():
    done = threading.Event()
    _thread.start_new_thread(lambda: (connecting(), done.set()), ())
    done.wait(5)


def by_a_thread_of_a_pool(pool=ThreadPoolExecutor(1)):  # noqa: B008 - it outlives the transform
    pool.submit(connecting).result()


@pytest.mark.parametrize("call", [by_a_thread, by_a_raw_thread, by_a_thread_of_a_pool])
def test_a_transform_that_calls_somebody_from_another_thread(checked, call):
    class Calling(Conforming):
        def transform(self, order, context):
            call()
            return super().transform(order, context)

    said = checked(Calling, "transform_is_pure")
    assert "transform connects to the network: ('127.0.0.1', 9) (case two lines)" in said


def test_data_of_another_folder_is_not_read_as_code_is(checked, tmp_path):
    rates = tmp_path / "rates.json"
    rates.write_text("{}")

    class Reading(Conforming):
        def transform(self, order, context):
            rates.read_text()
            return super().transform(order, context)

    assert "transform opens a file" in checked(Reading, "transform_is_pure")


def test_data_of_the_package_itself_is_read_as_code_is(checked, packages):
    package = packages.site / "readingpackage"
    package.mkdir()
    (package / "rates.json").write_text("{}")
    (package / "__init__.py").write_text(
        "from pathlib import Path\n"
        "from acme_conforming import Conforming\n"
        "class Reading(Conforming):\n"
        "    def transform(self, order, context):\n"
        "        Path(__file__).with_name('rates.json').read_text()\n"
        "        return super().transform(order, context)\n"
    )
    from readingpackage import Reading

    assert checked(Reading, "transform_is_pure", cases="some") == ""


def test_a_transform_that_hangs_and_holds_python_up(checked):
    class Backtracking(Conforming):
        def transform(self, order, context):
            re.match(r"(a+)+$", "a" * 40 + "b")
            return super().transform(order, context)

    checks = ("transform_comes_to_an_end", "money_is_exact", "an_order_is_created")
    said = checked(Backtracking, *checks, transform_seconds=0.5)
    assert "transform hangs at the case one line: it did not end within 0.5 seconds" in said
    assert "in transform (" in said
    assert 're.match(r"(a+)+$"' in said
    assert "keep regular expressions from backtracking" in said
    assert said.count("skipped: transform hangs; see test_transform_comes_to_an_end") == 2


def test_a_transform_whose_time_grows_with_the_square_of_the_lines(checked):
    class Pairing(Conforming):
        def transform(self, order, context):
            lines = order.orders[0].order_items
            sum(one is other for one in lines for other in lines for _ in range(12))
            return super().transform(order, context)

    said = checked(Pairing, "transform_comes_to_an_end")
    assert "400 lines keep the transform busy" in said
    assert "look things up in a dict that is made once" in said


def test_a_busy_machine_hides_no_square():
    """For a third of the time each run takes three times as long as it would by itself."""
    runs = 0

    def seconds_of(order, times):
        nonlocal runs
        taken = []
        for _ in range(times):
            runs += 1
            alone = len(order.orders[0].order_items) ** 2 / 2_000_000
            taken.append(alone * (3 if runs <= 5 else 1))
        return min(taken)

    assert "400 lines keep the transform busy 16 times as long as 100" in growing(seconds_of)


def test_a_suite_can_not_let_a_transform_take_an_hour(checked):
    with pytest.raises(TypeError, match="lets a transform take 3600 seconds; the endpoint waits"):
        checked(Conforming, transform_seconds=3600.0)


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda made: None, "transform returns None, not one submission or more"),
        (lambda made: [], "transform returns [], not one submission or more"),
        (lambda made: made[0].nothing, "transform raises AttributeError"),
        (lambda made: made[:1], "not every order stands in one submission"),
        (
            lambda made: [msgspec.structs.replace(each, payload=None) for each in made],
            "a payload is NoneType, not ConformingPayload",
        ),
        (
            lambda made: [msgspec.structs.replace(each, fingerprint="") for each in made],
            "a submission's fingerprint is '', not a text",
        ),
    ],
)
def test_a_transform_that_breaks_the_contract(checked, made, words):
    class Breaking(Conforming):
        def transform(self, order, context):
            return made(super().transform(order, context))

    assert words in checked(Breaking, "transform_is_total")


def test_money_in_floats(checked):
    def floating(payload, order):
        return with_line(total=float(order.price or 0))(payload, order)

    said = checked(payload_changed(floating), "money_is_exact")
    assert "order.total is the float 15.0 (case one line)" in said
    assert "a float can't hold most amounts" in said
    assert "keep amounts as Decimal" in said


def test_money_written_with_an_exponent(checked):
    def normal(payload, order):
        return with_line(total=str(Decimal(20).normalize()))(payload, order)

    said = checked(payload_changed(normal), "money_is_exact")
    assert "order.total is the text '2E+1'" in said


def test_money_that_becomes_a_float_on_its_way(checked):
    class Floating(Conforming):
        def content(self, submission):
            line = submission.payload.order["order_items"][0]
            return msgspec.json.encode(
                {
                    "ref": submission.ref,
                    "fingerprint": submission.fingerprint,
                    "price": float(Decimal(line["price"])),
                }
            )

    said = checked(Floating, "amounts_arrive_exactly")
    assert "of the amount 98765432109876.54, the OMS was sent 98765432109876.55" in said


@pytest.mark.parametrize(
    ("field", "drop"),
    [
        ("orders[].comment", lambda order: order.pop("comment", None)),
        (
            "orders[].order_items[].price",
            lambda order: [each.pop("price", None) for each in order["order_items"]],
        ),
        (
            "orders[].order_items[].tax_rate",
            lambda order: [each.pop("tax_rate", None) for each in order["order_items"]],
        ),
        (
            "orders[].shipping_address.address2",
            lambda order: (order.get("shipping_address") or {}).pop("address2", None),
        ),
        (
            "orders[].payments[].amount",
            lambda order: [each.pop("amount", None) for each in order.get("payments") or ()],
        ),
    ],
)
def test_a_dropped_field(checked, field, drop):
    def dropping(payload, _):
        order = msgspec.json.decode(msgspec.json.encode(payload.order))
        drop(order)
        return msgspec.structs.replace(payload, order=order)

    said = checked(payload_changed(dropping), "every_field_is_carried_or_declared")
    assert f"What is wrong: {field} is in no place of the payload, and not_carried does not" in said

    kind = payload_changed(dropping)
    kind.not_carried = {field: "is nobody's business"}
    names = ("every_field_is_carried_or_declared", "declarations_are_true")
    assert checked(kind, *names, cases="some") == ""


def second_line_bare(order):
    for line in order["order_items"][1:]:
        for name in [*line]:
            if name != "id":
                del line[name]


def second_rate(order):
    for line in order["order_items"][1:]:
        line.pop("tax_rate", None)


def one_payment(order):
    order["payments"] = (order.get("payments") or [])[:1]


def comment_of_one_line(order):
    if len(order["order_items"]) > 1:
        order.pop("comment", None)


def comment_unless_promoted(order):
    if order.get("promotion"):
        order.pop("comment", None)


@pytest.mark.parametrize(
    ("drop", "words"),
    [
        (second_line_bare, "orders[].order_items[].sku gets to the OMS, but not of the second"),
        (second_rate, "orders[].order_items[].tax_rate gets to the OMS, but not of the second"),
        (one_payment, "orders[].payments[].amount gets to the OMS, but not of the second entry"),
        (comment_of_one_line, "orders[].comment gets to the OMS, but not in an order with two of"),
        (comment_unless_promoted, "orders[].comment gets to the OMS, but not in an order with ev"),
    ],
)
def test_a_field_that_is_dropped_of_some_orders(checked, drop, words):
    def dropping(payload, _):
        order = msgspec.json.decode(msgspec.json.encode(payload.order))
        drop(order)
        return msgspec.structs.replace(payload, order=order)

    said = checked(payload_changed(dropping), "every_field_is_carried_or_declared")
    assert words in said
    assert "of every entry of an array" in said.rpartition("How to mend it: ")[2]


def test_what_a_note_tells_of_is_not_dropped_without_a_word(checked):
    class Short(Conforming):
        def transform(self, order, context):
            made = super().transform(order, context)
            for each in made if order.orders[0].promotion else ():
                each.payload.order.pop("comment", None)
            cut = ("comment was left out",)
            return [msgspec.structs.replace(each, notes=cut) for each in made]

    assert checked(Short, "every_field_is_carried_or_declared", cases="some") == ""


def float_texts(order, names):
    for name in names:
        if name == "shipping_rate":
            float_texts(order.get(name) or {}, ["amount"])
        elif isinstance(order.get(name), str):
            order[name] = str(float(order[name]))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["tax"], "order.tax does not hold the last digit of a tax of 98765432109876.54"),
        (["discounts"], "order.discounts does not hold the last digit of a discount of 98765432"),
        (["shipping_rate"], "order.shipping_rate.amount does not hold the last digit of a price"),
        (["price"], "order.price does not hold the last digit of a payment of 98765432109876.54"),
    ],
)
def test_money_that_was_a_float_and_is_a_text_again(checked, names, words):
    def floating(payload, _):
        order = msgspec.json.decode(msgspec.json.encode(payload.order))
        float_texts(order, names)
        return msgspec.structs.replace(payload, order=order)

    said = checked(payload_changed(floating), "money_is_exact")
    assert words in said
    assert "round nowhere" in said.rpartition("How to mend it: ")[2]


def _amounts_in(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [amount for inner in value for amount in _amounts_in(inner)]
    is_amount = isinstance(value, str) and re.fullmatch(r"\d+\.\d+", value)
    return [Decimal(value)] if is_amount else []


def holding_money_to(decimals, most):
    """Return a connector for an OMS that holds as many decimals, and no larger amounts."""

    class Holding(Conforming):
        def transform(self, order, context):
            for amount in _amounts_in(order.source):
                if amount != round(amount, decimals) or amount > most:
                    raise Untransformable(f"Acme can't hold {amount}.")
            return super().transform(order, context)

    return Holding


@pytest.mark.parametrize("most", [10**16, 2_000_000])
def test_money_that_an_oms_can_not_hold_may_be_refused_by_name(checked, most):
    kind = holding_money_to(2, most)
    assert checked(kind, "amounts_arrive_exactly", "money_is_exact") == ""


def test_a_check_that_can_not_be_made_says_which_orders_are_refused(checked):
    said = checked(holding_money_to(2, 1_000), "amounts_arrive_exactly")
    assert "skipped: transform refuses an order of one line of 98765432109876.54 AUD (Unt" in said
    assert "and one of one line of 1234567.89 AUD (Untransformable(\"Acme can't hold" in said


def test_decimals_that_the_currency_has_not_are_not_rounded_away(checked):
    def rounding(payload, order):
        each = order.orders[0]
        kept = {name: f"{round(getattr(each, name) or 0, 2)}" for name in ("price", "tax")}
        return ConformingPayload(multi_order={}, order=kept)

    said = checked(payload_changed(rounding), "money_is_exact", "amounts_arrive_exactly")
    assert "no place and no note tells the last digit of a payment of 98765432109876.5432" in said
    assert "of the amount 98765432109876.5432, the OMS was sent 98765432109876.54" in said


def test_the_price_of_one_unit_is_not_rounded_without_a_word(checked):
    def by_unit(payload, order):
        items = order.orders[0].order_items
        units = [
            f"{round(item.subtotal_price / item.quantity, 2)}"
            for item in items
            if item.quantity and item.subtotal_price
        ]
        return ConformingPayload(multi_order={}, order={"units": units})

    said = checked(payload_changed(by_unit), "money_is_exact")
    assert "no place and no note tells whether a line of 3 costs 20.00 or 20.01" in said


def test_what_rounding_the_price_of_one_unit_adds_may_be_told_elsewhere(checked):
    def by_unit(payload, order):
        items = [each for each in order.orders[0].order_items if each.quantity]
        costs = [(each.subtotal_price or each.price or 0, each.quantity) for each in items]
        units = [round(cost / quantity, 2) for cost, quantity in costs]
        rest = [cost - unit * quantity for unit, (cost, quantity) in zip(units, costs, strict=True)]
        lines = [f"{unit} {more}" for unit, more in zip(units, rest, strict=True)]
        return ConformingPayload(multi_order={}, order={"lines": lines})

    assert "the price of one unit" not in checked(payload_changed(by_unit), "money_is_exact")


def test_an_oms_that_is_told_no_prices_is_not_asked_for_them(checked):
    def unpriced(payload, order):
        skus = [item.sku for item in order.orders[0].order_items]
        return ConformingPayload(multi_order={}, order={"skus": skus})

    assert checked(payload_changed(unpriced), "money_is_exact") == ""


def test_shipping_that_becomes_a_float_on_its_way(checked):
    class Floating(Conforming):
        def content(self, submission):
            order = msgspec.json.decode(msgspec.json.encode(submission.payload))
            if rate := order["order"].get("shipping_rate"):
                rate["amount"] = float(rate["amount"])
            about = {"ref": submission.ref, "fingerprint": submission.fingerprint}
            return msgspec.json.encode({**about, "order": order})

    said = checked(Floating, "amounts_arrive_exactly")
    assert (
        "of a price of shipping of 98765432109876.54, which the payload holds, the OMS was" in said
    )


@pytest.mark.parametrize("said_of", [lambda each: each.ref, lambda _: "always"])
def test_a_fingerprint_that_says_nothing(checked, said_of):
    class Silent(Conforming):
        def transform(self, order, context):
            return [
                msgspec.structs.replace(each, fingerprint=said_of(each))
                for each in super().transform(order, context)
            ]

    said = checked(Silent, "refs_are_stable_and_distinct")
    for name in ("quantity", "price", "sku"):
        assert f"the fingerprint is the same when the {name} of a line is another one" in said
    assert "give fingerprint(multi_order, orders)" in said


def test_a_digest_of_the_order_carries_no_field(checked):
    def digesting(payload, order):
        digest = msgspec.json.encode(order.source).decode()
        return ConformingPayload(multi_order={"digest": digest}, order={"id": order.orders[0].id})

    said = checked(payload_changed(digesting), "every_field_is_carried_or_declared")
    assert "things" in said
    assert "  - email is in no place of the payload" in said


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        (
            {"orders[].comment": "not needed"},
            "orders[].comment is declared in not_carried, and yet",
        ),
        ({"orders[].coment": "a typo"}, "there is no such field; did you mean orders[].comment?"),
        ({"comment": " "}, "not_carried gives no reason for comment"),
    ],
)
def test_false_declarations(checked, declared, words):
    class Declaring(Conforming):
        not_carried = declared

    assert words in checked(Declaring, "declarations_are_true")


def with_comments(change):
    return lambda payload, _: with_line(
        **({"comment": change(payload.order["comment"])} if "comment" in payload.order else {})
    )(payload, _)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[:60], "the last of 200 characters of orders[].comment gets nowhere"),
        (
            lambda text: text.encode("ascii", "ignore").decode(),
            "a character of orders[].comment that is not Latin gets nowhere",
        ),
    ],
)
def test_texts_that_lose_something_without_a_word(checked, change, words):
    said = checked(payload_changed(with_comments(change)), "every_field_is_carried_or_declared")
    assert f"{words}, and no note tells of it" in said
    assert said.count("no note tells of it") == 1


def test_what_is_not_shown_is_said_to_be_in_the_json(checked):
    def dropping(payload, _):
        return ConformingPayload(multi_order={}, order={})

    said = checked(payload_changed(dropping), "every_field_is_carried_or_declared")
    assert re.search(r"and \d+ more; --conformance-json FILE has them all", said)


def test_texts_that_are_cut_with_a_note_or_refused(checked):
    class Cutting(payload_changed(with_comments(lambda text: text[:60]))):
        def transform(self, order, context):
            comment = order.orders[0].comment or ""
            if not comment.isascii():
                raise Untransformable("Acme takes no such character in a comment.")
            notes = ("comment was cut to 60 characters",) if len(comment) > 60 else ()
            made = super().transform(order, context)
            return [msgspec.structs.replace(each, notes=notes) for each in made]

    assert checked(Cutting, "every_field_is_carried_or_declared") == ""


def without_comment(payload, _, *, of):
    kept = {name: {**getattr(payload, name)} for name in ("multi_order", "order")}
    kept[of].pop("comment", None)
    return ConformingPayload(**kept)


@pytest.mark.parametrize(
    ("of", "declared", "other"),
    [("multi_order", "comment", "orders[].comment"), ("order", "orders[].comment", "comment")],
)
def test_a_comment_may_be_carried_of_the_order_or_of_the_whole_alone(checked, of, declared, other):
    right, wrong = ({name: "has no place in Acme"} for name in (declared, other))

    class Declaring(payload_changed(partial(without_comment, of=of))):
        not_carried = right

    class Misdeclaring(Declaring):
        not_carried = wrong

    checks = ("every_field_is_carried_or_declared", "declarations_are_true")
    assert checked(Declaring, *checks) == ""
    assert f"{declared} is in no place of the payload" in checked(Misdeclaring, *checks)


def test_refs_that_change(checked):
    class Dated(Conforming):
        def transform(self, order, context):
            return [
                msgspec.structs.replace(each, ref=f"{each.ref}-{context.received_at:%j}")
                for each in super().transform(order, context)
            ]

    said = checked(Dated, "refs_are_stable_and_distinct")
    assert "the ref 'shop-order-1-034' becomes" in said
    assert "when the order is sent again" in said


def test_refs_that_are_not_distinct(checked):
    class Shortening(Conforming):
        def transform(self, order, context):
            return [
                msgspec.structs.replace(each, ref=each.ref[:64])
                for each in super().transform(order, context)
            ]

    said = checked(Shortening, "refs_are_stable_and_distinct", cases="all")
    assert "two submissions have the ref" in said
    assert "case two ids that differ at their ends" in said


def test_a_payload_that_the_journal_can_not_keep(checked):
    class Payload(msgspec.Struct, frozen=True):
        held: object

    class Holding(Conforming):
        def transform(self, order, context):
            return [
                msgspec.structs.replace(each, payload=Payload({1, 2}))
                for each in super().transform(order, context)
            ]

    Holding.Payload = Payload
    said = checked(Holding, "payloads_can_be_kept")
    assert "held is another one after it was written and read again" in said


class Plain(msgspec.Struct, frozen=True, kw_only=True):
    base_url: Annotated[str, msgspec.Meta(description="where")]
    api_key: Annotated[str, msgspec.Meta(description="a secret that is none")]


class Terse(ConformingSettings, frozen=True, kw_only=True):
    depth: int = 3


class Homeless(msgspec.Struct, frozen=True, kw_only=True):
    api_key: Annotated[Secret, msgspec.Meta(description="the key")]


HOMELESS = f"""
[spaces.shop]
connector = "acme"
secrets = ["s"]
[spaces.shop.oms]
api_key = "{KEY}"
"""


@pytest.mark.parametrize(
    ("settings", "config", "check", "words"),
    [
        (Plain, CONFIG, "secret_settings_are_secrets", "the setting api_key sounds like a secret"),
        (Terse, CONFIG, "settings_are_documented", "the setting depth has no description"),
        (Homeless, HOMELESS, "settings_are_complete", "no setting holds an http(s) URL"),
    ],
)
def test_settings_that_will_not_do(checked, settings, config, check, words):
    class Other(Conforming):
        Settings = settings

    assert words in checked(Other, check, config=config)


def test_a_connector_that_wants_more_than_it_asks_for(checked):
    class Wanting(Conforming):
        Settings = type(
            "Optional",
            (ConformingSettings,),
            {"__annotations__": {"region": str | None}, "region": None},
            frozen=True,
            kw_only=True,
        )

        def __init__(self, settings, http):
            super().__init__(settings, http)
            if settings.region is None:
                raise KeyError("region")

    config = CONFIG + 'region = "eu"\n'
    said = checked(Wanting, "settings_are_complete", config=config)
    assert (
        "with base_url, api_key alone, the rest by default, the connector can't be set up" in said
    )


def test_a_connector_that_looks_around_when_it_is_set_up(checked):
    class Curious(Conforming):
        def __init__(self, settings, http):
            super().__init__(settings, http)
            socket.getaddrinfo("localhost", 80)

    said = checked(Curious, "setting_up_does_nothing")
    assert "__init__ looks up a host's name" in said
