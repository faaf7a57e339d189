"""Answers of another form than the OMS's own: a gateway's pages say nothing of an order."""

import contextlib

import msgspec
import pytest
from acme.conforming import KEY, Conforming, final
from acme.drafting import Drafting, Drafts
from acme.oms import AcmeOms
from starlette.responses import Response

from multiorder_sync import OmsMessage


class Saying404(AcmeOms):
    """Says 404 of an order that is not there."""

    async def _find(self, request):
        answer = await super()._find(request)
        known = request.headers.get("x-api-key") == KEY
        if known and answer.status_code == 200 and not msgspec.json.decode(answer.body)["orders"]:
            return self._refuse("NO_ORDER", "There is no such order.", 404)
        return answer


class Overlooking404(Conforming):
    """Takes every 404 to a look-up for an order that is not there."""

    def _understood(self, answer, *, creates):
        if answer.status == 404 and not creates:
            raise FileNotFoundError
        return super()._understood(answer, creates=creates)

    async def find(self, submission):
        with contextlib.suppress(FileNotFoundError):
            return await super().find(submission)

    async def check(self):
        with contextlib.suppress(FileNotFoundError):
            await super().check()


class Reading404(Overlooking404):
    """Takes a 404 for that if it is in Acme's own form."""

    def _understood(self, answer, *, creates):
        if answer.status == 404:
            answer.json()
        return super()._understood(answer, creates=creates)

    async def check(self):
        try:
            await Conforming.check(self)
        except FileNotFoundError:
            return


class FinalPages(final(Drafting, "HTTP 404")):
    """Takes every 404 of a create for the OMS's no, whatever it says."""


CANNOT_TELL = "find_says_so_when_it_cannot_tell"
TELLS = "find_tells_ours_from_anothers_and_absent"


@pytest.mark.parametrize("oms", [AcmeOms, Saying404])
def test_a_gateways_404_does_not_say_that_an_order_is_absent(checked, oms):
    said = checked(Overlooking404, CANNOT_TELL, sandbox=staticmethod(lambda: oms().sandbox()))
    for name in ("HTTP 404 and a text", "HTTP 404 and a page of HTML"):
        assert f"answered with {name}, find returned None, not Unavailable" in said
    assert ("with HTTP 404 and JSON, find returned None" in said) is (oms is AcmeOms)
    assert "HTTP 410" not in said
    assert "a 404 may be a gateway's" in said


def test_an_oms_that_says_404_in_its_own_form_is_believed(checked):
    sandbox = staticmethod(lambda: Saying404().sandbox())
    assert checked(Reading404, CANNOT_TELL, TELLS, sandbox=sandbox) == ""


def test_a_gateways_page_is_no_refusal_of_an_oms_that_speaks_xml(checked):
    sandbox = staticmethod(lambda: Drafts().sandbox())
    said = checked(FinalPages, "errors_are_classified", sandbox=sandbox)
    for name in ("a text", "JSON", "a page of HTML"):
        assert f"answered with HTTP 404 and {name} submit raised Refused (Acme said no.)" in said
    assert checked(Drafting, "errors_are_classified", sandbox=sandbox) == ""


class Subscripting(Drafting):
    """Takes an attribute for granted."""

    def _receipt(self, answer, order, submission, *, created):
        order.attrib["id"].strip()
        return super()._receipt(answer, order, submission, created=created)


class AnyXml(Drafting):
    """Takes whatever is well-formed for a list of orders."""

    def _orders(self, answer):
        said = self._xml(answer)
        if answer.status != 200:
            raise answer.unexpected("gave no list of orders")
        return said.find("order")


class Unredacted(Drafting):
    """Quotes what the OMS said as it is."""

    def _message(self, answer, said):
        return OmsMessage(code=said.get("code"), text=said.get("message"))


@pytest.mark.parametrize(
    ("kind", "check", "wrongs"),
    [
        (
            Subscripting,
            "garbage_is_survived",
            (
                "of an answer in which order.@id is left out, submit raised KeyError ('id')",
                "of an answer in which orders.order.@id is left out, find raised KeyError ('id')",
            ),
        ),
        (
            AnyXml,
            CANNOT_TELL,
            (
                "answered with HTTP 200 and an empty element, find returned None, not Unavailable",
                "answered with HTTP 200 and XML of something else, find returned None",
            ),
        ),
        (
            Unredacted,
            "secrets_stay_secret",
            ("the error of submit shows a secret that the OMS quoted (HTTP 422)",),
        ),
    ],
)
def test_a_connector_for_xml_is_caught_in_words(checked, kind, check, wrongs):
    said = checked(kind, check, cases="few", sandbox=staticmethod(lambda: Drafts().sandbox()))
    assert [wrong for wrong in wrongs if wrong not in said] == []


PREFIX = b"ACME "


class InText(AcmeOms):
    """Answers in a form that no one else speaks."""

    async def _create(self, request):
        return self._in_text(await super()._create(request))

    async def _find(self, request):
        return self._in_text(await super()._find(request))

    def _in_text(self, answer):
        return Response(PREFIX + answer.body, answer.status_code, media_type="text/plain")


class Silent(InText):
    """Does not say why it refuses."""

    def _refuse(self, code, message, status=422):
        return super()._refuse("NO", "No.", status)


class ReadingText(Conforming):
    """Speaks it."""

    def _understood(self, answer, *, creates):
        if answer.status < 500 and answer.status != 429:
            if not answer.body.startswith(PREFIX):
                raise answer.unexpected("gave something else")
            answer = msgspec.structs.replace(answer, body=answer.body.removeprefix(PREFIX))
        return super()._understood(answer, creates=creates)


def test_what_is_not_tested_in_a_form_is_not_passed(checked):
    def said(oms, *names):
        sandbox = staticmethod(lambda: oms().sandbox())
        return checked(ReadingText, *names, cases="few", sandbox=sandbox)

    assert said(InText, "secrets_stay_secret", "errors_are_classified", CANNOT_TELL, TELLS) == ""
    garbage = said(InText, "garbage_is_survived")
    assert "skipped: what submit is answered is text and what find is answered is text" in garbage
    secrets = said(Silent, "secrets_stay_secret")
    assert "skipped: told to refuse with a message that holds secrets, the sandbox" in secrets
    assert "what it answers (text)" in secrets
