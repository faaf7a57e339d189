"""Currencies of other decimals: what their amounts are sent as, and which are refused as a whole."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from multiorder_sync.conformance.bench import Bench
from multiorder_sync.conformance.corpus import Case
from multiorder_sync.conformance.corpus.building import Plain, item, multi_order, order, payment
from multiorder_sync.conformance.payloads import AnySubmission, places_of
from multiorder_sync.conformance.scene import Scene
from multiorder_sync.conformance.sent import readings, sent_by
from multiorder_sync.errors import Untransformable
from multiorder_sync.nacelle.money import currency_exponent

_CURRENCIES: Final = ("AUD", "JPY", "KWD")
"""Of two decimals, of none and of three."""

_PRICE: Final = 76543
_TAX: Final = 8761
_SHIPPING: Final = 5479
_AMOUNTS: Final = (_PRICE, _TAX, _SHIPPING, _PRICE + _TAX + _SHIPPING)
"""In the smallest unit of any currency. They are known by their digits, of which none ends in 0."""

_NUMBER: Final = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
_SCALE: Final = re.compile(r"scale|digits|decimals|exponent|precision|fraction", re.IGNORECASE)
_FINEST: Final = 3
"""How many decimals a currency can have: one unit that holds as many may be that of all of them."""


def scaled_otherwise(bench: Bench) -> Iterator[str]:
    """Find amounts that are sent in a unit which is neither the currency's own nor its smallest.

    What is sent is right in a finer unit, too, if that is the same for each currency, is told in a
    place of the payload, or by a note that names the currency.
    """
    sent = {}
    for currency in _CURRENCIES:
        submissions = bench.made_of(_order(currency)).submissions
        if submissions:
            sent[currency] = submissions[0]
    found = _sent_as(bench, sent)
    units = {scale for scales in found.values() for scale in scales}
    if len(units) == 1 and min(units) >= _FINEST:
        return
    for currency, scales in found.items():
        exponent = currency_exponent(currency)
        for scale, text in scales.items():
            if scale not in (0, exponent) and not _tells(sent[currency], currency, scale):
                amount = _amount(int(text.replace(".", "").strip("0")), currency)
                yield f"of the amount {amount:f} {currency}, the OMS was sent {text}"


def refused_as_a_whole(bench: Bench, case: Case, error: BaseException | None) -> bool:
    """Tell whether a case is refused since the OMS does not take its currency, and that is said."""
    currency = case.order().orders[0].currency
    if currency is None or not _names(error, currency):
        return False
    whole = item(1, price="12")
    made = bench.made_of(_paid(order(items=[whole], shipping=None, currency=currency)))
    return _names(made.error, currency)


def _names(error: BaseException | None, currency: str) -> bool:
    return isinstance(error, Untransformable) and currency in str(error)


def _order(currency: str) -> Plain:
    price, tax, shipping = (f"{_amount(each, currency):f}" for each in (_PRICE, _TAX, _SHIPPING))
    return _paid(order(items=[item(1, price=price, tax=tax)], shipping=shipping, currency=currency))


def _paid(bought: Plain) -> Plain:
    currency = bought["currency"]
    paid = payment(bought["price"], currency=currency)
    return multi_order(bought, currency=currency, payments=[paid])


def _amount(units: int, currency: str) -> Decimal:
    return Decimal(units).scaleb(-currency_exponent(currency))


def _sent_as(bench: Bench, sent: Mapping[str, AnySubmission]) -> dict[str, dict[int, str]]:
    """Return in which units amounts of each currency were sent, each with one of them."""

    async def scene(opened: Scene) -> dict[str, dict[int, str]]:
        found: dict[str, dict[int, str]] = {}
        for currency, submission in sent.items():
            calls = (await sent_by(opened, submission)).calls
            texts = [
                text
                for call in calls
                for reading in readings(call)
                for text in _NUMBER.findall(reading)
            ]
            found[currency] = {_scale(text, currency): text for text in texts if _is_known(text)}
        return found

    return bench.stage.run(scene, counting=False)


def _is_known(text: str) -> bool:
    return text.replace(".", "").strip("0") in map(str, _AMOUNTS)


def _scale(text: str, currency: str) -> int:
    """Return by which power of ten a number that was sent is more than the amount that it means."""
    meant = _amount(int(text.replace(".", "").strip("0")), currency)
    return Decimal(text).adjusted() - meant.adjusted()


def _tells(submission: AnySubmission, currency: str, scale: int) -> bool:
    if any(currency in note for note in submission.notes):
        return True
    return any(
        f"{value}" == f"{scale}" and _SCALE.search(place) for place, value in places_of(submission)
    )
