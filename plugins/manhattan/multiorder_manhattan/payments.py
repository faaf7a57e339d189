"""Payments as payment methods with what was done with each."""

from collections.abc import Sequence

from multiorder_manhattan.parties import placed_address
from multiorder_manhattan.payload import (
    CardType,
    PaymentMethod,
    PaymentTransaction,
    PaymentType,
    ResponseStatus,
    TransactionStatus,
    TransactionType,
)
from multiorder_manhattan.settings import ManhattanSettings
from multiorder_sync import MultiOrder, Order, PaymentShare, Untransformable


def payment_methods(
    multi_order: MultiOrder,
    order: Order,
    shares: Sequence[PaymentShare],
    ref: str,
    settings: ManhattanSettings,
) -> tuple[PaymentMethod, ...]:
    """Return one payment method for each payment that pays of this order.

    Raises:
        Untransformable: If a payment names no currency and its order has none.
    """
    billing = order.billing_address
    placed = placed_address(multi_order, order, billing) if billing else None
    methods = []
    for number, share in enumerate(shares, start=1):
        payment, amount = share.payment, share.amount
        currency = payment.currency or order.currency
        if not currency:
            raise Untransformable("A payment has no currency, and neither has its order.")
        settled = settings.payment_state == "settled"
        method_id = f"{ref}-payment-{number}"
        card_type = settings.card_type(payment.card_brand)
        methods.append(
            PaymentMethod(
                payment_method_id=method_id,
                payment_type=PaymentType(
                    payment_type_id=settings.payment_type(payment.payment_type)
                ),
                card_type=CardType(card_type_id=card_type) if card_type else None,
                amount=amount,
                currency_code=currency.upper(),
                current_settled_amount=amount if settled else None,
                current_auth_amount=None if settled else amount,
                account_number=payment.payment_method_id,
                gateway_id=settings.gateway_id,
                billing_address=placed,
                payment_transaction=(
                    PaymentTransaction(
                        payment_transaction_id=f"{method_id}-1",
                        transaction_type=TransactionType(
                            payment_transaction_type_id="Settlement" if settled else "Authorization"
                        ),
                        status=TransactionStatus(payment_transaction_status_id="Closed"),
                        payment_response_status=ResponseStatus(
                            payment_response_status_id="Success"
                        ),
                        requested_amount=amount,
                        processed_amount=amount,
                        request_id=payment.external_id,
                    ),
                ),
            )
        )
    return tuple(methods)
