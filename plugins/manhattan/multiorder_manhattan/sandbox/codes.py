"""The code sets that the tenant has: which values its fields can have."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

Codes = Mapping[str, frozenset[str] | None]

_CODES: Final[Codes] = MappingProxyType(
    {
        # Fixed by Manhattan.
        "DocTypeId": frozenset({"CustomerOrder", "RetailOrder", "QuoteOrder"}),
        "DeliveryMethodId": frozenset(
            {
                "Email",
                "PickUpAtStore",
                "ShipToAddress",
                "ShipToReturnCenter",
                "ShipToStore",
                "StoreReturn",
                "StoreSale",
            }
        ),
        "DeliveryMethodSubType": frozenset({"Curbside"}),
        # That the list is fixed is documented; the spelling of some of its ids is inferred.
        "ChargeTypeId": frozenset(
            {
                "Appeasement",
                "Coupon",
                "Discount",
                "Handling",
                "Hazmat",
                "Misc 1",
                "Misc 2",
                "Misc 3",
                "Misc 4",
                "Misc 5",
                "Misc 6",
                "Promotion",
                "Return Fee",
                "ReturnShipping",
                "Shipping",
                "Surcharge",
                "VAS",
                "WriteOff",
            }
        ),
        "DiscountOnId": frozenset({"Charges", "ItemPrice", "Line", "Order"}),
        "HoldStatusId": frozenset({"1000", "2000"}),
        "ProcessingModeId": frozenset({"ExternalProcessing", "NormalProcessing"}),
        "ExecutionMode": frozenset({"CalculateAndExecute", "SaveOnly"}),
        "PaymentTransactionTypeId": frozenset(
            {
                "Authorization",
                "Authorization Reversal",
                "Balance Check",
                "Post Void",
                "Refund",
                "Return Credit",
                "Settlement",
                "Void",
            }
        ),
        "PaymentTransactionStatusId": frozenset({"Closed", "In Progress", "Open"}),
        "PaymentResponseStatusId": frozenset({"Failure", "Success", "Unavailable"}),
        "PaymentTransmissionStatusId": frozenset({"Closed"}),
        # The tenant's own: these are the values that are known from somewhere.
        "OrderTypeId": frozenset({"CallCenter Order", "Ecom Order", "Retail Order", "mPos Order"}),
        "SellingChannelId": frozenset({"CallCenter", "Shopify", "Store", "Web"}),
        "UOM": frozenset({"EA", "EACHES", "SBTL", "U"}),
        "PaymentTypeId": frozenset(
            {
                "Cash",
                "Cash On Delivery",
                "Check",
                "Credit Card",
                "Debit",
                "E-Check",
                "Gift Card",
                "Klarna",
                "PayPal",
                "Refund Check",
                "Store Credit",
                "Traveler's Check",
            }
        ),
        "CardTypeId": frozenset({"Amex", "DinersClub", "Discover", "JCB", "MasterCard", "Visa"}),
        "GatewayId": frozenset(
            {"AdyenPayments", "Cybersource", "PayPal", "ShopifyPayments", "Simulator"}
        ),
        "TaxTypeId": frozenset({"IVA", "SALES", "SELLER_USE", "VAT"}),
        "JurisdictionTypeId": frozenset({"COUNTRY", "COUNTY", "STATE", "TERRITORY"}),
        "HoldTypeId": frozenset({"PendingAuthorization"}),
        "NoteTypeId": frozenset({"Gift Message"}),
        "NoteCategoryId": frozenset({"Instruction"}),
        # The names of custom attributes, under `Extended`; None: any.
        "Extended": None,
    }
)


def tenant_codes(own: Mapping[str, Collection[str] | None]) -> Codes:
    """Return the code sets of a tenant.

    Args:
        own: The sets that differ from the default, by name; None lets any value through.

    Raises:
        ValueError: If there is no set of a name.
    """
    unknown = sorted(own.keys() - _CODES.keys())
    if unknown:
        raise ValueError(
            f"There is no code set {unknown[0]}; there are {', '.join(sorted(_CODES))}."
        )
    return {
        **_CODES,
        **{name: None if values is None else frozenset(values) for name, values in own.items()},
    }
