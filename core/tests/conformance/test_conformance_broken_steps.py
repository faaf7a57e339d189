"""Connectors that make an order by several calls, and leave it half made by one of them."""

import contextlib

import msgspec
import pytest
from acme.conforming import Conforming, Doubling
from acme.oms import KEY, AcmeOms
from starlette.routing import Route

from multiorder_sync import OutcomeUnknown, RefTaken, Refused, Unavailable
from multiorder_sync.conformance import ConformanceSuite
from multiorder_sync.conformance.standards import standards_of
from multiorder_sync.errors import OmsError
from multiorder_sync.sandbox import Sandbox, json_answer, read_body


class InParts(AcmeOms):
    """Gets the payments of an order by a call of their own, and knows customers."""

    shows_payments = True

    def __init__(self):
        super().__init__()
        self.paid = {}

    def orders(self):
        if not self.shows_payments:
            return self.held
        return [{**each, "paid": self.paid.get(each["id"], [])} for each in self.held]

    def forget(self):
        super().forget()
        self.paid.clear()

    def sandbox(self):
        routes = [
            Route("/orders", self._create, methods=["POST"]),
            Route("/orders", self._find_with_payments, methods=["GET"]),
            Route("/payments/{id}", self._pay, methods=["PUT", "POST"]),
            Route("/customers", self._customer, methods=["PUT"]),
        ]
        return Sandbox("acme", routes, faults=self.faults, tokens=self.tokens, holdings=self)

    async def _find_with_payments(self, request):
        if request.headers.get("x-api-key") != KEY:
            return self._refuse("KEY", "The key is not known.", 401)
        ref = request.query_params["ref"]
        found = [{**each, "paid": self.paid.get(each["id"])} for each in self.held]
        return json_answer({"orders": [each for each in found if each["ref"] == ref]})

    async def _pay(self, request):
        given = msgspec.json.decode(await read_body(request, 1_000_000))
        oms_id = request.path_params["id"]
        before = self.paid.get(oms_id, []) if request.method == "POST" else []
        self.paid[oms_id] = [*before, *(given or [])]
        return json_answer({})

    async def _customer(self, request):
        await read_body(request, 1_000_000)
        return json_answer({"id": "C1"})


class Silent(InParts):
    """Does not show the payments where it shows its orders."""

    shows_payments = False


class Completing(Conforming):
    """Does it right: what was half made is completed, and is not there before."""

    pays_by, marks = "PUT", True

    async def submit(self, submission):
        try:
            answer = await self._ask(
                "createOrder", "POST", "/orders", self.content(submission), creates=True
            )
            said = answer.json()
            if said.get("ref") != submission.ref:
                raise answer.unexpected("gave another order")
        except Refused:
            try:
                answer, said = await self._held(submission)
            except Unavailable as error:
                raise OutcomeUnknown(str(error)) from error
            if said is None:
                raise
        receipt = self._receipt(answer, said, submission, created=True)
        await self._ask(
            "pay", self.pays_by, f"/payments/{receipt.oms_id}",
            msgspec.json.encode(submission.payload.multi_order.get("payments")), creates=self.marks,
        )  # fmt: skip
        return receipt

    async def find(self, submission):
        answer, order = await self._held(submission)
        if order is None or not self._whole(order):
            return None
        return self._receipt(answer, order, submission, created=False)

    def _whole(self, order):
        return isinstance(order.get("paid"), list)

    async def _held(self, submission):
        answer = await self._ask("findOrder", "GET", f"/orders?ref={submission.ref}")
        found = answer.json().get("orders")
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise answer.unexpected("gave no list of orders")
        if found and found[0].get("fingerprint") != submission.fingerprint:
            raise RefTaken("Acme holds another order.")
        return answer, found[0] if found else None


class Unmarking(Completing):
    """Says that the payments of an order create nothing."""

    marks = False


class Overhasty(Completing):
    """Takes an order without its payments for ours."""

    def _whole(self, order):
        return True


class PayingAgain(Completing):
    """Adds the payments to those that are there, and does not look at them."""

    pays_by = "POST"

    def _whole(self, order):
        return False


class Giving(Completing):
    """Takes a failure of the payments for a refusal of the order."""

    async def submit(self, submission):
        try:
            return await super().submit(submission)
        except OutcomeUnknown as error:
            raise Refused("Acme said no.") from error


class Introducing(Conforming):
    """Makes a customer first, as it should."""

    async def submit(self, submission):
        (await self._ask("putCustomer", "PUT", "/customers", b"{}")).json()
        return await super().submit(submission)


class AsGuest(Conforming):
    """Carries on without a customer."""

    async def submit(self, submission):
        with contextlib.suppress(OmsError):
            await self._ask("putCustomer", "PUT", "/customers", b"{}")
        return await super().submit(submission)


EVERY_CHECK = [name.removeprefix("test_") for name in standards_of(ConformanceSuite)]
CHECKS = (
    "unavailable_is_never_said_of_a_created_order",
    "an_order_of_several_calls_is_whole",
)
BROKEN = [
    (
        Unmarking,
        InParts,
        "with pay, call 2 of 2, answered with HTTP 503 submit raised Unavailable",
        "and the OMS holds the order",
    ),
    (
        Overhasty,
        InParts,
        (
            "with pay, call 2 of 2, answered with a connection that is cut it ends with returned a "
            "receipt (found), and the order that the OMS holds is not whole; it lacks paid[]."
        ),
        "and let find see whether they were all made",
    ),
    (Overhasty, Silent, "returned a receipt (found), and pay was never made for it", "let find"),
    (
        PayingAgain,
        InParts,
        "the order that the OMS holds has paid[].",
        "make each of them so that it can be made again",
    ),
    (Giving, InParts, "submit raised Refused (Acme said no.), which is final, and the OMS", "503"),
    (
        AsGuest,
        InParts,
        (
            "with putCustomer, call 1 of 2, answered with HTTP 503 it ends with returned a receipt "
            "(created), and putCustomer was never made for it"
        ),
        "let the call that makes the order be the last",
    ),
]


@pytest.mark.parametrize(
    ("kind", "oms", "wrong", "mend"),
    BROKEN,
    ids=[f"{each[0].__name__}-{each[1].__name__}" for each in BROKEN],
)
def test_an_order_that_is_half_made_is_caught_in_words(checked, kind, oms, wrong, mend):
    said = checked(kind, *CHECKS, sandbox=staticmethod(lambda: oms().sandbox()))
    assert wrong in said
    assert mend in said


@pytest.mark.parametrize("kind", [Completing, Introducing])
def test_an_order_of_several_calls_that_is_made_right(checked, kind):
    assert checked(kind, *CHECKS, sandbox=staticmethod(lambda: InParts().sandbox())) == ""


def test_an_order_of_several_calls_that_is_made_right_passes_every_check(checked):
    sandbox = staticmethod(lambda: InParts().sandbox())
    assert checked(Completing, *EVERY_CHECK, cases="few", sandbox=sandbox) == ""


def test_what_is_in_doubt_is_left_to_an_operator_where_nothing_guards_it(checked):
    class Looking(Completing):
        duplicate_guard = Doubling.duplicate_guard

    def sandbox():
        oms = InParts()
        oms.on_duplicate = "create"
        return oms.sandbox()

    assert checked(Looking, *CHECKS, sandbox=staticmethod(sandbox)) == ""
