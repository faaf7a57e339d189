"""From a multi-order to Manhattan orders: pure, without I/O or a clock."""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import Any, Final

import msgspec

from multiorder_manhattan.attributes import (
    FINGERPRINT,
    AttributeWriter,
    multi_order_values,
    order_values,
)
from multiorder_manhattan.figures import Amounts
from multiorder_manhattan.ids import order_id
from multiorder_manhattan.lines import Lines, OrderInHand
from multiorder_manhattan.payload import (
    Charge,
    DocType,
    Hold,
    Line,
    OrderActions,
    OrderPayload,
    OrderType,
    Payment,
    SellingChannel,
    Tax,
    computed_total,
)
from multiorder_manhattan.payments import Payments
from multiorder_manhattan.settings import ManhattanSettings
from multiorder_manhattan.taxes import merged
from multiorder_sync import (
    Context,
    Destinations,
    Figures,
    MultiOrder,
    Order,
    PaymentShare,
    Submission,
    Untransformable,
    contact_at,
    figures_of,
    fingerprint,
    one_shopper,
    order_identity,
    order_key,
    payments_by_order,
)

_MAX_LINES: Final = 250
_MAX_METHODS: Final = 20
_APPLIED: Final = "1000"


class ManhattanTransform:
    """Makes submissions for one space's settings."""

    def __init__(self, settings: ManhattanSettings) -> None:
        self._settings = settings
        self._order_ref = settings.expression("order_ref") if settings.order_ref else None
        self._destinations = Destinations(settings.pickup_location, settings.digital)
        self._lines = Lines(settings)
        self._payments = Payments(settings)

    def submissions(
        self, multi_order: MultiOrder, context: Context
    ) -> list[Submission[OrderPayload]]:
        """Return one submission for each order, or one for all, as the settings say.

        Raises:
            Untransformable: If Manhattan can't hold the order.
        """
        # As exact as core's own figures: the product of the longest amount and quantity fits in.
        with localcontext(prec=60):
            return self._submissions(multi_order, context)

    def _submissions(
        self, multi_order: MultiOrder, context: Context
    ) -> list[Submission[OrderPayload]]:
        figures = figures_of(multi_order, context.prices)
        totals = [each.total for each in figures]
        statuses = self._settings.payment_statuses
        indices = range(len(multi_order.orders))
        if self._settings.multi_order == "combine" and len(multi_order.orders) > 1:
            if not one_shopper(multi_order):
                raise Untransformable(
                    "The orders are of different shoppers; multi_order must be split."
                )
            whole = [sum(totals, Decimal(0))] if multi_order.payments else totals
            shares = payments_by_order(multi_order, whole, statuses)
            together = [share for each in shares for share in each]
            return [self._submission(multi_order, list(indices), figures, together, context)]
        shares = payments_by_order(multi_order, totals, statuses)
        return [
            self._submission(multi_order, [index], figures, shares[index], context)
            for index in indices
        ]

    def _submission(
        self,
        multi_order: MultiOrder,
        indices: Sequence[int],
        figures: Sequence[Figures],
        shares: Sequence[PaymentShare],
        context: Context,
    ) -> Submission[OrderPayload]:
        settings = self._settings
        orders = [multi_order.orders[index] for index in indices]
        first, own = orders[0], [figures[index] for index in indices]
        ref = self._ref(multi_order, indices)
        writer = AttributeWriter(settings.attribute_length)
        lines: list[Line] = []
        charges: list[Charge] = []
        taxes: list[Tax] = []
        values = multi_order_values(multi_order)
        gross = all(each.tax_behavior == "inclusive" for each in own if each.shipping_tax)
        notes = [note for each in own for note in each.notes]
        for number, (order, each) in enumerate(zip(orders, own, strict=True), start=1):
            part = ref if len(orders) == 1 else f"{ref}-{number}"
            amounts = Amounts(order, each, part, settings, gross_shipping=gross)
            destinations = self._destinations.of(multi_order, order)
            taken = {line.order_line_id for line in lines}
            in_hand = OrderInHand(multi_order, order, destinations, amounts)
            lines += self._lines.of(in_hand, writer, taken)
            charges += amounts.order_charges()
            taxes += amounts.order_taxes()
            notes += amounts.notes
            suffix = "" if len(orders) == 1 else f"_{number}"
            said = order_values(multi_order, order)
            values |= {f"{name}{suffix}": value for name, value in said.items()}
        methods = self._payments.of(multi_order, first, shares, ref, writer)
        _within(len(lines), _MAX_LINES, "lines")
        _within(len(methods), _MAX_METHODS, "payment methods")
        content = fingerprint(multi_order, orders)
        contact = contact_at(multi_order, first)
        named = (
            contact if contact.full_name else contact_at(multi_order, first, first.billing_address)
        )
        payload = OrderPayload(
            order_id=ref,
            alternate_order_id=first.source_external_id if len(orders) == 1 else None,
            order_actions=OrderActions(
                is_already_priced=True,
                is_already_charged=True,
                is_already_taxed=True,
                version_timestamp="1",
            ),
            doc_type=DocType(doc_type_id=settings.doc_type_id),
            order_type=OrderType(order_type_id=settings.order_type_id),
            selling_channel=SellingChannel(selling_channel_id=settings.selling_channel_id),
            is_confirmed=settings.is_confirmed,
            captured_date=multi_order.merchant_created_at
            or first.merchant_created_at
            or context.received_at,
            currency_code=_currency(orders),
            customer_first_name=named.first_name,
            customer_last_name=named.last_name,
            customer_email=contact.email,
            customer_phone=contact.phone,
            order_line=tuple(lines),
            order_charge_detail=tuple(charges),
            order_tax_detail=merged(taxes),
            payment=(Payment(payment_method=methods),) if methods else (),
            order_attribute=writer.write(**values) | {FINGERPRINT: content},
        )
        total = sum((each.total for each in own), Decimal(0))
        held, departures = self._reconciled(payload, total, shares)
        return Submission(
            ref=ref,
            payload=held,
            orders=tuple(order_identity(multi_order, index) for index in indices),
            fingerprint=content,
            notes=tuple(dict.fromkeys(notes + writer.notes + departures)),
        )

    def _reconciled(
        self, payload: OrderPayload, total: Decimal, shares: Sequence[PaymentShare]
    ) -> tuple[OrderPayload, list[str]]:
        """Compare what Manhattan will compute with what the order costs and what was paid."""
        computed = computed_total(payload)
        paid = sum((share.amount for share in shares), Decimal(0))
        notes = []
        if computed != total:
            notes.append(
                f"the order costs {total}, and its lines, charges and taxes make {computed}"
            )
        if paid != total:
            notes.append(f"the payments that count come to {paid}, the order to {total}")
        if not notes or self._settings.totals == "warn":
            return payload, notes
        reason = "; ".join(notes)
        if self._settings.totals == "refuse":
            raise Untransformable(f"The order's figures do not add up: {reason}.")
        hold = Hold(
            hold_type_id=self._settings.hold_type_id or "",
            status_id=_APPLIED,
            apply_reason_comments=reason,
        )
        return msgspec.structs.replace(payload, order_hold=(hold,)), notes

    def _ref(self, multi_order: MultiOrder, indices: Sequence[int]) -> str:
        together = len(indices) > 1
        identity = order_key(multi_order) if together else order_identity(multi_order, indices[0])
        ref: Any = identity
        if self._order_ref is not None:
            variables = {
                "multi_order": multi_order.source,
                "order": multi_order.orders[indices[0]].source,
                "identity": identity,
            }
            ref = self._order_ref.evaluate(variables)
        if not isinstance(ref, str) or not ref.strip():
            raise Untransformable(f"order_ref gives no text for this order but {ref!r}.")
        return order_id(ref)


def _currency(orders: Sequence[Order]) -> str:
    currencies = sorted({(order.currency or "").upper() for order in orders})
    if not all(currencies):
        raise Untransformable("Manhattan needs the order's currency, and the order names none.")
    if len(currencies) > 1:
        listed = " and ".join(currencies)
        raise Untransformable(f"Orders in {listed} can't be one order; multi_order must be split.")
    return currencies[0]


def _within(count: int, most: int, what: str) -> None:
    if count > most:
        raise Untransformable(f"The order has {count} {what}; Manhattan takes at most {most}.")
