"""Connectors whose calls are broken in one way each are caught, in words."""

import asyncio
import contextlib
import logging
import socket
import sys
import time
import urllib.request
from urllib.parse import quote

import msgspec
import pytest
import structlog
from acme.conforming import CONFIG, KEY, Conforming, Doubling, Merging, final
from acme.oms import AcmeOms

from multiorder_sync import (
    Call,
    CredentialsRefused,
    OutcomeUnknown,
    Receipt,
    RefTaken,
    Refused,
    Unavailable,
)
from multiorder_sync.conformance import ConformanceSuite
from multiorder_sync.conformance.standards import standards_of
from multiorder_sync.errors import OmsError


class Retrying(Conforming):
    """Submits again what was not answered."""

    async def submit(self, submission):
        for _ in range(2):
            with contextlib.suppress(OutcomeUnknown):
                return await super().submit(submission)
        return await super().submit(submission)


class Swallowing(Conforming):
    """Takes no notice of errors."""

    async def submit(self, submission):
        try:
            return await super().submit(submission)
        except OmsError:
            return Receipt(oms_id="?", oms_ref=submission.ref)


class SayingUnavailable(Conforming):
    """Takes every failure for one before anything happened."""

    async def submit(self, submission):
        try:
            return await super().submit(submission)
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from error


class Raising(Conforming):
    """Does not look at what it is answered."""

    async def submit(self, submission):
        try:
            return await super().submit(submission)
        except OutcomeUnknown as error:
            raise KeyError("id") from error


class Refusing(Conforming):
    """Says nothing of what the OMS said."""

    async def submit(self, submission):
        try:
            return await super().submit(submission)
        except Refused:
            raise Refused("Acme refused the order.") from None


class Gullible(Conforming):
    """Takes any order under the ref for ours."""

    async def find(self, submission):
        try:
            return await super().find(submission)
        except RefTaken:
            return Receipt(oms_id="A1", oms_ref=submission.ref, created=False)


class Overlooking(Conforming):
    """Takes an OMS that can't be asked for one that holds nothing."""

    async def find(self, submission):
        try:
            return await super().find(submission)
        except Unavailable:
            return None


class Final(Conforming):
    """Takes a look-up that is refused for a refusal of the order."""

    async def find(self, submission):
        try:
            return await super().find(submission)
        except Unavailable as error:
            if "Acme can't be asked" in str(error):
                raise Refused(str(error)) from error
            raise


class Careless(Conforming):
    """Checks nothing."""

    async def check(self):
        with contextlib.suppress(OmsError):
            await super().check()


class Blaming(Conforming):
    """Takes everything for wrong credentials."""

    async def check(self):
        try:
            await super().check()
        except OmsError as error:
            from multiorder_sync import CredentialsRefused

            raise CredentialsRefused(str(error)) from error


class Unmarked(Conforming):
    """Does not say that its create creates."""

    async def _ask(self, operation, method, path, content=b"", *, creates=False):
        return await super()._ask(operation, method, path, content)


class Bypassing(Conforming):
    """Has a client of its own."""

    async def find(self, submission):
        request = urllib.request.Request(
            f"{self._settings.base_url}/orders?ref=x",
            headers={"x-api-key": self._settings.api_key.reveal()},
        )

        def call():
            with urllib.request.urlopen(request, timeout=5) as answer:
                answer.read()

        await asyncio.to_thread(call)
        return await super().find(submission)

    async def submit(self, submission):
        await self.find(submission)
        return await super().submit(submission)


class Phoning(Conforming):
    """Asks a host that no setting names."""

    async def check(self):
        with socket.socket() as caller:
            caller.setblocking(False)
            caller.connect_ex(("127.0.0.2", 9))
        await super().check()


class Blocking(Conforming):
    """Waits with all others."""

    async def submit(self, submission):
        time.sleep(0.02)
        async with self._lock:
            return await super().submit(submission)

    def __init__(self, settings, http):
        super().__init__(settings, http)
        self._lock = asyncio.Lock()


class Impatient(Conforming):
    """Does not tell how long the OMS asks to wait."""

    async def submit(self, submission):
        try:
            return await super().submit(submission)
        except Unavailable as error:
            raise Unavailable(str(error)) from error


class Stubborn(Conforming):
    """Is not cancelled."""

    async def submit(self, submission):
        try:
            return await super().submit(submission)
        except asyncio.CancelledError:
            raise OutcomeUnknown("It was cancelled.") from None


class Busy(Conforming):
    """Goes on in the background."""

    async def submit(self, submission):
        self._task = asyncio.create_task(super().submit(submission))
        return await asyncio.shield(self._task)


class Leaving(Conforming):
    """Leaves a socket open, and a coroutine alone."""

    async def submit(self, submission):
        left = socket.socket()
        del left
        super().find(submission)
        return await super().submit(submission)


class Quoting(Conforming):
    """Quotes what the OMS said as it is."""

    async def _ask(self, operation, method, path, content=b"", *, creates=False):
        try:
            return await super()._ask(operation, method, path, content, creates=creates)
        except (Refused, Unavailable) as error:
            raise Unavailable(f"Acme said no to {self._settings.api_key.reveal()}") from error


class Trusting(Conforming):
    """Takes everything in an answer for what it should be."""

    def _receipt(self, answer, order, submission, *, created):
        return Receipt(oms_id=order["id"].strip(), oms_ref=submission.ref, created=created)


class Half(Conforming):
    """Refuses what is nothing special."""

    def transform(self, order, context):
        from multiorder_sync import Untransformable

        if len(order.orders) > 1:
            raise Untransformable("Acme takes single orders only.")
        return super().transform(order, context)


class Bending(Conforming):
    """Finds no order whose ref has an odd character in it."""

    async def find(self, submission):
        ref = submission.ref.replace("%", "").replace("'", "")
        return await super().find(msgspec.structs.replace(submission, ref=ref))


class FinalFailures(final(Conforming, "HTTP 5")):
    """Takes a failure of the OMS for its no."""


class FinalGarbage(final(Conforming, "HTTP 200")):
    """Takes an answer that is none for a no."""


class FinalAnswers(final(Conforming, "HTTP")):
    """Takes whatever it is answered for a no."""


class FinalGateways(
    final(Conforming, "HTTP 302", "HTTP 401", "HTTP 403", of=(OutcomeUnknown, Unavailable))
):
    """Takes a gateway for the OMS."""


class FinalPages(final(Conforming, "HTTP 404")):
    """Takes every 4xx of a create for the OMS's no, whatever it says."""


class FinalInItsWords(Conforming):
    """Takes what the OMS words for a refusal, whatever the status."""

    def _understood(self, answer, *, creates):
        if creates and b"told the sandbox" in answer.body and answer.status != 200:
            raise Refused("Acme said no.")
        return super()._understood(answer, creates=creates)


class FinalCredentials(Conforming):
    """Gives an order up because our key is wrong."""

    async def submit(self, submission):
        try:
            return await super().submit(submission)
        except CredentialsRefused:
            raise Refused("No access.") from None


class RetryingUnmarked(Conforming):
    """Creates again after a failure, under another ref, and does not say so."""

    async def submit(self, submission):
        try:
            return await super().submit(submission)
        except OutcomeUnknown as error:
            if "HTTP 5" not in str(error):
                raise
            other = msgspec.structs.replace(submission, ref=submission.ref + "-R")
            answer = await self._ask("createOrder", "POST", "/orders", self.content(other))
            return self._receipt(answer, answer.json(), submission, created=True)


class RetryingUnderAnotherName(Conforming):
    """Creates again, and swallows what becomes of it."""

    async def submit(self, submission):
        try:
            return await super().submit(submission)
        except OutcomeUnknown as error:
            try:
                answer = await self._ask("settle", "POST", "/orders", self.content(submission))
            except OmsError:
                raise error from None
            return self._receipt(answer, answer.json(), submission, created=True)


class Logging(Conforming):
    """Logs its key once all is well."""

    async def submit(self, submission):
        receipt = await super().submit(submission)
        structlog.get_logger().info("created", key=self._settings.api_key.reveal())
        return receipt


class LoggingQuietly(Conforming):
    """Logs its key where nobody looks."""

    async def find(self, submission):
        logging.getLogger("acme").debug("asking with %s", self._settings.api_key.reveal())
        return await super().find(submission)


class LoggingTokens(Conforming):
    """Logs the token that it sends."""

    async def _ask(self, operation, method, path, content=b"", *, creates=False):
        call = Call(
            operation=operation, method=method, url=self._settings.base_url + path,
            creates=creates, content=content,
            headers={"x-api-key": self._settings.api_key, "authorization": "Bearer token-4711-xyz"},
        )  # fmt: skip
        if creates:
            structlog.get_logger().info("asking", headers=dict(call.headers))
        return await self._http.send(call)


class Printing(Conforming):
    """Prints its key, piece by piece."""

    def content(self, submission):
        print("key", *self._settings.api_key.reveal(), sep="")  # noqa: T201 - what the kit looks for
        return super().content(submission)


class PrintingElsewhere(Conforming):
    """Prints its key from another thread, to the other stream."""

    async def find(self, submission):
        key = self._settings.api_key.reveal()
        await asyncio.to_thread(lambda: print(key, file=sys.stderr))  # noqa: T201 - the same
        return await super().find(submission)


class PrintingFirst(Conforming):
    """Prints its key where it makes payloads."""

    def transform(self, order, context):
        print(self._settings.api_key.reveal())  # noqa: T201 - what the kit looks for
        return super().transform(order, context)


class PrintingOthers(Conforming):
    """Prints what is no secret."""

    def content(self, submission):
        print(submission.ref, self._settings.api_key)  # noqa: T201 - what the kit looks for
        return super().content(submission)


class Telling(Conforming):
    """Tells its key in a receipt."""

    async def submit(self, submission):
        receipt = await super().submit(submission)
        warnings = (f"sent with {self._settings.api_key.reveal()}",)
        return msgspec.structs.replace(receipt, warnings=warnings)


class Keeping(Conforming):
    """Puts its key into payloads."""

    def transform(self, order, context):
        return [
            msgspec.structs.replace(
                each,
                payload=msgspec.structs.replace(
                    each.payload,
                    multi_order={
                        **each.payload.multi_order,
                        "by": self._settings.api_key.reveal(),
                    },
                ),
            )
            for each in super().transform(order, context)
        ]


class Remembering(Conforming):
    """Keeps fingerprints in memory, and sends none."""

    def __init__(self, settings, http):
        super().__init__(settings, http)
        self._sent = {}

    def content(self, submission):
        return msgspec.json.encode({"ref": submission.ref, "order": submission.payload})

    async def submit(self, submission):
        self._sent[submission.ref] = submission.fingerprint
        return await super().submit(submission)

    async def find(self, submission):
        path = f"/orders?ref={quote(submission.ref, safe='')}"
        answer = await self._ask("findOrder", "GET", path)
        found = answer.json().get("orders")
        if not isinstance(found, list):
            raise answer.unexpected("gave no list of orders")
        if not found:
            return None
        if self._sent.get(submission.ref) != submission.fingerprint:
            raise RefTaken("Acme holds another order.")
        return self._receipt(answer, found[0], submission, created=False)


class Insisting(Conforming):
    """Looks again and again by itself."""

    async def find(self, submission):
        for _ in range(2):
            with contextlib.suppress(Unavailable):
                return await super().find(submission)
        return await super().find(submission)


_ONLY_A_NO = "Refused for a 4xx in the OMS's own shape and nothing else"
_NO_RETRY = "take out every loop and retry around a create, marked with creates=True or not"
_SENT_ALONE = "reveal() a secret for the call alone"

BROKEN = [
    *(
        (kind, "errors_are_classified", words, _ONLY_A_NO)
        for kind, words in (
            (
                FinalFailures,
                "HTTP 502 and a text submit raised Refused (Acme said no.), not Outcom",
            ),
            (
                FinalAnswers,
                "with HTTP 401 and a text submit raised Refused (Acme said no.), not Una",
            ),
            (
                FinalGateways,
                "HTTP 403 and a text submit raised Refused (Acme said no.), not Unavail",
            ),
            (
                FinalPages,
                "with HTTP 404 and a text submit raised Refused (Acme said no.), not Unavail",
            ),
            (
                FinalPages,
                "with HTTP 404 and a page of HTML submit raised Refused (Acme said no.), not Un",
            ),
            (
                FinalInItsWords,
                "HTTP 408 and the OMS's own words submit raised Refused (Acme said no.), not Out",
            ),
            (
                FinalInItsWords,
                "HTTP 401 and the OMS's own words submit raised Refused (Acme said no.), not Una",
            ),
            (
                FinalCredentials,
                "that the OMS does not take submit raised Refused (No access.), not Unavailable",
            ),
        )
    ),
    (
        RetryingUnmarked,
        "submit_sends_one_create",
        "with HTTP 500 and a text, after the OMS had taken the order, submit leaves 2 orders",
        _NO_RETRY,
    ),
    (
        RetryingUnderAnotherName,
        "submit_sends_one_create",
        "answered with HTTP 403 and JSON submit sends 2 creates",
        _NO_RETRY,
    ),
    (Logging, "secrets_stay_secret", "a line of the log shows a secret or a token", _SENT_ALONE),
    (LoggingQuietly, "secrets_stay_secret", "a line of the log shows a secret", _SENT_ALONE),
    (LoggingTokens, "secrets_stay_secret", "a line of the log shows a secret", _SENT_ALONE),
    *(
        (kind, "secrets_stay_secret", "what is printed shows a secret or a token", "print nothing")
        for kind in (Printing, PrintingElsewhere, PrintingFirst)
    ),
    (Telling, "secrets_stay_secret", "a receipt holds a secret or a token", _SENT_ALONE),
    (Keeping, "secrets_stay_secret", "a payload holds a secret (case one line)", _SENT_ALONE),
    *(
        (Remembering, check, words, mend)
        for check, words, mend in (
            (
                "find_tells_ours_from_anothers_and_absent",
                "of our order, find raised RefTaken",
                "with the one that the create put on the order",
            ),
            (
                "a_time_out_after_commit_ends_as_success",
                "after silence in place of the answer, it ends with: raised RefTaken",
                "let find see the order",
            ),
        )
    ),
    (
        Insisting,
        "find_says_so_when_it_cannot_tell",
        "answered with HTTP 403 and JSON, find asks findOrder 3 times",
        "whether it is tried again is up to client and core",
    ),
    (
        Retrying,
        "submit_sends_one_create",
        "answered with HTTP 400 and a text submit sends 3 creates",
        _NO_RETRY,
    ),
    (
        Swallowing,
        "errors_are_classified",
        "submit returns a receipt, and the OMS does not hold the order",
        "catch no error to carry on as if there was none",
    ),
    (
        SayingUnavailable,
        "unavailable_is_never_said_of_a_created_order",
        (
            "answered with HTTP 503 and a text, after the OMS had taken the order, submit raised "
            "Unavailable"
        ),
        "raise OutcomeUnknown (answer.unexpected does)",
    ),
    (Raising, "errors_are_classified", "submit raised KeyError ('id')", "raise answer.unexpected"),
    (
        Refusing,
        "a_refusal_is_passed_on",
        "the refusal does not hold the OMS's words; it says ['Acme refused the order.']",
        "codes and texts as oms_errors",
    ),
    (
        Gullible,
        "find_tells_ours_from_anothers_and_absent",
        "of another order under our ref, find returned a receipt (found), not RefTaken",
        "compare submission.fingerprint",
    ),
    (
        Overlooking,
        "find_says_so_when_it_cannot_tell",
        "answered with HTTP 401 and a text, find returned None, not Unavailable",
        "return None for nothing but an answer that says so",
    ),
    (
        Final,
        "find_says_so_when_it_cannot_tell",
        "of a look-up that the OMS refuses in its own words, find raised Refused",
        "is Unavailable",
    ),
    (
        Careless,
        "check_tells_wrong_credentials_from_an_unreachable_host",
        "with wrong credentials, check returned None, not CredentialsRefused",
        "make one harmless call",
    ),
    (
        Blaming,
        "check_tells_wrong_credentials_from_an_unreachable_host",
        "of a host that can't be reached, check raised CredentialsRefused",
        "Unavailable for a host out of reach",
    ),
    (
        Unmarked,
        "every_create_is_marked",
        "createOrder made an order, and was sent with creates=False",
        "with creates=True for each",
    ),
    (
        Bypassing,
        "every_create_is_marked",
        "GET /orders was not called through the OutboundClient",
        "make every call through the OutboundClient",
    ),
    (
        Phoning,
        "every_create_is_marked",
        "the connector connects to the network: ('127.0.0.2', 9), past the settings",
        "make every call through the OutboundClient",
    ),
    (Blocking, "calls_run_at_once", "orders at once, 1 were under way", "hold no lock"),
    (
        Impatient,
        "retry_after_is_obeyed",
        "an OMS that asks to wait for 7 seconds becomes retry_after=None",
        "retry_after=answer.retry_after",
    ),
    (
        Stubborn,
        "cancellation_leaves_nothing_behind",
        "cancelled during the create, the connector swallows the cancellation",
        "let CancelledError through",
    ),
    (
        Busy,
        "cancellation_leaves_nothing_behind",
        "cancelled during the create, a task goes on: <coroutine object Conforming.submit",
        "start no tasks of your own",
    ),
    (Leaving, "nothing_is_left_open", "was never awaited", "await every coroutine"),
    (Leaving, "nothing_is_left_open", "ResourceWarning: unclosed <socket", "close in aclose"),
    (
        Quoting,
        "secrets_stay_secret",
        "the error of find shows a secret that the OMS quoted",
        "answer.redact",
    ),
    (
        Trusting,
        "garbage_is_survived",
        "submit raised AttributeError ('NoneType' object has no attribute 'strip')",
        "look at the type of everything",
    ),
    (
        Half,
        "ordinary_orders_are_taken",
        "transform refuses an ordinary order: Acme takes single orders only. (case two orders)",
        "express it for the OMS",
    ),
    (
        Bending,
        "odd_orders_end_well",
        "of an order that submit created, find returned None (case an id with",
        "raise Untransformable",
    ),
]


@pytest.mark.parametrize(
    ("kind", "check", "wrong", "mend"), BROKEN, ids=[f"{each[0].__name__}" for each in BROKEN]
)
def test_a_broken_connector_is_caught_in_words(checked, kind, check, wrong, mend):
    said = checked(kind, check)
    assert wrong in said
    assert "Why it matters: " in said
    assert mend in said.rpartition("How to mend it: ")[2]


@pytest.mark.parametrize(
    ("kind", "on_duplicate", "wrong"),
    [
        (Conforming, "create", "the declared guard is refuses, and the OMS holds 2 orders"),
        (Merging, "create", "the declared guard is merges, and the OMS holds 2 orders"),
    ],
)
def test_a_guard_that_is_not_true(checked, kind, on_duplicate, wrong):
    checks = ("a_late_commit_ends_as_the_guard_says", "the_same_order_twice_is_one_order")
    said = checked(kind, *checks, on_duplicate=on_duplicate)
    assert wrong in said
    assert "the order is in the OMS 2 times" in said


def test_a_create_that_is_not_marked_is_named_where_it_is_waited_for(checked):
    said = checked(Unmarked, "a_late_commit_ends_as_the_guard_says")
    assert "the call that the check waits for did not come within 10 seconds" in said
    assert "test_every_create_is_marked" in said


def test_an_oms_that_overwrites_is_none_that_refuses(checked):
    said = checked(Conforming, "a_late_commit_ends_as_the_guard_says", on_duplicate="merge")
    assert "the declared guard is refuses, and a create under another order's ref" in said
    assert not checked(Merging, "a_late_commit_ends_as_the_guard_says", on_duplicate="merge")


class Throttling(AcmeOms):
    """Is busy for the first two creates, and then takes one."""

    turned_away = 0

    def forget(self):
        super().forget()
        self.turned_away = 0

    async def _create(self, request):
        if self.turned_away == 2:
            return await super()._create(request)
        self.turned_away += 1
        return self._refuse("BUSY", "Not now.", 429)


def test_a_submit_that_the_kit_itself_makes_again_is_counted_once(checked):
    """It has no look-up that could hang, and says that it can be called again."""
    sandbox = staticmethod(lambda: Throttling().sandbox())
    assert checked(Conforming, "submit_sends_one_create", sandbox=sandbox) == ""


def test_an_unguarded_order_is_not_created_again(checked):
    class Finding(Doubling):
        async def find(self, submission):
            return None

    said = checked(Finding, "a_time_out_after_commit_ends_as_success", on_duplicate="create")
    assert "it ends with: returned None" in said


def test_calls_that_never_end(checked):
    class Deaf(Conforming):
        async def submit(self, submission):
            await asyncio.sleep(3600)

    said = checked(Deaf, "an_order_is_created")
    assert "of an ordinary order, submit raised TimeoutError" in said


def test_what_can_not_be_checked_says_which_check_comes_first(checked):
    class Refusing(Conforming):
        def transform(self, order, context):
            raise RuntimeError("not today")

    said = checked(Refusing, "an_order_is_created", "find_and_check_create_nothing")
    assert said.count("skipped: transform does not take an ordinary order (Runt") == 2


def test_credentials_that_the_sandbox_does_not_take_are_said_once(checked):
    """All that would follow from them is left out."""
    said = checked(
        Conforming,
        "the_connector_loads",
        "settings_are_complete",
        "transform_is_pure",
        "an_order_is_created",
        "find_says_so_when_it_cannot_tell",
        config=CONFIG.replace(KEY, "of-another-shop"),
    )
    assert "the sandbox refuses the credentials of the configuration: " in said
    assert "give the space's oms table in the configuration the credentials that the" in said
    left_out = (
        "skipped: the sandbox refuses the credentials of the configuration; see "
        "test_the_connector_loads"
    )
    assert [line for line in said.splitlines() if line.startswith("skipped")] == [left_out] * 2


def test_an_order_that_can_not_be_created_is_said_once(checked):
    """What can be seen without one is looked at, and all else is left out."""

    class Lost(Conforming):
        async def submit(self, submission):
            answer = await self._ask("createOrder", "POST", "/elsewhere", b"{}", creates=True)
            return self._receipt(answer, answer.json(), submission, created=True)

    names = [name.removeprefix("test_") for name in standards_of(ConformanceSuite)]
    said = checked(Lost, *names, cases="few")
    assert said.count("What is wrong: ") == 1
    assert "What is wrong: 2 things\n  - of an ordinary order, submit raised Outcome" in said
    left_out = "skipped: no order can be created; see test_an_order_is_created"
    assert [line for line in said.splitlines() if line.startswith("skip")] == [left_out] * 19


def test_what_is_printed_and_no_secret_still_gets_to_whoever_reads_it(checked, capsys):
    assert checked(PrintingOthers, "secrets_stay_secret") == ""
    assert "shop-order-1 " in capsys.readouterr().out
