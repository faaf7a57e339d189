"""Answers of another form than the OMS's own: a gateway's pages say nothing of an order."""

import contextlib

import msgspec
import pytest
from acme.conforming import KEY, Conforming
from acme.drafting import Drafting, Drafts
from acme.oms import AcmeOms

from multiorder_sync import OutcomeUnknown, Refused


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


class FinalPages(Drafting):
    """Takes every 404 of a create for the OMS's no, whatever it says."""

    async def submit(self, submission):
        try:
            return await super().submit(submission)
        except OutcomeUnknown as error:
            if "HTTP 404" in str(error):
                raise Refused("Acme said no.") from None
            raise


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
