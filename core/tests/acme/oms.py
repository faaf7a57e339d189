"""Acme's order API, in memory: create, and look up by reference."""

import asyncio
import contextlib

import msgspec
from starlette.routing import Route

from multiorder_sync.sandbox import Faults, Sandbox, Tokens, json_answer, read_body

KEY = "acme-api-key-8f31c0"


class Gate:
    """Keeps calls of one operation waiting, as long as a test needs; that is no matter of time.

    Args:
        operation: Of the calls.
        times: How many it stops; None for all that come before it is opened.
    """

    def __init__(self, operation, times):
        self._operation, self._left = operation, times
        self._opened, self._empty = asyncio.Event(), asyncio.Event()
        self._inside = 0
        self._empty.set()

    @property
    def holds(self):
        """Whether a call stands before it."""
        return self._inside > 0

    def stops(self, operation):
        return operation == self._operation and self._left != 0 and not self._opened.is_set()

    async def __aenter__(self):
        if self._left is not None:
            self._left -= 1
        self._inside += 1
        self._empty.clear()
        await self._opened.wait()

    async def __aexit__(self, *_):
        self._inside -= 1
        if not self._inside:
            self._empty.set()

    def open(self):
        self._opened.set()

    async def let_all_through(self):
        """Open it, and wait until what it has stopped has taken effect."""
        self.open()
        await self._empty.wait()


class AcmeOms:
    """What Acme holds and does.

    Attributes:
        on_duplicate: What a second create under a ref does: "refuse", "merge" or "create".
        calls: The operations that arrived, in their order, whatever became of them.
        mute: Whether it does not let us look anything up.
    """

    def __init__(self):
        self.on_duplicate = "refuse"
        self.key = KEY
        self.held = []
        self.calls = []
        self.mute = False
        self._mute_with_next_create = False
        self._gates = []
        self.tokens = Tokens(60)
        self.faults = Faults(["create", "find"], revoke_tokens=self.tokens.revoke_all)

    def orders(self):
        return self.held

    def forget(self):
        self.held.clear()

    def reset(self):
        self.on_duplicate, self.key = "refuse", KEY
        self.held.clear()
        self.calls.clear()
        self.open_gates()
        self.mend()

    def mend(self):
        """Let it work again."""
        self.mute = self._mute_with_next_create = False
        self.faults.clear()

    def leave_in_doubt(self, *, when="before"):
        """Let the next create go unanswered, and from then on no one look anything up."""
        self.fail("drop", when=when)
        self._mute_with_next_create = True

    def fail(self, kind, operation="create", **fields):
        """Set a fault."""
        self.faults.add({"kind": kind, "operation": operation, **fields})

    def gate(self, operation="create", *, times=1):
        """Stop the next calls of an operation, whether their clients stay or go.

        They count as arrived; the faults that they meet are those that are set when they go on.
        """
        self._gates.append(Gate(operation, times))
        return self._gates[-1]

    def open_gates(self):
        for gate in self._gates:
            gate.open()
        self._gates.clear()

    def count(self, operation):
        return self.calls.count(operation)

    @property
    def refs(self):
        return [order["ref"] for order in self.held]

    def put(self, ref, fingerprint="another's"):
        """Hold an order that did not come through us."""
        self.held.append({"id": f"A{len(self.held) + 1}", "ref": ref, "fingerprint": fingerprint})

    def sandbox(self):
        routes = [
            Route("/orders", self._create, methods=["POST"]),
            Route("/orders", self._find, methods=["GET"]),
        ]
        return Sandbox("acme", routes, faults=self.faults, tokens=self.tokens, holdings=self)

    async def _create(self, request):
        self.calls.append("create")
        self.mute = self.mute or self._mute_with_next_create
        body = await read_body(request, 10_000_000)

        def create():
            if request.headers.get("x-api-key") != self.key:
                return self._refuse("KEY", "The key is not known.", 401)
            order = msgspec.json.decode(body)
            there = [held for held in self.held if held["ref"] == order["ref"]]
            if there and self.on_duplicate == "refuse":
                return self._refuse("DUPLICATE", "The ref is taken.", 409)
            if not there or self.on_duplicate == "create":
                there = [{"id": f"A{len(self.held) + 1}", **order}]
                self.held.append(there[0])
            return json_answer({"id": there[0]["id"], "ref": order["ref"], "status": "NEW"})

        async with self._passing("create"):
            return await self.faults.around(request, ["create"], create, refuse=self._refuse)

    async def _find(self, request):
        self.calls.append("find")
        ref = request.query_params["ref"]

        def find():
            if self.mute or request.headers.get("x-api-key") != self.key:
                return self._refuse("KEY", "The key is not known.", 401)
            return json_answer({"orders": [held for held in self.held if held["ref"] == ref]})

        async with self._passing("find"):
            return await self.faults.around(request, ["find"], find, refuse=self._refuse)

    def _passing(self, operation):
        found = (gate for gate in self._gates if gate.stops(operation))
        return next(found, None) or contextlib.nullcontext()

    def _refuse(self, code, message, status=422):
        return json_answer({"code": code, "message": message}, status)
