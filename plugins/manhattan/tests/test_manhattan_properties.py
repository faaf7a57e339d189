"""Any order whose own figures are consistent: what must hold of it, whatever it is."""

import copy
import json
import string
from decimal import Decimal
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from multiorder_manhattan.payload import computed_total, wire
from multiorder_sync import PricePolicy

D = Decimal
DECIMALS = {"USD": 2, "JPY": 0, "KWD": 3}
PLAIN = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=12)
ODD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
)
# What a line or a payment may be called: also what the connector itself calls parts of an order.
NAMES = st.one_of(
    PLAIN, ODD, st.sampled_from(["1", "2", "shipping", "shipping-discount", "tax", "l-1", "l-1-2"])
)
METADATA = st.dictionaries(
    PLAIN, st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), ODD), max_size=3
)


def some(draw, strategies):
    """Draw some of the members of an object."""
    return {name: draw(each) for name, each in strategies.items() if draw(st.booleans())}


def address(draw):
    fields = dict.fromkeys(
        ("id", "first_name", "last_name", "address2", "state", "province", "comment"), ODD
    )
    return {"address1": "1 Mill Lane", "city": "Derby", "country_iso2": "GB", **some(draw, fields)}


@st.composite
def lines(draw):
    """Return a line without its money, and that in units."""
    quantity = draw(st.integers(1, 12))
    price = draw(st.integers(0, 500_000))
    by_unit = draw(st.booleans())
    whole = quantity * price if by_unit else price
    discount = draw(st.one_of(st.just(0), st.integers(0, whole)))
    way = draw(st.sampled_from(["home", "home", "collect", "digital"]))
    item = {"quantity": quantity, "sku": draw(PLAIN), **some(draw, {"description": ODD})}
    item |= some(draw, {"id": NAMES, "source_external_id": NAMES, "comment": ODD})
    item["metadata"] = draw(METADATA)
    if way == "digital":
        item["metadata"]["digital"] = True
    if way == "collect":
        item["metadata"]["pickup_location_ref"] = draw(st.sampled_from(["S-1", "S-2"]))
    return SimpleNamespace(
        item=item, whole=whole, discount=discount, amount=whole - discount, quantity=quantity
    )


def parts_of(draw, amount):
    """Divide an amount into named parts, or do not name it."""
    if not draw(st.booleans()):
        return []
    first = draw(st.integers(0, amount))
    return [("First", first), (None, amount - first)]


@st.composite
def orders(draw, number, currency, inclusive):
    """Return one order whose figures add up, and its price in units."""

    def written(units):
        return f"{D(units).scaleb(-DECIMALS[currency]):f}"

    def discounts(amount):
        return [
            {"name": name, "amount": written(-part if draw(st.booleans()) else part)}
            for name, part in parts_of(draw, amount)
        ]

    own = draw(st.lists(lines(), min_size=1, max_size=5))
    on_lines = sum(line.amount for line in own)
    shipping = draw(st.sampled_from([None, 0, 1, 500, 1999]))
    most = on_lines + (shipping or 0)
    discount = draw(st.one_of(st.just(0), st.integers(0, most)))
    shipping_tax = draw(st.integers(0, (shipping or 0) // 5))
    # Beside what is on lines and shipping: a duty, say, which exclusive prices have on top.
    duty = 0 if inclusive else draw(st.sampled_from([0, 0, 0, 1, 77]))
    line_taxes = [line.amount * draw(st.sampled_from([0, 7, 20])) // 120 for line in own]
    stated = draw(st.sampled_from(["lines", "service", "sum"]))
    if stated == "sum":
        shipping_tax = 0
    tax = sum(line_taxes) + shipping_tax + duty
    price = most - discount + (0 if inclusive else tax)
    for line, line_tax in zip(own, line_taxes, strict=True):
        item = line.item
        item["price"] = written(line.whole)
        item["subtotal_price"] = written(line.amount)
        if line.discount or draw(st.booleans()):
            item["discounts"] = written(line.discount)
            item["applied_discounts"] = discounts(line.discount)
        if stated == "lines":
            item["tax"] = written(line_tax)
            if draw(st.booleans()):
                item["tax_rate"] = draw(st.sampled_from(["0", "0.07", "7", "20", "1", "700"]))
    order = some(draw, {"comment": ODD, "status": ODD, "source_external_id": PLAIN})
    order |= {
        "id": f"order-{number}",
        "currency": draw(st.sampled_from([currency, currency.lower()])),
        "order_items": [line.item for line in own],
        "price": written(price),
        "subtotal_price": written(on_lines),
        "discounts": written(discount),
        "applied_discounts": discounts(discount),
        "tax": written(tax),
        "metadata": draw(METADATA),
        "shipping_address": address(draw),
    }
    if shipping is not None:
        order["shipping_rate"] = {"display_name": draw(ODD), "amount": written(shipping)}
    if stated != "sum":
        order["tax_data"] = {"shipping": {"total_tax_amount": written(shipping_tax)}}
    if stated == "service" and all("id" in line.item for line in own):
        entries = [
            {"order_item_id": line.item["id"], "tax_amount": written(line_tax)}
            for line, line_tax in zip(own, line_taxes, strict=True)
        ]
        if len({each["order_item_id"] for each in entries}) == len(entries):
            order["tax_data"]["items"] = {"entries": entries}
    return SimpleNamespace(data=order, price=price)


@st.composite
def payments(draw, amount, currency):
    """Return payments that come to an amount, among them some that do not count."""
    parts, left = [], amount
    for _ in range(draw(st.integers(0, 3))):
        parts.append(draw(st.integers(0, left)))
        left -= parts[-1]
    paid = [(draw(st.sampled_from(["succeeded", None])), part) for part in (*parts, left)]
    if draw(st.booleans()):
        paid.insert(0, ("failed", amount + 1))
    optional = {
        "id": NAMES,
        "external_id": NAMES,
        "payment_type": st.sampled_from(["card", "paypal", "gift_card", "iou"]),
        "card_brand": st.sampled_from(["visa", "American Express", "other"]),
        "currency": st.just(currency),
        "processor_name": ODD,
        "payment_data": METADATA,
    }
    unit = -DECIMALS[currency]
    return [
        {"status": status, "amount": f"{D(part).scaleb(unit):f}", **some(draw, optional)}
        for status, part in paid
    ]


@st.composite
def multi_orders(draw):
    """Return a multi-order as plain data, its policy, and what its orders come to."""
    currency = draw(st.sampled_from(list(DECIMALS)))
    inclusive = draw(st.booleans())
    count = draw(st.sampled_from([1, 1, 2, 3]))
    own = [draw(orders(number, currency, inclusive)) for number in range(1, count + 1)]
    unit = D(1).scaleb(-DECIMALS[currency])
    total = sum(each.price for each in own)
    data = some(draw, {"comment": ODD, "metadata": METADATA, "phone": PLAIN, "email": PLAIN})
    data |= {
        "id": "mo-1",
        "currency": currency,
        "price": f"{total * unit:f}",
        "orders": [each.data for each in own],
    }
    if draw(st.booleans()):
        data["billing_address"] = address(draw)
    if draw(st.booleans()):
        for each in own:
            each.data["payments"] = draw(payments(each.price, currency))
    else:
        data["payments"] = draw(payments(total, currency))
    return SimpleNamespace(
        data=data,
        totals=[each.price * unit for each in own],
        prices=PricePolicy(
            item_price="line", tax_behavior="inclusive" if inclusive else "exclusive"
        ),
        inclusive=inclusive,
    )


quick = settings(
    deadline=None,
    derandomize=True,
    max_examples=150,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
WAYS = st.sampled_from(["split", "combine"])


def expected_totals(case, multi_order):
    return [sum(case.totals)] if multi_order == "combine" else case.totals


def paid_for(payload):
    return sum(method.amount for each in payload.payment for method in each.payment_method)


@quick
@given(case=multi_orders(), multi_order=WAYS)
def test_what_manhattan_will_compute_is_what_was_paid(kit, case, multi_order):
    submissions = kit.transform(case.data, case.prices, multi_order=multi_order, totals="refuse")
    for submission, total in zip(submissions, expected_totals(case, multi_order), strict=True):
        assert computed_total(submission.payload) == total
        assert paid_for(submission.payload) == total
        departures = [n for n in submission.notes if "costs" in n or "come to" in n]
        assert not departures
        event("rounded" if "-rounding" in str(submission.payload) else "even")


@pytest.mark.asyncio(loop_scope="module")
@settings(quick, max_examples=120)
@given(case=multi_orders(), multi_order=WAYS)
async def test_the_sandbox_takes_it_and_comes_to_the_same(kit, served, case, multi_order):
    submissions = kit.transform(case.data, case.prices, multi_order=multi_order)
    await served.reset()
    async with kit.connector(served.url) as connector:
        for submission in submissions:
            receipt = await connector.submit(submission)
            assert receipt.created
            assert await connector.find(submission) == msgspec.structs.replace(
                receipt, created=False
            )
        held = await served.held()
        for order, total in zip(held, expected_totals(case, multi_order), strict=True):
            assert order["totals"]["OrderTotal"] == total
            assert order["totals"]["PaymentTotal"] == total
        for submission in submissions:
            # Once as it is, which its version stops, and once past that.
            assert not (await connector.submit(submission)).created
            again = wire(submission.payload)
            del again["OrderActions"]["VersionTimestamp"]
            answer = await served.save(json.loads(msgspec.json.encode(again)))
            assert answer.json()["success"] is True, answer.text
    for before, after in zip(held, await served.held(), strict=True):
        assert (after["order"], after["totals"]) == (before["order"], before["totals"])
        assert len(after["sent"]) == 2


def ids_of(payload):
    """Yield the ids of all parts of an order by their kinds."""
    taxes, charges = list(payload.order_tax_detail), list(payload.order_charge_detail)
    for line in payload.order_line:
        yield "line", line.order_line_id
        taxes += line.order_line_tax_detail
        charges += line.order_line_charge_detail
        for pickup in line.order_line_pickup_detail:
            yield "pickup", pickup.order_line_pickup_detail_id
    for tax in taxes:
        yield "tax", tax.tax_detail_id
    for charge in charges:
        yield "charge", charge.charge_detail_id
    for payment in payload.payment:
        for method in payment.payment_method:
            yield "method", method.payment_method_id
            for transaction in method.payment_transaction:
                yield "transaction", transaction.payment_transaction_id


@quick
@given(case=multi_orders(), multi_order=WAYS)
def test_the_transform_is_pure_and_every_part_has_an_id_of_its_own(kit, case, multi_order):
    data = copy.deepcopy(case.data)
    first = kit.transform(case.data, case.prices, multi_order=multi_order)
    assert first == kit.transform(case.data, case.prices, multi_order=multi_order)
    assert case.data == data
    for submission in first:
        ids = list(ids_of(submission.payload))
        assert len(set(ids)) == len(ids)
        assert all(name.strip() for _, name in ids)
        # What is written down before it is sent is the same when it is read again.
        payload = submission.payload
        again = msgspec.json.decode(msgspec.json.encode(payload), type=type(payload))
        assert wire(again) == wire(payload)
    assert len({each.ref for each in first}) == len(first)
    # Two orders of one multi-order share no part but their lines' own names.
    if multi_order == "split":
        shared = [set(ids_of(each.payload)) for each in first]
        for index, ids in enumerate(shared):
            for other in shared[:index]:
                assert {kind for kind, _ in ids & other} <= {"line", "pickup"}


def test_ids_do_not_change_with_what_may_change(kit):
    for name in kit.samples:
        data = kit.sample(name)
        before = [list(ids_of(each.payload)) for each in kit.transform(data)]
        later = {**data, "status": "other", "metadata": {"x": 1}, "merchant_modified_at": None}
        assert [list(ids_of(each.payload)) for each in kit.transform(later)] == before


def test_the_decoded_order_is_not_changed(kit):
    for name in kit.samples:
        order = kit.decode(kit.sample(name))
        before = copy.deepcopy(order)
        kit.submissions(order)
        assert order == before
