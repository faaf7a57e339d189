"""A client of the sandbox that knows nothing of the connector, and orders that are right."""

import asyncio
import copy
import re

import httpx
import pytest
import pytest_asyncio

from multiorder_fluentcommerce.sandbox import create_sandbox
from multiorder_sync.sandbox import serving

FORM = {
    "grant_type": "password",
    "username": "integration",
    "password": "sandbox-password",
    "client_id": "SANDBOX",
    "client_secret": "sandbox-client-secret",
    "scope": "api",
}

CREATE_ORDER = """
    mutation ($input: CreateOrderInput) {
      createOrder(input: $input) { id ref type status workflowRef createdOn customer { ref } }
    }
"""
CREATE_CUSTOMER = """
    mutation ($input: CreateCustomerInput) { createCustomer(input: $input) { id ref username } }
"""

CUSTOMER = {
    "username": "ada@example.com",
    "primaryEmail": "ada@example.com",
    "timezone": "Europe/London",
    "promotionOptIn": False,
    "retailer": {"id": "1"},
    "attributes": [{"name": "vip", "type": "STRING", "value": "yes"}],
    "title": "Ms",
    "department": "Engines",
    "country": "GB",
    "firstName": "Ada",
    "lastName": "King",
    "primaryPhone": "+44 20 7946 0000",
}

ADDRESS = {
    "companyName": "Engines Ltd",
    "name": "Ada King",
    "street": "1 St James's Square",
    "street2": "Flat 2",
    "city": "London",
    "state": "England",
    "postcode": "SW1Y 4JU",
    "region": "Greater London",
    "country": "GB",
    "latitude": -51.5,
    "longitude": -0.13,
    "timeZone": "Europe/London",
    "email": "ada@example.com",
}

HOME = {
    "ref": "home",
    "type": "HD",
    "currency": "GBP",
    "deliveryInstruction": "Ring twice",
    "deliveryType": "STANDARD",
    "fulfilmentPrice": 5,
    "fulfilmentTaxPrice": 1,
    "fulfilmentType": "HD_PFDC",
    "deliveryFirstName": "Ada",
    "deliveryLastName": "King",
    "deliveryContact": "+44 20 7946 0000",
    "deliveryEmail": "ada@example.com",
    "deliverAfter": "2026-12-01T08:00:00.000Z",
    "deliverBefore": "2026-12-02T08:00:00+00:00",
    "dispatchOn": "2026-11-30T08:00:00",
    "attributes": [{"name": "gift", "type": "JSON", "value": {"wrap": True}}],
    "deliveryAddress": {**ADDRESS, "ref": "W-1-ship"},
}
STORE = {"ref": "store", "type": "CC", "deliveryType": "STANDARD", "pickupLocationRef": "LDN-1"}

ITEM = {
    "ref": "1",
    "productRef": "SKU-1",
    "productCatalogueRef": "PC:MASTER:1",
    "quantity": 2,
    "paidPrice": 9.5,
    "currency": "GBP",
    "price": 10,
    "taxPrice": 2,
    "taxType": "VAT",
    "totalPrice": 19,
    "totalTaxPrice": 4,
    "attributes": [
        {"name": "line", "type": "STRING", "value": "1"},
        {"name": "size", "type": "STRING", "value": "M"},
    ],
}

TRANSACTION = {
    "ref": "pay-1",
    "type": "PAYMENT",
    "amount": 29.1,
    "scale": 2,
    "unscaledValue": 2910,
    "currency": "GBP",
    "externalTransactionCode": "ok",
    "externalTransactionId": "ch_1",
    "cardType": "VISA",
    "paymentMethod": "CREDITCARD",
    "paymentProvider": "STRIPE",
    "attributes": [{"name": "last4", "type": "STRING", "value": "4242"}],
}

HD_ORDER = {
    "ref": "W-1",
    "type": "HD",
    "retailer": {"id": "1"},
    "attributes": [{"name": "channel", "type": "STRING", "value": "web"}],
    "totalPrice": 24,
    "totalTaxPrice": 5,
    "payment": {"ref": "pay"},
    "billingAddress": ADDRESS,
    "fulfilmentChoice": HOME,
    "items": [ITEM],
    "financialTransactions": [TRANSACTION],
}
CC_ORDER = {**HD_ORDER, "type": "CC", "fulfilmentChoice": {**STORE, "type": None}}
MULTI_ORDER = {
    "ref": "W-1",
    "type": "MULTI",
    "retailer": {"id": "1"},
    "fulfilmentChoices": [HOME, STORE],
    "items": [
        {**ITEM, "fulfilmentChoiceRef": "home"},
        {**ITEM, "ref": "2", "fulfilmentChoiceRef": "store"},
    ],
}
ORDERS = {"HD": HD_ORDER, "CC": CC_ORDER, "MULTI": MULTI_ORDER}

ABSENT = object()


class Fluent:
    """Calls of the API. A customer with the payload CUSTOMER is there when a test begins."""

    FORM = FORM
    CREATE_ORDER = CREATE_ORDER
    ABSENT = ABSENT

    def __init__(self, http):
        self.http = http
        self.customer_id = None

    async def start(self):
        await self.http.delete("/_sandbox/faults")
        await self.http.delete("/_sandbox/orders")
        await self.log_in()
        created = await self.create_customer(CUSTOMER)
        self.customer_id = created["data"]["createCustomer"]["id"]
        return self

    async def token(self, headers=None, **form):
        fields = {name: value for name, value in {**FORM, **form}.items() if value is not None}
        headers = {"fluent.account": "SANDBOX"} if headers is None else headers
        return await self.http.post("/oauth/token", data=fields, headers=headers)

    async def log_in(self):
        token = (await self.token()).json()["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    async def met_all_faults(self):
        """Wait until the calls that were to meet a fault have met it, their client gone or not."""
        async with asyncio.timeout(30):
            while (await self.http.get("/_sandbox/faults")).json()["faults"]:
                await asyncio.sleep(0.01)

    async def post(self, query, variables=None, **options):
        body = {"query": query, "variables": variables}
        return await self.http.post("/graphql", json=body, **options)

    async def call(self, query, variables=None):
        answer = await self.post(query, variables)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def create_order(self, order):
        return await self.call(CREATE_ORDER, {"input": order})

    async def create_customer(self, customer):
        return await self.call(CREATE_CUSTOMER, {"input": customer})

    async def held(self, what="orders"):
        return (await self.http.get(f"/_sandbox/{what}")).json()[what]

    async def fault(self, **fields):
        assert (await self.http.post("/_sandbox/faults", json=fields)).status_code == 201

    def order(self, kind="HD", path=None, value=None):
        """Return an order that is right, or changed at one path, for instance `items[0].ref`."""
        order = {**ORDERS[kind], "customer": {"id": self.customer_id}}
        return changed(order, path, value) if path else copy.deepcopy(order)

    def customer(self, path, value):
        return changed({**CUSTOMER, "username": "bob", "primaryEmail": "bob@x.com"}, path, value)


def changed(payload, path, value):
    payload = copy.deepcopy(payload)
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
async def fluent(sandbox_url):
    """The default sandbox, emptied."""
    async with httpx.AsyncClient(verify=False, base_url=sandbox_url, timeout=60) as http:
        yield await Fluent(http).start()


@pytest.fixture
def connect():
    """Give a client of a sandbox that a test serves itself."""

    async def connected(stack, sandbox):
        url = await stack.enter_async_context(serving(sandbox))
        http = httpx.AsyncClient(verify=False, base_url=url, timeout=60)
        return await Fluent(await stack.enter_async_context(http)).start()

    return connected
