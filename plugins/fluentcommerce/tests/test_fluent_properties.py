"""Any order that Nacelle can send: what must hold of it, whatever it is."""

import copy
import json
import string
from decimal import Decimal
from types import SimpleNamespace

import msgspec
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from multiorder_fluentcommerce.payload import wire
from multiorder_sync import PricePolicy, Untransformable

DECIMALS = {"USD": 2, "JPY": 0, "KWD": 3}
PLAIN = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=12)
ODD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
)
LONG = st.sampled_from(["long " * 52, "長" * 300, "x" * 251])
# Mostly plain, so that most orders fit; `rare` is drawn once for each order.
TEXT = {
    "plain": PLAIN,
    "odd": st.one_of(PLAIN, ODD),
    "long": st.one_of(*[PLAIN] * 12, LONG),
}
METADATA = st.dictionaries(
    PLAIN,
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.decimals(-1000, 1000, places=3).map(float),
        ODD,
        st.lists(ODD, max_size=2),
    ),
    max_size=3,
)


@st.composite
def some(draw, required, optional):
    """Return an object with some of the optional members."""
    return {
        **{name: draw(strategy) for name, strategy in required.items()},
        **{name: draw(strategy) for name, strategy in optional.items() if draw(st.booleans())},
    }


def addresses(text):
    names = ("id", "first_name", "last_name", "address1", "address2", "city", "state", "province")
    fields = (*names, "postal_code", "comment")
    return some({}, {**dict.fromkeys(fields, text), "country_iso2": st.sampled_from(["US", "NZ"])})


def written(units, currency):
    return f"{Decimal(units).scaleb(-DECIMALS[currency]):f}"


@st.composite
def lines(draw, number, text, kind):
    """Return a line without its money, and what it comes to in units: amount, discount, tax."""
    quantity = draw(st.integers(1, 9))
    price = draw(st.integers(0, 500_000))
    discount = draw(st.integers(0, quantity * price // 4))
    amount = quantity * price - discount
    item = draw(
        some(
            {"quantity": st.just(quantity)},
            {"description": text, "comment": text, "product_id": PLAIN, "metadata": METADATA},
        )
    )
    item["sku"] = draw(text)
    if draw(st.booleans()):
        # Of two lines at most: refs must be told apart.
        item["id"] = draw(st.sampled_from([f"line-{number}", "line-1", "line-1-2"]))
    if kind == "digital":
        item["metadata"] = {**item.get("metadata", {}), "digital": True}
    if kind == "collect":
        item["metadata"] = {"pickup_location_ref": draw(st.sampled_from(["A", "B"]))}
    tax = amount * draw(st.sampled_from([0, 7, 20])) // 100
    return SimpleNamespace(
        item=item, price=price, discount=discount, amount=amount, tax=tax, quantity=quantity
    )


@st.composite
def orders(draw, number, currency, inclusive, text):
    """Return one order, its figures adding up, with its net subtotal and shipping."""
    kinds = draw(st.sampled_from([["home"], ["home"], ["home", "digital"], ["collect", "home"]]))
    if draw(st.integers(0, 4)) == 0:
        kinds = [draw(st.sampled_from(["digital", "collect"]))]
    own = [
        draw(lines(index, text, draw(st.sampled_from(kinds))))
        for index in range(1, draw(st.integers(1, 5)) + 1)
    ]
    on_lines = sum(line.amount for line in own)
    discount = draw(st.integers(0, on_lines // 3)) if draw(st.booleans()) else 0
    rate = draw(st.sampled_from([None, 0, 500, 1999]))
    shipping = rate or 0
    tax_by_line = draw(st.booleans())
    shipping_tax = shipping // 10 if tax_by_line else 0
    tax = sum(line.tax for line in own) + shipping_tax
    price = on_lines - discount + shipping + (0 if inclusive else tax)
    for line in own:
        line.item["price"] = written(line.price, currency)
        line.item["subtotal_price"] = written(line.amount, currency)
        if line.discount:
            line.item["discounts"] = written(line.discount, currency)
        if tax_by_line:
            line.item["tax"] = written(line.tax, currency)
    order = draw(
        some(
            {"order_items": st.just([line.item for line in own])},
            {"comment": text, "metadata": METADATA, "status": text, "phone": PLAIN},
        )
    )
    order |= {
        "id": f"order-{number}",
        "currency": currency,
        "price": written(price, currency),
        "subtotal_price": written(on_lines, currency),
        "discounts": written(discount, currency),
        "tax": written(tax, currency),
    }
    if rate is not None:
        order["shipping_rate"] = {"service_name": draw(text), "amount": written(rate, currency)}
    if "home" in kinds and draw(st.integers(0, 15)) != 11:
        order["shipping_address"] = draw(addresses(text))
    return SimpleNamespace(
        data=order,
        price=price,
        tax=tax,
        subtotal=on_lines - (tax - shipping_tax if inclusive else 0),
        shipping=shipping - (shipping_tax if inclusive else 0),
        discount=discount,
    )


@st.composite
def payments(draw, amount, currency, text):
    """Return payments that come to an amount, among them some that do not count."""
    parts, left = [], amount
    for _ in range(draw(st.integers(0, 2))):
        parts.append(draw(st.integers(0, left)))
        left -= parts[-1]
    paid = [
        {"status": draw(st.sampled_from(["succeeded", None])), "amount": written(part, currency)}
        for part in (*parts, left)
    ]
    if draw(st.booleans()):
        paid.insert(0, {"status": "failed", "amount": written(amount + 1, currency)})
    optional = {
        "external_id": text,
        "payment_type": st.sampled_from(["card", "paypal", "gift_card", "iou"]),
        "card_brand": st.sampled_from(["visa", "American Express", "other"]),
        "currency": st.just(currency),
        "processor_name": text,
        "payment_data": METADATA,
    }
    return [{**payment, **draw(some({}, optional))} for payment in paid]


@st.composite
def multi_orders(draw):
    """Return a multi-order as plain data, its policy, and what its orders come to."""
    currency = draw(st.sampled_from(list(DECIMALS)))
    inclusive = draw(st.booleans())
    text = TEXT[draw(st.sampled_from(["plain", "odd", "odd", "long"]))]
    count = draw(st.sampled_from([1, 1, 2, 3, 4]))
    own = [draw(orders(number, currency, inclusive, text)) for number in range(1, count + 1)]
    data = draw(
        some(
            {"orders": st.just([each.data for each in own])},
            {
                "billing_address": addresses(text),
                "comment": text,
                "customer": some({}, {"first_name": text, "last_name": text, "phone": PLAIN}),
                "metadata": METADATA,
                "phone": text,
            },
        )
    )
    total = sum(each.price for each in own)
    data |= {"id": "mo-1", "currency": currency, "price": written(total, currency)}
    if draw(st.integers(0, 20)) != 13:
        data["email"] = f"{draw(PLAIN)}@Example.com"
    apart = draw(st.booleans())
    if apart:
        for each in own:
            each.data["payments"] = draw(payments(each.price, currency, text))
    else:
        data["payments"] = draw(payments(total, currency, text))
    return SimpleNamespace(
        data=data,
        orders=own,
        unit=Decimal(1).scaleb(-DECIMALS[currency]),
        prices=PricePolicy(
            item_price="unit", tax_behavior="inclusive" if inclusive else "exclusive"
        ),
    )


def transformed(kit, case, **options):
    """Return the submissions, or None where the order is clearly said not to fit."""
    try:
        return kit.transform(case.data, prices=case.prices, **options)
    except Untransformable as error:
        assert str(error).endswith(".")
        event(f"untransformable: {str(error)[:40]}")
        return None


quick = settings(
    deadline=None,
    derandomize=True,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@quick
@given(case=multi_orders())
def test_money_adds_up(kit, case):
    submissions = transformed(kit, case)
    for submission, order in zip(submissions or (), case.orders, strict=submissions is not None):
        sent = submission.payload
        choices = [sent.fulfilment_choice] if sent.fulfilment_choice else sent.fulfilment_choices
        assert sent.total_price + sent.total_tax_price == order.price * case.unit
        assert sent.total_tax_price == order.tax * case.unit
        assert sum(item.total_price for item in sent.items) == order.subtotal * case.unit
        charges = [each.fulfilment_price for each in choices if each.fulfilment_price is not None]
        assert sum(charges) == order.shipping * case.unit
        assert len(charges) == ("shipping_rate" in order.data)
        shipping_tax = sum(each.fulfilment_tax_price or 0 for each in choices)
        assert sum(item.total_tax_price for item in sent.items) + shipping_tax == (
            order.tax * case.unit
        )
        # Prices of one unit are rounded to a millionth where they do not come out even.
        paid = sum(item.paid_price * item.quantity for item in sent.items)
        expected = (order.subtotal - order.discount) * case.unit
        rounded = Decimal("0.0000005") * sum(item.quantity for item in sent.items)
        assert abs(paid - expected) <= rounded
        paid_for = sum(each.amount for each in sent.financial_transactions)
        assert paid_for == order.price * case.unit
        assert not [note for note in submission.notes if "auto" not in note]


@quick
@given(case=multi_orders())
def test_combined_money_adds_up(kit, case):
    submissions = transformed(kit, case, multi_order="combine")
    if submissions is None:
        return
    (submission,) = submissions
    sent = submission.payload
    price = sum(order.price for order in case.orders) * case.unit
    assert sent.total_price + sent.total_tax_price == price
    assert sum(each.amount for each in sent.financial_transactions) == price
    assert sum(item.total_price for item in sent.items) == (
        sum(order.subtotal for order in case.orders) * case.unit
    )


@quick
@given(case=multi_orders(), multi_order=st.sampled_from(["split", "combine"]))
def test_the_transform_is_pure_and_its_refs_are_distinct(kit, case, multi_order):
    data = copy.deepcopy(case.data)
    first = transformed(kit, case, multi_order=multi_order)
    assert first == transformed(kit, case, multi_order=multi_order)
    assert case.data == data
    for submission in first or ():
        sent = submission.payload
        refs = [item.ref for item in sent.items]
        assert len(set(refs)) == len(refs)
        choices = [choice.ref for choice in sent.fulfilment_choices]
        assert len(set(choices)) == len(choices)
        assert {item.fulfilment_choice_ref for item in sent.items} == (set(choices) or {None})
        paid = [each.ref for each in sent.financial_transactions]
        assert len(set(paid)) == len(paid)
        # What is written down before it is sent is the same when it is read again.
        again = msgspec.json.decode(msgspec.json.encode(sent), type=type(sent))
        assert json.loads(msgspec.json.encode(wire(again))) == json.loads(
            msgspec.json.encode(wire(sent))
        )
    assert len({each.ref for each in first or ()}) == len(first or ())


def test_the_decoded_order_is_not_changed(kit):
    for name in kit.samples:
        order = kit.decode(kit.sample(name))
        before = copy.deepcopy(order)
        kit.submissions(order)
        assert order == before


@pytest.mark.asyncio(loop_scope="module")
@settings(quick, max_examples=60)
@given(case=multi_orders(), multi_order=st.sampled_from(["split", "split", "combine"]))
async def test_fluent_takes_what_the_transform_gives(kit, served, case, multi_order):
    submissions = transformed(kit, case, multi_order=multi_order)
    event("taken" if submissions else "not sent")
    await served.reset()
    async with kit.connector(served.url) as connector:
        for submission in submissions or ():
            receipt = await connector.submit(submission)
            assert receipt.created
            assert await connector.find(submission) == msgspec.structs.replace(
                receipt, created=False
            )
    held = await served.held()
    assert [order["ref"] for order in held] == [each.ref for each in submissions or ()]
