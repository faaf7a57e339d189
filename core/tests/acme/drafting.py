"""A connector for an Acme of two steps, which speaks XML: an order is drafted, and then confirmed."""

from urllib.parse import parse_qs, quote, urlencode
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from acme.conforming import Conforming
from acme.oms import KEY
from multiorder_sync import CredentialsRefused, OmsMessage, RefTaken, Refused, Unavailable
from multiorder_sync.sandbox import CreateCalls, Faults, Sandbox, read_body


class Drafting(Conforming):
    """Nothing is wrong with it.

    Attributes:
        marks: Whether the draft says that it can create an order; where the OMS shows no order
            before it is confirmed, it need not.
    """

    marks = True
    content_type = "application/x-www-form-urlencoded"

    async def submit(self, submission):
        answer = await self._ask(
            "draftOrder", "POST", "/drafts", self.content(submission), creates=self.marks
        )
        said = self._xml(answer)
        if answer.status == 409 and said.get("code") == "DUPLICATE":
            said = said.find("draft")
            if said is None or not said.get("stamp"):
                raise answer.unexpected("names no duplicate")
            if said.get("stamp") != submission.fingerprint:
                raise RefTaken("Acme holds another order.")
        elif answer.status != 201:
            self._refuse(answer, said)
        draft_id = said.get("id")
        if said.tag != "draft" or not draft_id:
            raise answer.unexpected("gave no draft")
        answer = await self._ask(
            "confirmOrder", "POST", f"/drafts/{quote(draft_id, safe='')}/confirm", creates=True
        )
        said = self._xml(answer)
        if answer.status != 200:
            self._refuse(answer, said)
        if said.tag != "order":
            raise answer.unexpected("gave no order")
        return self._receipt(answer, said, submission, created=True)

    async def find(self, submission):
        answer = await self._ask(
            "findOrder", "GET", f"/orders?ref={quote(submission.ref, safe='')}"
        )
        found = self._orders(answer)
        if found is None:
            return None
        if found.get("stamp") != submission.fingerprint:
            raise RefTaken("Acme holds another order.")
        return self._receipt(answer, found, submission, created=False)

    async def check(self):
        self._orders(await self._ask("check", "GET", "/orders?ref=none"))

    def content(self, submission):
        order = msgspec.json.encode(submission.payload)
        named = {"ref": submission.ref, "stamp": submission.fingerprint}
        return urlencode({**named, "order": order}).encode()

    def _orders(self, answer):
        said = self._xml(answer)
        if answer.status != 200 or said.tag != "orders":
            raise answer.unexpected("gave no list of orders")
        return said.find("order")

    def _xml(self, answer):
        try:
            return ET.fromstring(answer.body)
        except (ET.ParseError, ValueError, LookupError):
            raise answer.unexpected("gave no XML") from None

    def _refuse(self, answer, said):
        if said.tag != "error" or not said.get("code") or answer.status not in (400, 409, 422):
            raise answer.unexpected("failed")
        message = self._message(answer, said)
        raise Refused(f"Acme refused: {message.text}", oms_errors=[message])

    def _message(self, answer, said):
        code, text = said.get("code") or "", said.get("message") or ""
        return OmsMessage(code=answer.redact(code), text=answer.redact(text))

    def _understood(self, answer, *, creates):
        if answer.status == 429:  # where a draft is none, no order was made by then
            raise Unavailable("Acme is busy.", retry_after=answer.retry_after)
        if answer.status >= 500 or answer.status == 408:
            raise answer.unexpected("failed")
        if answer.status in (401, 403):
            said = self._xml(answer)
            if said.tag == "error":
                raise CredentialsRefused(
                    "Acme does not take our key.", oms_errors=[self._message(answer, said)]
                )
        return answer


class MarkingConfirmation(Drafting):
    """Says that the confirmation alone creates an order."""

    marks = False


class Drafts:
    """Acme, in memory: it shows no order before it is confirmed."""

    def __init__(self):
        self.drafts = {}
        self.creates = CreateCalls()
        self.faults = Faults(["draftOrder", "confirmOrder", "findOrder"])

    def orders(self):
        return [
            {"id": f"O{key[1:]}", **held["form"]}
            for key, held in self.drafts.items()
            if held["confirmed"]
        ]

    def forget(self):
        self.drafts.clear()

    async def draft(self, request):
        body = (await read_body(request, 10_000_000) or b"").decode()
        form = {"stamp": "", **{name: values[0] for name, values in parse_qs(body).items()}}
        call = self.creates.arrived(form.get("ref"))

        def act():
            for key, held in self.drafts.items():
                if held["form"]["ref"] == form["ref"]:
                    draft = f"<draft id={quoteattr(key)} stamp={quoteattr(held['form']['stamp'])}/>"
                    return _xml(f'<error code="DUPLICATE" message="Taken.">{draft}</error>', 409)
            key = f"D{len(self.drafts) + 1}"
            self.drafts[key] = {"form": form, "confirmed": False, "call": call}
            return _xml(f"<draft id={quoteattr(key)}/>", 201)

        return await self._around(request, "draftOrder", act)

    async def confirm(self, request):
        key = request.path_params["key"]

        def act():
            held = self.drafts.get(key)
            if held is None:
                return _refusal("NO_DRAFT", "There is no such draft.", 404)
            if not held["confirmed"]:
                held["confirmed"] = True
                held["call"].take_effect()
            return _xml(f'<order id="O{key[1:]}" status="NEW"/>')

        return await self._around(request, "confirmOrder", act)

    async def find(self, request):
        ref = request.query_params.get("ref")

        def act():
            found = "".join(
                f'<order id={quoteattr(each["id"])} stamp={quoteattr(each["stamp"])} status="NEW"/>'
                for each in self.orders()
                if each["ref"] == ref
            )
            return _xml(f"<orders>{found}</orders>")

        return await self._around(request, "findOrder", act)

    async def _around(self, request, operation, act):
        def known():
            if request.headers.get("x-api-key") != KEY:
                return _refusal("KEY", "The key is not known.", 401)
            return act()

        return await self.faults.around(request, [operation], known, refuse=_refusal)

    def sandbox(self):
        routes = [
            Route("/drafts", self.draft, methods=["POST"]),
            Route("/drafts/{key}/confirm", self.confirm, methods=["POST"]),
            Route("/orders", self.find, methods=["GET"]),
        ]
        return Sandbox("acme", routes, faults=self.faults, holdings=self, creates=self.creates)


def _xml(text, status=200):
    return Response(text, status, media_type="application/xml")


def _refusal(code, message, status=422):
    return _xml(f"<error code={quoteattr(code)} message={quoteattr(message)}/>", status)
