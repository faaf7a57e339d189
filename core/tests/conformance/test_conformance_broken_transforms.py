"""Connectors whose transforms are broken in one way each are caught, in words."""

import _thread
import gettext
import os
import random
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import msgspec
import pytest
from acme.conforming import (
    Conforming,
    payload_changed,
    with_line,
)

from multiorder_sync.conformance.growth import growing


@pytest.fixture
def checked(checked):
    """Make the checks of a few cases: what is wrong here is wrong in nearly all of them."""
    return partial(checked, cases="few")


def test_a_transform_that_hangs(checked):
    class Hanging(Conforming):
        def transform(self, order, context):
            while order.currency: pass  # noqa: E701 - seen at one line  # fmt: skip

    checks = ("transform_comes_to_an_end", "transform_is_total")
    said = checked(Hanging, *checks, transform_seconds=2.0)
    assert "transform hangs at the case one line: it did not end within 2 seconds" in said
    assert "in transform (" in said
    assert "while order.currency:" in said


def test_a_transform_that_sleeps(checked):
    class Sleeping(Conforming):
        def transform(self, order, context):
            time.sleep(3.0)
            return super().transform(order, context)

    said = checked(Sleeping, "transform_comes_to_an_end", transform_seconds=2.0)
    assert "time.sleep(3.0)" in said


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


@pytest.mark.parametrize(
    ("read", "name"),
    [
        (lambda: os.environ.get("ACME_CHANNEL", "web"), "ACME_CHANNEL"),
        (lambda: os.getenv("ACME_CHANNEL"), "ACME_CHANNEL"),
        (lambda: "ACME_CHANNEL" in os.environ, "ACME_CHANNEL"),
        (lambda: {**os.environ}.get("ACME_CHANNEL"), "all that is in it"),
    ],
    ids=["get", "getenv", "in", "all"],
)
def test_a_transform_that_asks_the_environment_for_what_is_not_there(checked, read, name):
    class Asking(Conforming):
        def transform(self, order, context):
            notes = (f"by {read()}",)
            made = super().transform(order, context)
            return [msgspec.structs.replace(each, notes=notes) for each in made]

    said = checked(Asking, "transform_is_deterministic", cases="few")
    assert f"transform asks the environment for {name} (case one line)" in said


def test_a_connector_that_asks_the_environment_when_it_is_set_up_or_by_way_of_a_library(checked):
    class Asking(Conforming):
        def __init__(self, settings, http):
            super().__init__(settings, http)
            os.environ.get("ACME_CHANNEL")

        def transform(self, order, context):
            gettext.find("acme")
            return super().transform(order, context)

    assert checked(Asking, "transform_is_deterministic", cases="few") == ""


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
    done.wait(60)


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
    said = checked(Backtracking, *checks, transform_seconds=2.0)
    assert "transform hangs at the case one line: it did not end within 2 seconds" in said
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
