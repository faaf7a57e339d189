"""Figures: exact, net of tax, and what the shopper paid, however Nacelle stated them."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multiorder_sync.nacelle.decoding import OrderDecoder
from multiorder_sync.nacelle.figures import PricePolicy, figures_of

D = Decimal
AUTO = PricePolicy()


def decode(body):
    return OrderDecoder().decode(json.dumps(body, default=str).encode())


def order(items, **fields):
    lines = [{"sku": f"SKU-{number}", "quantity": 1, **item} for number, item in enumerate(items)]
    return decode({"id": "m", "currency": "USD", "orders": [{"order_items": lines, **fields}]})


def figures(items, policy=AUTO, **fields):
    (result,) = figures_of(order(items, **fields), policy)
    return result


def adds_up(result):
    paid = sum((line.paid for line in result.lines), result.shipping)
    assert paid + result.tax + result.difference == result.total
    assert sum(line.subtotal for line in result.lines) == result.subtotal


def test_unit_prices_excluding_tax():
    result = figures(
        [{"price": "10.00", "quantity": 3, "tax": "3.00"}, {"price": "5.00", "tax": "0.50"}],
        price="41.00",
        subtotal_price="35.00",
        tax="4.00",
        shipping_rate={"amount": "2.00"},
    )
    assert (result.item_price, result.tax_behavior) == ("unit", "exclusive")
    assert [line.subtotal for line in result.lines] == [D(30), D(5)]
    assert (result.shipping, result.shipping_tax) == (D(2), D("0.50"))
    assert not result.difference
    adds_up(result)


def test_line_prices_are_found_by_their_subtotal():
    result = figures([{"price": "30.00", "quantity": 3}, {"price": "5.00"}], subtotal_price="35.00")
    assert result.item_price == "line"
    assert [line.subtotal for line in result.lines] == [D(30), D(5)]
    assert "item_price: auto read item prices as being for the whole line" in result.notes


def test_subtotals_that_lines_state_come_before_other_readings_that_add_up_too():
    result = figures(
        [{"price": "0.01", "quantity": 2, "subtotal_price": "0.01", "tax": "0.01"}],
        price="0.02",
        subtotal_price="0.01",
        tax="0.01",
    )
    assert (result.item_price, result.tax_behavior) == ("line", "exclusive")
    assert result.subtotal == D("0.01")


def test_prices_including_tax_are_found_by_the_price():
    result = figures(
        [{"price": "11.00", "quantity": 2, "tax": "2.00"}],
        price="27.50",
        subtotal_price="22.00",
        tax="2.50",
        shipping_rate={"amount": "5.50"},
    )
    assert result.tax_behavior == "inclusive"
    assert result.lines[0].subtotal == D(20)
    assert (result.shipping, result.shipping_tax) == (D("5.00"), D("0.50"))
    assert not result.difference
    adds_up(result)


def test_a_subtotal_without_tax_beside_prices_with_tax():
    result = figures(
        [{"price": "11.00", "quantity": 2}], price="22.00", subtotal_price="20.00", tax="2.00"
    )
    assert result.tax_behavior == "inclusive"
    assert result.subtotal == D(20)
    assert not result.difference


@pytest.mark.parametrize("subtotal", ["100.00", "90.00"])
def test_the_orders_discount_is_divided_over_the_lines(subtotal):
    result = figures(
        [{"price": "20.00"}, {"price": "80.00"}],
        price="99.00",
        subtotal_price=subtotal,
        discounts="10.00",
        tax="9.00",
    )
    assert [line.paid for line in result.lines] == [D(18), D(72)]
    assert result.subtotal == D(subtotal)
    assert not result.difference
    adds_up(result)


def test_discounts_that_count_those_of_the_lines_are_not_taken_off_twice():
    result = figures(
        [{"price": "20.00", "discounts": "5.00"}, {"price": "80.00"}],
        price="85.00",
        subtotal_price="95.00",
        discounts="15.00",
    )
    assert result.discount == D(10)
    assert [line.discount for line in result.lines] == [D(5), D(0)]
    assert not result.difference


def test_a_negative_discount_is_a_discount():
    result = figures([{"price": "20.00"}], price="15.00", applied_discounts=[{"amount": "-5.00"}])
    assert result.discount == D(5)
    assert result.lines[0].paid == D(15)


def test_a_discount_beyond_the_lines_is_off_the_shipping():
    result = figures(
        [{"price": "3.00"}], price="4.00", discounts="4.00", shipping_rate={"amount": "5.00"}
    )
    assert (result.lines[0].paid, result.shipping, result.shipping_discount) == (D(0), D(4), D(1))
    adds_up(result)


def test_a_discount_beyond_the_whole_order_is_no_more_than_the_order():
    result = figures(
        [{"price": "60.00"}], price="0.00", discounts="70.00", shipping_rate={"amount": "5.00"}
    )
    assert (result.discount, result.shipping_discount, result.shipping) == (D(65), D(5), D(0))
    assert not result.difference
    adds_up(result)


def test_what_is_configured_is_not_decided():
    policy = PricePolicy(item_price="line", tax_behavior="inclusive")
    result = figures(
        [{"price": "10.00", "quantity": 2}], policy, price="20.00", subtotal_price="20.00"
    )
    assert (result.item_price, result.lines[0].subtotal) == ("line", D(10))
    assert result.difference == D(10)
    assert result.notes == (
        "the order's price 20.00 is 10.00 more than its lines, discounts, shipping and tax come to",
    )


def test_an_order_that_does_not_add_up_says_so_and_is_carried():
    result = figures([{"price": "10.00"}], price="12.00", subtotal_price="11.00")
    assert result.difference == D(2)
    assert result.total == D(12)
    adds_up(result)


def test_a_subtotal_that_does_not_fit_is_noted():
    result = figures([{"price": "10.00"}], price="10.00", subtotal_price="8.00")
    assert result.notes[-1] == "the order's subtotal_price 8.00 is 2.00 less than its lines come to"


def test_tax_by_line_comes_from_the_tax_service_where_lines_say_none():
    result = figures(
        [{"id": "a", "price": "10.00"}, {"id": "b", "price": "10.00"}],
        price="24.50",
        subtotal_price="20.00",
        tax="2.50",
        shipping_rate={"amount": "2.00", "tax_behavior": "exclusive"},
        tax_data={
            "items": {
                "entries": [
                    {"order_item_id": "a", "tax_amount": "2.00"},
                    {"order_item_id": "b", "tax_amount": "0.00"},
                ]
            },
            "shipping": {"entries": {"tax_amount": "0.50"}},
        },
    )
    assert [line.tax for line in result.lines] == [D(2), D(0)]
    assert result.shipping_tax == D("0.50")
    adds_up(result)


@pytest.mark.parametrize(
    ("rates", "expected"), [((None, None), ["1.00", "2.00"]), (("0.1", "0.2"), ["0.60", "2.40"])]
)
def test_tax_that_no_line_says_is_divided(rates, expected):
    items = [{"price": "10.00", "tax_rate": rates[0]}, {"price": "20.00", "tax_rate": rates[1]}]
    result = figures(items, price="33.00", subtotal_price="30.00", tax="3.00")
    assert [line.tax for line in result.lines] == [D(amount) for amount in expected]


def test_tax_of_no_line_is_divided_over_the_lines():
    items = [{"price": "10.00", "tax": "1.00"}, {"price": "30.00", "tax": "3.00"}]
    result = figures(items, price="48.00", subtotal_price="40.00", tax="8.00")
    assert [line.tax for line in result.lines] == [D(2), D(6)]
    assert not result.difference
    adds_up(result)


def test_included_tax_that_the_lines_exceed_does_not_change_what_they_come_to():
    result = figures(
        [{"price": "11.00", "tax": "2.00"}],
        PricePolicy(tax_behavior="inclusive"),
        price="11.00",
        tax="1.00",
    )
    assert not result.difference


def test_lines_without_any_price_take_their_subtotals():
    result = figures([{"subtotal_price": "7.00", "quantity": 7}], price="7.00")
    assert result.lines[0].subtotal == D(7)


def test_a_discount_that_only_the_multi_order_states_reaches_its_orders():
    multi_order = decode(
        {
            "id": "m",
            "price": "90.00",
            "discounts": "10.00",
            "orders": [
                {"price": "25.00", "order_items": [{"sku": "A", "quantity": 1, "price": "25.00"}]},
                {"price": "75.00", "order_items": [{"sku": "B", "quantity": 1, "price": "75.00"}]},
            ],
        }
    )
    first, second = figures_of(multi_order, AUTO)
    assert (first.total, second.total) == (D("22.50"), D("67.50"))
    assert not first.difference
    assert not second.difference


def test_large_amounts_are_not_rounded():
    result = figures([{"price": "12345678901234567.89", "quantity": 2147483647}], tax="0.01")
    # 1234567890123456789 * 2147483647 by whole numbers, which Python never rounds.
    assert result.lines[0].subtotal == D(1234567890123456789 * 2147483647).scaleb(-2)


CURRENCIES = st.sampled_from([("USD", 2), ("JPY", 0), ("KWD", 3)])


@st.composite
def consistent_orders(draw):
    """Orders whose own figures add up, in every way that Nacelle may mean them."""
    currency, places = draw(CURRENCIES)
    unit = D(1).scaleb(-places)

    def money(most=100_000):
        return draw(st.integers(0, most)) * unit

    per_unit, inclusive = draw(st.booleans()), draw(st.booleans())
    items, lines, taxes = [], D(0), D(0)
    for number in range(draw(st.integers(1, 5))):
        quantity = draw(st.integers(1, 9))
        price = money() + unit
        amount = price * quantity if per_unit else price
        discount = min(money(500), amount)
        tax = min(money(2000), amount - discount)
        items.append(
            {"id": f"i{number}", "sku": f"S{number}", "quantity": quantity, "price": price,
             "subtotal_price": amount - discount, "discounts": discount, "tax": tax}
        )  # fmt: skip
        lines += amount - discount
        taxes += tax
    shipping = money(5000)
    shipping_tax = min(money(500), shipping)
    discount = min(money(1000), lines)
    tax = taxes + shipping_tax
    price = lines - discount + shipping + (D(0) if inclusive else tax)
    return {
        "id": "m",
        "currency": currency,
        "orders": [
            {
                "order_items": items,
                "price": price,
                "subtotal_price": lines,
                "discounts": discount,
                "tax": tax,
                "shipping_rate": {
                    "amount": shipping,
                    "tax_behavior": "inclusive" if inclusive else "exclusive",
                },
            }
        ],
    }


@settings(max_examples=300)
@given(consistent_orders())
def test_a_consistent_order_comes_to_its_price_to_the_last_decimal(body):
    (result,) = figures_of(decode(body), AUTO)
    (stated,) = body["orders"]
    assert not result.difference
    assert result.total == stated["price"]
    capped = any("is more than was paid" in note for note in result.notes)
    assert result.tax < stated["tax"] if capped else result.tax == stated["tax"]
    net_of_tax = result.tax_behavior == "inclusive"
    line_tax = sum(line.tax for line in result.lines)
    assert result.subtotal + (line_tax if net_of_tax else 0) in (
        stated["subtotal_price"],
        stated["subtotal_price"] - stated["discounts"],
    )
    adds_up(result)


def test_an_inclusive_order_that_is_all_discount_has_no_tax_left():
    result = figures(
        [{"price": "120.00", "tax": "20.00"}],
        PricePolicy(tax_behavior="inclusive"),
        price="0.00",
        discounts="120.00",
        tax="20.00",
    )
    assert (result.lines[0].paid, result.lines[0].tax, result.tax) == (D(0), D(0), D(0))
    assert "is more than was paid" in " ".join(result.notes)
    assert not result.difference


def test_taxes_of_lines_beyond_the_orders_are_noted():
    items = [{"price": "10.00", "tax": "1.00"}, {"price": "10.00", "tax": "1.00"}]
    result = figures(items, price="21.00", tax="1.00")
    assert any("lines have tax of 2.00" in note for note in result.notes)


def test_tax_and_discount_that_only_the_whole_states_reach_its_orders():
    multi_order = decode(
        {
            "id": "m",
            "price": "99.00",
            "tax": "9.00",
            "discounts": "10.00",
            "orders": [
                {"order_items": [{"sku": "A", "quantity": 1, "price": "60.00"}]},
                {"order_items": [{"sku": "B", "quantity": 2, "price": "20.00"}]},
            ],
        }
    )
    both = figures_of(multi_order, PricePolicy(tax_behavior="exclusive"))
    assert [each.total for each in both] == [D("59.40"), D("39.60")]
    assert [each.tax for each in both] == [D("5.40"), D("3.60")]
