"""The notes on an order: what ShipStation has no field for, in words for those who ship it."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from multiorder_sync import Discount, Figures, MultiOrder, Order, PaymentShare, ShippingRate


def customer_notes(multi_order: MultiOrder, order: Order) -> str | None:
    """Return what the shopper remarked on the order and on its delivery."""
    address = order.shipping_address
    said = [multi_order.comment, order.comment, address.comment if address else None]
    return "\n".join(_distinct(said)) or None


def internal_notes(
    multi_order: MultiOrder, order: Order, figures: Figures, paid: Sequence[PaymentShare]
) -> str:
    """Return what only the merchant is to see: how it was paid, promised and promoted."""
    rate = order.shipping_rate
    lines = [
        _line("Nacelle order", [order.id, order.source_external_id]),
        _line("Nacelle multi-order", [multi_order.id]),
        _line("Nacelle customer", _customer(multi_order, order)),
        _line("Currency", [order.currency or multi_order.currency]),
        *(_payment(share) for share in paid),
        _line("Shipping rate", [rate.external_id if rate else None]),
        _line("Delivery estimate", [_estimate(rate)]),
        _line("Delivery", _deliveries(order)),
        _line("Discounts", [_discount(each) for each in _of_the_whole(multi_order, order)]),
        *_on_lines(order, figures),
        *_promotion(multi_order, order),
    ]
    return "\n".join(_distinct(lines))


def discount_names(multi_order: MultiOrder, order: Order) -> str:
    """Return what the discounts on the order as a whole are called."""
    return ", ".join(_distinct(each.name for each in _of_the_whole(multi_order, order)))


def requested_service(rate: ShippingRate | None) -> str | None:
    """Return how the shopper had it shipped, as the storefront called it."""
    if rate is None:
        return None
    return " / ".join(_distinct([rate.display_name, rate.service_name])) or rate.external_id


def _of_the_whole(multi_order: MultiOrder, order: Order) -> list[Discount]:
    return [*multi_order.applied_discounts, *order.applied_discounts]


def _on_lines(order: Order, figures: Figures) -> list[str]:
    """Say what each line's own discount is, which its unit price has already lost."""
    lines = []
    for index, (item, amounts) in enumerate(zip(order.order_items, figures.lines, strict=True)):
        names = [_discount(each) for each in item.applied_discounts]
        if amounts.discount or names:
            name = item.sku or item.id or str(index + 1)
            lines.append(_line(f"Discount on {name}", [f"{amounts.discount} in all", *names]))
    return lines


def _discount(discount: Discount) -> str:
    return " ".join(_distinct([discount.name, _text(discount.amount)]))


def _payment(share: PaymentShare) -> str:
    payment = share.payment
    by = _distinct(
        [
            payment.payment_type,
            payment.card_brand,
            payment.processor_name,
            payment.external_id or payment.id,
        ]
    )
    paid = _distinct([_text(share.amount), payment.currency])
    return f"Paid: {' '.join(paid)} by {' '.join(by) or 'a payment'}"


def _customer(multi_order: MultiOrder, order: Order) -> list[str | None]:
    customer = order.customer or multi_order.customer
    return [customer.id, customer.source_external_id] if customer else []


def _estimate(rate: ShippingRate | None) -> str | None:
    if rate is None:
        return None
    ends = _distinct([_text(rate.delivery_estimate_min), _text(rate.delivery_estimate_max)])
    return " ".join(_distinct(["-".join(ends), rate.delivery_estimate_unit])) or None


def _deliveries(order: Order) -> list[str | None]:
    """Say how Nacelle planned that the order reaches the shopper."""
    planned = order.fulfillments
    return [name for each in planned for name in (each.delivery_method, each.delivery_type)]


def _promotion(multi_order: MultiOrder, order: Order) -> list[str]:
    promotion = order.promotion or multi_order.promotion
    if promotion is None:
        return []
    return [
        _line("Coupons", promotion.coupon_codes),
        _line("Loyalty card", [promotion.loyalty_card]),
        _line("Referral", [promotion.referral_code]),
    ]


def _line(name: str, values: Iterable[str | None]) -> str:
    said = ", ".join(_distinct(values))
    return f"{name}: {said}" if said else ""


def _distinct(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _text(value: Decimal | int | None) -> str | None:
    return None if value is None else str(value)
