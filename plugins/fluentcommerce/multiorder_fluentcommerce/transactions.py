"""Payments as Fluent financial transactions."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from multiorder_fluentcommerce.attributes import present
from multiorder_fluentcommerce.payload import FinancialTransaction
from multiorder_fluentcommerce.settings import FluentSettings
from multiorder_fluentcommerce.texts import TEXT_LENGTH, currency_code, fitting, needed, optional
from multiorder_sync import PaymentShare, Untransformable, currency_exponent

# `unscaledValue` is a GraphQL Int.
_MAX_INT: Final = 2**31 - 1

# Fluent's documented card types, by what processors call the brands.
_CARD_TYPES: Final = {
    "mastercard": "MASTERCARD",
    "visa": "VISA",
    "amex": "AMEX",
    "americanexpress": "AMEX",
    "diners": "DINERS",
    "dinersclub": "DINERS",
    "span": "SPAN",
    "discover": "DISCOVER",
    "unionpay": "UNIONPAY",
    "jcb": "JCB",
    "maestro": "MAESTRO",
    "interac": "INTERAC",
}


def transactions(
    shares: Sequence[PaymentShare], order_ref: str, currency: str | None, settings: FluentSettings
) -> tuple[FinancialTransaction, ...]:
    """Return one transaction for each payment that pays of this order.

    Raises:
        Untransformable: If a payment names no currency and its order has none.
    """
    return tuple(
        _transaction(share, f"{order_ref}-{number}", currency, settings)
        for number, share in enumerate(shares, start=1)
    )


def _transaction(
    share: PaymentShare, ref: str, currency: str | None, settings: FluentSettings
) -> FinancialTransaction:
    payment = share.payment
    code = currency_code(payment.currency or currency)
    if not code:
        raise Untransformable("A payment has no currency, and neither has its order.")
    scale = max(currency_exponent(code), -_exponent(share.amount))
    unscaled = int(share.amount.scaleb(scale))
    exact = unscaled <= _MAX_INT
    return FinancialTransaction(
        ref=fitting(ref, TEXT_LENGTH, "a transaction's ref"),
        type="PAYMENT",
        amount=share.amount,
        scale=scale if exact else None,
        unscaled_value=unscaled if exact else None,
        currency=needed(code, TEXT_LENGTH, "a currency"),
        payment_method=settings.payment_method(payment.payment_type),
        payment_provider=optional(
            payment.processor_name, TEXT_LENGTH, "a payment's processor_name"
        ),
        card_type=_CARD_TYPES.get("".join(filter(str.isalnum, (payment.card_brand or "").lower()))),
        external_transaction_id=optional(
            payment.external_id, TEXT_LENGTH, "a payment's external_id"
        ),
        attributes=present(
            nacelle_payment_id=payment.id,
            nacelle_payment_type=payment.payment_type,
            nacelle_payment_method_id=payment.payment_method_id,
            nacelle_payment_status=payment.status,
            nacelle_processor_status=payment.processor_status,
            nacelle_card_brand=payment.card_brand,
            nacelle_payment_data=payment.payment_data,
            nacelle_payment_amount=f"{payment.amount:f}"
            if payment.amount is not None and payment.amount != share.amount
            else None,
        ),
    )


def _exponent(amount: Decimal) -> int:
    exponent = amount.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
