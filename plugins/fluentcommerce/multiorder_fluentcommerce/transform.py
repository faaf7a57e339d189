"""From a multi-order to Fluent orders: pure, without I/O or a clock."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from multiorder_fluentcommerce.attributes import (
    FINGERPRINT,
    multi_order_attributes,
    order_attributes,
)
from multiorder_fluentcommerce.fulfilment import Fulfilment
from multiorder_fluentcommerce.items import Items
from multiorder_fluentcommerce.parties import Parties
from multiorder_fluentcommerce.payload import (
    Attributes,
    FulfilmentChoice,
    Item,
    OrderPayload,
    Retailer,
)
from multiorder_fluentcommerce.settings import FluentSettings
from multiorder_fluentcommerce.texts import TEXT_LENGTH, fitting, needed
from multiorder_fluentcommerce.transactions import transactions
from multiorder_sync import (
    Context,
    Destination,
    Figures,
    MultiOrder,
    Order,
    PaymentShare,
    Submission,
    Untransformable,
    figures_of,
    fingerprint,
    one_shopper,
    order_identity,
    order_key,
    payments_by_order,
)


class FluentTransform:
    """Makes submissions for one space's settings."""

    def __init__(self, settings: FluentSettings) -> None:
        self._settings = settings
        self._order_ref = settings.expression("order_ref") if settings.order_ref else None
        self._parties = Parties(settings)
        self._fulfilment = Fulfilment(settings, self._parties)
        self._items = Items(settings)

    def submissions(
        self, multi_order: MultiOrder, context: Context
    ) -> list[Submission[OrderPayload]]:
        """Return one submission for each order, or one for all, as the settings say.

        Raises:
            Untransformable: If Fluent can't hold the order.
        """
        figures = figures_of(multi_order, context.prices)
        totals = [each.total for each in figures]
        indices = range(len(multi_order.orders))
        if self._settings.multi_order == "combine" and len(multi_order.orders) > 1:
            if not one_shopper(multi_order):
                raise Untransformable(
                    "The orders are of different shoppers; multi_order must be split."
                )
            shares = payments_by_order(
                multi_order,
                [sum(totals, Decimal(0))] if multi_order.payments else totals,
                self._settings.payment_statuses,
            )
            together = [share for each in shares for share in each]
            return [self._submission(multi_order, list(indices), figures, together)]
        shares = payments_by_order(multi_order, totals, self._settings.payment_statuses)
        return [self._submission(multi_order, [index], figures, shares[index]) for index in indices]

    def _submission(
        self,
        multi_order: MultiOrder,
        indices: Sequence[int],
        figures: Sequence[Figures],
        shares: Sequence[PaymentShare],
    ) -> Submission[OrderPayload]:
        orders = [multi_order.orders[index] for index in indices]
        first, own = orders[0], [figures[index] for index in indices]
        _in_one_currency(orders)
        ref = self._ref(multi_order, indices)
        alone = len(orders) == 1
        parts = [
            self._part(multi_order, order, each, ref if alone else f"{ref}-{number}")
            for number, (order, each) in enumerate(zip(orders, own, strict=True), start=1)
        ]
        attributes = multi_order_attributes(multi_order)
        if alone:
            attributes |= parts[0].attributes
        else:
            parts = [part.with_attributes_on_choice() for part in parts]
        order_type = self._fulfilment.order_type(
            [each for part in parts for each in part.destinations]
        )
        choices = tuple(choice for part in parts for choice in part.choices)
        mixed = order_type == self._settings.order_types.mixed
        tax = sum((each.tax for each in own), Decimal(0))
        total = sum((each.total for each in own), Decimal(0))
        content = fingerprint(multi_order, orders)
        payload = OrderPayload(
            ref=ref,
            type=order_type,
            retailer=Retailer(id=self._settings.retailer_id),
            customer=self._parties.customer(multi_order, first),
            items=_distinct([item for part in parts for item in part.items], with_choice=mixed),
            total_price=_not_negative(
                total - tax if self._settings.order_total == "net" else total, "total"
            ),
            total_tax_price=tax,
            billing_address=self._parties.billing_address(multi_order, first),
            fulfilment_choice=None if mixed else choices[0],
            fulfilment_choices=choices if mixed else (),
            financial_transactions=transactions(shares, ref, first.currency, self._settings),
            attributes=attributes | {FINGERPRINT: content},
        )
        return Submission(
            ref=ref,
            payload=payload,
            orders=tuple(order_identity(multi_order, index) for index in indices),
            fingerprint=content,
            notes=tuple(dict.fromkeys(_notes(own, shares, total))),
        )

    def _part(
        self, multi_order: MultiOrder, order: Order, figures: Figures, ref: str
    ) -> "_OrderPart":
        """Return what one order brings into a submission."""
        destinations = self._fulfilment.destinations(multi_order, order)
        # The shipping charge stands on what is shipped, else on what is collected.
        distinct = sorted(
            dict.fromkeys(destinations), key=lambda each: _CHARGED_FIRST.index(each.kind)
        )
        _not_negative(figures.shipping, "shipping charge")
        _not_negative(figures.shipping_tax, "shipping tax")
        charged = order.shipping_rate is not None or bool(figures.shipping or figures.shipping_tax)
        refs = {each: f"{ref}-{number}" for number, each in enumerate(distinct, start=1)}
        fitting(refs[distinct[-1]], TEXT_LENGTH, "a fulfilment choice's ref")
        return _OrderPart(
            destinations=distinct,
            choices=[
                self._fulfilment.choice(
                    multi_order, order, each, refs[each], figures if charged and not place else None
                )
                for place, each in enumerate(distinct)
            ],
            items=[
                self._items.item(multi_order, order, index, figures, refs[each])
                for index, each in enumerate(destinations)
            ],
            attributes=order_attributes(multi_order, order, figures),
        )

    def _ref(self, multi_order: MultiOrder, indices: Sequence[int]) -> str:
        together = len(indices) > 1
        first = multi_order.orders[indices[0]]
        identity = order_key(multi_order) if together else order_identity(multi_order, indices[0])
        if self._order_ref is None:
            return needed(identity, TEXT_LENGTH, "an order's ref")
        variables = {
            "multi_order": multi_order.source,
            "order": first.source,
            "identity": identity,
        }
        ref = self._order_ref.evaluate(variables)
        if not isinstance(ref, str) or not ref:
            raise Untransformable(f"order_ref gives no text for this order but {ref!r}.")
        return needed(ref, TEXT_LENGTH, "an order's ref")


class _OrderPart(NamedTuple):
    """What one order brings into a submission; its attributes stand on the Fluent order.

    Where several orders share one Fluent order, they stand on the order's first choice instead.
    """

    destinations: list[Destination]
    choices: list[FulfilmentChoice]
    items: list[Item]
    attributes: Attributes

    def with_attributes_on_choice(self) -> "_OrderPart":
        first = msgspec.structs.replace(self.choices[0], attributes=self.attributes)
        return self._replace(choices=[first, *self.choices[1:]])


_CHARGED_FIRST: Final = ("home", "collect", "digital")


def _distinct(items: Sequence[Item], *, with_choice: bool) -> tuple[Item, ...]:
    """Give every item a ref of its own, and name its choice only where there is a choice."""
    taken: set[str] = set()
    distinct = []
    for item in items:
        ref, number = item.ref, 1
        while ref in taken:
            number += 1
            ref = f"{item.ref}-{number}"
        taken.add(needed(ref, TEXT_LENGTH, "a line's ref"))
        choice_ref = item.fulfilment_choice_ref if with_choice else None
        distinct.append(msgspec.structs.replace(item, ref=ref, fulfilment_choice_ref=choice_ref))
    return tuple(distinct)


def _not_negative(amount: Decimal, what: str) -> Decimal:
    if amount < 0:
        raise Untransformable(
            f"The order's {what} comes to {amount}, and Fluent takes no negative figures."
        )
    return amount


def _in_one_currency(orders: Sequence[Order]) -> None:
    currencies = sorted({order.currency.upper() for order in orders if order.currency})
    if len(currencies) > 1:
        listed = " and ".join(currencies)
        raise Untransformable(f"Orders in {listed} can't be one order; multi_order must be split.")


def _notes(
    figures: Sequence[Figures], shares: Sequence[PaymentShare], total: Decimal
) -> Iterator[str]:
    for each in figures:
        yield from each.notes
    paid = sum((share.amount for share in shares), Decimal(0))
    if paid != total:
        yield f"the payments that count come to {paid}, the order to {total}"
