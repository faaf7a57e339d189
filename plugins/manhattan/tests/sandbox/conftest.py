"""A client of the sandbox that knows nothing of any connector, and orders that are right."""

import asyncio
import base64
import json
import re

import httpx
import pytest
import pytest_asyncio

from multiorder_manhattan.sandbox import create_sandbox
from multiorder_sync.sandbox import serving

BASE = "/order/api/order/order"
FORM = {
    "grant_type": "password",
    "username": "integration@sandbox",
    "password": "sandbox-password",
}
CLIENT = ("sandbox-client", "sandbox-client-secret")
ABSENT = object()

ADDRESS = {
    "FirstName": "Ada",
    "LastName": "King",
    "Address1": "1 Example Street",
    "Address2": "Flat 2",
    "Address3": None,
    "City": "Atlanta",
    "County": None,
    "State": "GA",
    "PostalCode": "30339",
    "Country": "US",
    "Phone": "+15550100000",
    "Email": "ada@example.com",
}
PAID_FOR = {"IsAlreadyPriced": True, "IsAlreadyCharged": True, "IsAlreadyTaxed": True}

# 2 x 10.00 and 1.5 x 4.00; wrapping 1.50, shipping 5.00; discounts 3.00 and 2.00;
# taxes 1.19, 0.11 and 0.21: 29.01 in all.
WEB = {
    "OrderId": "W-1",
    "AlternateOrderId": "NAC-1",
    "CapturedDate": "2026-11-20T10:00:00.123Z",
    "CurrencyCode": "USD",
    "DocType": {"DocTypeId": "CustomerOrder"},
    "OrderType": {"OrderTypeId": "Ecom Order"},
    "SellingChannel": {"SellingChannelId": "Web"},
    "OrderLocale": "en_US",
    "IsConfirmed": True,
    "CustomerId": "C-1",
    "CustomerEmail": "ada@example.com",
    "CustomerFirstName": "Ada",
    "CustomerLastName": "King",
    "Priority": "1",
    "OrderActions": PAID_FOR,
    "OrderHold": [{"HoldTypeId": "PendingAuthorization", "StatusId": "1000"}],
    "OrderAttribute": [{"AttributeName": "fingerprint", "AttributeValue": "abc"}],
    "OrderTagDetail": [{"Tag": "vip"}],
    "OrderNote": [
        {
            "NoteId": "n-1",
            "NoteType": {"NoteTypeId": "Gift Message"},
            "NoteCategory": {"NoteCategoryId": "Instruction"},
            "NoteText": "Many happy returns",
        }
    ],
    "OrderPromotionRequest": [{"PromotionRequestId": "pr-1", "PromotionId": "SPRING"}],
    "OrderChargeDetail": [
        {
            "ChargeDetailId": "shipping",
            "ChargeType": {"ChargeTypeId": "Shipping"},
            "ChargeTotal": 5.0,
            "RequestedAmount": 5.0,
            "DiscountOn": None,
        },
        {
            "ChargeDetailId": "shipping-discount",
            "ChargeType": {"ChargeTypeId": "Promotion"},
            "ChargeTotal": "-2.00",
            "RequestedAmount": -2.0,
            "DiscountOn": {"DiscountOnId": "Charges"},
            "RelatedChargeType": "Shipping",
        },
    ],
    "OrderTaxDetail": [
        {
            "TaxDetailId": "tax-shipping",
            "TaxTypeId": "SALES",
            "TaxCode": "Shipping",
            "TaxableAmount": 3.0,
            "TaxAmount": 0.21,
            "TaxRate": 0.07,
        }
    ],
    "OrderLine": [
        {
            "OrderLineId": "1",
            "ItemId": "SKU-1",
            "Quantity": 2,
            "UOM": "EA",
            "UnitPrice": 10.0,
            "OriginalUnitPrice": "12.00",
            "ShippingMethodId": "STD",
            "DeliveryMethod": {"DeliveryMethodId": "ShipToAddress"},
            "ShipToAddress": {"Address": ADDRESS},
            "OrderLineChargeDetail": [
                {
                    "ChargeDetailId": "l1-coupon",
                    "ChargeType": {"ChargeTypeId": "Coupon"},
                    "ChargeReferenceId": "SAVE",
                    "ChargeTotal": -3.0,
                    "DiscountOn": {"DiscountOnId": "ItemPrice"},
                },
                {
                    "ChargeDetailId": "l1-wrapping",
                    "ChargeType": {"ChargeTypeId": "VAS"},
                    "ChargeTotal": 1.5,
                    "TaxCode": "WRAP",
                },
            ],
            "OrderLineTaxDetail": [
                {
                    "TaxDetailId": "l1-tax",
                    "TaxTypeId": "SALES",
                    "TaxCode": None,
                    "TaxableAmount": 17.0,
                    "TaxAmount": 1.19,
                    "TaxRate": 0.07,
                    "Jurisdiction": "GEORGIA",
                    "JurisdictionTypeId": "STATE",
                },
                {
                    "TaxDetailId": "l1-wrapping-tax",
                    "TaxTypeId": "SALES",
                    "TaxCode": "WRAP",
                    "TaxAmount": 0.11,
                },
            ],
            "OrderLineNote": [{"NoteId": "ln-1", "NoteText": "Fragile"}],
            "OrderLineAttribute": [{"AttributeName": "size", "AttributeValue": "M"}],
            "OrderLineVASInstructions": [{"VasInstructions": "Wrap in blue"}],
            "Extended": {"Engraving": "A"},
        },
        {
            "OrderLineId": "2",
            "ItemId": "SKU-2",
            "Quantity": "1.5",
            "UOM": "EACHES",
            "UnitPrice": 4,
            "ShippingMethodId": "STD",
            "DeliveryMethod": {"DeliveryMethodId": "ShipToAddress"},
            "ShipToAddress": {"Address": ADDRESS},
        },
    ],
    "Payment": [
        {
            "ProcessingMode": {"ProcessingModeId": "NormalProcessing"},
            "PaymentMethod": [
                {
                    "PaymentMethodId": "card",
                    "PaymentType": {"PaymentTypeId": "Credit Card"},
                    "CardType": {"CardTypeId": "Visa"},
                    "CurrencyCode": "USD",
                    "Amount": 20.01,
                    "AccountNumber": "tok_1",
                    "AccountDisplayNumber": "1111",
                    "CardExpiryMonth": "6",
                    "CardExpiryYear": "2030",
                    "GatewayId": "Cybersource",
                    "BillingAddress": {"Address": ADDRESS},
                    "PaymentMethodAttribute": [{"Name": "wallet", "Value": "none"}],
                    "PaymentTransaction": [
                        {
                            "PaymentTransactionId": "auth",
                            "TransactionType": {"PaymentTransactionTypeId": "Authorization"},
                            "Status": {"PaymentTransactionStatusId": "Closed"},
                            "PaymentResponseStatus": {"PaymentResponseStatusId": "Success"},
                            "RequestedAmount": 20.01,
                            "ProcessedAmount": 20.01,
                            "TransactionDate": "2026-11-20T10:00:00Z",
                            "TransactionExpiryDate": "",
                        }
                    ],
                },
                {
                    "PaymentMethodId": "gift",
                    "PaymentType": {"PaymentTypeId": "Gift Card"},
                    "CurrencyCode": "USD",
                    "Amount": "9.00",
                },
            ],
        }
    ],
}
# 20.00 that include 3.19 of VAT, and 5.00 of shipping that include 0.80.
VAT = {
    "OrderId": "V-1",
    "CurrencyCode": "EUR",
    "DocType": {"DocTypeId": "CustomerOrder"},
    "OrderType": {"OrderTypeId": "Ecom Order"},
    "OrderActions": PAID_FOR,
    "OrderChargeDetail": [
        {
            "ChargeDetailId": "shipping",
            "ChargeType": {"ChargeTypeId": "Shipping"},
            "ChargeTotal": 5,
            "IsTaxIncluded": True,
        }
    ],
    "OrderTaxDetail": [
        {
            "TaxDetailId": "tax-shipping",
            "TaxTypeId": "VAT",
            "TaxCode": "Shipping",
            "TaxAmount": 0.8,
            "IsInformational": True,
        }
    ],
    "OrderLine": [
        {
            "OrderLineId": "1",
            "ItemId": "SKU-1",
            "Quantity": 2,
            "UOM": "EA",
            "UnitPrice": 10,
            "IsTaxIncluded": True,
            "ShipToLocationId": "STORE-1",
            "DeliveryMethod": {"DeliveryMethodId": "PickUpAtStore"},
            "DeliveryMethodSubType": "Curbside",
            "OrderLinePickupDetail": [{"FirstName": "Ada", "IsPrimary": True}],
            "OrderLineTaxDetail": [
                {
                    "TaxDetailId": "l1-tax",
                    "TaxTypeId": "VAT",
                    "TaxAmount": 3.19,
                    "TaxRate": "0.19",
                    "IsInformational": True,
                }
            ],
        }
    ],
}
ORDERS = {"WEB": WEB, "VAT": VAT}


class Manhattan:
    """Calls of the API."""

    BASE = BASE
    FORM = FORM
    ABSENT = ABSENT

    def __init__(self, http):
        self.http = http

    async def start(self):
        for what in ("faults", "orders", "messages"):
            await self.http.delete(f"/_sandbox/{what}")
        await self.log_in()
        return self

    async def token(self, client=CLIENT, path="/oauth/token", **form):
        fields = {name: value for name, value in {**FORM, **form}.items() if value is not None}
        headers = {"Authorization": ""}
        if client:
            basic = base64.b64encode(":".join(client).encode()).decode()
            headers = {"Authorization": f"Basic {basic}"}
        return await self.http.post(path, data=fields, headers=headers)

    async def log_in(self):
        token = (await self.token()).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    async def met_all_faults(self):
        """Wait until the calls that were to meet a fault have met it, their client gone or not."""
        async with asyncio.timeout(30):
            while (await self.http.get("/_sandbox/faults")).json()["faults"]:
                await asyncio.sleep(0.01)

    async def save(self, order, **options):
        return await self.http.post(f"{BASE}/save", json=order, **options)

    async def saved(self, order):
        answer = await self.save(order)
        assert (answer.status_code, answer.json()["success"]) == (200, True), answer.text
        return answer.json()["data"]

    async def refused(self, order):
        """Save an order that is refused, and return each message's code and description."""
        answer = await self.save(order)
        body = answer.json()
        assert (answer.status_code, body["success"], body["data"]) == (400, False, None)
        messages = body["messages"]["Message"]
        assert {message["Type"] for message in messages} == {"ERROR"}
        return [(message["Code"], message["Description"]) for message in messages]

    async def get(self, order_id):
        return await self.http.get(f"{BASE}/orderId/{order_id}")

    async def search(self, query, **fields):
        return await self.http.post(f"{BASE}/search", json={"Query": query, **fields})

    async def held(self):
        return (await self.http.get("/_sandbox/orders")).json()["orders"]

    async def ids(self):
        return [held["OrderId"] for held in await self.held()]

    async def fault(self, **fields):
        assert (await self.http.post("/_sandbox/faults", json=fields)).status_code == 201

    async def move(self, order_id, status):
        url = f"/_sandbox/orders/{order_id}/status"
        return await self.http.post(url, json={"status": status})

    def order(self, kind="WEB", path=None, value=None):
        """Return an order that is right, or changed at one path, for instance `Payment[0]`."""
        return changed(ORDERS[kind], path, value) if path else fresh(ORDERS[kind])


def fresh(payload):
    """Return a copy of which no two parts are one and the same."""
    return json.loads(json.dumps(payload))


def changed(payload, path, value):
    payload = fresh(payload)
    *way, last = [int(step) if step.isdigit() else step for step in re.findall(r"\w+", path)]
    holder = payload
    for step in way:
        holder = holder[step]
    if value is ABSENT:
        del holder[last]
    else:
        holder[last] = value
    return payload


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def sandbox_url():
    async with serving(create_sandbox()) as url:
        yield url


@pytest_asyncio.fixture(loop_scope="module")
async def manhattan(sandbox_url):
    """The default sandbox, emptied."""
    async with httpx.AsyncClient(verify=False, base_url=sandbox_url, timeout=60) as http:
        yield await Manhattan(http).start()


@pytest.fixture
def connect():
    """Give a client of a sandbox that a test serves itself."""

    async def connected(stack, sandbox, *, log_in=True):
        url = await stack.enter_async_context(serving(sandbox))
        http = httpx.AsyncClient(verify=False, base_url=url, timeout=60)
        client = Manhattan(await stack.enter_async_context(http))
        return await client.start() if log_in else client

    return connected
