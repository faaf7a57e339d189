"""Payments as payment methods with what was done with each."""

from collections.abc import Sequence

from multiorder_manhattan.attributes import AttributeWriter, payment_values
from multiorder_manhattan.ids import first_named, free_id
from multiorder_manhattan.parties import placed_address
from multiorder_manhattan.payload import (
    CardType,
    PaymentMethod,
    PaymentTransaction,
    PaymentType,
    PlacedAddress,
    ResponseStatus,
    TransactionStatus,
    TransactionType,
)
from multiorder_manhattan.settings import ManhattanSettings
from multiorder_sync import MultiOrder, Order, PaymentShare, Untransformable


class Payments:
    """Makes payment methods for one space's settings."""

    def __init__(self, settings: ManhattanSettings) -> None:
        self._settings = settings

    def of(
        self,
        multi_order: MultiOrder,
        order: Order,
        shares: Sequence[PaymentShare],
        ref: str,
        writer: AttributeWriter,
    ) -> tuple[PaymentMethod, ...]:
        """Return one payment method for each payment that pays of this order.

        Args:
            multi_order: The whole.
            order: The order; the first of them, where several become one.
            shares: What each payment pays of it.
            ref: The OMS's order id, of which the ids of the methods are made.
            writer: Writes attributes.

        Raises:
            Untransformable: If a payment names no currency and its order has none.
        """
        billing = order.billing_address
        placed = placed_address(multi_order, order, billing) if billing else None
        methods = []
        taken: set[str] = set()
        for number, share in enumerate(shares, start=1):
            payment = share.payment
            name = free_id(first_named((payment.id, payment.external_id), str(number)), taken)
            methods.append(self._method(share, order, f"{ref}-{name}", placed, writer))
        return tuple(methods)

    def _method(
        self,
        share: PaymentShare,
        order: Order,
        method_id: str,
        billing_address: PlacedAddress | None,
        writer: AttributeWriter,
    ) -> PaymentMethod:
        settings, payment, amount = self._settings, share.payment, share.amount
        currency = payment.currency or order.currency
        if not currency:
            raise Untransformable("A payment has no currency, and neither has its order.")
        settled = settings.payment_state == "settled"
        card_type = settings.card_type(payment.card_brand)
        return PaymentMethod(
            payment_method_id=method_id,
            payment_type=PaymentType(payment_type_id=settings.payment_type(payment.payment_type)),
            card_type=CardType(card_type_id=card_type) if card_type else None,
            amount=amount,
            currency_code=currency.upper(),
            current_settled_amount=amount if settled else None,
            current_auth_amount=None if settled else amount,
            account_number=payment.payment_method_id,
            gateway_id=settings.gateway_id,
            billing_address=billing_address,
            payment_transaction=(
                PaymentTransaction(
                    payment_transaction_id=f"{method_id}-1",
                    transaction_type=TransactionType(
                        payment_transaction_type_id="Settlement" if settled else "Authorization"
                    ),
                    status=TransactionStatus(payment_transaction_status_id="Closed"),
                    payment_response_status=ResponseStatus(payment_response_status_id="Success"),
                    requested_amount=amount,
                    processed_amount=amount,
                    request_id=payment.external_id,
                ),
            ),
            payment_method_attribute=writer.write(**payment_values(payment)),
        )
