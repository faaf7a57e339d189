"""The public names: all that a plugin author needs.

Each is loaded when it is first asked for, so that a command that needs none of them starts without.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from multiorder_sync.errors import (
        ConfigurationError,
        CredentialsRefused,
        InvalidSettings,
        OmsError,
        OmsMessage,
        OutcomeUnknown,
        Problem,
        RefTaken,
        Refused,
        Unavailable,
        Untransformable,
    )
    from multiorder_sync.nacelle.contacts import Contact, contact_at, one_shopper
    from multiorder_sync.nacelle.decoding import OrderDecoder
    from multiorder_sync.nacelle.figures import Figures, LineFigures, PricePolicy, figures_of
    from multiorder_sync.nacelle.identity import fingerprint, order_identity, order_key
    from multiorder_sync.nacelle.money import apportion, currency_exponent, smallest_unit
    from multiorder_sync.nacelle.orders import (
        Address,
        Customer,
        Discount,
        Fulfillment,
        MultiOrder,
        Order,
        OrderItem,
        Payment,
        Promotion,
        ShippingRate,
        TaxData,
    )
    from multiorder_sync.nacelle.payments import PaymentShare, payments_by_order
    from multiorder_sync.oms.connector import API_VERSION, Connector, Context, DuplicateGuard
    from multiorder_sync.oms.destinations import (
        DIGITAL,
        ITEM_VARIABLES,
        PICKUP_LOCATION,
        Destination,
        Destinations,
    )
    from multiorder_sync.oms.expressions import Expression
    from multiorder_sync.oms.hookspecs import Settlement, hookimpl
    from multiorder_sync.oms.outbound import (
        Answer,
        Call,
        OutboundClient,
        PasswordGrant,
        TokenSource,
    )
    from multiorder_sync.outcome import Receipt, Submission, SubmissionResult, SubmissionState
    from multiorder_sync.secret import Secret

__all__ = [
    "API_VERSION",
    "DIGITAL",
    "ITEM_VARIABLES",
    "PICKUP_LOCATION",
    "Address",
    "Answer",
    "Call",
    "ConfigurationError",
    "Connector",
    "Contact",
    "Context",
    "CredentialsRefused",
    "Customer",
    "Destination",
    "Destinations",
    "Discount",
    "DuplicateGuard",
    "Expression",
    "Figures",
    "Fulfillment",
    "InvalidSettings",
    "LineFigures",
    "MultiOrder",
    "OmsError",
    "OmsMessage",
    "Order",
    "OrderDecoder",
    "OrderItem",
    "OutboundClient",
    "OutcomeUnknown",
    "PasswordGrant",
    "Payment",
    "PaymentShare",
    "PricePolicy",
    "Problem",
    "Promotion",
    "Receipt",
    "RefTaken",
    "Refused",
    "Secret",
    "Settlement",
    "ShippingRate",
    "Submission",
    "SubmissionResult",
    "SubmissionState",
    "TaxData",
    "TokenSource",
    "Unavailable",
    "Untransformable",
    "apportion",
    "contact_at",
    "currency_exponent",
    "figures_of",
    "fingerprint",
    "hookimpl",
    "one_shopper",
    "order_identity",
    "order_key",
    "payments_by_order",
    "smallest_unit",
]

_HOMES: Final = {
    "multiorder_sync.errors": (
        "ConfigurationError",
        "CredentialsRefused",
        "InvalidSettings",
        "OmsError",
        "OmsMessage",
        "OutcomeUnknown",
        "Problem",
        "RefTaken",
        "Refused",
        "Unavailable",
        "Untransformable",
    ),
    "multiorder_sync.nacelle.contacts": (
        "Contact",
        "contact_at",
        "one_shopper",
    ),
    "multiorder_sync.nacelle.decoding": ("OrderDecoder",),
    "multiorder_sync.nacelle.figures": (
        "Figures",
        "LineFigures",
        "PricePolicy",
        "figures_of",
    ),
    "multiorder_sync.nacelle.identity": (
        "fingerprint",
        "order_identity",
        "order_key",
    ),
    "multiorder_sync.nacelle.money": (
        "apportion",
        "currency_exponent",
        "smallest_unit",
    ),
    "multiorder_sync.nacelle.orders": (
        "Address",
        "Customer",
        "Discount",
        "Fulfillment",
        "MultiOrder",
        "Order",
        "OrderItem",
        "Payment",
        "Promotion",
        "ShippingRate",
        "TaxData",
    ),
    "multiorder_sync.nacelle.payments": (
        "PaymentShare",
        "payments_by_order",
    ),
    "multiorder_sync.oms.connector": (
        "API_VERSION",
        "Connector",
        "Context",
        "DuplicateGuard",
    ),
    "multiorder_sync.oms.destinations": (
        "DIGITAL",
        "ITEM_VARIABLES",
        "PICKUP_LOCATION",
        "Destination",
        "Destinations",
    ),
    "multiorder_sync.oms.expressions": ("Expression",),
    "multiorder_sync.oms.hookspecs": (
        "Settlement",
        "hookimpl",
    ),
    "multiorder_sync.oms.outbound": (
        "Answer",
        "Call",
        "OutboundClient",
        "PasswordGrant",
        "TokenSource",
    ),
    "multiorder_sync.outcome": (
        "Receipt",
        "Submission",
        "SubmissionResult",
        "SubmissionState",
    ),
    "multiorder_sync.secret": ("Secret",),
}
"""Where each is when the program runs; to a type checker, that is said by the imports above."""


if not TYPE_CHECKING:  # else no name would be unknown to a type checker

    def __getattr__(name: str) -> Any:
        for module, names in _HOMES.items():
            if name in names:
                value = globals()[name] = getattr(import_module(module), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
